"""Receivers wait for messages, learn of them at once, and take none with them when they leave.

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
from tests.services.sqs.sqs_harness import SqsHarness, redrive, text


def test_a_receiver_that_waits_gets_a_message_as_soon_as_it_is_sent(harness: SqsHarness) -> None:
    url = harness.queue()
    poll = harness.poll(url)
    assert not poll.done()
    harness.send(url, "news")
    assert text(poll) == ["news"]


def test_a_receiver_that_comes_between_a_write_and_its_commit_learns_of_it(
    harness: SqsHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = harness.queue()
    began, commit = threading.Event(), Disk.commit

    def slow(disk: Disk, connection: sqlite3.Connection) -> sqlite3.Cursor:
        assert began.wait(60)
        return commit(disk, connection)

    monkeypatch.setattr(Disk, "commit", slow)

    async def both() -> Json:
        sending = harness.begin("SendMessage", QueueUrl=url, MessageBody="news")
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        poll = harness.begin("ReceiveMessage", QueueUrl=url, WaitTimeSeconds=10)
        for _ in range(5):
            await asyncio.sleep(0)
        assert not sending.done()
        began.set()
        return await poll

    assert [message["Body"] for message in harness.run(both())["Messages"]] == ["news"]


def test_a_receiver_waits_no_longer_than_it_said(harness: SqsHarness) -> None:
    url = harness.queue()
    poll = harness.poll(url, 3)
    harness.pass_time(2.999)
    assert not poll.done()
    harness.pass_time(0.001)
    assert poll.result() == {}


def test_a_queue_may_say_how_long_its_receivers_wait(harness: SqsHarness) -> None:
    url = harness.queue(ReceiveMessageWaitTimeSeconds="5")
    poll = harness.begin("ReceiveMessage", QueueUrl=url)
    harness.settle()
    harness.pass_time(4)
    assert not poll.done()
    harness.pass_time(1)
    assert poll.result() == {}


def test_a_message_that_becomes_visible_by_time_wakes_who_waits(harness: SqsHarness) -> None:
    url = harness.queue(VisibilityTimeout="5")
    harness.send(url, "delayed", DelaySeconds=3)
    poll = harness.poll(url)
    harness.pass_time(3)
    assert text(poll) == ["delayed"]
    poll = harness.poll(url)
    harness.pass_time(5)
    assert text(poll) == ["delayed"]


def test_a_receiver_learns_of_a_message_that_another_took_for_a_shorter_time(harness: SqsHarness) -> None:
    url = harness.queue()
    harness.send(url, "a")
    harness.receive(url, VisibilityTimeout=15)
    poll = harness.poll(url)
    harness.send(url, "b", DelaySeconds=1)
    harness.pass_time(1)
    assert text(poll) == ["b"]


def test_a_message_that_is_shown_again_wakes_who_waits(harness: SqsHarness) -> None:
    url = harness.queue()
    harness.send(url)
    message = harness.one(url)
    poll = harness.poll(url)
    harness.hide(url, message, 0)
    assert text(poll) == ["hello"]


def test_a_dead_letter_wakes_who_waits_at_its_queue(harness: SqsHarness) -> None:
    dead = harness.queue("dead")
    url = harness.queue(RedrivePolicy=redrive("dead"))
    poll = harness.poll(dead)
    harness.send(url)
    harness.receive(url, VisibilityTimeout=0)
    harness.pass_time(0.001)
    assert harness.receive(url) == []
    assert text(poll) == ["hello"]


def test_a_message_deleted_from_a_group_wakes_who_waits_for_the_next(harness: SqsHarness) -> None:
    url = harness.fifo(ContentBasedDeduplication="true")
    for body in ("one", "two"):
        harness.send(url, body, MessageGroupId="g")
    first = harness.one(url)
    poll = harness.poll(url)
    assert not poll.done()
    harness.delete(url, first)
    assert text(poll) == ["two"]


def test_receivers_get_their_messages_in_the_order_in_which_they_came(harness: SqsHarness) -> None:
    url = harness.queue()
    polls = [harness.poll(url) for _ in range(3)]
    for body in ("one", "two", "three"):
        harness.send(url, body)
    assert [text(poll) for poll in polls] == [["one"], ["two"], ["three"]]


def test_one_batch_serves_all_who_wait(harness: SqsHarness) -> None:
    url = harness.queue()
    polls = [harness.poll(url) for _ in range(3)]
    entries = [{"Id": body, "MessageBody": body} for body in ("a", "b", "c")]
    harness.sqs("SendMessageBatch", QueueUrl=url, Entries=entries)
    assert [text(poll) for poll in polls] == [["a"], ["b"], ["c"]]


def test_who_waits_behind_another_waits_no_longer_for_it(harness: SqsHarness) -> None:
    url = harness.queue()
    patient, hasty = harness.poll(url, 20), harness.poll(url, 1)
    harness.pass_time(1)
    assert hasty.result() == {}
    harness.send(url, "news")
    assert text(patient) == ["news"]


def test_a_receiver_that_has_left_takes_no_message_with_it(harness: SqsHarness) -> None:
    url = harness.queue()
    gone = asyncio.Event()

    async def left() -> None:
        await gone.wait()
        raise CallerGone

    poll = harness.poll(url, left=left)
    gone.set()
    harness.begin("SendMessage", QueueUrl=url, MessageBody="hello")
    harness.settle()
    with pytest.raises(CallerGone):
        poll.result()
    message = harness.one(url)
    assert message["Attributes"]["ApproximateReceiveCount"] == "1"


def test_a_message_on_its_way_to_who_leaves_is_as_if_it_had_not_been_taken(
    harness: SqsHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    given_back = []
    give_back = QueueMessages.undo_receive

    def noted(queue_messages: QueueMessages, tx: Tx, queue: Queue, taken: list[ReceivedMessage]) -> None:
        given_back.append(len(taken))
        give_back(queue_messages, tx, queue, taken)

    monkeypatch.setattr(QueueMessages, "undo_receive", noted)
    for moment in range(12):  # the caller leaves a little later each time
        url = harness.queue(f"q{moment}")
        harness.send(url)
        poll = harness.poll(url, left=leaving(moment))
        if isinstance(poll.exception(), CallerGone):
            assert harness.one(url)["Attributes"]["ApproximateReceiveCount"] == "1"
        else:
            assert text(poll) == ["hello"]
            assert harness.receive(url) == []
    assert 1 in given_back


def leaving(moment: int) -> Callable[[], Awaitable[None]]:
    """A caller that leaves after so many turns of the loop."""

    async def left() -> None:
        for _ in range(moment):
            await asyncio.sleep(0)
        raise CallerGone

    return left


def test_a_receiver_of_a_queue_that_is_deleted_gets_nothing(harness: SqsHarness) -> None:
    url = harness.queue()
    poll = harness.poll(url, 5)
    harness.sqs("DeleteQueue", QueueUrl=url)
    harness.pass_time(5)
    assert poll.result() == {}


def test_nothing_is_held_for_queues_for_which_nobody_waits(harness: SqsHarness) -> None:
    urls = [harness.queue(f"q{number}") for number in range(20)]
    polls = [harness.poll(url, 1) for url in urls]
    harness.pass_time(1)
    assert [poll.result() for poll in polls] == [{}] * 20
    del polls
    sqs = harness.engine.services["sqs"].service  # type: ignore[attr-defined]
    assert len(sqs._queue_messages._waiting_receivers._lines) == 0
