"""Message move tasks return dead letters to their queues, a slice at a time, also after a crash.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_StartMessageMoveTask.html
"""

from base64 import b64encode

import pytest

from lamplighter.base.json_text import Json, dumps
from tests.services.sqs.sqs_harness import SqsHarness, arn, redrive_policy


@pytest.fixture
def dead(harness: SqsHarness) -> str:
    return harness.queue("dead")


def create_dead_letters(harness: SqsHarness, name: str, count: int) -> str:
    """Create a queue, turn its messages into dead letters, and return its URL."""
    url = harness.queue(name, RedrivePolicy=redrive_policy("dead"), VisibilityTimeout="1")
    for number in range(count):
        harness.send(url, f"{name}{number}")
    while harness.receive(url, 10):
        pass
    harness.pass_time(1)
    while harness.counts(url)[0]:
        harness.receive(url, 10)
    assert harness.counts(url) == (0, 0, 0)
    return url


def start_move_task(harness: SqsHarness, **params: Json) -> str:
    handle: str = harness.sqs("StartMessageMoveTask", SourceArn=arn("dead"), **params)["TaskHandle"]
    return handle


def list_move_tasks(harness: SqsHarness, most: int = 10) -> list[Json]:
    found: list[Json] = harness.sqs("ListMessageMoveTasks", SourceArn=arn("dead"), MaxResults=most)["Results"]
    return found


def test_messages_return_to_their_source_queues_as_new_messages(harness: SqsHarness, dead: str) -> None:
    ones, twos = create_dead_letters(harness, "ones", 2), create_dead_letters(harness, "twos", 1)
    before = {row[0] for row in harness.rows("SELECT uuid FROM sqs_messages")}
    started = harness.clock.now()
    start_move_task(harness)
    assert (harness.counts(ones)[0], harness.counts(twos)[0], harness.counts(dead)[0]) == (2, 1, 0)
    assert list_move_tasks(harness) == [
        {
            "Status": "COMPLETED",
            "SourceArn": arn("dead"),
            "ApproximateNumberOfMessagesMoved": 3,
            "ApproximateNumberOfMessagesToMove": 3,
            "StartedTimestamp": started,
        }
    ]
    message = harness.receive_one(ones)
    assert message["MessageId"] not in before
    assert message["Attributes"]["ApproximateReceiveCount"] == "1"
    assert "DeadLetterQueueSourceArn" not in message["Attributes"]


def test_messages_can_be_moved_to_another_queue(harness: SqsHarness, dead: str) -> None:
    create_dead_letters(harness, "ones", 3)
    other = harness.queue("other")
    start_move_task(harness, DestinationArn=arn("other"))
    assert harness.receive_bodies(other) == ["ones0", "ones1", "ones2"]
    assert list_move_tasks(harness)[0]["DestinationArn"] == arn("other")


def test_a_task_keeps_its_rate_and_can_be_cancelled(harness: SqsHarness, dead: str) -> None:
    ones = create_dead_letters(harness, "ones", 9)
    handle = start_move_task(harness, MaxNumberOfMessagesPerSecond=3)
    assert harness.counts(ones)[0] == 3
    harness.pass_time(1)
    assert harness.counts(ones)[0] == 6
    (task,) = list_move_tasks(harness)
    assert (task["Status"], task["TaskHandle"], task["MaxNumberOfMessagesPerSecond"]) == ("RUNNING", handle, 3)
    assert harness.sqs("CancelMessageMoveTask", TaskHandle=handle) == {"ApproximateNumberOfMessagesMoved": 6}
    harness.pass_time(5)
    assert (harness.counts(ones)[0], harness.counts(dead)[0]) == (6, 3)
    (task,) = list_move_tasks(harness)
    assert (task["Status"], "TaskHandle" in task) == ("CANCELLED", False)
    assert harness.expect_error("CancelMessageMoveTask", TaskHandle=handle)[0] == "UnsupportedOperation"


@pytest.mark.parametrize(
    ("handle", "code", "message"),
    [
        ("x", "InvalidParameterValue", "Value for parameter TaskHandle is invalid."),
        ('{"taskId": "t"}', "InvalidParameterValue", "Value for parameter TaskHandle is invalid."),
        (
            dumps({"taskId": "t", "sourceArn": arn("nobody")}),
            "ResourceNotFoundException",
            "The resource that you specified for the SourceArn parameter doesn't exist.",
        ),
        (dumps({"taskId": "t", "sourceArn": arn("dead")}), "ResourceNotFoundException", "Task does not exist."),
    ],
)
def test_a_task_that_does_not_exist_cannot_be_cancelled(
    harness: SqsHarness, dead: str, handle: str, code: str, message: str
) -> None:
    text = handle if handle == "x" else b64encode(handle.encode()).decode()
    assert harness.expect_error("CancelMessageMoveTask", TaskHandle=text) == (code, message)


