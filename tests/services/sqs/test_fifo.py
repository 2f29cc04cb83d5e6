"""FIFO queues: order within a group, one receiver of a group at a time, deduplication for five minutes.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/FIFO-queues-understanding-logic.html
"""

import hashlib

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from lamplighter.base.json_text import Json
from tests.property_settings import examples
from tests.services.sqs.sqs_harness import SqsHarness, redrive_policy


@pytest.fixture
def url(harness: SqsHarness) -> str:
    return harness.fifo(ContentBasedDeduplication="true")


def send_to_group(harness: SqsHarness, url: str, group: str, *bodies: str) -> None:
    for body in bodies:
        harness.send(url, body, MessageGroupId=group)


def test_a_group_in_flight_returns_no_other_message(harness: SqsHarness, url: str) -> None:
    send_to_group(harness, url, "a", "a1", "a2", "a3")
    send_to_group(harness, url, "b", "b1")
    first = harness.receive_one(url)
    assert first["Body"] == "a1"
    assert harness.receive_bodies(url) == ["b1"]
    assert harness.receive(url) == []
    harness.delete(url, first)
    assert harness.receive_bodies(url) == ["a2", "a3"]


def test_one_receive_may_take_several_messages_of_a_group_and_all_must_be_deleted(
    harness: SqsHarness, url: str
) -> None:
    send_to_group(harness, url, "a", "a1", "a2", "a3", "a4")
    one, two = harness.receive(url, 2)
    harness.delete(url, two)
    assert harness.receive(url) == []
    harness.delete(url, one)
    assert harness.receive_bodies(url) == ["a3", "a4"]


def test_messages_that_are_not_deleted_return_in_order(harness: SqsHarness, url: str) -> None:
    send_to_group(harness, url, "a", "a1", "a2", "a3")
    harness.receive(url, 2)
    harness.pass_time(30)
    assert harness.receive_bodies(url) == ["a1", "a2", "a3"]


@pytest.mark.parametrize(("hidden", "received"), [(0, []), (1, ["a1"]), (2, ["a1", "a2"])])
def test_a_receive_ends_before_the_first_message_of_a_group_that_is_in_flight(
    harness: SqsHarness, hidden: int, received: list[str]
) -> None:
    url = harness.fifo(ContentBasedDeduplication="true", VisibilityTimeout="1")
    send_to_group(harness, url, "a", "a1", "a2", "a3")
    harness.change_visibility(url, harness.receive(url, 3)[hidden], 4)
    harness.pass_time(2)
    assert harness.receive_bodies(url) == received


def test_a_delayed_message_delays_the_messages_behind_it(harness: SqsHarness) -> None:
    url = harness.fifo(DelaySeconds="5", ContentBasedDeduplication="true")
    send_to_group(harness, url, "a", "a1")
    harness.pass_time(3)
    send_to_group(harness, url, "a", "a2")
    assert harness.receive(url) == []
    harness.pass_time(2)
    one = harness.receive_one(url)
    harness.delete(url, one)
    assert harness.receive(url) == []
    harness.pass_time(3)
    assert harness.receive_bodies(url) == ["a2"]


def test_a_message_is_accepted_once_in_five_minutes_with_the_same_answer(harness: SqsHarness, url: str) -> None:
    sent = harness.send(url, "x", MessageGroupId="a")
    assert harness.send(url, "x", MessageGroupId="b") == sent
    harness.delete(url, harness.receive_one(url))
    harness.pass_time(299)
    assert harness.send(url, "x", MessageGroupId="a") == sent
    assert harness.receive(url) == []
    harness.pass_time(1)
    again = harness.send(url, "x", MessageGroupId="a")
    assert again["MessageId"] != sent["MessageId"]
    assert harness.receive_bodies(url) == ["x"]


def test_rows_of_expired_messages_and_requests_are_deleted(harness: SqsHarness) -> None:
    url = harness.fifo(ContentBasedDeduplication="true", MessageRetentionPeriod="600")
    send_to_group(harness, url, "a", *map(str, range(30)))
    harness.receive(url, 10, ReceiveRequestAttemptId="try")
    harness.pass_time(600)
    for table in ("sqs_messages", "sqs_groups", "sqs_sent", "sqs_attempts"):
        assert harness.rows(f"SELECT count(*) FROM {table}") == [(0,)]


