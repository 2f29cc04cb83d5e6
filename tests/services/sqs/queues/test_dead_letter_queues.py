"""Dead letters: who was received too often goes elsewhere, and comes back by a move task.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html
"""

import pytest

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json, dumps
from tests.services.sqs.office import Office, arn, redrive


@pytest.fixture
def dead(office: Office) -> str:
    return office.queue("dead")


@pytest.fixture
def url(office: Office, dead: str) -> str:
    return office.queue(RedrivePolicy=redrive("dead", 2), VisibilityTimeout="1")


def wear_out(office: Office, url: str, times: int = 2) -> None:
    """Receive everything so often, and then once more."""
    for _ in range(times):
        while office.receive(url, 10):
            pass
        office.pass_time(1)
    assert office.receive(url, 10) == []


def test_a_message_goes_when_it_would_be_received_once_more(office: Office, url: str, dead: str) -> None:
    sent = office.send(url)
    for _ in range(2):
        assert office.bodies(url) == ["hello"]
        office.pass_time(1)
    assert office.counts(dead) == (0, 0, 0)
    assert office.receive(url) == []
    assert (office.counts(url), office.counts(dead)) == ((0, 0, 0), (1, 0, 0))
    message = office.one(dead)
    assert message["MessageId"] == sent["MessageId"]
    assert message["Attributes"]["ApproximateReceiveCount"] == "3"
    assert message["Attributes"]["DeadLetterQueueSourceArn"] == arn("letters")


def test_a_dead_letter_makes_room_for_the_next_in_the_same_receive(office: Office, url: str, dead: str) -> None:
    for number in range(25):
        office.send(url, str(number))
    wear_out(office, url)
    assert office.counts(dead)[0] == 25
    office.send(url, "fresh")
    assert office.bodies(url) == ["fresh"]


def test_a_receive_passes_many_dead_letters_on_its_way(office: Office, url: str, dead: str) -> None:
    for number in range(30):
        office.send(url, str(number))
    for _ in range(2):
        while office.receive(url, 10):
            pass
        office.pass_time(1)
    office.pass_time(1)
    office.send(url, "fresh")
    assert office.bodies(url, 1) == ["fresh"]
    assert office.counts(dead) == (30, 0, 0)


def test_a_receive_passes_a_bounded_number_of_dead_letters(office: Office, url: str, dead: str) -> None:
    for start in range(0, 300, 10):
        entries = [{"Id": str(number), "MessageBody": "x"} for number in range(start, start + 10)]
        office.call("SendMessageBatch", QueueUrl=url, Entries=entries)
    for _ in range(2):
        while office.receive(url, 10):
            pass
        office.pass_time(1)
    assert office.receive(url, 10) == []
    assert office.counts(dead)[0] == 200
    poll = office.poll(url, 1)
    office.pass_time(0.02)
    assert office.counts(dead)[0] == 300
    assert not poll.done()


def test_the_time_in_the_first_queue_counts_in_the_second(office: Office, dead: str, url: str) -> None:
    office.call("SetQueueAttributes", QueueUrl=dead, Attributes={"MessageRetentionPeriod": "100"})
    office.send(url)
    office.pass_time(50)
    wear_out(office, url)
    assert office.counts(dead)[0] == 1
    office.pass_time(47)
    assert office.counts(dead)[0] == 1
    office.pass_time(1)
    assert office.receive(dead) == []


def test_without_its_dead_letter_queue_a_message_stays(office: Office, dead: str, url: str) -> None:
    office.call("DeleteQueue", QueueUrl=dead)
    office.send(url)
    for _ in range(5):
        assert office.bodies(url) == ["hello"]
        office.pass_time(1)


