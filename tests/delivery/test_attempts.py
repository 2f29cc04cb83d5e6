"""Test the attempts of one delivery: it retries retryable errors if its policy allows that, and ends exactly once."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json
from lamplighter.base.world import World
from lamplighter.delivery.attempts import RETRY_TIMER, Attempts
from lamplighter.outbound.port import DeliveryFailed
from lamplighter.store import outbox, timers
from lamplighter.store.db import OutboxRow, Store, Tx
from lamplighter.store.timers import Timer
from tests.manual_world import manual_world

RETRYABLE_ERROR, PERMANENT_ERROR = DeliveryFailed("busy", retryable=True), DeliveryFailed("missing", retryable=False)


class Sender:
    """A sender whose only delivery has the id 7; `delays` are the retry delays that its policy allows."""

    def __init__(self, store: Store, world: World) -> None:
        self.store, self.world = store, world
        self.errors: list[AwsError | None] = []
        self.ends: list[Json] = []
        self.delays: list[int] = []
        self.exists = True
        self.attempts = Attempts("sender", "letter:", world, self._record_attempt, self._next_delay, self._record_end)

    def _record_attempt(self, _tx: Tx, number: int, error: AwsError | None) -> int | None:
        self.errors.append(error)
        return number if self.exists else None

    def _next_delay(self, _tx: Tx, _delivery: int, _error: AwsError) -> int | None:
        return self.delays.pop(0) if self.delays else None

    def _record_end(self, _tx: Tx, delivery: int, outcome: Json) -> None:
        self.ends.append((delivery, outcome))

    async def schedule_first_attempt(self) -> OutboxRow:
        """Schedule the first attempt and return its outbox row."""
        await self.store.write(lambda tx: self.attempts.schedule(tx, 7))
        (row,) = self.pending_rows()
        return row

    async def store_outcome(self, row: OutboxRow, outcome: Json) -> None:
        await self.store.write(lambda tx: self.attempts.store_outcome(tx, row, outcome))

    def pending_rows(self) -> list[OutboxRow]:
        return outbox.pending_rows(self.store.reader)

    def due_timers(self) -> list[Timer]:
        return timers.due_timers(self.store.reader, 0, 2**60, 10)


@pytest.fixture
async def sender(tmp_path: Path) -> AsyncIterator[Sender]:
    world = manual_world()
    store = Store(tmp_path, world)
    yield Sender(store, world)
    await store.close()


async def test_an_answer_ends_a_delivery_once(sender: Sender) -> None:
    row = await sender.schedule_first_attempt()
    await sender.store_outcome(row, {"answer": 1})
    await sender.store_outcome(row, RETRYABLE_ERROR)
    assert (sender.errors, sender.ends) == ([None], [(7, {"answer": 1})])
    assert (sender.pending_rows(), sender.due_timers()) == ([], [])


async def test_a_retryable_error_sets_a_timer_that_starts_the_next_attempt(sender: Sender) -> None:
    sender.delays = [250]
    await sender.store_outcome(await sender.schedule_first_attempt(), RETRYABLE_ERROR)
    (timer,) = sender.due_timers()
    assert timer == Timer("sender", "letter:7", RETRY_TIMER, sender.world.monotonic() + 250)
    assert (sender.errors, sender.ends, sender.pending_rows()) == ([RETRYABLE_ERROR], [], [])
    await sender.store.write(lambda tx: sender.attempts.fire_timer(tx, timer))
    (row,) = sender.pending_rows()
    assert (row.service, sender.attempts.delivery_id(row)) == ("sender", 7)


async def test_a_retry_without_delay_is_an_outbox_row_without_a_timer(sender: Sender) -> None:
    sender.delays = [0]
    await sender.store_outcome(await sender.schedule_first_attempt(), RETRYABLE_ERROR)
    assert [each.subject for each in sender.pending_rows()] == ["letter:7"]
    assert sender.due_timers() == []


async def test_an_error_ends_a_delivery_that_has_no_retry_left(sender: Sender) -> None:
    await sender.store_outcome(await sender.schedule_first_attempt(), RETRYABLE_ERROR)
    assert sender.ends == [(7, RETRYABLE_ERROR)]


async def test_a_permanent_error_ends_a_delivery_even_if_its_policy_allows_retries(sender: Sender) -> None:
    sender.delays = [250]
    await sender.store_outcome(await sender.schedule_first_attempt(), PERMANENT_ERROR)
    assert (sender.ends, sender.due_timers()) == ([(7, PERMANENT_ERROR)], [])


async def test_the_outcome_of_a_deleted_delivery_is_ignored(sender: Sender) -> None:
    sender.exists = False
    await sender.store_outcome(await sender.schedule_first_attempt(), RETRYABLE_ERROR)
    assert (sender.ends, sender.pending_rows(), sender.due_timers()) == ([], [], [])
