"""A data directory with an engine's database and the files beside it, and its backup, for tests of backups."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

from lamplighter.base.json_text import Json
from lamplighter.store.backups.backup import Backup, write_backup_file
from lamplighter.store.db import Store
from lamplighter.store.engine_id import engine_id
from tests.manual_world import manual_world

NOW = 1_800_000_000_000
FILES = {
    "credentials": b"[lamplighter]\n",
    "users": b"[anna]\n",
    "sns/key.pem": b"key",
    "sns/certificate.pem": b"certificate",
    "mail/1.eml": b"Subject: x\n",
    "output/0123456789abcdef0123456789abcdef/main.log": b'{"time":1,"stream":"stdout","text":"one"}\n',
}
"""The files of the directory that belong to a backup."""
NOT_BACKED_UP = ("processes/job-main/log", "address", "step", "aside-2026/lamplighter.db", "notes.txt")


def make_directory(directory: Path) -> None:
    """Make a data directory as an engine leaves it."""
    asyncio.run(_make_database(directory))
    for name in (*FILES, *NOT_BACKED_UP):
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_bytes(FILES.get(name, b"x"))


async def _make_database(directory: Path) -> None:
    store = Store(directory, manual_world())
    await store.write(lambda tx: engine_id(tx, lambda: "the engine"))
    await store.close()


def back_up(directory: Path, target: Path, *, output: bool = True) -> bytes:
    """Make a backup and return its bytes."""
    write_backup_file(Backup(directory, lambda: NOW, output), target, overwrite=True)
    return target.read_bytes()


def content(directory: Path) -> Json:
    """Return what a backup is of: all rows of the database without those about restores, and the other files."""
    with closing(sqlite3.connect(directory / "lamplighter.db")) as connection:
        rows = [line for line in connection.iterdump() if "restores" not in line]
    names = (str(each.relative_to(directory)) for each in directory.rglob("*") if each.is_file())
    folders = ("credentials", "users", "sns/", "mail/", "output/")
    files = {name: (directory / name).read_bytes() for name in names if name.startswith(folders)}
    return rows, files
