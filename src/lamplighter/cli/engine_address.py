"""Read and write the file in which `up` records where the engine is. The file remains if the engine is killed.

Its first line is the URL for the commands on this machine; the second line is the engine's public URL, if that differs.
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


def write_address(data: Path, address: EngineAddress) -> None:
    """Record the address in a data directory. Raises OSError."""
    lines = dict.fromkeys((address.local, address.public))
    write_file(data / ADDRESS_FILE, "".join(f"{each}\n" for each in lines).encode())


def read_address(data: Path) -> EngineAddress | None:
    """Return the recorded address, or None if there is none."""
    try:
        lines = (data / ADDRESS_FILE).read_text().split()
    except OSError:
        return None
    return EngineAddress(lines[0], lines[-1]) if lines else None