@pytest.mark.parametrize(
    ("policy", "reason"),
    [
        ({"maxReceiveCount": 1}, "does not contain mandatory attribute: deadLetterTargetArn."),
        ({"deadLetterTargetArn": arn("nobody")}, "Dead letter target does not exist."),
        ({"deadLetterTargetArn": "dead"}, "Dead letter target does not exist."),
        ({"deadLetterTargetArn": 1}, "Dead letter target does not exist."),
        ({"deadLetterTargetArn": arn("dead.fifo")}, "Dead-letter queue must be same type of queue as the source."),
        ({"deadLetterTargetArn": arn("dead"), "maxReceiveCount": 0}, "valid values are from 1 to 1000 both inclusive."),
        ({"deadLetterTargetArn": arn("dead"), "maxReceiveCount": 1001}, "valid values are from 1 to 1000"),
        ({"deadLetterTargetArn": arn("dead"), "maxReceiveCount": "x"}, "Invalid value for maxReceiveCount: x"),
        ({"deadLetterTargetArn": arn("dead"), "maxReceiveCount": True}, "Invalid value for maxReceiveCount: True"),
        ({"deadLetterTargetArn": arn("dead"), "colour": 1}, "Only following attributes are supported"),
    ],
)
def test_a_redrive_policy_that_is_none_is_refused(office: Office, dead: str, policy: Json, reason: str) -> None:
    office.fifo("dead.fifo")
    given = {"RedrivePolicy": dumps(policy)}
    code, message = office.refused("CreateQueue", QueueName="q", Attributes=given)
    assert (code, reason in message) == ("InvalidParameterValue", True)
    assert message.startswith(f"Value {dumps(policy)} for parameter RedrivePolicy is invalid. Reason: ")


def test_a_queue_says_whose_dead_letters_it_takes(office: Office, dead: str) -> None:
    def allow(**policy: Json) -> None:
        text = dumps(policy)
        office.call("SetQueueAttributes", QueueUrl=dead, Attributes={"RedriveAllowPolicy": text})

    def takes(name: str) -> bool:
        url = office.queue(name)
        params = {"QueueUrl": url, "Attributes": {"RedrivePolicy": redrive("dead")}}
        try:
            office.call("SetQueueAttributes", **params)
        except AwsError:
            return False
        return True

    allow(redrivePermission="denyAll")
    assert not takes("a")
    allow(redrivePermission="byQueue", sourceQueueArns=[arn("b")])
    assert [takes(name) for name in "abc"] == [False, True, False]
    allow(redrivePermission="allowAll")
    assert takes("c")


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
def test_a_redrive_allow_policy_that_is_none_is_refused(office: Office, dead: str, policy: Json) -> None:
    given = {"RedriveAllowPolicy": dumps(policy)}
    code, message = office.refused("SetQueueAttributes", QueueUrl=dead, Attributes=given)
    assert (code, "unsupported format" in message) == ("InvalidParameterValue", True)


def test_the_sources_of_a_dead_letter_queue_are_listed_page_by_page(office: Office, dead: str) -> None:
    assert office.call("ListDeadLetterSourceQueues", QueueUrl=dead) == {"queueUrls": []}
    urls = [office.queue(f"q{number}", RedrivePolicy=redrive("dead")) for number in range(3)]
    office.queue("other")
    assert office.call("ListDeadLetterSourceQueues", QueueUrl=dead) == {"queueUrls": urls}
    first = office.call("ListDeadLetterSourceQueues", QueueUrl=dead, MaxResults=2)
    assert first["queueUrls"] == urls[:2]
    rest = office.call("ListDeadLetterSourceQueues", QueueUrl=dead, MaxResults=2, NextToken=first["NextToken"])
    assert rest == {"queueUrls": urls[2:]}
    office.call("SetQueueAttributes", QueueUrl=urls[0], Attributes={"RedrivePolicy": ""})
    office.call("AddPermission", QueueUrl=urls[1], Label="x", AWSAccountIds=["1" * 12], Actions=["*"])
    office.call("PurgeQueue", QueueUrl=urls[2])
    assert office.call("ListDeadLetterSourceQueues", QueueUrl=dead) == {"queueUrls": urls[1:]}
