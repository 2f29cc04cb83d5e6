"""Message move tasks bring dead letters back, a slice at a time, whatever happens meanwhile.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_StartMessageMoveTask.html
"""

import pytest

from lamplighter.base.json_text import Json
from tests.services.sqs.office import Office, arn, redrive


@pytest.fixture
def dead(office: Office) -> str:
    return office.queue("dead")


def bury(office: Office, name: str, count: int) -> str:
    """Make a queue whose messages are dead letters."""
    url = office.queue(name, RedrivePolicy=redrive("dead"), VisibilityTimeout="1")
    for number in range(count):
        office.send(url, f"{name}{number}")
    while office.receive(url, 10):
        pass
    office.pass_time(1)
    while office.counts(url)[0]:
        office.receive(url, 10)
    assert office.counts(url) == (0, 0, 0)
    return url


def start(office: Office, **params: Json) -> str:
    handle: str = office.call("StartMessageMoveTask", SourceArn=arn("dead"), **params)["TaskHandle"]
    return handle


def tasks(office: Office, most: int = 10) -> list[Json]:
    found: list[Json] = office.call("ListMessageMoveTasks", SourceArn=arn("dead"), MaxResults=most)["Results"]
    return found


def test_messages_go_back_to_where_they_came_from_as_new_ones(office: Office, dead: str) -> None:
    ones, twos = bury(office, "ones", 2), bury(office, "twos", 1)
    before = {row[0] for row in office.site.rows("SELECT uuid FROM sqs_messages")}
    started = office.site.clock.now()
    start(office)
    assert (office.counts(ones)[0], office.counts(twos)[0], office.counts(dead)[0]) == (2, 1, 0)
    assert tasks(office) == [
        {
            "Status": "COMPLETED",
            "SourceArn": arn("dead"),
            "ApproximateNumberOfMessagesMoved": 3,
            "ApproximateNumberOfMessagesToMove": 3,
            "StartedTimestamp": started,
        }
    ]
    message = office.one(ones)
    assert message["MessageId"] not in before
    assert message["Attributes"]["ApproximateReceiveCount"] == "1"
    assert "DeadLetterQueueSourceArn" not in message["Attributes"]


def test_messages_may_go_elsewhere(office: Office, dead: str) -> None:
    bury(office, "ones", 3)
    other = office.queue("other")
    start(office, DestinationArn=arn("other"))
    assert office.bodies(other) == ["ones0", "ones1", "ones2"]
    assert tasks(office)[0]["DestinationArn"] == arn("other")


def test_a_rate_is_kept_and_a_task_can_be_called_off(office: Office, dead: str) -> None:
    ones = bury(office, "ones", 9)
    handle = start(office, MaxNumberOfMessagesPerSecond=3)
    assert office.counts(ones)[0] == 3
    office.pass_time(1)
    assert office.counts(ones)[0] == 6
    (task,) = tasks(office)
    assert (task["Status"], task["TaskHandle"], task["MaxNumberOfMessagesPerSecond"]) == ("RUNNING", handle, 3)
    assert office.call("CancelMessageMoveTask", TaskHandle=handle) == {"ApproximateNumberOfMessagesMoved": 6}
    office.pass_time(5)
    assert (office.counts(ones)[0], office.counts(dead)[0]) == (6, 3)
    (task,) = tasks(office)
    assert (task["Status"], "TaskHandle" in task) == ("CANCELLED", False)
    assert office.refused("CancelMessageMoveTask", TaskHandle=handle)[0] == "UnsupportedOperation"
    assert office.refused("CancelMessageMoveTask", TaskHandle="x") == (
        "ResourceNotFoundException",
        "Task does not exist.",
    )


def test_a_large_queue_is_moved_to_its_end_and_messages_in_flight_stay(office: Office, dead: str) -> None:
    ones = bury(office, "ones", 250)
    office.receive(dead, 10)
    start(office)
    assert office.counts(ones)[0] == 240
    assert office.counts(dead) == (0, 10, 0)
    assert tasks(office)[0]["Status"] == "COMPLETED"


def test_a_task_goes_on_after_a_crash(office: Office, dead: str) -> None:
    ones = bury(office, "ones", 9)
    start(office, MaxNumberOfMessagesPerSecond=2)
    office.site.restart()
    for _ in range(4):
        office.pass_time(1)
    assert sorted(office.bodies(ones)) == [f"ones{number}" for number in range(9)]
    assert tasks(office)[0]["Status"] == "COMPLETED"