def test_content_is_deduplicated_by_its_sha256_unless_an_id_is_given(harness: SqsHarness, url: str) -> None:
    harness.send(url, "x", MessageGroupId="a")
    digest = hashlib.sha256(b"x").hexdigest()
    assert harness.receive_one(url)["Attributes"]["MessageDeduplicationId"] == digest
    harness.send(url, "other", MessageGroupId="b", MessageDeduplicationId=digest)
    harness.send(url, "x", MessageGroupId="c", MessageDeduplicationId="own")
    assert harness.receive_bodies(url) == ["x"]


def test_deduplication_can_be_per_group(harness: SqsHarness) -> None:
    url = harness.fifo(DeduplicationScope="messageGroup", ContentBasedDeduplication="true")
    for group in ("a", "b", "a"):
        harness.send(url, "x", MessageGroupId=group)
    assert len(harness.receive(url, 10)) == 2


def test_sequence_numbers_increase_and_are_received_with_the_message(harness: SqsHarness, url: str) -> None:
    numbers = [harness.send(url, str(number), MessageGroupId="a")["SequenceNumber"] for number in range(3)]
    assert numbers == sorted(numbers, key=int)
    assert len(set(numbers)) == 3
    assert {len(number) for number in numbers} == {20}
    found = harness.receive(url, 10, AttributeNames=["All"])
    assert [message["Attributes"]["SequenceNumber"] for message in found] == numbers
    assert {message["Attributes"]["MessageGroupId"] for message in found} == {"a"}


@pytest.mark.parametrize(
    ("params", "code", "reason"),
    [
        ({}, "MissingParameter", "The request must contain the parameter MessageGroupId."),
        ({"MessageGroupId": "g"}, "InvalidParameterValue", "The queue should either have ContentBasedDeduplication"),
        ({"MessageGroupId": ""}, "InvalidParameterValue", "1 to 128 in length."),
        ({"MessageGroupId": "a b"}, "InvalidParameterValue", "1 to 128 in length."),
        ({"MessageGroupId": "g", "MessageDeduplicationId": "d" * 129}, "InvalidParameterValue", "1 to 128 in length."),
        (
            {"MessageGroupId": "g", "MessageDeduplicationId": "d", "DelaySeconds": 1},
            "InvalidParameterValue",
            "The request include parameter that is not valid for this queue type.",
        ),
    ],
)
def test_an_invalid_message_is_refused(harness: SqsHarness, params: Json, code: str, reason: str) -> None:
    found = harness.expect_error("SendMessage", QueueUrl=harness.fifo(), MessageBody="x", **params)
    assert (found[0], reason in found[1]) == (code, True)


def test_a_receipt_handle_expires_with_the_visibility_timeout(harness: SqsHarness, url: str) -> None:
    send_to_group(harness, url, "a", "a1")
    handle = harness.receive(url)[0]["ReceiptHandle"]
    harness.pass_time(30)
    expected = f"Value {handle} for parameter ReceiptHandle is invalid. Reason: The receipt handle has expired."
    given = {"QueueUrl": url, "ReceiptHandle": handle}
    assert harness.expect_error("DeleteMessage", **given) == ("InvalidParameterValue", expected)
    assert harness.receive_bodies(url) == ["a1"]


def test_a_repeated_receive_attempt_gets_the_same_messages_and_handles(harness: SqsHarness, url: str) -> None:
    send_to_group(harness, url, "a", "a1", "a2")
    send_to_group(harness, url, "b", "b1")
    first = harness.receive(url, 2, ReceiveRequestAttemptId="try", AttributeNames=["All"])
    harness.pass_time(20)
    assert harness.receive(url, 2, ReceiveRequestAttemptId="try", AttributeNames=["All"]) == first
    assert harness.receive_bodies(url, 1, ReceiveRequestAttemptId="other") == ["b1"]
    harness.pass_time(29)  # the visibility timeout was reset
    assert harness.receive(url, 2, ReceiveRequestAttemptId="more") == []
    harness.pass_time(1)
    assert harness.receive_bodies(url, ReceiveRequestAttemptId="try") == ["a1", "a2", "b1"]


def test_a_receive_attempt_whose_messages_were_deleted_is_a_new_one(harness: SqsHarness, url: str) -> None:
    send_to_group(harness, url, "a", "a1", "a2")
    (message,) = harness.receive(url, 1, ReceiveRequestAttemptId="try")
    harness.delete(url, message)
    assert harness.receive_bodies(url, 1, ReceiveRequestAttemptId="try") == ["a2"]


