"""Attempt deliveries until each one ends, for all senders: the one place that decides between a retry and the end.

Guarantees that a delivery ends once, also if the engine is killed. The next attempt is always a row: an outbox row, or
a timer that becomes one. The transaction that deletes the outbox row stores the attempt's outcome, and either ends the
delivery or schedules a retry. So an attempt is repeated only if the engine was killed before that commit.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json
from lamplighter.base.world import World
from lamplighter.delivery.retryable import is_retryable
from lamplighter.store import outbox, timers
from lamplighter.store.db import OutboxRow, Tx
from lamplighter.store.timers import Timer

RETRY_TIMER = "retry"
"""The name of the timers of deliveries."""

Row = TypeVar("Row")
"""A delivery, as the sender's table returns it."""


@dataclass(frozen=True, slots=True)
class Attempts(Generic[Row]):
    """The attempts of one sender's deliveries."""

    sender: str
    """The service that gets the outbox rows and the timers."""
    subject_prefix: str
    """The text before a delivery's id in the subjects of outbox rows and timers."""
    world: World
    count_attempt: Callable[[Tx, int, AwsError | None], Row | None]
    """Add one to a delivery's attempts and return it, or return None if it no longer exists."""
    retry_delay: Callable[[Tx, Row, AwsError], int | None]
    """Return the milliseconds until the next attempt after a failed one, or None if the policy allows no more."""
    end: Callable[[Tx, Row, Json | AwsError], None]
    """End a delivery with the target's answer or with the error of the last attempt."""

    def schedule(self, tx: Tx, id: int, wait: int = 0) -> None:  # noqa: A002 - the key of the row
        """Schedule an attempt: after the commit, or after `wait` milliseconds."""
        subject = f"{self.subject_prefix}{id}"
        if wait > 0:
            due = self.world.monotonic() + wait
            timers.put(tx, Timer(self.sender, subject, RETRY_TIMER, due), steady_clock=True)
        else:
            outbox.put(tx, self.sender, subject, {})

    def fire_timer(self, tx: Tx, timer: Timer) -> None:
        """Queue the attempt that a timer waited for."""
        outbox.put(tx, self.sender, timer.subject, {})

    def delivery_id(self, row: OutboxRow) -> int:
        """Return the id of the delivery that an outbox row attempts."""
        return int(row.subject.removeprefix(self.subject_prefix))

    def store_outcome(self, tx: Tx, row: OutboxRow, outcome: Json | AwsError) -> None:
        """Store the answer or the error of an attempt; do nothing if the attempt's outcome was stored before."""
        if not outbox.delete(tx, row.id):
            return
        error = outcome if isinstance(outcome, AwsError) else None
        delivery = self.count_attempt(tx, self.delivery_id(row), error)
        if delivery is None:
            return
        wait = self.retry_delay(tx, delivery, error) if error is not None and is_retryable(error) else None
        if wait is None:
            self.end(tx, delivery, outcome)
        else:
            self.schedule(tx, self.delivery_id(row), wait)