def test_a_large_queue_is_moved_completely_except_messages_in_flight(harness: SqsHarness, dead: str) -> None:
    ones = create_dead_letters(harness, "ones", 250)
    harness.receive(dead, 10)
    start_move_task(harness)
    assert harness.counts(ones)[0] == 240
    assert harness.counts(dead) == (0, 10, 0)
    assert list_move_tasks(harness)[0]["Status"] == "COMPLETED"


def test_a_task_continues_after_a_crash(harness: SqsHarness, dead: str) -> None:
    ones = create_dead_letters(harness, "ones", 9)
    start_move_task(harness, MaxNumberOfMessagesPerSecond=2)
    harness.restart()
    for _ in range(4):
        harness.pass_time(1)
    assert sorted(harness.receive_bodies(ones)) == [f"ones{number}" for number in range(9)]
    assert list_move_tasks(harness)[0]["Status"] == "COMPLETED"


def test_only_one_task_runs_for_a_queue(harness: SqsHarness, dead: str) -> None:
    create_dead_letters(harness, "ones", 5)
    start_move_task(harness, MaxNumberOfMessagesPerSecond=1)
    code, message = harness.expect_error("StartMessageMoveTask", SourceArn=arn("dead"))
    assert code == "InvalidParameterValue"
    assert message.startswith("There is already a task running.")


def test_a_task_fails_without_loss_if_a_message_has_no_destination(harness: SqsHarness, dead: str) -> None:
    ones = create_dead_letters(harness, "ones", 1)
    harness.send(dead, "sent here")
    start_move_task(harness)
    assert (list_move_tasks(harness)[0]["Status"], list_move_tasks(harness)[0]["FailureReason"]) == (
        "FAILED",
        "CouldNotDetermineMessageSource",
    )
    assert (harness.counts(ones)[0], harness.counts(dead)[0]) == (1, 1)
    create_dead_letters(harness, "twos", 1)
    harness.sqs("DeleteQueue", QueueUrl=ones)
    harness.queue("other")
    start_move_task(harness, DestinationArn=arn("other"), MaxNumberOfMessagesPerSecond=1)
    harness.sqs("DeleteQueue", QueueUrl=harness.sqs("GetQueueUrl", QueueName="other")["QueueUrl"])
    harness.pass_time(1)
    assert list_move_tasks(harness)[0]["FailureReason"] == "AWS.SimpleQueueService.NonExistentQueue"
    assert [task["Status"] for task in list_move_tasks(harness)] == ["FAILED", "FAILED"]


def test_the_newest_ten_tasks_are_listed(harness: SqsHarness, dead: str) -> None:
    create_dead_letters(harness, "ones", 0)
    for number in range(12):
        start_move_task(harness)
        harness.pass_time(1 + number)
    assert len(list_move_tasks(harness, 1)) == 1
    found = [task["StartedTimestamp"] for task in list_move_tasks(harness)]
    assert len(found) == 10
    assert found == sorted(found, reverse=True)
    assert harness.rows("SELECT count(*) FROM sqs_moves") == [(10,)]


@pytest.mark.parametrize(
    ("params", "code", "reason"),
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
def test_an_invalid_task_is_refused(harness: SqsHarness, dead: str, params: Json, code: str, reason: str) -> None:
    create_dead_letters(harness, "ones", 1)
    harness.fifo("a.fifo")
    found = harness.expect_error("StartMessageMoveTask", **{"SourceArn": arn("dead"), **params})
    assert (found[0], reason in found[1]) == (code, True)
    assert list_move_tasks(harness) == []


def test_dead_letters_of_a_fifo_queue_return_in_order(harness: SqsHarness) -> None:
    harness.fifo("dead.fifo")
    url = harness.fifo(
        ContentBasedDeduplication="true", RedrivePolicy=redrive_policy("dead.fifo"), VisibilityTimeout="1"
    )
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
def test_a_list_of_tasks_has_one_to_ten_entries(harness: SqsHarness, dead: str, most: int) -> None:
    params = {"SourceArn": arn("dead"), "MaxResults": most}
    assert harness.expect_error("ListMessageMoveTasks", **params)[0] == "InvalidParameterValue"
