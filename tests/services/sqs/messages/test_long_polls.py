"""Long polls: receivers wait for messages, get them immediately, and take none if they disconnect.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-short-and-long-polling.html
"""

import asyncio
import sqlite3
import threading
from collections.abc import Awaitable, Callable

import pytest

from lamplighter.base.json_text import Json
from lamplighter.bus import CallerGone
from lamplighter.services.sqs.messages.queue_messages import QueueMessages, ReceivedMessage
from lamplighter.services.sqs.tables.queues import Queue
from lamplighter.store.db import Tx
from tests.fake_disk import Disk
from tests.services.sqs.sqs_harness import SqsHarness, polled_bodies, redrive_policy


def test_a_waiting_receiver_gets_a_message_as_soon_as_it_is_sent(harness: SqsHarness) -> None:
    url = harness.queue()
    poll = harness.poll(url)
    assert not poll.done()
    harness.send(url, "news")
    assert polled_bodies(poll) == ["news"]


def test_a_receiver_that_starts_between_write_and_commit_gets_the_message(
    harness: SqsHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = harness.queue()
    began, commit = threading.Event(), Disk.commit

    def slow_commit(disk: Disk, connection: sqlite3.Connection) -> sqlite3.Cursor:
        assert began.wait(60)
        return commit(disk, connection)

    monkeypatch.setattr(Disk, "commit", slow_commit)

    async def send_and_receive() -> Json:
        sending = harness.start_call("SendMessage", QueueUrl=url, MessageBody="news")
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        poll = harness.start_call("ReceiveMessage", QueueUrl=url, WaitTimeSeconds=10)
        for _ in range(5):
            await asyncio.sleep(0)
        assert not sending.done()
        began.set()
        return await poll

    assert [message["Body"] for message in harness.run(send_and_receive())["Messages"]] == ["news"]


def test_a_receiver_waits_no_longer_than_its_wait_time(harness: SqsHarness) -> None:
    url = harness.queue()
    poll = harness.poll(url, 3)
    harness.pass_time(2.999)
    assert not poll.done()
    harness.pass_time(0.001)
    assert poll.result() == {}


def test_the_queue_may_define_the_wait_time(harness: SqsHarness) -> None:
    url = harness.queue(ReceiveMessageWaitTimeSeconds="5")
    poll = harness.start_call("ReceiveMessage", QueueUrl=url)
    harness.settle()
    harness.pass_time(4)
    assert not poll.done()
    harness.pass_time(1)
    assert poll.result() == {}


def test_a_message_that_becomes_visible_wakes_a_waiting_receiver(harness: SqsHarness) -> None:
    url = harness.queue(VisibilityTimeout="5")
    harness.send(url, "delayed", DelaySeconds=3)
    poll = harness.poll(url)
    harness.pass_time(3)
    assert polled_bodies(poll) == ["delayed"]
    poll = harness.poll(url)
    harness.pass_time(5)
    assert polled_bodies(poll) == ["delayed"]


def test_a_new_delayed_message_wakes_a_receiver_that_waits_for_a_later_one(harness: SqsHarness) -> None:
    url = harness.queue()
    harness.send(url, "a")
    harness.receive(url, VisibilityTimeout=15)
    poll = harness.poll(url)
    harness.send(url, "b", DelaySeconds=1)
    harness.pass_time(1)
    assert polled_bodies(poll) == ["b"]


def test_a_message_that_is_made_visible_wakes_a_waiting_receiver(harness: SqsHarness) -> None:
    url = harness.queue()
    harness.send(url)
    message = harness.receive_one(url)
    poll = harness.poll(url)
    harness.change_visibility(url, message, 0)
    assert polled_bodies(poll) == ["hello"]


def test_a_dead_letter_wakes_a_receiver_of_the_dead_letter_queue(harness: SqsHarness) -> None:
    dead = harness.queue("dead")
    url = harness.queue(RedrivePolicy=redrive_policy("dead"))
    poll = harness.poll(dead)
    harness.send(url)
    harness.receive(url, VisibilityTimeout=0)
    harness.pass_time(0.001)
    assert harness.receive(url) == []
    assert polled_bodies(poll) == ["hello"]


def test_deleting_a_message_of_a_group_wakes_a_receiver_of_the_next_message(harness: SqsHarness) -> None:
    url = harness.fifo(ContentBasedDeduplication="true")
    for body in ("one", "two"):
        harness.send(url, body, MessageGroupId="g")
    first = harness.receive_one(url)
    poll = harness.poll(url)
    assert not poll.done()
    harness.delete(url, first)
    assert polled_bodies(poll) == ["two"]


def test_waiting_receivers_are_served_in_the_order_of_their_arrival(harness: SqsHarness) -> None:
    url = harness.queue()
    polls = [harness.poll(url) for _ in range(3)]
    for body in ("one", "two", "three"):
        harness.send(url, body)
    assert [polled_bodies(poll) for poll in polls] == [["one"], ["two"], ["three"]]


def test_one_batch_serves_all_waiting_receivers(harness: SqsHarness) -> None:
    url = harness.queue()
    polls = [harness.poll(url) for _ in range(3)]
    entries = [{"Id": body, "MessageBody": body} for body in ("a", "b", "c")]
    harness.sqs("SendMessageBatch", QueueUrl=url, Entries=entries)
    assert [polled_bodies(poll) for poll in polls] == [["a"], ["b"], ["c"]]


def test_a_receiver_behind_another_one_times_out_on_time(harness: SqsHarness) -> None:
    url = harness.queue()
    patient, hasty = harness.poll(url, 20), harness.poll(url, 1)
    harness.pass_time(1)
    assert hasty.result() == {}
    harness.send(url, "news")
    assert polled_bodies(patient) == ["news"]


def test_a_disconnected_receiver_takes_no_message(harness: SqsHarness) -> None:
    url = harness.queue()
    gone = asyncio.Event()

    async def until_caller_gone() -> None:
        await gone.wait()
        raise CallerGone

    poll = harness.poll(url, until_caller_gone=until_caller_gone)
    gone.set()
    harness.start_call("SendMessage", QueueUrl=url, MessageBody="hello")
    harness.settle()
    with pytest.raises(CallerGone):
        poll.result()
    message = harness.receive_one(url)
    assert message["Attributes"]["ApproximateReceiveCount"] == "1"


def test_a_message_for_a_receiver_that_disconnects_counts_as_not_received(
    harness: SqsHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    returned_counts = []
    undo_receive = QueueMessages.undo_receive

    def record_undo(queue_messages: QueueMessages, tx: Tx, queue: Queue, taken: list[ReceivedMessage]) -> None:
        returned_counts.append(len(taken))
        undo_receive(queue_messages, tx, queue, taken)

    monkeypatch.setattr(QueueMessages, "undo_receive", record_undo)
    for iterations in range(12):  # the caller disconnects a little later each time
        url = harness.queue(f"q{iterations}")
        harness.send(url)
        poll = harness.poll(url, until_caller_gone=disconnect_after(iterations))
        if isinstance(poll.exception(), CallerGone):
            assert harness.receive_one(url)["Attributes"]["ApproximateReceiveCount"] == "1"
        else:
            assert polled_bodies(poll) == ["hello"]
            assert harness.receive(url) == []
    assert 1 in returned_counts


def disconnect_after(iterations: int) -> Callable[[], Awaitable[None]]:
    """Return a function that disconnects the caller after this number of iterations of the event loop."""

    async def until_caller_gone() -> None:
        for _ in range(iterations):
            await asyncio.sleep(0)
        raise CallerGone

    return until_caller_gone


def test_a_receiver_of_a_deleted_queue_gets_nothing(harness: SqsHarness) -> None:
    url = harness.queue()
    poll = harness.poll(url, 5)
    harness.sqs("DeleteQueue", QueueUrl=url)
    harness.pass_time(5)
    assert poll.result() == {}


def test_no_state_is_kept_for_queues_without_waiting_receivers(harness: SqsHarness) -> None:
    urls = [harness.queue(f"q{number}") for number in range(20)]
    polls = [harness.poll(url, 1) for url in urls]
    harness.pass_time(1)
    assert [poll.result() for poll in polls] == [{}] * 20
    del polls
    sqs = harness.engine.services["sqs"].service  # type: ignore[attr-defined]
    assert len(sqs._queue_messages._waiting_receivers._lines) == 0
