"""The turns of the store: committed as a whole or not at all, seen by later jobs, and answered once on disk."""

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from lamplighter.base.errors import Bug, Unavailable
from lamplighter.base.json_text import Json
from lamplighter.engine.clock_jump import apply_clock_jump, save_clock_jump
from lamplighter.store import outbox, timers
from lamplighter.store.db import CommitSignals, OutboxRow, Reader, Store, Tx
from lamplighter.store.lock import DirectoryInUse
from lamplighter.store.migrate import NewerData, migration_scripts
from lamplighter.store.timers import Timer
from tests.manual_world import manual_world


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    opened = Store(tmp_path, manual_world())
    yield opened
    await opened.close()


def put(tx: Tx, body: str) -> int:
    return outbox.put(tx, "test", "it", body)


def bodies(store: Store) -> list[str]:
    return [posted.body for posted in outbox.pending_rows(store.reader)]


async def test_a_write_is_readable_by_another_connection_once_its_future_resolves(store: Store, tmp_path: Path) -> None:
    await store.write(lambda tx: put(tx, "kept"))
    other = sqlite3.connect(tmp_path / "lamplighter.db")
    assert other.execute("SELECT body FROM outbox").fetchall() == [('"kept"',)]
    other.close()


async def test_a_job_sees_the_writes_of_earlier_jobs_in_the_same_turn(store: Store) -> None:
    first = store.write(lambda tx: put(tx, "first"))
    second = store.write(lambda tx: tx.rows("SELECT body FROM outbox"))
    assert (await first, await second) == (1, [('"first"',)])


async def test_a_job_that_raises_is_rolled_back_alone(store: Store) -> None:
    def fail(tx: Tx) -> None:
        put(tx, "undone")
        raise ValueError("mine")

    before, middle, after = (
        store.write(lambda tx: put(tx, "a")),
        store.write(fail),
        store.write(lambda tx: put(tx, "b")),
    )
    with pytest.raises(ValueError, match="mine"):
        await middle
    await before
    await after
    assert bodies(store) == ["a", "b"]


async def test_nested_writes_can_be_rolled_back_without_the_job(store: Store) -> None:
    def job(tx: Tx) -> None:
        put(tx, "kept")
        try:
            with tx.nested():
                put(tx, "undone")
                raise ValueError
        except ValueError:
            put(tx, "noted")

    await store.write(job)
    assert bodies(store) == ["kept", "noted"]


async def test_a_turn_that_cannot_be_committed_is_rolled_back_completely_and_reported(store: Store) -> None:
    errors: list[Exception] = []
    store.on_rollback = errors.append

    def fail(tx: Tx) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    first, second = store.write(lambda tx: put(tx, "lost")), store.write(fail)
    for future in (first, second):
        with pytest.raises(Unavailable, match="cannot be written"):
            await future
    assert bodies(store) == []
    assert len(errors) == 1
    await store.write(lambda tx: put(tx, "later"))
    assert bodies(store) == ["later"]


@pytest.mark.parametrize("error", [StopIteration(), asyncio.CancelledError(), MemoryError()])
async def test_a_job_that_raises_any_error_stops_no_other_job(store: Store, error: BaseException) -> None:
    def fail(tx: Tx) -> None:
        put(tx, "undone")
        raise error

    before, failed, after = (
        store.write(lambda tx: put(tx, "a")),
        store.write(fail),
        store.write(lambda tx: put(tx, "b")),
    )
    await asyncio.gather(before, after)
    with pytest.raises((Bug, asyncio.CancelledError, MemoryError)):
        await failed
    assert bodies(store) == ["a", "b"]


async def test_callbacks_that_raise_stop_no_other_callback_and_no_later_turn(store: Store) -> None:
    called: list[str] = []

    def fail(*_: object) -> None:
        raise ValueError("mine")

    def job(tx: Tx) -> str:
        tx.after_commit.extend([fail, lambda: called.append("after commit")])
        tx.after_undo.append(fail)
        put(tx, "kept")
        return "answer"

    def undone(tx: Tx) -> None:
        tx.after_undo.extend([fail, lambda: called.append("after undo")])
        raise LookupError

    store.on_commit = fail
    first, failed, second = store.write(job), store.write(undone), store.write(job)
    assert (await first, await second) == ("answer", "answer")
    with pytest.raises(LookupError):
        await failed
    assert called == ["after undo", "after commit", "after commit"]
    assert await store.write(lambda tx: put(tx, "later"))
    assert store.internal_errors.count == 5
    assert store.internal_errors.last is not None
    assert store.internal_errors.last.text == "ValueError: mine"


