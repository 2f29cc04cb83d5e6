"""Keep a copy of a database before this program changes its schema, and refuse the database of a newer program.

An upgrade is one transaction, so that one which fails changes nothing. The copy is for the case that the new version
itself disappoints: an older program cannot open an upgraded database. It is the file `lamplighter.db.schema-N` in the
data directory, where N is the number of the old schema, and it stays until the next upgrade. Without room for it, the
start is refused: the older program can still be used, and nothing is lost.
"""

import logging
import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from lamplighter.base.errors import LamplighterError
from lamplighter.base.files import sync_directory
from lamplighter.store.backups.database_copy import begin_snapshot, connect_read_only, copy_connection
from lamplighter.store.data_directory import UPGRADE_COPY_PREFIX, WAL
from lamplighter.store.migrate import NewerData, latest_schema
from lamplighter.store.program_versions import newer_data_text

SPARE_BYTES = 32 * 1024 * 1024
"""The bytes that must be free beside the copy: the upgrade itself writes, too."""

log = logging.getLogger("lamplighter.store")


class NoRoomForCopy(LamplighterError):
    """The error that the disk has no room for the copy that is made before an upgrade."""


def prepare_upgrade(database: Path) -> None:
    """Copy a database with an older schema; do nothing if it has this program's schema, or none.

    The caller has the directory's lock. Raises `NewerData` if a newer program wrote the database, `NoRoomForCopy`,
    and sqlite3.Error if it is damaged.
    """
    with closing(connect_read_only(database)) as connection:
        begin_snapshot(connection)
        (schema,) = connection.execute("PRAGMA user_version").fetchone()
        if text := newer_data_text(connection, latest_schema()):
            raise NewerData(f"{database} {text}: {_way_back(database)}")
        if 0 < schema < latest_schema():
            _keep_copy(database, connection, schema)


def _way_back(database: Path) -> str:
    """Return what a user can do about a database that only a newer program can read."""
    copy = database.with_name(f"{UPGRADE_COPY_PREFIX}{latest_schema()}")
    backup = f"the copy from before the upgrade ({copy})" if copy.exists() else "a backup from before the upgrade"
    command = f"`lamplighter restore {copy if copy.exists() else 'FILE'} --data {database.parent} --force`"
    return f"install that version again, or go back to {backup} with {command}"


def _keep_copy(database: Path, connection: sqlite3.Connection, schema: int) -> None:
    target = database.with_name(f"{UPGRADE_COPY_PREFIX}{schema}")
    draft = database.with_name(f".{target.name}.new")
    draft.unlink(missing_ok=True)  # a start that was killed left it
    _check_room(database)
    try:
        os.close(os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        copy_connection(connection, draft)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    draft.replace(target)
    for older in database.parent.glob(f"{UPGRADE_COPY_PREFIX}*"):
        if older != target:
            older.unlink()
    sync_directory(database.parent)
    log.warning("this version changes the schema of the database; the database from before is kept as %s", target)


def _check_room(database: Path) -> None:
    wal = database.with_name(WAL)
    needed = database.stat().st_size + (wal.stat().st_size if wal.exists() else 0) + SPARE_BYTES
    free = shutil.disk_usage(database.parent).free
    if free < needed:
        raise NoRoomForCopy(
            f"this version of lamplighter has to change the schema of {database}, and copies it first: that needs "
            f"{needed // 2**20} MiB, and {free // 2**20} MiB are free; make room, or start the earlier version again"
        )