def test_an_expired_message_does_not_block_its_group(harness: SqsHarness) -> None:
    url = harness.fifo(MessageRetentionPeriod="60", ContentBasedDeduplication="true", VisibilityTimeout="600")
    send_to_group(harness, url, "a", "a1")
    harness.receive(url)
    harness.pass_time(30)
    send_to_group(harness, url, "a", "a2")
    assert harness.receive(url) == []
    harness.pass_time(30)
    assert harness.receive_bodies(url) == ["a2"]


def test_dead_letters_free_their_group_and_keep_their_order(harness: SqsHarness) -> None:
    dead = harness.fifo("dead.fifo", MessageRetentionPeriod="100")
    url = harness.fifo(
        ContentBasedDeduplication="true", RedrivePolicy=redrive_policy("dead.fifo"), VisibilityTimeout="10"
    )
    send_to_group(harness, url, "a", "a1", "a2", "a3")
    harness.receive(url, 2)
    harness.pass_time(50)
    assert harness.receive_bodies(url) == ["a3"]
    found = harness.receive(dead, 10, AttributeNames=["All"], VisibilityTimeout=10)
    assert [message["Body"] for message in found] == ["a1", "a2"]
    for message in found:
        assert message["Attributes"]["MessageDeduplicationId"] == message["MessageId"]
    harness.pass_time(99)  # the enqueue timestamp is new
    assert harness.receive_bodies(dead) == ["a1", "a2"]


operation_lists = st.lists(
    st.one_of(
        st.tuples(st.just("send"), st.sampled_from("ab")),
        st.tuples(st.just("receive"), st.integers(1, 4)),
        st.tuples(st.just("delete"), st.integers(0, 9)),
        st.tuples(st.just("hide"), st.integers(0, 9)),
        st.tuples(st.just("wait"), st.integers(1, 40)),
    ),
    max_size=30,
)


@settings(max_examples=examples(40), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(operation_lists)
@example([("send", "a"), ("send", "a"), ("receive", 2), ("hide", 0), ("receive", 1)])
def test_a_group_is_received_in_order_and_a_message_in_flight_stops_those_after_it(
    harness: SqsHarness, operations: list[tuple[str, Json]]
) -> None:
    # A first message that is visible again is received while those after it are in flight, as recorded from AWS.
    harness.pass_time(1)
    names = harness.sqs("ListQueues").get("QueueUrls", [])
    url = harness.fifo(f"q{len(names)}.fifo")
    in_flight: list[tuple[Json, int]] = []
    remaining: dict[str, list[str]] = {"a": [], "b": []}
    sent = 0
    for operation, argument in operations:
        now = harness.clock.monotonic()
        in_flight = [(message, until) for message, until in in_flight if until > now]
        if operation == "send":
            sent += 1
            harness.send(url, f"{argument}{sent}", MessageGroupId=argument, MessageDeduplicationId=str(sent))
            remaining[argument].append(f"{argument}{sent}")
        elif operation == "receive":
            for group, bodies in _grouped(harness.receive(url, argument, AttributeNames=["All"])).items():
                received = [message["Body"] for message in bodies]
                assert received == remaining[group][: len(bodies)]
                assert not {message["Body"] for message, _ in in_flight}.intersection(received)
                in_flight += [(message, now + 30_000) for message in bodies]
        elif operation == "delete" and in_flight:
            message, _ = in_flight.pop(argument % len(in_flight))
            harness.delete(url, message)
            remaining[message["Body"][0]].remove(message["Body"])
        elif operation == "hide" and in_flight:
            message, _ = in_flight.pop(argument % len(in_flight))
            harness.change_visibility(url, message, 0)
        elif operation == "wait":
            harness.pass_time(argument)
    harness.pass_time(31)
    found = _grouped(harness.receive(url, 10, AttributeNames=["All"]))
    for group, bodies in remaining.items():
        received = [message["Body"] for message in found.get(group, [])]
        assert received == bodies[: len(received)]
        assert received or not bodies or sum(map(len, found.values())) == 10


def _grouped(messages: list[Json]) -> dict[str, list[Json]]:
    groups: dict[str, list[Json]] = {}
    for message in messages:
        groups.setdefault(message["Attributes"]["MessageGroupId"], []).append(message)
    return groups
