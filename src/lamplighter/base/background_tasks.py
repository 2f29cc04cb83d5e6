"""Run work in the background while a block runs."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager


@asynccontextmanager
async def running(*works: Coroutine[None, None, None]) -> AsyncIterator[list["asyncio.Task[None]"]]:
    """Run coroutines as asyncio tasks; at the end of the block, cancel them and wait until they have ended."""
    tasks = [asyncio.create_task(each) for each in works]
    try:
        yield tasks
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
