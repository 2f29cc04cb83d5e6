"""Dead letters: a message that was received too often moves to the dead-letter queue.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html
"""

import pytest

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json, dumps
from tests.services.sqs.sqs_harness import SqsHarness, arn, redrive_policy


@pytest.fixture
def dead(harness: SqsHarness) -> str:
    return harness.queue("dead")


@pytest.fixture
def url(harness: SqsHarness, dead: str) -> str:
    return harness.queue(RedrivePolicy=redrive_policy("dead", 2), VisibilityTimeout="1")


def exhaust_receives(harness: SqsHarness, url: str, times: int = 2) -> None:
    """Receive all messages this number of times, and then once more."""
    for _ in range(times):
        while harness.receive(url, 10):
            pass
        harness.pass_time(1)
    assert harness.receive(url, 10) == []


def test_a_message_becomes_a_dead_letter_when_it_would_be_received_once_more(
    harness: SqsHarness, url: str, dead: str
) -> None:
    sent = harness.send(url)
    for _ in range(2):
        assert harness.receive_bodies(url) == ["hello"]
        harness.pass_time(1)
    assert harness.counts(dead) == (0, 0, 0)
    assert harness.receive(url) == []
    assert (harness.counts(url), harness.counts(dead)) == ((0, 0, 0), (1, 0, 0))
    message = harness.receive_one(dead)
    assert message["MessageId"] == sent["MessageId"]
    assert message["Attributes"]["ApproximateReceiveCount"] == "3"
    assert message["Attributes"]["DeadLetterQueueSourceArn"] == arn("letters")


def test_one_receive_moves_all_dead_letters_of_a_queue(harness: SqsHarness, url: str, dead: str) -> None:
    for number in range(25):
        harness.send(url, str(number))
    exhaust_receives(harness, url)
    assert harness.counts(dead)[0] == 25
    harness.send(url, "fresh")
    assert harness.receive_bodies(url) == ["fresh"]


def test_a_receive_returns_the_message_behind_many_dead_letters(harness: SqsHarness, url: str, dead: str) -> None:
    for number in range(30):
        harness.send(url, str(number))
    for _ in range(2):
        while harness.receive(url, 10):
            pass
        harness.pass_time(1)
    harness.pass_time(1)
    harness.send(url, "fresh")
    assert harness.receive_bodies(url, 1) == ["fresh"]
    assert harness.counts(dead) == (30, 0, 0)


def test_one_receive_moves_a_limited_number_of_dead_letters(harness: SqsHarness, url: str, dead: str) -> None:
    for start in range(0, 300, 10):
        entries = [{"Id": str(number), "MessageBody": "x"} for number in range(start, start + 10)]
        harness.sqs("SendMessageBatch", QueueUrl=url, Entries=entries)
    for _ in range(2):
        while harness.receive(url, 10):
            pass
        harness.pass_time(1)
    assert harness.receive(url, 10) == []
    assert harness.counts(dead)[0] == 200
    poll = harness.poll(url, 1)
    harness.pass_time(0.02)
    assert harness.counts(dead)[0] == 300
    assert not poll.done()


def test_the_retention_of_a_dead_letter_includes_the_time_in_its_first_queue(
    harness: SqsHarness, dead: str, url: str
) -> None:
    harness.sqs("SetQueueAttributes", QueueUrl=dead, Attributes={"MessageRetentionPeriod": "100"})
    harness.send(url)
    harness.pass_time(50)
    exhaust_receives(harness, url)
    assert harness.counts(dead)[0] == 1
    harness.pass_time(47)
    assert harness.counts(dead)[0] == 1
    harness.pass_time(1)
    assert harness.receive(dead) == []


def test_a_message_stays_if_its_dead_letter_queue_does_not_exist(harness: SqsHarness, dead: str, url: str) -> None:
    harness.sqs("DeleteQueue", QueueUrl=dead)
    harness.send(url)
    for _ in range(5):
        assert harness.receive_bodies(url) == ["hello"]
        harness.pass_time(1)


