"""A copy of a database that is being written is one moment of it; a database can be read without its engine."""

import os
import sqlite3
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from lamplighter.store.backups import database_copy
from lamplighter.store.backups.database_copy import UnreadableDatabase, copy_database, open_read_only

WRITER = """
import os, signal, sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("PRAGMA journal_mode=WAL")
connection.execute("CREATE TABLE kept (x)")
connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
connection.execute("INSERT INTO kept VALUES ('in the WAL')")
os.kill(os.getpid(), signal.SIGKILL)
"""

READER = """
import sys
from contextlib import closing
from pathlib import Path
from lamplighter.store.backups.database_copy import open_read_only
path = Path(sys.argv[1])
try:
    path.with_name("new").touch()
    sys.exit("the folder can be written")
except PermissionError:
    with closing(open_read_only(path)) as connection:
        print(*connection.execute("SELECT count(*) FROM b").fetchone())
"""


@pytest.fixture
def source(tmp_path: Path) -> Iterator[Path]:
    """A database with rows on many pages."""
    path = tmp_path / "lamplighter.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("CREATE TABLE a (x)")
        connection.execute("CREATE TABLE b (x)")
        connection.execute("BEGIN")
        connection.executemany("INSERT INTO a VALUES (?)", [("x" * 3000,)] * 2000)
        connection.executemany("INSERT INTO b VALUES (?)", [("x",)] * 2000)
        connection.execute("COMMIT")
        yield path


def counts(path: Path) -> tuple[int, int]:
    with closing(sqlite3.connect(path)) as connection:
        found: tuple[int, int] = connection.execute(
            "SELECT (SELECT count(*) FROM a), (SELECT count(*) FROM b)"
        ).fetchone()
        return found


def test_a_copy_has_all_that_was_committed_before_it_and_no_half_of_a_later_transaction(
    source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The writer commits between all steps of the copy, which would make SQLite begin a copy of several steps again."""
    monkeypatch.setattr(database_copy, "PAGES_PER_STEP", 100)
    stop, steps = threading.Event(), list[int]()

    def write() -> None:
        with closing(sqlite3.connect(source, isolation_level=None)) as connection:
            while not stop.is_set():
                connection.executescript("BEGIN; INSERT INTO a VALUES (1); INSERT INTO b VALUES (1); COMMIT")
                steps.append(1)

    writer = threading.Thread(target=write)
    writer.start()
    copy_database(source, source.with_name("copy"))
    written = len(steps)
    stop.set()
    writer.join()
    a, b = counts(source.with_name("copy"))
    assert a == b
    assert 2000 <= a <= 2000 + written + 1
    assert stat.S_IMODE(source.with_name("copy").stat().st_mode) == 0o600
    assert not [each for each in os.listdir(source.parent) if each.startswith("copy-")]


def test_a_database_that_a_killed_engine_left_is_read_with_its_wal(tmp_path: Path) -> None:
    path = tmp_path / "lamplighter.db"
    subprocess.run([sys.executable, "-c", WRITER, str(path)], check=False)
    before = {name: (tmp_path / name).read_bytes() for name in ("lamplighter.db", "lamplighter.db-wal")}
    assert before["lamplighter.db-wal"]
    with closing(open_read_only(path)) as connection:
        assert connection.execute("SELECT x FROM kept").fetchall() == [("in the WAL",)]
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            connection.execute("DELETE FROM kept")
    assert {name: (tmp_path / name).read_bytes() for name in before} == before


def test_a_database_in_a_folder_that_cannot_be_written_is_read(source: Path) -> None:
    with closing(sqlite3.connect(source)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    for name in ("lamplighter.db-wal", "lamplighter.db-shm"):
        (source.parent / name).unlink(missing_ok=True)
    source.parent.chmod(0o500)
    rights = ["setpriv", "--bounding-set=-dac_override"] if os.geteuid() == 0 else []  # root may write everywhere
    done = subprocess.run([*rights, sys.executable, "-c", READER, str(source)], capture_output=True, text=True)
    source.parent.chmod(0o700)
    assert (done.stdout, done.stderr) == ("2000\n", "")


def test_what_is_no_database_is_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(UnreadableDatabase, match="no engine has run on"):
        open_read_only(tmp_path / "lamplighter.db")
    with pytest.raises(UnreadableDatabase, match="no engine has run on"):
        open_read_only(tmp_path / "no folder" / "lamplighter.db")
    (tmp_path / "lamplighter.db").write_text("a text that is longer than the header of a database" * 10)
    with pytest.raises(UnreadableDatabase, match="not a database"):
        open_read_only(tmp_path / "lamplighter.db")
