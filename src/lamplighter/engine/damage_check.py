"""Check a database that is known to be damaged again and again, beside the engine's work, until the check passes."""

import asyncio
import logging
import sqlite3
from contextlib import closing
from pathlib import Path

from lamplighter.store.data_directory import DATABASE
from lamplighter.store.database_copy import UnreadableDatabase, open_read_only
from lamplighter.store.database_identity import find_damage
from lamplighter.store.db import Store

CHECK_SECONDS = 600.0
"""Seconds between two checks: one reads the whole database."""
log = logging.getLogger("lamplighter.engine")


async def check_damage_regularly(store: Store, seconds: float = CHECK_SECONDS) -> None:
    """Check a damaged database regularly, for ever."""
    while True:
        await asyncio.sleep(seconds)
        if store.damage.text:
            await check_damage(store)


async def check_damage(store: Store) -> None:
    """Check the whole database in a thread; if that passes, its damage is over."""
    store.damage.text = await asyncio.to_thread(_find_damage, store.directory.absolute() / DATABASE)
    if not store.damage.text:
        log.warning("a check of the database finds no damage any more")


def _find_damage(database: Path) -> str:
    try:
        with closing(open_read_only(database)) as connection:
            return next(iter(find_damage(connection)), "")
    except (sqlite3.DatabaseError, UnreadableDatabase) as error:
        return str(error)
