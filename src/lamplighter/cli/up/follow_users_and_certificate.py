"""Follow the files that change while an engine runs, besides the job file: its users file and its TLS certificate."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial

from lamplighter.base.background_tasks import running
from lamplighter.base.errors import Unavailable
from lamplighter.cli.up.ports import Certificate
from lamplighter.engine.engine import Engine
from lamplighter.engine.user_changes import record_changes
from lamplighter.engine.users_file import UsersFile
from lamplighter.wire.access.users import Users

CHECK_SECONDS = 1.0
"""Seconds between two checks of the files."""

log = logging.getLogger("lamplighter.engine")


@asynccontextmanager
async def following_users_and_certificate(
    engine: Engine, users: UsersFile, certificate: Certificate | None
) -> AsyncIterator[None]:
    """Record changes of the users file, and take over a renewed certificate, while the block runs."""
    recorded: Users | None = None

    async def record_users() -> None:
        nonlocal recorded
        found = users.read()
        if found is recorded:
            return
        with suppress(Unavailable):  # the disk accepts no write: the next check tries again
            await record_changes(engine.store, found)
            recorded = found

    checks = [record_users]
    if certificate is not None:
        checks.append(partial(asyncio.to_thread, certificate.renew))
    await record_users()
    async with running(*map(_repeat, checks)):
        yield


async def _repeat(check: Callable[[], Awaitable[None]]) -> None:
    while True:
        await asyncio.sleep(CHECK_SECONDS)
        try:
            await check()
        except Exception:
            log.exception("a check of the engine's files failed")
