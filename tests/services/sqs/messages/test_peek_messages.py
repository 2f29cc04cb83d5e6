"""A person looks at messages without receiving them, and sends one again."""

import pytest

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json
from tests.services.sqs.office import Office, arn, redrive


def peek(office: Office, name: str, **params: Json) -> Json:
    return office.site.call("sqs", "PeekMessages", QueueArn=arn(name), **params)


def dead_letter(office: Office, body: str = "hello") -> tuple[str, str, Json]:
    """A queue, its dead-letter queue, and a message there."""
    office.queue("dead")
    url = office.queue("letters", RedrivePolicy=redrive("dead"))
    office.send(url, body, MessageAttributes={"why": {"DataType": "String", "StringValue": "because"}})
    office.one(url, VisibilityTimeout=0)
    office.pass_time(1)
    assert office.receive(url) == []
    (found,) = peek(office, "dead")["Messages"]
    return url, arn("dead"), found


def test_looking_changes_nothing(office: Office) -> None:
    url = office.queue()
    office.send(url, "a")
    for _ in range(3):
        (message,) = peek(office, "letters")["Messages"]
        assert (message["Body"], message["Receives"], message["Hidden"]) == ("a", 0, False)
    assert office.one(url)["Attributes"]["ApproximateReceiveCount"] == "1"


def test_what_is_in_flight_is_seen_too(office: Office) -> None:
    url = office.queue()
    office.send(url)
    office.one(url)
    (message,) = peek(office, "letters")["Messages"]
    assert (message["Receives"], message["Hidden"]) == (1, True)


def test_all_messages_are_seen_once_in_pages(office: Office) -> None:
    url = office.queue()
    for number in range(60):
        office.send(url, str(number), DelaySeconds=number % 3)
    seen: list[str] = []
    after: Json = {}
    while True:
        page = peek(office, "letters", **after)
        seen += [message["Body"] for message in page["Messages"]]
        if "After" not in page:
            break
        after = {"After": page["After"]}
    assert sorted(seen, key=int) == [str(number) for number in range(60)]


def test_a_dead_letter_is_sent_again_to_where_it_came_from(office: Office) -> None:
    url, dead, message = dead_letter(office)
    assert message["Source"] == arn("letters")
    office.site.call("sqs", "SendAgain", QueueArn=dead, Id=message["Id"])
    assert peek(office, "dead")["Messages"] == []
    again = office.one(url)
    assert again["Body"] == "hello"
    assert again["MessageAttributes"]["why"]["StringValue"] == "because"


def test_it_is_sent_again_once(office: Office) -> None:
    _, dead, message = dead_letter(office)
    office.site.call("sqs", "SendAgain", QueueArn=dead, Id=message["Id"])
    with pytest.raises(AwsError, match="not in the queue any more"):
        office.site.call("sqs", "SendAgain", QueueArn=dead, Id=message["Id"])


def test_what_no_queue_gave_up_cannot_be_sent_again(office: Office) -> None:
    office.send(office.queue())
    (message,) = peek(office, "letters")["Messages"]
    with pytest.raises(AwsError, match="it was sent here"):
        office.site.call("sqs", "SendAgain", QueueArn=arn("letters"), Id=message["Id"])


def test_a_queue_that_is_gone_takes_nothing_back(office: Office) -> None:
    url, dead, message = dead_letter(office)
    office.call("DeleteQueue", QueueUrl=url)
    with pytest.raises(AwsError, match="does not exist any more"):
        office.site.call("sqs", "SendAgain", QueueArn=dead, Id=message["Id"])
    assert len(peek(office, "dead")["Messages"]) == 1


def test_a_message_is_thrown_away(office: Office) -> None:
    _, dead, message = dead_letter(office)
    office.site.call("sqs", "Discard", QueueArn=dead, Id=message["Id"])
    assert peek(office, "dead")["Messages"] == []
