"""Message move tasks bring dead letters back, a slice at a time, whatever happens meanwhile.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_StartMessageMoveTask.html
"""

import pytest

from lamplighter.base.json_text import Json
from tests.services.sqs.sqs_harness import SqsHarness, arn, redrive


@pytest.fixture
def dead(harness: SqsHarness) -> str:
    return harness.queue("dead")


def bury(harness: SqsHarness, name: str, count: int) -> str:
    """Make a queue whose messages are dead letters."""
    url = harness.queue(name, RedrivePolicy=redrive("dead"), VisibilityTimeout="1")
    for number in range(count):
        harness.send(url, f"{name}{number}")
    while harness.receive(url, 10):
        pass
    harness.pass_time(1)
    while harness.counts(url)[0]:
        harness.receive(url, 10)
    assert harness.counts(url) == (0, 0, 0)
    return url


def start(harness: SqsHarness, **params: Json) -> str:
    handle: str = harness.sqs("StartMessageMoveTask", SourceArn=arn("dead"), **params)["TaskHandle"]
    return handle


def tasks(harness: SqsHarness, most: int = 10) -> list[Json]:
    found: list[Json] = harness.sqs("ListMessageMoveTasks", SourceArn=arn("dead"), MaxResults=most)["Results"]
    return found


def test_messages_go_back_to_where_they_came_from_as_new_ones(harness: SqsHarness, dead: str) -> None:
    ones, twos = bury(harness, "ones", 2), bury(harness, "twos", 1)
    before = {row[0] for row in harness.rows("SELECT uuid FROM sqs_messages")}
    started = harness.clock.now()
    start(harness)
    assert (harness.counts(ones)[0], harness.counts(twos)[0], harness.counts(dead)[0]) == (2, 1, 0)
    assert tasks(harness) == [
        {
            "Status": "COMPLETED",
            "SourceArn": arn("dead"),
            "ApproximateNumberOfMessagesMoved": 3,
            "ApproximateNumberOfMessagesToMove": 3,
            "StartedTimestamp": started,
        }
    ]
    message = harness.one(ones)
    assert message["MessageId"] not in before
    assert message["Attributes"]["ApproximateReceiveCount"] == "1"
    assert "DeadLetterQueueSourceArn" not in message["Attributes"]


def test_messages_may_go_elsewhere(harness: SqsHarness, dead: str) -> None:
    bury(harness, "ones", 3)
    other = harness.queue("other")
    start(harness, DestinationArn=arn("other"))
    assert harness.bodies(other) == ["ones0", "ones1", "ones2"]
    assert tasks(harness)[0]["DestinationArn"] == arn("other")


def test_a_rate_is_kept_and_a_task_can_be_called_off(harness: SqsHarness, dead: str) -> None:
    ones = bury(harness, "ones", 9)
    handle = start(harness, MaxNumberOfMessagesPerSecond=3)
    assert harness.counts(ones)[0] == 3
    harness.pass_time(1)
    assert harness.counts(ones)[0] == 6
    (task,) = tasks(harness)
    assert (task["Status"], task["TaskHandle"], task["MaxNumberOfMessagesPerSecond"]) == ("RUNNING", handle, 3)
    assert harness.sqs("CancelMessageMoveTask", TaskHandle=handle) == {"ApproximateNumberOfMessagesMoved": 6}
    harness.pass_time(5)
    assert (harness.counts(ones)[0], harness.counts(dead)[0]) == (6, 3)
    (task,) = tasks(harness)
    assert (task["Status"], "TaskHandle" in task) == ("CANCELLED", False)
    assert harness.refused("CancelMessageMoveTask", TaskHandle=handle)[0] == "UnsupportedOperation"
    assert harness.refused("CancelMessageMoveTask", TaskHandle="x") == (
        "ResourceNotFoundException",
        "Task does not exist.",
    )


def test_a_large_queue_is_moved_to_its_end_and_messages_in_flight_stay(harness: SqsHarness, dead: str) -> None:
    ones = bury(harness, "ones", 250)
    harness.receive(dead, 10)
    start(harness)
    assert harness.counts(ones)[0] == 240
    assert harness.counts(dead) == (0, 10, 0)
    assert tasks(harness)[0]["Status"] == "COMPLETED"


