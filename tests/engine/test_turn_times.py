"""How long the loop was held is known, and what the machine itself is busy with does not count."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from lamplighter.engine.turn_times import LONG_TURN_SECONDS, TurnTimes
from tests.engine.busy import work


@pytest.fixture
async def turns() -> AsyncIterator[TurnTimes]:
    made = TurnTimes()
    made.start()
    yield made
    made.stop()


async def test_a_turn_that_holds_the_loop_is_measured_and_counted(turns: TurnTimes) -> None:
    work(LONG_TURN_SECONDS)
    turns._measure()
    assert turns.longest >= LONG_TURN_SECONDS
    assert turns.long_turns == 1


async def test_many_short_turns_are_not_a_long_one(turns: TurnTimes) -> None:
    for _ in range(100):
        work(LONG_TURN_SECONDS / 100)
        turns._measure()
    assert turns.long_turns == 0


async def test_the_loop_looks_by_itself(turns: TurnTimes) -> None:
    looked = asyncio.Event()
    arm = turns._schedule

    def tell() -> None:
        looked.set()
        arm()

    turns._schedule = tell  # type: ignore[method-assign]
    await looked.wait()
