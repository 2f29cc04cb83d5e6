"""SQS's rows are read as they were written, and every query uses an index."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from lamplighter.base.json_text import Json
from lamplighter.engine.clock_jump import apply_clock_jump, save_clock_jump
from lamplighter.services.sqs.tables import fifo_requests, message_groups, messages, move_tasks, queues
from lamplighter.services.sqs.tables.messages import Message
from lamplighter.services.sqs.tables.move_tasks import MoveTask
from lamplighter.services.sqs.tables.queues import Queue
from lamplighter.store.db import Reader, Row, Store, Tx
from tests.manual_world import manual_world

QUEUE = Queue(0, "1", "r", "a", 1, 2, {"DelaySeconds": "1"}, {"k": "v"}, "arn")
MESSAGE = Message(0, 1, "uuid", "body", "{}", "trace", "me", 1, 2, 3, 4, 5, 6, 7, "g", "d", "s")


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    store = Store(tmp_path, manual_world())
    yield store
    await store.close()


async def test_a_queue_is_read_as_it_was_written(store: Store) -> None:
    key = await store.write(lambda tx: queues.put(tx, QUEUE))
    stored = replace(QUEUE, id=key)
    assert queues.get(store.reader, "1", "r", "a") == queues.get_by_id(store.reader, key) == stored
    assert queues.dead_letter_sources(store.reader, "arn", "", 9) == [stored]


async def test_a_queue_counts_its_messages(store: Store) -> None:
    key = await store.write(lambda tx: queues.put(tx, QUEUE))
    one = await store.write(lambda tx: messages.put(tx, replace(MESSAGE, queue=key)))
    await store.write(lambda tx: messages.put(tx, replace(MESSAGE, queue=key)))
    assert _count(store, key) == 2
    await store.write(lambda tx: messages.delete(tx, [one, one]))
    assert _count(store, key) == 1


def _count(store: Store, key: int) -> int:
    queue = queues.get_by_id(store.reader, key)
    assert queue is not None
    return queue.messages


async def test_an_emptied_queue_keeps_everything_except_its_messages(store: Store) -> None:
    key = await store.write(lambda tx: queues.put(tx, QUEUE))
    await store.write(lambda tx: messages.put(tx, replace(MESSAGE, queue=key)))
    before = queues.get_by_id(store.reader, key)
    assert before is not None
    await store.write(lambda tx: queues.empty_queue(tx, before, 77))
    after = queues.get(store.reader, "1", "r", "a")
    assert after is not None
    assert after.id > key
    assert after == replace(QUEUE, id=after.id, purged=77)


async def test_a_message_is_read_as_it_was_written(store: Store) -> None:
    key = await store.write(lambda tx: messages.put(tx, MESSAGE))
    assert messages.get(store.reader, 1, key) == replace(MESSAGE, id=key)
    assert messages.get(store.reader, 2, key) is None
    await store.write(lambda tx: messages.delete(tx, [key]))
    again = await store.write(lambda tx: messages.put(tx, MESSAGE))
    assert again > key, "an id is never used again"


async def test_a_group_is_ready_when_its_first_message_is_visible(store: Store) -> None:
    def fill(tx: Tx) -> None:
        for visible, tries in ((30, 1), (10, 0), (99, 0)):
            messages.put(tx, replace(MESSAGE, visible=visible, receives=tries))
        message_groups.update_group(tx, 1, "g")

    await store.write(fill)
    assert message_groups.next_ready(store.reader, 1) == 30
    assert message_groups.ready_groups(store.reader, 1, 29, 9) == []
    assert message_groups.ready_groups(store.reader, 1, 30, 9) == ["g"]
    await store.write(lambda tx: messages.delete(tx, [1, 2, 3]))
    await store.write(lambda tx: message_groups.update_group(tx, 1, "g"))
    assert message_groups.next_ready(store.reader, 1) is None


async def test_a_deduplication_id_is_known_until_it_expires_and_then_deleted(store: Store) -> None:
    await store.write(lambda tx: fifo_requests.remember_sent(tx, 1, "", "d", "uuid", 7, now=0, until=100))
    assert fifo_requests.find_sent(store.reader, 1, "", "d", 99) == ("uuid", 7)
    assert fifo_requests.find_sent(store.reader, 1, "", "d", 100) is None
    assert fifo_requests.find_sent(store.reader, 1, "g", "d", 0) is None
    await store.write(lambda tx: fifo_requests.remember_sent(tx, 1, "", "e", "uuid", 8, now=100, until=200))
    assert store.reader.rows("SELECT deduplication_id FROM sqs_sent") == [("e",)]


async def test_a_move_task_is_read_as_it_was_written(store: Store) -> None:
    move = MoveTask(0, "handle", "from", "to", 5, "RUNNING", 1, 2, 3, None)
    key = await store.write(lambda tx: move_tasks.put(tx, move))
    assert (
        move_tasks.get(store.reader, key) == move_tasks.get_by_handle(store.reader, "handle") == replace(move, id=key)
    )
    await store.write(lambda tx: move_tasks.update_progress(tx, key, "FAILED", 4, "why"))
    assert move_tasks.latest(store.reader, "from", 1) == [
        replace(move, id=key, status="FAILED", moved=4, failure="why")
    ]


async def test_times_of_the_monotonic_clock_are_adjusted_when_it_restarts(store: Store) -> None:
    await store.write(lambda tx: queues.put(tx, replace(QUEUE, purged=10)))
    key = await store.write(lambda tx: messages.put(tx, MESSAGE))
    await store.write(lambda tx: save_clock_jump(tx, 1000))
    await store.write(apply_clock_jump)
    await store.write(apply_clock_jump)
    assert messages.get(store.reader, 1, key) == replace(
        MESSAGE, id=key, enqueued=1002, visible=1003, last_received=1007
    )
    queue = queues.get(store.reader, "1", "r", "a")
    assert queue is not None
    assert queue.purged == 1010


class ExplainingReader(Reader):
    """A reader that records the plans of its queries."""

    def __init__(self, real: Reader) -> None:
        self._real = real
        self.plans: list[str] = []

    def rows(self, sql: str, parameters: Sequence[Json] = ()) -> list[Row]:
        self.plans += [row[3] for row in self._real.rows(f"EXPLAIN QUERY PLAN {sql}", parameters)]
        return self._real.rows(sql, parameters)

    def row(self, sql: str, parameters: Sequence[Json] = ()) -> Row | None:
        return next(iter(self.rows(sql, parameters)), None)


async def test_no_query_scans_a_table(store: Store) -> None:
    await store.write(lambda tx: queues.put(tx, QUEUE))
    reader = ExplainingReader(store.reader)
    messages.available(reader, 1, 1, 1)
    messages.next_visible(reader, 1)
    messages.count_hidden(reader, 1, 1)
    messages.oldest_enqueued(reader, 1)
    messages.oldest_arrival(reader, 1, 3)
    messages.enqueued_before(reader, 1, 1, 1)
    messages.get(reader, 1, 1)
    message_groups.ready_groups(reader, 1, 1, 1)
    message_groups.next_ready(reader, 1)
    message_groups.first_messages(reader, 1, "g", 1)
    fifo_requests.find_sent(reader, 1, "", "d", 1)
    fifo_requests.find_attempt(reader, 1, "a", 1)
    queues.get(reader, "1", "r", "a")
    queues.page(reader, "1", "r", "", 1, prefix="a")
    queues.dead_letter_sources(reader, "a", "", 1)
    move_tasks.latest(reader, "a", 1)
    assert len(reader.plans) >= 15
    assert [plan for plan in reader.plans if "SCAN" in plan or "TEMP B-TREE" in plan] == []
