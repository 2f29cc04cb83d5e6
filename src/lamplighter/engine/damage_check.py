"""Check a database that is known to be damaged again and again, beside the engine's work, until the check passes."""

import asyncio
import logging

from lamplighter.base.errors import Unavailable
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
    try:
        found = await store.read_in_thread(find_damage)
    except Unavailable as error:
        found = [str(error)]
    store.damage.text = found[0] if found else ""
    if not found:
        log.warning("a check of the database finds no damage any more")