@pytest.mark.parametrize(
    ("policy", "reason"),
    [
        ({"maxReceiveCount": 1}, "does not contain mandatory attribute: deadLetterTargetArn."),
        ({"deadLetterTargetArn": arn("dead")}, "does not contain mandatory attribute: maxReceiveCount."),
        ({"deadLetterTargetArn": arn("nobody"), "maxReceiveCount": 1}, "Dead letter target does not exist."),
        ({"deadLetterTargetArn": "dead", "maxReceiveCount": 1}, "Dead letter target does not exist."),
        ({"deadLetterTargetArn": 1, "maxReceiveCount": 1}, "Dead letter target does not exist."),
        (
            {"deadLetterTargetArn": arn("dead.fifo"), "maxReceiveCount": 1},
            "Dead-letter queue must be same type of queue as the source.",
        ),
        ({"deadLetterTargetArn": arn("dead"), "maxReceiveCount": 0}, "valid values are from 1 to 1000 both inclusive."),
        ({"deadLetterTargetArn": arn("dead"), "maxReceiveCount": 1001}, "valid values are from 1 to 1000"),
        ({"deadLetterTargetArn": arn("dead"), "maxReceiveCount": "x"}, "Invalid value for maxReceiveCount: x"),
        ({"deadLetterTargetArn": arn("dead"), "maxReceiveCount": True}, "Invalid value for maxReceiveCount: True"),
        (
            {"deadLetterTargetArn": arn("dead"), "colour": 1, "maxReceiveCount": 1},
            "Only following attributes are supported",
        ),
    ],
)
def test_an_invalid_redrive_policy_is_refused(harness: SqsHarness, dead: str, policy: Json, reason: str) -> None:
    harness.fifo("dead.fifo")
    given = {"RedrivePolicy": dumps(policy)}
    code, message = harness.expect_error("CreateQueue", QueueName="q", Attributes=given)
    assert (code, reason in message) == ("InvalidParameterValue", True)
    assert message.startswith(f"Value {dumps(policy)} for parameter RedrivePolicy is invalid. Reason: ")


def test_a_redrive_allow_policy_restricts_the_source_queues(harness: SqsHarness, dead: str) -> None:
    def allow(**policy: Json) -> None:
        text = dumps(policy)
        harness.sqs("SetQueueAttributes", QueueUrl=dead, Attributes={"RedriveAllowPolicy": text})

    def accepts(name: str) -> bool:
        url = harness.queue(name)
        params = {"QueueUrl": url, "Attributes": {"RedrivePolicy": redrive_policy("dead")}}
        try:
            harness.sqs("SetQueueAttributes", **params)
        except AwsError:
            return False
        return True

    allow(redrivePermission="denyAll")
    assert not accepts("a")
    allow(redrivePermission="byQueue", sourceQueueArns=[arn("b")])
    assert [accepts(name) for name in "abc"] == [False, True, False]
    allow(redrivePermission="allowAll")
    assert accepts("c")


@pytest.mark.parametrize(
    "policy",
    [
        {},
        {"redrivePermission": "some"},
        {"redrivePermission": "byQueue"},
        {"redrivePermission": "byQueue", "sourceQueueArns": []},
        {"redrivePermission": "byQueue", "sourceQueueArns": [arn("a")] * 11},
        {"redrivePermission": "byQueue", "sourceQueueArns": [1]},
        {"redrivePermission": "allowAll", "sourceQueueArns": [arn("a")]},
        {"redrivePermission": "allowAll", "colour": 1},
    ],
)
def test_an_invalid_redrive_allow_policy_is_refused(harness: SqsHarness, dead: str, policy: Json) -> None:
    given = {"RedriveAllowPolicy": dumps(policy)}
    code, message = harness.expect_error("SetQueueAttributes", QueueUrl=dead, Attributes=given)
    assert (code, "unsupported format" in message) == ("InvalidParameterValue", True)


def test_the_sources_of_a_dead_letter_queue_are_listed_in_pages(harness: SqsHarness, dead: str) -> None:
    assert harness.sqs("ListDeadLetterSourceQueues", QueueUrl=dead) == {"queueUrls": []}
    urls = [harness.queue(f"q{number}", RedrivePolicy=redrive_policy("dead")) for number in range(3)]
    harness.queue("other")
    assert harness.sqs("ListDeadLetterSourceQueues", QueueUrl=dead) == {"queueUrls": urls}
    first = harness.sqs("ListDeadLetterSourceQueues", QueueUrl=dead, MaxResults=2)
    assert first["queueUrls"] == urls[:2]
    rest = harness.sqs("ListDeadLetterSourceQueues", QueueUrl=dead, MaxResults=2, NextToken=first["NextToken"])
    assert rest == {"queueUrls": urls[2:]}
    harness.sqs("SetQueueAttributes", QueueUrl=urls[0], Attributes={"RedrivePolicy": ""})
    harness.sqs("AddPermission", QueueUrl=urls[1], Label="x", AWSAccountIds=["1" * 12], Actions=["*"])
    harness.sqs("PurgeQueue", QueueUrl=urls[2])
    assert harness.sqs("ListDeadLetterSourceQueues", QueueUrl=dead) == {"queueUrls": urls[1:]}
