"""Full garbage collections come in turns of their own, and no more often than they may."""

import asyncio
import gc
import weakref
from collections.abc import AsyncIterator, Iterator

import pytest

from lamplighter.engine import garbage_collection
from lamplighter.engine.garbage_collection import MAX_BUSY_TURNS, MIDDLE_COLLECTIONS, QUIET_SECONDS, GarbageCollector
from tests.engine.busy import work


@pytest.fixture(autouse=True)
def thawed() -> Iterator[None]:
    yield
    gc.unfreeze()


@pytest.fixture
async def started() -> AsyncIterator[GarbageCollector]:
    made = GarbageCollector()
    made.start()
    yield made
    made.stop()


@pytest.fixture
def full() -> Iterator[list[int]]:
    """How many full collections there were: an item for each."""
    made: list[int] = []

    def note(phase: str, found: dict[str, int]) -> None:
        if phase == "start" and found["generation"] == 2:
            made.append(1)

    gc.callbacks.append(note)
    yield made
    gc.callbacks.remove(note)


def rounds() -> None:
    """Call for a full collection."""
    for _ in range(MIDDLE_COLLECTIONS):
        gc.collect(1)


def grow() -> list[list[int]]:
    """Allocate what makes Python begin a full collection by itself."""
    return [[at] for at in range(1_000_000)]


async def test_python_begins_none_by_itself_until_it_is_left_to_it_again(full: list[int]) -> None:
    made = GarbageCollector()
    made.start()
    full.clear()
    grow()
    assert not full
    made.stop()
    grow()
    assert full


async def test_there_is_none_before_it_is_called_for(started: GarbageCollector, full: list[int]) -> None:
    gc.collect()
    full.clear()
    started._check()
    assert not full


async def test_it_waits_for_a_quiet_turn(started: GarbageCollector, full: list[int]) -> None:
    rounds()
    full.clear()
    started._check()
    for _ in range(10):
        work(2 * QUIET_SECONDS)
        started._collect_if_quiet()
        assert not full
    started._collect_if_quiet()
    assert full


async def test_it_does_not_wait_for_ever(started: GarbageCollector, full: list[int]) -> None:
    rounds()
    full.clear()
    started._check()
    started._busy_turns_left = 1
    work(2 * QUIET_SECONDS)
    started._collect_if_quiet()
    assert not full
    work(2 * QUIET_SECONDS)
    started._collect_if_quiet()
    assert full
    assert MAX_BUSY_TURNS > 1


async def test_the_loop_looks_by_itself(monkeypatch: pytest.MonkeyPatch, full: list[int]) -> None:
    monkeypatch.setattr(garbage_collection, "CHECK_SECONDS", 0)
    made = GarbageCollector()
    made.start()
    full.clear()
    rounds()
    while not full:  # noqa: ASYNC110 - the collector tells nobody
        await asyncio.sleep(0)
    made.stop()


class Cycle:
    """Garbage that only a collection finds, once nobody holds it."""

    def __init__(self) -> None:
        self.itself = self


async def test_what_was_alive_at_a_collection_is_found_once_all_is_looked_at_again(
    started: GarbageCollector, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = Cycle()
    found = weakref.ref(held)
    loop = asyncio.get_running_loop()
    started._collect(loop)
    del held
    started._collect(loop)
    assert found() is not None
    monkeypatch.setattr(started, "_unfreeze_at", loop.time())
    started._collect(loop)
    assert found() is None


async def test_while_a_thread_has_it_paused_there_is_none(started: GarbageCollector, full: list[int]) -> None:
    rounds()
    full.clear()
    gc.disable()
    try:
        started._check()
        started._handle.cancel()  # type: ignore[union-attr]  # it is set
        assert started._busy_turns_left == 0
    finally:
        gc.enable()
