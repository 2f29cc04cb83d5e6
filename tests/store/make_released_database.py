"""Store the fixture of a released version: a database with one of everything, and all that its API answers.

    python -m tests.store.make_released_database

writes `released/VERSION.db.gz` and `released/VERSION.json.gz` for the version of this program. A fixture of a released
version is never made again: it has to stay what users of that version have.
"""

import gzip
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

from lamplighter import __version__
from lamplighter.base.json_text import dump_bytes
from lamplighter.store.backups.database_copy import copy_database
from tests.store.released_data import ReleasedHarness, make_everything, read_everything

FOLDER = Path(__file__).with_name("released")
MAX_BYTES = 300_000
"""The most bytes of a fixture's database."""


def main() -> None:
    """Make the fixture of this version."""
    with tempfile.TemporaryDirectory() as folder:
        harness = ReleasedHarness(Path(folder) / "data")
        harness.up()
        make_everything(harness, Path(folder))
        harness.abandon()
        database = harness.directory / "lamplighter.db"
        with closing(sqlite3.connect(database)) as connection:
            connection.execute("DROP TABLE published_events")  # only the tests' engines have it
        recorded = {"now": harness.clock.now(), "answers": read_everything(harness.directory, harness.clock.now())}
        copy = Path(folder) / "copy.db"
        copy_database(database, copy)
        packed = gzip.compress(copy.read_bytes(), 9, mtime=0)
    assert len(packed) < MAX_BYTES, f"the database has {len(packed)} bytes"
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / f"{__version__}.db.gz").write_bytes(packed)
    (FOLDER / f"{__version__}.json.gz").write_bytes(gzip.compress(dump_bytes(recorded), 9, mtime=0))
    print(f"{FOLDER / __version__}: {len(packed)} bytes")


if __name__ == "__main__":
    main()
