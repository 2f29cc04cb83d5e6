"""One delivery's attempts: a retry where that may help and is allowed, and exactly one end."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json
from lamplighter.base.world import World, manual_world
from lamplighter.delivery.attempts import RETRY_TIMER, Attempts
from lamplighter.outbound.port import DeliveryFailed
from lamplighter.store import outbox, timers
from lamplighter.store.db import OutboxRow, Store, Tx
from lamplighter.store.timers import Timer

BUSY, MISSING = DeliveryFailed("busy", retryable=True), DeliveryFailed("missing", retryable=False)


class Sender:
    """A sender whose only delivery has the id 7; `delays` are the delays that its policy allows."""

    def __init__(self, store: Store, world: World) -> None:
        self.store, self.world = store, world
        self.errors: list[AwsError | None] = []
        self.ends: list[Json] = []
        self.delays: list[int] = []
        self.exists = True
        self.attempts = Attempts("sender", "letter:", world, self._count, self._delay, self._end)

    def _count(self, _tx: Tx, number: int, error: AwsError | None) -> int | None:
        self.errors.append(error)
        return number if self.exists else None

    def _delay(self, _tx: Tx, _delivery: int, _error: AwsError) -> int | None:
        return self.delays.pop(0) if self.delays else None

    def _end(self, _tx: Tx, delivery: int, outcome: Json) -> None:
        self.ends.append((delivery, outcome))

    async def begin(self) -> OutboxRow:
        """Schedule the first attempt; its outbox row."""
        await self.store.write(lambda tx: self.attempts.schedule(tx, 7))
        (row,) = self.pending()
        return row

    async def store_outcome(self, row: OutboxRow, outcome: Json) -> None:
        await self.store.write(lambda tx: self.attempts.store_outcome(tx, row, outcome))

    def pending(self) -> list[OutboxRow]:
        return outbox.pending_rows(self.store.reader)

    def due(self) -> list[Timer]:
        return timers.due_timers(self.store.reader, 0, 2**60, 10)


@pytest.fixture
async def sender(tmp_path: Path) -> AsyncIterator[Sender]:
    world = manual_world()
    store = Store(tmp_path, world)
    yield Sender(store, world)
    await store.close()


async def test_an_answer_ends_a_delivery_once(sender: Sender) -> None:
    row = await sender.begin()
    await sender.store_outcome(row, {"answer": 1})
    await sender.store_outcome(row, BUSY)
    assert (sender.errors, sender.ends) == ([None], [(7, {"answer": 1})])
    assert (sender.pending(), sender.due()) == ([], [])


async def test_an_error_that_may_pass_sets_a_timer_which_becomes_the_next_attempt(sender: Sender) -> None:
    sender.delays = [250]
    await sender.store_outcome(await sender.begin(), BUSY)
    (timer,) = sender.due()
    assert timer == Timer("sender", "letter:7", RETRY_TIMER, sender.world.monotonic() + 250)
    assert (sender.errors, sender.ends, sender.pending()) == ([BUSY], [], [])
    await sender.store.write(lambda tx: sender.attempts.fire_timer(tx, timer))
    (row,) = sender.pending()
    assert (row.service, sender.attempts.delivery_id(row)) == ("sender", 7)


async def test_a_retry_without_delay_follows_the_commit(sender: Sender) -> None:
    sender.delays = [0]
    await sender.store_outcome(await sender.begin(), BUSY)
    assert [each.subject for each in sender.pending()] == ["letter:7"]
    assert sender.due() == []


async def test_the_last_error_ends_a_delivery(sender: Sender) -> None:
    await sender.store_outcome(await sender.begin(), BUSY)
    assert sender.ends == [(7, BUSY)]


async def test_an_error_that_will_not_pass_ends_a_delivery_whatever_its_policy(sender: Sender) -> None:
    sender.delays = [250]
    await sender.store_outcome(await sender.begin(), MISSING)
    assert (sender.ends, sender.due()) == ([(7, MISSING)], [])


async def test_a_delivery_that_was_deleted_meanwhile_has_no_end(sender: Sender) -> None:
    sender.exists = False
    await sender.store_outcome(await sender.begin(), BUSY)
    assert (sender.ends, sender.pending(), sender.due()) == ([], [], [])
