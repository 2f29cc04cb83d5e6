"""Work that takes long, in a thread, while the event loop goes on.

A thread that makes a million objects has the garbage collector look through all of them again and again, and everybody
waits for it. What is made of JSON has no cycles, so that the collector finds nothing: it pauses meanwhile.
"""

import asyncio
import gc
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


async def run_in_thread(run: Callable[[], T]) -> T:
    """Run a function in a thread, without the collector; return its result."""
    return await asyncio.to_thread(_without_collector, run)


def _without_collector(run: Callable[[], T]) -> T:
    # Of several threads the first that ends has it collect again: it is never off for good.
    collects = gc.isenabled()
    gc.disable()
    try:
        return run()
    finally:
        if collects:
            gc.enable()
