"""Full garbage collections run in turns of their own, and no more often than allowed."""

import asyncio
import gc
import os
import weakref
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from lamplighter.engine import python_gc
from lamplighter.engine.python_gc import MAX_BUSY_TURNS, MIDDLE_COLLECTIONS, QUIET_SECONDS, GarbageCollector
from tests.engine.busy import use_processor


@pytest.fixture(autouse=True)
def settings_of_a_new_process() -> Iterator[None]:
    """Let Python collect as in a new process, and afterwards as before the test."""
    thresholds = gc.get_threshold()
    gc.set_threshold(700, 10, 10)
    yield
    gc.unfreeze()
    gc.set_threshold(*thresholds)


@pytest.fixture
async def started_collector() -> AsyncIterator[GarbageCollector]:
    collector = GarbageCollector()
    collector.start()
    yield collector
    collector.stop()


@pytest.fixture
def full_collections() -> Iterator[list[int]]:
    """Record the full collections, with one item for each."""
    recorded: list[int] = []

    def note(phase: str, found: dict[str, int]) -> None:
        if phase == "start" and found["generation"] == 2:
            recorded.append(1)

    gc.callbacks.append(note)
    yield recorded
    gc.callbacks.remove(note)


def request_full_collection() -> None:
    """Run so many collections of generation 1 that a full collection is due."""
    for _ in range(MIDDLE_COLLECTIONS):
        gc.collect(1)


def allocate() -> list[list[int]]:
    """Allocate so much that Python starts a full collection itself."""
    return [[at] for at in range(1_000_000)]


async def test_python_starts_no_full_collection_itself_while_the_collector_runs(full_collections: list[int]) -> None:
    collector = GarbageCollector()
    collector.start()
    full_collections.clear()
    allocate()
    assert not full_collections
    collector.stop()
    allocate()
    assert full_collections


async def test_no_full_collection_runs_before_it_is_due(
    started_collector: GarbageCollector, full_collections: list[int]
) -> None:
    gc.collect()
    full_collections.clear()
    started_collector._check()
    assert not full_collections


async def test_a_full_collection_waits_for_a_quiet_turn(
    started_collector: GarbageCollector, full_collections: list[int]
) -> None:
    request_full_collection()
    full_collections.clear()
    started_collector._check()
    for _ in range(10):
        use_processor(2 * QUIET_SECONDS)
        started_collector._collect_if_quiet()
        assert not full_collections
    started_collector._collect_if_quiet()
    assert full_collections


async def test_a_full_collection_does_not_wait_forever(
    started_collector: GarbageCollector, full_collections: list[int]
) -> None:
    request_full_collection()
    full_collections.clear()
    started_collector._check()
    started_collector._busy_turns_left = 1
    use_processor(2 * QUIET_SECONDS)
    started_collector._collect_if_quiet()
    assert not full_collections
    use_processor(2 * QUIET_SECONDS)
    started_collector._collect_if_quiet()
    assert full_collections
    assert MAX_BUSY_TURNS > 1


async def test_the_collector_checks_itself_on_the_loop(
    monkeypatch: pytest.MonkeyPatch, full_collections: list[int]
) -> None:
    monkeypatch.setattr(python_gc, "CHECK_SECONDS", 0)
    collector = GarbageCollector()
    collector.start()
    full_collections.clear()
    request_full_collection()
    while not full_collections:  # noqa: ASYNC110 - the collector sends no signal
        await asyncio.sleep(0)
    collector.stop()


class Cycle:
    """Garbage that only a collection finds, once there is no reference to it."""

    def __init__(self) -> None:
        self.itself = self


async def test_an_object_that_survived_a_collection_is_found_after_the_next_unfreeze(
    started_collector: GarbageCollector, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = Cycle()
    found = weakref.ref(held)
    loop = asyncio.get_running_loop()
    started_collector._collect(loop)
    del held
    started_collector._collect(loop)
    assert found() is not None
    monkeypatch.setattr(started_collector, "_unfreeze_at", loop.time())
    started_collector._collect(loop)
    assert found() is None


async def test_no_full_collection_runs_while_a_thread_pauses_the_collector(
    started_collector: GarbageCollector, full_collections: list[int]
) -> None:
    request_full_collection()
    full_collections.clear()
    gc.disable()
    try:
        started_collector._check()
        started_collector._handle.cancel()  # type: ignore[union-attr]  # it is set by then
        assert started_collector._busy_turns_left == 0
    finally:
        gc.enable()


def resident_bytes() -> int:
    """Return how much memory this process takes."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.skipif(python_gc.RETURN_FREE_MEMORY is None, reason="only the GNU C library keeps free memory")
async def test_free_memory_goes_back_to_the_system_after_a_collection(started_collector: GarbageCollector) -> None:
    texts = [bytes(1_000) for _ in range(100_000)]
    kept = texts[:: len(texts) // 20]  # without them, the library itself returns what follows the last text in use
    full = resident_bytes()
    del texts
    loop = asyncio.get_running_loop()
    started_collector._collect(loop)
    await loop.shutdown_default_executor()  # waits for its threads
    assert resident_bytes() < full - 50_000_000
    assert len(kept) == 20
