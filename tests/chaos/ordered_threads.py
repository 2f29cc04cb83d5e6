"""Threads that work in step with their loop, so that a night whose writes are recorded is the same each time.

Turns and commits are grouped by what happens to come while the disk is busy. Here nothing comes: the loop that hands
work to a thread goes on when the thread has done it.
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


class Handover:
    """A queue of the committer's orders: `put` returns when the committer is back for the next one."""

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


def _run_at_once(
    loop: asyncio.AbstractEventLoop, executor: None, work: Callable[[*Ts], T], *arguments: *Ts
) -> asyncio.Future[T]:
    future: asyncio.Future[T] = loop.create_future()
    try:
        future.set_result(work(*arguments))
    except Exception as error:  # noqa: BLE001 - it belongs to whoever awaits the future
        future.set_exception(error)
    return future


@contextmanager
def in_step() -> Iterator[None]:
    """Let the engines of virtual loops wait for their threads."""
    with (
        mock.patch.object(db, "queue", SimpleNamespace(SimpleQueue=Handover)),
        mock.patch.object(VirtualLoop, "run_in_executor", _run_at_once),
    ):
        yield
