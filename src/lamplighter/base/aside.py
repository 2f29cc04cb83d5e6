"""Work that takes long, in a thread, while the event loop goes on.

A thread that makes a million objects has the garbage collector look through all of them again and again, and everybody
waits for it. What is made of JSON has no cycles, so that the collector finds nothing: it pauses meanwhile.
"""

import asyncio
import gc
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


async def run_aside(run: Callable[[], T]) -> T:
    """Run a function in a thread, without the collector; return its result."""
    collects = gc.isenabled()
    gc.disable()
    try:
        return await asyncio.to_thread(run)
    finally:
        if collects:
            gc.enable()
