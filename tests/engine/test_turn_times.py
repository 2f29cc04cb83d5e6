"""Measure how long a turn holds the loop; other load of the machine does not count."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from lamplighter.engine.metrics_page.turn_times import LONG_TURN_SECONDS, TurnTimes
from tests.engine.busy import use_processor


@pytest.fixture
async def turns() -> AsyncIterator[TurnTimes]:
    times = TurnTimes()
    times.start()
    yield times
    times.stop()


async def test_a_turn_that_holds_the_loop_is_measured_and_counted(turns: TurnTimes) -> None:
    use_processor(LONG_TURN_SECONDS)
    turns._measure()
    assert turns.longest >= LONG_TURN_SECONDS
    assert turns.long_turns == 1


async def test_many_short_turns_are_not_a_long_turn(turns: TurnTimes) -> None:
    for _ in range(100):
        use_processor(LONG_TURN_SECONDS / 100)
        turns._measure()
    assert turns.long_turns == 0


async def test_turns_are_measured_without_a_call(turns: TurnTimes) -> None:
    measured = asyncio.Event()
    schedule = turns._schedule

    def schedule_and_signal() -> None:
        measured.set()
        schedule()

    turns._schedule = schedule_and_signal  # type: ignore[method-assign]
    await measured.wait()


async def test_an_idle_loop_is_read_rarely_until_there_is_work(turns: TurnTimes) -> None:
    while not turns._is_idle:
        turns._measure()
    use_processor(LONG_TURN_SECONDS)
    turns.wake()
    assert turns.longest >= LONG_TURN_SECONDS
    assert not turns._is_idle
