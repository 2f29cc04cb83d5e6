"""Run long work in a thread while the event loop continues.

A thread that makes a million objects triggers Python's garbage collector again and again. Each collection scans all of
these objects, and every other thread waits for it. Parsed JSON has no reference cycles, so the collector would find
nothing: it is disabled while the thread runs.
"""

import asyncio
import gc
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


async def run_in_thread(run: Callable[[], T]) -> T:
    """Run a function in a thread with the garbage collector disabled, and return its result."""
    return await asyncio.to_thread(_without_collector, run)


def _without_collector(run: Callable[[], T]) -> T:
    # Only a thread that found the collector enabled enables it again, perhaps while others still run. So it never stays
    # disabled.
    collects = gc.isenabled()
    gc.disable()
    try:
        return run()
    finally:
        if collects:
            gc.enable()