def test_only_one_task_runs_for_a_queue(office: Office, dead: str) -> None:
    bury(office, "ones", 5)
    start(office, MaxNumberOfMessagesPerSecond=1)
    code, message = office.refused("StartMessageMoveTask", SourceArn=arn("dead"))
    assert code == "InvalidParameterValue"
    assert message.startswith("There is already a task running.")


def test_a_task_fails_where_a_message_has_nowhere_to_go_and_loses_none(office: Office, dead: str) -> None:
    ones = bury(office, "ones", 1)
    office.send(dead, "sent here")
    start(office)
    assert (tasks(office)[0]["Status"], tasks(office)[0]["FailureReason"]) == (
        "FAILED",
        "CouldNotDetermineMessageSource",
    )
    assert (office.counts(ones)[0], office.counts(dead)[0]) == (1, 1)
    bury(office, "twos", 1)
    office.call("DeleteQueue", QueueUrl=ones)
    office.queue("other")
    start(office, DestinationArn=arn("other"), MaxNumberOfMessagesPerSecond=1)
    office.call("DeleteQueue", QueueUrl=office.call("GetQueueUrl", QueueName="other")["QueueUrl"])
    office.pass_time(1)
    assert tasks(office)[0]["FailureReason"] == "AWS.SimpleQueueService.NonExistentQueue"
    assert [task["Status"] for task in tasks(office)] == ["FAILED", "FAILED"]


def test_the_newest_ten_tasks_are_listed(office: Office, dead: str) -> None:
    bury(office, "ones", 0)
    for number in range(12):
        start(office)
        office.pass_time(1 + number)
    assert len(tasks(office, 1)) == 1
    found = [task["StartedTimestamp"] for task in tasks(office)]
    assert len(found) == 10
    assert found == sorted(found, reverse=True)
    assert office.site.rows("SELECT count(*) FROM sqs_moves") == [(10,)]


@pytest.mark.parametrize(
    ("params", "code", "told"),
    [
        ({"SourceArn": arn("nobody")}, "ResourceNotFoundException", "SourceArn parameter doesn't exist."),
        ({"SourceArn": "dead"}, "ResourceNotFoundException", "SourceArn parameter doesn't exist."),
        ({"SourceArn": arn("ones")}, "InvalidParameterValue", "must be configured as a Dead Letter Queue."),
        ({"DestinationArn": arn("nobody")}, "ResourceNotFoundException", "DestinationArn parameter doesn't exist."),
        ({"DestinationArn": arn("dead")}, "InvalidParameterValue", "cannot be the same."),
        ({"DestinationArn": arn("a.fifo")}, "InvalidParameterValue", "of the same type."),
        ({"MaxNumberOfMessagesPerSecond": 0}, "InvalidParameterValue", "Must be between 1 and 500"),
        ({"MaxNumberOfMessagesPerSecond": 501}, "InvalidParameterValue", "Must be between 1 and 500"),
    ],
)
def test_a_task_that_cannot_be_done_is_refused(office: Office, dead: str, params: Json, code: str, told: str) -> None:
    bury(office, "ones", 1)
    office.fifo("a.fifo")
    found = office.refused("StartMessageMoveTask", **{"SourceArn": arn("dead"), **params})
    assert (found[0], told in found[1]) == (code, True)
    assert tasks(office) == []


def test_dead_letters_of_a_fifo_queue_go_back_in_their_order(office: Office) -> None:
    office.fifo("dead.fifo")
    url = office.fifo(ContentBasedDeduplication="true", RedrivePolicy=redrive("dead.fifo"), VisibilityTimeout="1")
    for number in range(150):
        office.send(url, str(number), MessageGroupId="a")
    for _ in range(15):
        office.receive(url, 10)
        office.pass_time(1)
        office.receive(url, 10, VisibilityTimeout=0)
        office.pass_time(0.001)
    while office.receive(url, 10, VisibilityTimeout=0):
        office.pass_time(0.001)
    office.call("StartMessageMoveTask", SourceArn=arn("dead.fifo"))
    found: list[str] = []
    while messages := office.receive(url, 10):
        found += [message["Body"] for message in messages]
        for message in messages:
            office.delete(url, message)
    assert found == [str(number) for number in range(150)]


@pytest.mark.parametrize("most", [0, 11])
def test_a_listing_is_of_ten_tasks_at_most(office: Office, dead: str, most: int) -> None:
    params = {"SourceArn": arn("dead"), "MaxResults": most}
    assert office.refused("ListMessageMoveTasks", **params)[0] == "InvalidParameterValue"