async def test_signals_and_callbacks_follow_the_commit_and_never_a_failed_job(store: Store) -> None:
    received: list[CommitSignals] = []
    called: list[str] = []
    store.on_commit = received.append

    def succeed(tx: Tx) -> None:
        put(tx, "do")
        tx.after_commit.append(lambda: called.append("good"))

    def fail(tx: Tx) -> None:
        put(tx, "do not")
        tx.after_commit.append(lambda: called.append("bad"))
        raise ValueError

    succeeded, failed = store.write(succeed), store.write(fail)
    await succeeded
    with pytest.raises(ValueError):  # noqa: PT011 - the test's own error
        await failed
    assert [posted for signals in received for posted in signals.outbox_rows] == [OutboxRow(1, "test", "it", "do")]
    assert called == ["good"]


async def test_write_with_retry_succeeds_when_a_full_disk_has_room_again(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lamplighter.store.db.RETRY_SECONDS", 0)
    attempts: list[int] = []

    def job(tx: Tx) -> None:
        attempts.append(1)
        if len(attempts) < 3:
            raise sqlite3.OperationalError("database or disk is full")
        put(tx, "kept")

    await store.write_with_retry(job)
    assert bodies(store) == ["kept"]


async def test_a_second_store_on_the_same_directory_is_rejected_and_the_first_continues(
    store: Store, tmp_path: Path
) -> None:
    with pytest.raises(DirectoryInUse, match="stop it first, or name another directory"):
        Store(tmp_path, manual_world())
    await store.write(lambda tx: put(tx, "still mine"))


async def test_a_database_of_a_newer_version_is_rejected(tmp_path: Path) -> None:
    newer = migration_scripts()[-1][0] + 1
    connection = sqlite3.connect(tmp_path / "lamplighter.db")
    connection.execute(f"PRAGMA user_version={newer}")
    connection.close()
    with pytest.raises(NewerData, match=r"written by a newer version of lamplighter .*lamplighter restore FILE"):
        Store(tmp_path, manual_world())


async def test_closing_waits_for_the_current_turn(tmp_path: Path) -> None:
    store = Store(tmp_path, manual_world())
    future = store.write(lambda tx: put(tx, "kept"))
    await store.close()
    assert await future == 1


async def test_timers_are_due_by_their_own_clock_and_the_longest_overdue_comes_first(store: Store) -> None:
    def job(tx: Tx) -> None:
        timers.put(tx, Timer("s", "a", "wall", 50), steady_clock=False)
        timers.put(tx, Timer("s", "a", "length", 40), steady_clock=True)
        timers.put(tx, Timer("s", "a", "later", 90), steady_clock=True)

    await store.write(job)
    assert [timer.name for timer in timers.due_timers(store.reader, 60, 60, 10)] == ["length", "wall"]
    assert timers.due_timers(store.reader, 60, 30, 10) == [Timer("s", "a", "wall", 50)]
    assert timers.milliseconds_to_next(store.reader, 60, 60) == 30


async def test_durations_do_not_change_if_the_wall_clock_was_set_before_a_restart(store: Store) -> None:
    """The new steady clock starts at a wall clock that is an hour ahead of the old steady clock."""
    hour = 3_600_000
    await store.write(lambda tx: timers.put(tx, Timer("s", "a", "length", 1_000), steady_clock=True))
    await store.write(lambda tx: timers.put(tx, Timer("s", "a", "wall", 1_000), steady_clock=False))
    await store.write(lambda tx: save_clock_jump(tx, hour))
    await store.write(apply_clock_jump)
    await store.write(apply_clock_jump)
    assert {timer.name: timer.due for timer in timers.due_timers(store.reader, 2 * hour, 2 * hour, 10)} == {
        "length": 1_000 + hour,
        "wall": 1_000,
    }


async def test_many_writers_share_commits_and_none_is_lost(store: Store) -> None:
    turns: list[CommitSignals] = []
    store.on_commit = turns.append
    await asyncio.gather(*(store.write(lambda tx, n=n: put(tx, str(n))) for n in range(300)))  # type: ignore[misc]
    assert len(bodies(store)) == 300
    assert len(turns) < 300


async def test_a_long_read_in_a_thread_sees_later_commits_and_does_not_block_the_loop(store: Store) -> None:
    await store.write(lambda tx: put(tx, "kept"))
    reading, may_continue = asyncio.Event(), threading.Event()
    loop = asyncio.get_running_loop()

    def read(reader: Reader) -> list[Json]:
        before = reader.rows("SELECT body FROM outbox")
        loop.call_soon_threadsafe(reading.set)
        assert may_continue.wait(30)
        return [*before, *reader.rows("SELECT body FROM outbox")]

    read_task = asyncio.create_task(store.read_in_thread(read))
    await reading.wait()
    await store.write(lambda tx: put(tx, "meanwhile"))
    may_continue.set()
    assert await read_task == [('"kept"',), ('"kept"',), ('"meanwhile"',)]


async def test_a_read_in_a_thread_cannot_write(store: Store) -> None:
    with pytest.raises(Unavailable, match="attempt to write a readonly database"):
        await store.read_in_thread(lambda reader: reader.rows("DELETE FROM outbox"))
