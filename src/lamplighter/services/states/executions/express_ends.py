"""Return the end of an express execution to the call that waits for it; no row stores it."""

import asyncio
from dataclasses import dataclass

from lamplighter.asl.execution.messages import Finish
from lamplighter.store.db import Tx


@dataclass(frozen=True, slots=True)
class ExpressEnd:
    """The outcome of an express execution, and the time of its end in milliseconds since the epoch."""

    finish: Finish
    stop: int


class ExpressEnds:
    """Futures of the calls that wait for express executions, by the ARN of the execution."""

    def __init__(self) -> None:
        self._waiting: dict[str, asyncio.Future[ExpressEnd]] = {}

    def wait_for(self, execution: str) -> "asyncio.Future[ExpressEnd]":
        """Return a future that resolves when the execution ends."""
        future: asyncio.Future[ExpressEnd] = asyncio.get_running_loop().create_future()
        self._waiting[execution] = future
        return future

    def report(self, tx: Tx, execution: str, end: ExpressEnd) -> None:
        """Resolve the future of the waiting call after the commit."""
        future = self._waiting.pop(execution, None)
        if future is not None and not future.done():
            tx.after_commit.append(lambda: None if future.done() else future.set_result(end))
