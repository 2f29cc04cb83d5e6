"""How long the loop was held is known, and what the machine itself is busy with does not count."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from lamplighter.base.world import thread_seconds
from lamplighter.engine.turns import INTERVAL, LONG, Turns


@pytest.fixture
async def turns() -> AsyncIterator[Turns]:
    made = Turns()
    made.start()
    yield made
    made.stop()


def work(seconds: float) -> None:
    """Use so much processor time."""
    end = thread_seconds() + seconds
    while thread_seconds() < end:
        pass


async def look_again(turns: Turns) -> None:
    """Wait until the watch has looked once more."""
    before = turns.looks
    while turns.looks == before:
        await asyncio.sleep(INTERVAL)


async def test_a_turn_that_holds_the_loop_is_measured_and_counted(turns: Turns) -> None:
    work(LONG)
    await look_again(turns)
    assert turns.longest >= LONG
    assert turns.long == 1


async def test_many_short_turns_are_not_a_long_one(turns: Turns) -> None:
    for _ in range(100):
        work(LONG / 100)
        await asyncio.sleep(0)
    await look_again(turns)
    assert turns.long == 0
