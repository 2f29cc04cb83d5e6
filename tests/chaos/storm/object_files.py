"""The files of objects after a storm: each row has its file, whole, and no file is without a row."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from tests.chaos.storm.ledger import Figures
from tests.served_engine import ServedEngine

NAMED = "SELECT file, size FROM s3_versions WHERE file IS NOT NULL UNION ALL SELECT file, size FROM s3_parts"


def find_file_faults(data: Path) -> list[str]:
    """Compare the files of objects with the rows that name them."""
    with closing(sqlite3.connect(data / "lamplighter.db")) as connection:
        named: dict[str, int] = dict(connection.execute(NAMED).fetchall())
    found = {path.name: size for path in (data / "objects").glob("??/*") if (size := _read_size(path)) is not None}
    incoming = [path.name for path in (data / "objects" / "incoming").iterdir()]
    return [
        *(f"the row of the file {name} has no file" for name in sorted(named.keys() - found.keys())),
        *(f"the file {name} belongs to no object" for name in sorted(found.keys() - named.keys())),
        *(f"the body {name} of a request is left" for name in sorted(incoming)),
        *(
            f"the file {name} has {found[name]} of {size} bytes"
            for name, size in sorted(named.items())
            if found.get(name, size) != size
        ),
    ]


def _read_size(path: Path) -> int | None:
    """Return the size of a file, or None if the engine has deleted it meanwhile."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return None


def check_object_files(served: ServedEngine, figures: Figures, wait: Callable[[Callable[[], bool]], bool]) -> None:
    """Wait until the engine has deleted the files of deleted objects; then report each fault."""
    wait(lambda: not find_file_faults(served.data))
    figures.lost += find_file_faults(served.data)
