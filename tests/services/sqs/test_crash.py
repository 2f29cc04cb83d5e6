"""The engine is killed at every commit of a workload: no accepted message is lost, no deleted message returns."""

from pathlib import Path

import pytest

from lamplighter.base.errors import Unavailable
from lamplighter.base.json_text import Json
from tests.engine_harness import CALLER, EngineDied
from tests.services.sqs.sqs_harness import SqsHarness, arn, polled_bodies, redrive_policy

MESSAGE_COUNT = 12


class QueueWorkload:
    """A workload that sends, receives, deletes and moves messages; if the engine dies, the next one continues."""

    def __init__(self, harness: SqsHarness) -> None:
        self.harness = harness
        self.accepted: set[str] = set()
        self.deleted: set[str] = set()
        self.maybe_deleted: set[str] = set()
        """Deleted by a call during which the engine died."""
        self.deaths = 0

    def attempt(self, operation: str, **params: Json) -> Json:
        """Call an operation; if the engine dies, start it again and return None."""
        try:
            return self.harness.sqs(operation, **params)
        except EngineDied:
            self.deaths += 1
            self.harness.up()
            return None

    def pass_time(self, seconds: float) -> None:
        try:
            self.harness.pass_time(seconds)
        except EngineDied:
            self.deaths += 1
            self.harness.up()

    def run(self, url: str, dead: str) -> None:
        for number in range(MESSAGE_COUNT):
            body = f"letter {number}"
            group = {"MessageGroupId": str(number % 3)} if url.endswith(".fifo") else {}
            if self.attempt("SendMessage", QueueUrl=url, MessageBody=body, **group) is not None:
                self.accepted.add(body)
        for _ in range(2):
            self.receive_and_delete(url, 3)
            self.pass_time(31)
        self.receive_and_delete(url, 2)
        self.attempt("StartMessageMoveTask", SourceArn=arn(dead.rsplit("/", 1)[1]))
        self.pass_time(31)

    def receive_and_delete(self, url: str, most: int) -> None:
        """Receive some messages and delete every other one."""
        answer = self.attempt("ReceiveMessage", QueueUrl=url, MaxNumberOfMessages=most) or {}
        for message in answer.get("Messages", [])[::2]:
            answer = self.attempt("DeleteMessage", QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            (self.maybe_deleted if answer is None else self.deleted).add(message["Body"])

    def drain(self, *urls: str) -> list[str]:
        """Receive and delete the remaining messages of the queues; return their bodies."""
        found = []
        for url in urls:
            for _ in range(MESSAGE_COUNT):
                self.pass_time(31)
                for message in self.harness.receive(url, 10):
                    found.append(message["Body"])
                    self.harness.delete(url, message)
        return found


def create_queues(directory: Path, fifo: str) -> tuple[SqsHarness, str, str]:
    harness = SqsHarness(directory)
    harness.up()
    attributes = {"FifoQueue": "true", "ContentBasedDeduplication": "true"} if fifo else {}
    dead = harness.queue(f"dead{fifo}", **attributes)
    url = harness.queue(f"letters{fifo}", **attributes, RedrivePolicy=redrive_policy(f"dead{fifo}", 1))
    return harness, url, dead


def check_messages(workload: QueueWorkload, remaining: list[str]) -> None:
    assert len(remaining) == len(set(remaining)), "a letter was doubled"
    assert workload.accepted - workload.deleted - workload.maybe_deleted <= set(remaining), "a letter was lost"
    assert not workload.deleted & set(remaining), "a letter came back"


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("fifo", ["", ".fifo"], ids=["standard", "fifo"])
def test_no_message_is_lost_or_duplicated_by_a_crash_at_any_commit(tmp_path: Path, fifo: str, *, before: bool) -> None:
    for commit in range(1, 60):
        harness, url, dead = create_queues(tmp_path / str(commit), fifo)
        workload = QueueWorkload(harness)
        harness.die_at(commit, before=before)
        try:
            workload.run(url, dead)
            harness.disk.death = None
            check_messages(workload, workload.drain(url, dead))
        finally:
            harness.close()
        if not workload.deaths:
            break
    assert commit > 20
    assert workload.accepted == {f"letter {number}" for number in range(MESSAGE_COUNT)}


def test_queues_and_messages_are_unchanged_after_a_crash(harness: SqsHarness) -> None:
    url = harness.queue(VisibilityTimeout="20", ReceiveMessageWaitTimeSeconds="1")
    for body, delay in (("now", 0), ("later", 10), ("in flight", 0)):
        harness.send(url, body, DelaySeconds=delay)
    shown, first = harness.attributes(url), harness.receive(url, 1)
    harness.restart()
    assert harness.attributes(url) | {"ApproximateNumberOfMessagesNotVisible": "0"} == shown | {
        "ApproximateNumberOfMessages": "1",
        "ApproximateNumberOfMessagesNotVisible": "0",
    }
    assert harness.counts(url) == (1, 1, 1)
    harness.delete(url, first[0])
    assert harness.counts(url) == (1, 0, 1)
    poll = harness.poll(url, 20, MaxNumberOfMessages=10)
    assert polled_bodies(poll) == ["in flight"]
    poll = harness.poll(url, 20, MaxNumberOfMessages=10)
    harness.pass_time(10)
    assert polled_bodies(poll) == ["later"]


def test_expired_messages_are_deleted_after_a_crash(harness: SqsHarness) -> None:
    url = harness.queue(MessageRetentionPeriod="60")
    for _ in range(20):
        harness.send(url)
    harness.crash()
    harness.clock.advance(60_000)
    harness.up()
    assert harness.rows("SELECT count(*) FROM sqs_messages") == [(0,)]


def test_a_message_is_refused_and_not_stored_if_the_disk_is_full(harness: SqsHarness) -> None:
    url = harness.queue()
    harness.disk.fill("COMMIT")
    with pytest.raises(Unavailable):
        harness.send(url, "too much")
    harness.disk.fill("")
    harness.send(url, "fits")
    assert harness.receive_bodies(url) == ["fits"]


def test_a_waiting_receiver_is_served_when_the_disk_has_space_again(harness: SqsHarness) -> None:
    url = harness.queue()
    poll = harness.poll(url)
    harness.disk.fill("COMMIT")
    with pytest.raises(Unavailable):
        harness.run(harness.engine.call(CALLER, "sqs", "SendMessage", {"QueueUrl": url, "MessageBody": "no"}))
    harness.disk.fill("")
    harness.send(url, "yes")
    assert polled_bodies(poll) == ["yes"]