def test_a_task_goes_on_after_a_crash(harness: SqsHarness, dead: str) -> None:
    ones = bury(harness, "ones", 9)
    start(harness, MaxNumberOfMessagesPerSecond=2)
    harness.restart()
    for _ in range(4):
        harness.pass_time(1)
    assert sorted(harness.bodies(ones)) == [f"ones{number}" for number in range(9)]
    assert tasks(harness)[0]["Status"] == "COMPLETED"


def test_only_one_task_runs_for_a_queue(harness: SqsHarness, dead: str) -> None:
    bury(harness, "ones", 5)
    start(harness, MaxNumberOfMessagesPerSecond=1)
    code, message = harness.refused("StartMessageMoveTask", SourceArn=arn("dead"))
    assert code == "InvalidParameterValue"
    assert message.startswith("There is already a task running.")


def test_a_task_fails_where_a_message_has_nowhere_to_go_and_loses_none(harness: SqsHarness, dead: str) -> None:
    ones = bury(harness, "ones", 1)
    harness.send(dead, "sent here")
    start(harness)
    assert (tasks(harness)[0]["Status"], tasks(harness)[0]["FailureReason"]) == (
        "FAILED",
        "CouldNotDetermineMessageSource",
    )
    assert (harness.counts(ones)[0], harness.counts(dead)[0]) == (1, 1)
    bury(harness, "twos", 1)
    harness.sqs("DeleteQueue", QueueUrl=ones)
    harness.queue("other")
    start(harness, DestinationArn=arn("other"), MaxNumberOfMessagesPerSecond=1)
    harness.sqs("DeleteQueue", QueueUrl=harness.sqs("GetQueueUrl", QueueName="other")["QueueUrl"])
    harness.pass_time(1)
    assert tasks(harness)[0]["FailureReason"] == "AWS.SimpleQueueService.NonExistentQueue"
    assert [task["Status"] for task in tasks(harness)] == ["FAILED", "FAILED"]


def test_the_newest_ten_tasks_are_listed(harness: SqsHarness, dead: str) -> None:
    bury(harness, "ones", 0)
    for number in range(12):
        start(harness)
        harness.pass_time(1 + number)
    assert len(tasks(harness, 1)) == 1
    found = [task["StartedTimestamp"] for task in tasks(harness)]
    assert len(found) == 10
    assert found == sorted(found, reverse=True)
    assert harness.rows("SELECT count(*) FROM sqs_moves") == [(10,)]


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
def test_a_task_that_cannot_be_done_is_refused(
    harness: SqsHarness, dead: str, params: Json, code: str, told: str
) -> None:
    bury(harness, "ones", 1)
    harness.fifo("a.fifo")
    found = harness.refused("StartMessageMoveTask", **{"SourceArn": arn("dead"), **params})
    assert (found[0], told in found[1]) == (code, True)
    assert tasks(harness) == []


def test_dead_letters_of_a_fifo_queue_go_back_in_their_order(harness: SqsHarness) -> None:
    harness.fifo("dead.fifo")
    url = harness.fifo(ContentBasedDeduplication="true", RedrivePolicy=redrive("dead.fifo"), VisibilityTimeout="1")
    for number in range(150):
        harness.send(url, str(number), MessageGroupId="a")
    for _ in range(15):
        harness.receive(url, 10)
        harness.pass_time(1)
        harness.receive(url, 10, VisibilityTimeout=0)
        harness.pass_time(0.001)
    while harness.receive(url, 10, VisibilityTimeout=0):
        harness.pass_time(0.001)
    harness.sqs("StartMessageMoveTask", SourceArn=arn("dead.fifo"))
    found: list[str] = []
    while messages := harness.receive(url, 10):
        found += [message["Body"] for message in messages]
        for message in messages:
            harness.delete(url, message)
    assert found == [str(number) for number in range(150)]


@pytest.mark.parametrize("most", [0, 11])
def test_a_listing_is_of_ten_tasks_at_most(harness: SqsHarness, dead: str, most: int) -> None:
    params = {"SourceArn": arn("dead"), "MaxResults": most}
    assert harness.refused("ListMessageMoveTasks", **params)[0] == "InvalidParameterValue"
