"""Store up to where a container's output is copied, so that the next copy does not begin with its first line.

A checkpoint is a hidden file beside the output: backups and lists of output leave it out. It is on disk when
`write_checkpoint` returns. One that is missing, damaged or of another version is the beginning of the output.
"""

import zlib
from dataclasses import asdict, dataclass
from pathlib import Path

from lamplighter.base.files import write_file
from lamplighter.base.json_text import Json, dump_bytes, loads
from lamplighter.runtime.output_cursor import OutputCursor

_VERSION = 1


@dataclass(frozen=True, slots=True)
class OutputCheckpoint:
    """A place in the output up to which the file is on disk and CloudWatch Logs has all lines."""

    length: int
    """Bytes of the output file."""
    lines: tuple[int, int]
    """The numbers of lines of standard output and of standard error."""
    cursor: Json
    """The JSON of the runtime's cursor."""


BEGINNING = OutputCheckpoint(0, (0, 0), OutputCursor().document())


def read_checkpoint(output: Path) -> OutputCheckpoint:
    """Return the checkpoint of an output file, or `BEGINNING`, also if the file is shorter than the checkpoint says."""
    try:
        checksum, _, text = _path(output).read_bytes().partition(b"\n")
        if checksum != _checksum(text):
            return BEGINNING
        found = loads(text)
        if found.pop("version") != _VERSION or output.stat().st_size < found["length"]:
            return BEGINNING
    except FileNotFoundError:
        return BEGINNING
    return OutputCheckpoint(found["length"], tuple(found["lines"]), found["cursor"])


def write_checkpoint(output: Path, checkpoint: OutputCheckpoint) -> None:
    """Replace the checkpoint of an output file, which must be on disk up to the checkpoint's length."""
    text = dump_bytes({"version": _VERSION, **asdict(checkpoint)})
    write_file(_path(output), _checksum(text) + b"\n" + text)


def _path(output: Path) -> Path:
    return output.with_name(f".{output.stem}.checkpoint")


def _checksum(text: bytes) -> bytes:
    return b"%08x" % zlib.crc32(text)
