"""Threads that work in lockstep with their event loop, so that a recorded workload has the same writes each time.

Normally, turns and commits are grouped by the requests that arrive while the disk is busy. Here nothing arrives: a loop
that hands work to a thread waits until the thread has done it.
"""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import TypeVar, TypeVarTuple
from unittest import mock

from lamplighter.store import db
from tests.virtual_loop import VirtualLoop

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class LockstepQueue:
    """A queue of orders for the commit thread; `put` returns when the thread asks for the next order."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._orders: list[bool] = []
        self._given = self._asked = 0

    def put(self, order: bool) -> None:
        with self._changed:
            self._orders.append(order)
            self._given += 1
            self._changed.notify_all()
            if order:
                self._changed.wait_for(lambda: self._asked > self._given)

    def get(self) -> bool:
        with self._changed:
            self._asked += 1
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._orders)
            return self._orders.pop(0)


def _run_immediately(
    loop: asyncio.AbstractEventLoop, executor: None, work: Callable[[*Ts], T], *arguments: *Ts
) -> asyncio.Future[T]:
    future: asyncio.Future[T] = loop.create_future()
    try:
        future.set_result(work(*arguments))
    except Exception as error:  # noqa: BLE001 - the caller that awaits the future handles it
        future.set_exception(error)
    return future


@contextmanager
def threads_in_lockstep() -> Iterator[None]:
    """Let the engines on virtual loops wait for their threads."""
    with (
        mock.patch.object(db, "queue", SimpleNamespace(SimpleQueue=LockstepQueue)),
        mock.patch.object(VirtualLoop, "run_in_executor", _run_immediately),
    ):
        yield
