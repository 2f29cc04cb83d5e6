"""Read and write the file in which `up` records where the engine is. The file remains if the engine is killed.

Its lines are the URL for the commands on this machine, the engine's public URL, and the region of its jobs.
"""

from dataclasses import dataclass
from pathlib import Path

from lamplighter.base.files import write_file

ADDRESS_FILE = "address"
"""The file's name in the data directory."""


@dataclass(frozen=True, slots=True)
class EngineAddress:
    """The URLs of an engine, without a final slash."""

    local: str
    """The URL at which commands on this machine call the engine."""
    public: str
    """The URL that links in mails begin with."""
    region: str | None = None
    """The region in which `up` keeps its jobs; None in a file of an earlier version."""


def write_address(data: Path, address: EngineAddress) -> None:
    """Record the address in a data directory. Raises OSError."""
    lines = (address.local, address.public, address.region or "")
    write_file(data / ADDRESS_FILE, "".join(f"{each}\n" for each in lines).encode())


def read_address(data: Path) -> EngineAddress | None:
    """Return the recorded address, or None if there is none. A file of an earlier version may have one or two lines."""
    try:
        lines = (data / ADDRESS_FILE).read_text().split()
    except OSError:
        return None
    return EngineAddress(lines[0], *(lines[1:3] or lines)) if lines else None
