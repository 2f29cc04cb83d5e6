"""Read the rows of a Parquet file as items, in a process of its own with limited memory (`parquet_program.py`).

The footer of a Parquet file is at its end, so the whole file is copied to a temporary file first. A row has at most as
many characters as a line of the other formats.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Generator, Iterable, Iterator
from typing import IO

from lamplighter.asl.execution.item_reader import MAX_PIECE, reader_failed
from lamplighter.base.json_text import Json, loads

PROGRAM = "lamplighter.services.states.map_runs.parquet_program"
INHERITED_VARIABLES = ("PATH", "PYTHONPATH", "LD_LIBRARY_PATH")
OWN_VARIABLES = {
    "ARROW_DEFAULT_MEMORY_POOL": "system",  # other pools reserve memory that they do not need
    "OMP_NUM_THREADS": "1",
    "PYTHONUTF8": "1",
}


def read_rows(pieces: Iterable[bytes]) -> Generator[Json, None, None]:
    """Yield the rows of a file as objects. Raises States.ItemReaderFailed for another file."""
    with tempfile.TemporaryFile() as file:
        for piece in pieces:
            file.write(piece)
        file.seek(0)
        with _start_program(file) as process:
            assert process.stdout is not None
            try:
                yield from _read_lines(process.stdout)
                if process.wait() != 0:
                    raise reader_failed(f"the program that reads Parquet ended with status {process.returncode}")
            finally:
                process.kill()


def _start_program(file: IO[bytes]) -> "subprocess.Popen[bytes]":
    inherited = {name: os.environ[name] for name in INHERITED_VARIABLES if name in os.environ}
    return subprocess.Popen(
        [sys.executable, "-P", "-m", PROGRAM],
        stdin=file,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd="/",
        env=inherited | OWN_VARIABLES,
        start_new_session=True,  # a terminal's Ctrl-C must reach only the engine
    )


def _read_lines(lines: IO[bytes]) -> Iterator[Json]:
    while line := lines.readline(MAX_PIECE + 1):
        if len(line) > MAX_PIECE:
            raise reader_failed(f"a row is longer than {MAX_PIECE} bytes of JSON")
        found = loads(line)
        if isinstance(found, str):
            raise reader_failed(found)
        yield found
