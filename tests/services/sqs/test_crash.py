"""The engine is killed at every commit of a day's letters: none that was accepted is lost, none done comes back."""

from pathlib import Path

import pytest

from lamplighter.base.errors import Unavailable
from lamplighter.base.json_text import Json
from tests.engine_harness import CALLER, EngineDied
from tests.services.sqs.sqs_harness import SqsHarness, arn, redrive, text

LETTERS = 12


class Day:
    """Letters are sent, received, lost sight of, given up and brought back; whoever dies under it is replaced."""

    def __init__(self, harness: SqsHarness) -> None:
        self.harness = harness
        self.accepted: set[str] = set()
        self.done: set[str] = set()
        self.maybe: set[str] = set()
        """Done with as the engine died: it may have heard of it."""
        self.deaths = 0

    def attempt(self, operation: str, **params: Json) -> Json:
        """Do something; None where the engine died of it and is there again."""
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

    def go(self, url: str, dead: str) -> None:
        for number in range(LETTERS):
            body = f"letter {number}"
            group = {"MessageGroupId": str(number % 3)} if url.endswith(".fifo") else {}
            if self.attempt("SendMessage", QueueUrl=url, MessageBody=body, **group) is not None:
                self.accepted.add(body)
        for _ in range(2):
            self.work(url, 3)
            self.pass_time(31)
        self.work(url, 2)
        self.attempt("StartMessageMoveTask", SourceArn=arn(dead.rsplit("/", 1)[1]))
        self.pass_time(31)

    def work(self, url: str, most: int) -> None:
        """Receive some letters, be done with every other."""
        answer = self.attempt("ReceiveMessage", QueueUrl=url, MaxNumberOfMessages=most) or {}
        for message in answer.get("Messages", [])[::2]:
            answer = self.attempt("DeleteMessage", QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            (self.maybe if answer is None else self.done).add(message["Body"])

    def left(self, *urls: str) -> list[str]:
        """What is in the queues at the end."""
        found = []
        for url in urls:
            for _ in range(LETTERS):
                self.pass_time(31)
                for message in self.harness.receive(url, 10):
                    found.append(message["Body"])
                    self.harness.delete(url, message)
        return found


def open_office(directory: Path, fifo: str) -> tuple[SqsHarness, str, str]:
    harness = SqsHarness(directory)
    harness.up()
    kind = {"FifoQueue": "true", "ContentBasedDeduplication": "true"} if fifo else {}
    dead = harness.queue(f"dead{fifo}", **kind)
    url = harness.queue(f"letters{fifo}", **kind, RedrivePolicy=redrive(f"dead{fifo}", 1))
    return harness, url, dead


def check(day: Day, left: list[str]) -> None:
    assert len(left) == len(set(left)), "a letter was doubled"
    assert day.accepted - day.done - day.maybe <= set(left), "a letter was lost"
    assert not day.done & set(left), "a letter came back"


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("fifo", ["", ".fifo"], ids=["standard", "fifo"])
def test_no_letter_is_lost_or_doubled_whenever_the_engine_dies(tmp_path: Path, fifo: str, *, before: bool) -> None:
    for commit in range(1, 60):
        harness, url, dead = open_office(tmp_path / str(commit), fifo)
        day = Day(harness)
        harness.die_at(commit, before=before)
        try:
            day.go(url, dead)
            harness.disk.death = None
            check(day, day.left(url, dead))
        finally:
            harness.close()
        if not day.deaths:
            break
    assert commit > 20
    assert day.accepted == {f"letter {number}" for number in range(LETTERS)}


def test_everything_is_as_it_was_after_a_crash(harness: SqsHarness) -> None:
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
    assert text(poll) == ["in flight"]
    poll = harness.poll(url, 20, MaxNumberOfMessages=10)
    harness.pass_time(10)
    assert text(poll) == ["later"]


def test_a_queue_goes_on_being_swept_after_a_crash(harness: SqsHarness) -> None:
    url = harness.queue(MessageRetentionPeriod="60")
    for _ in range(20):
        harness.send(url)
    harness.crash()
    harness.clock.advance(60_000)
    harness.up()
    assert harness.rows("SELECT count(*) FROM sqs_messages") == [(0,)]


def test_a_message_for_which_the_disk_has_no_room_is_refused_and_not_kept(harness: SqsHarness) -> None:
    url = harness.queue()
    harness.disk.fill("COMMIT")
    with pytest.raises(Unavailable):
        harness.send(url, "too much")
    harness.disk.fill("")
    harness.send(url, "fits")
    assert harness.bodies(url) == ["fits"]


def test_who_waits_is_served_when_the_disk_has_room_again(harness: SqsHarness) -> None:
    url = harness.queue()
    poll = harness.poll(url)
    harness.disk.fill("COMMIT")
    with pytest.raises(Unavailable):
        harness.run(harness.engine.call(CALLER, "sqs", "SendMessage", {"QueueUrl": url, "MessageBody": "no"}))
    harness.disk.fill("")
    harness.send(url, "yes")
    assert text(poll) == ["yes"]
