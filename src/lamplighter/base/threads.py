"""Run long work in a thread while the event loop continues.

A thread that makes a million objects triggers Python's garbage collector again and again. Each collection scans all of
these objects, and every other thread waits for it. Parsed JSON has no reference cycles, so the collector would find
nothing: it is disabled while the thread runs.
"""

import asyncio
import gc
from collections.abc import Callable
from concurrent.futures import Future
from threading import Thread
from typing import TypeVar

T = TypeVar("T")


async def run_in_own_thread(run: Callable[[], T]) -> T:
    """Run a function in a thread of its own, and return its result: it may wait for minutes for another machine.

    The loop's few threads are for work that ends by itself. The end of the program does not wait for the function.
    """
    future: Future[T] = Future()
    future.set_running_or_notify_cancel()

    def set_outcome() -> None:
        try:
            future.set_result(run())
        except BaseException as error:  # noqa: BLE001 - the caller gets it
            future.set_exception(error)

    Thread(target=set_outcome, daemon=True).start()
    return await asyncio.wrap_future(future)


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
