"""Test that deliveries reach their target once, are retried after retryable errors and are never lost."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from lamplighter.base.errors import AwsError
from lamplighter.delivery.delivery_queue import MAX_RETRY_MILLISECONDS
from lamplighter.delivery.tables import deliveries
from tests.delivery.delivery_harness import DEAD_LETTER_QUEUE, INTERNAL_FAILURE, NOT_FOUND, THROTTLED, DeliveryHarness
from tests.engine_harness import DAY, EngineDied

RETRYABLE_ERRORS = [
    THROTTLED,
    INTERNAL_FAILURE,
    AwsError("later", code="TooManyRequestsException", status=429),
    AwsError("cannot connect", code="SdkClientException", status=503),
]


@pytest.fixture
def harness(tmp_path: Path) -> Iterator[DeliveryHarness]:
    with DeliveryHarness.running(tmp_path / "data") as harness:
        yield harness


def run_all_retries(harness: DeliveryHarness, max_retries: int = 400) -> None:
    """Advance the clock from retry to retry until none is left, at most `max_retries` times."""
    for _ in range(max_retries):
        delays = harness.retry_delays()
        if not delays:
            return
        harness.advance(max(1, min(delays)))


def test_a_delivery_reaches_its_target_and_its_sender_is_notified(harness: DeliveryHarness) -> None:
    harness.send("a")
    assert harness.recorded("call") == [{"key": "a"}]
    assert harness.recorded("outcome") == [["a", "DELIVERED", 1, None, None]]
    assert harness.rows("SELECT * FROM outbox") == []


def test_a_delivery_with_the_same_key_is_not_delivered_twice(harness: DeliveryHarness) -> None:
    harness.send("a")
    harness.send("a")
    harness.restart()
    harness.send("a")
    assert harness.recorded("call") == [{"key": "a"}]


@pytest.mark.parametrize("error", RETRYABLE_ERRORS, ids=lambda error: error.code)
def test_a_retryable_error_is_retried(harness: DeliveryHarness, error: AwsError) -> None:
    harness.answers += [error, error]
    harness.send("a")
    assert harness.recorded("outcome") == []
    run_all_retries(harness)
    assert harness.recorded("call") == [{"key": "a"}]
    assert harness.recorded("outcome") == [["a", "DELIVERED", 3, None, None]]


@pytest.mark.parametrize("service", ["near", "far"])
def test_an_internal_error_is_retried_and_loses_no_delivery(harness: DeliveryHarness, service: str) -> None:
    harness.answers += [ValueError("mine")]
    harness.remote_services.answers += [ValueError("mine")]
    harness.send("a", service=service)
    run_all_retries(harness)
    assert harness.recorded("outcome") == [["a", "DELIVERED", 2, None, None]]


def test_a_permanent_error_moves_a_delivery_to_the_dead_letter_queue_without_a_retry(harness: DeliveryHarness) -> None:
    harness.answers += [NOT_FOUND]
    harness.send("a")
    (dead,) = harness.recorded("dead_letter")
    assert dead["QueueUrl"].endswith("/123456789012/dead")
    assert dead["MessageBody"] == "body of a"
    assert {name: value["StringValue"] for name, value in dead["MessageAttributes"].items()} == {
        "RULE_ARN": "rule",
        "ERROR_CODE": "ResourceNotFoundException",
        "ERROR_MESSAGE": "no such thing",
        "RETRY_ATTEMPTS": "0",
    }
    assert harness.recorded("outcome") == [["a", "DEAD_LETTERED", 1, "ResourceNotFoundException", None]]


def test_a_delivery_is_given_up_after_its_maximum_retry_attempts(harness: DeliveryHarness) -> None:
    harness.answers += [INTERNAL_FAILURE] * 4
    harness.send("a", attempts=3)
    run_all_retries(harness)
    (dead,) = harness.recorded("dead_letter")
    attributes = {name: value["StringValue"] for name, value in dead["MessageAttributes"].items()}
    assert (attributes["EXHAUSTED_RETRY_CONDITION"], attributes["RETRY_ATTEMPTS"]) == ("MaximumRetryAttempts", "3")
    assert harness.recorded("outcome") == [["a", "DEAD_LETTERED", 4, "InternalFailure", "MaximumRetryAttempts"]]


def test_a_delivery_is_given_up_at_its_maximum_age(harness: DeliveryHarness) -> None:
    harness.answers += [INTERNAL_FAILURE] * 400
    started = harness.clock.now()
    harness.send("a", age=60)
    run_all_retries(harness)
    ((_, end, attempts, _, condition),) = harness.recorded("outcome")
    assert (end, condition) == ("DEAD_LETTERED", "MaximumEventAgeInSeconds")
    assert harness.clock.now() - started == 60_000
    assert attempts > 3


def test_a_delivery_without_retries_is_attempted_once(harness: DeliveryHarness) -> None:
    harness.answers += [INTERNAL_FAILURE]
    harness.send("a", attempts=0)
    assert harness.recorded("outcome") == [["a", "DEAD_LETTERED", 1, "InternalFailure", "MaximumRetryAttempts"]]


def test_the_default_retry_policy_lasts_about_a_day(harness: DeliveryHarness) -> None:
    harness.answers += [INTERNAL_FAILURE] * 400
    started = harness.clock.now()
    harness.send("a")
    run_all_retries(harness)
    assert 0.75 * DAY < harness.clock.now() - started <= DAY


def test_retry_delays_grow_to_a_quarter_of_an_hour(harness: DeliveryHarness) -> None:
    harness.answers += [INTERNAL_FAILURE] * 60
    harness.send("a")
    delays = []
    for _ in range(50):
        delays += harness.retry_delays()
        harness.advance(delays[-1])
    assert all(delay <= 1_001 << number for number, delay in enumerate(delays))
    assert max(delays) <= MAX_RETRY_MILLISECONDS + 1
    assert max(delays[10:]) > 0.7 * MAX_RETRY_MILLISECONDS


def test_a_delivery_without_an_existing_dead_letter_queue_is_dropped_and_logged(
    harness: DeliveryHarness, caplog: pytest.LogCaptureFixture
) -> None:
    harness.answers += [NOT_FOUND, NOT_FOUND]
    harness.send("a", dead_letter=None)
    harness.queue_exists = False
    harness.send("b", dead_letter=DEAD_LETTER_QUEUE)
    assert [(key, end) for key, end, *_ in harness.recorded("outcome")] == [("a", "DROPPED"), ("b", "DROPPED")]
    assert "delivery a is dropped after 1 attempts" in caplog.text
    assert "no such queue" in caplog.text


def test_an_answer_with_failures_is_retried_and_its_writes_are_undone(harness: DeliveryHarness) -> None:
    harness.answers += [{"tasks": [], "failures": [{"reason": "RESOURCE:MEMORY"}]}, {"tasks": [{}]}]
    harness.send("a", operation="RunTask")
    run_all_retries(harness)
    assert harness.recorded("outcome") == [["a", "DELIVERED", 2, None, None]]
    assert len(harness.recorded("call")) == 1, "what the refused call did was undone"


def test_a_failed_call_of_a_remote_service_is_retried(harness: DeliveryHarness) -> None:
    harness.remote_services.answers += [INTERNAL_FAILURE]
    harness.send("a", service="far")
    run_all_retries(harness)
    assert harness.remote_services.calls == [{"key": "a"}, {"key": "a"}]
    assert harness.recorded("outcome") == [["a", "DELIVERED", 2, None, None]]


def test_a_delivery_to_an_unknown_service_is_not_retried(harness: DeliveryHarness) -> None:
    harness.send("a", service="nowhere")
    ((_, end, attempts, code, _),) = harness.recorded("outcome")
    assert (end, attempts, code) == ("DEAD_LETTERED", 1, "UnknownOperationException")


def test_pending_and_failed_deliveries_are_counted(harness: DeliveryHarness) -> None:
    started = harness.clock.now()
    harness.answers += [INTERNAL_FAILURE, NOT_FOUND, NOT_FOUND]
    harness.send("a")
    harness.advance(1)
    harness.send("b")
    harness.send("c", dead_letter=None)
    reader = harness.engine.store.reader
    assert deliveries.count_pending(reader, "sender") == 1
    assert deliveries.oldest_pending(reader, "sender") == started
    outcomes = "SELECT outcome FROM deliveries WHERE finished IS NOT NULL ORDER BY outcome"
    assert reader.rows(outcomes) == [("DEAD_LETTERED",), ("DROPPED",)]
    assert deliveries.count_pending(reader, "another") == 0


def test_old_finished_deliveries_are_deleted(harness: DeliveryHarness) -> None:
    harness.send("a")
    harness.advance(3 * DAY)
    harness.send("b")
    assert harness.rows("SELECT key FROM deliveries") == [("b",)]


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("commit", range(1, 4))
def test_a_delivery_is_made_once_despite_a_crash_at_any_commit(
    harness: DeliveryHarness, commit: int, before: bool
) -> None:
    harness.die_at(commit, before=before)
    sent = True
    try:
        harness.send("a")
    except EngineDied:
        sent = not (commit == 1 and before)
        harness.up()
    run_all_retries(harness)
    assert harness.recorded("call") == ([{"key": "a"}] if sent else [])


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("commit", range(1, 5))
def test_retries_continue_after_a_crash_at_any_commit(harness: DeliveryHarness, commit: int, before: bool) -> None:
    harness.answers += [INTERNAL_FAILURE]
    harness.send("a")
    harness.die_at(commit, before=before)
    try:
        run_all_retries(harness)
    except EngineDied:
        harness.up()
    run_all_retries(harness)
    assert harness.recorded("call") == [{"key": "a"}]
    assert [each[:2] for each in harness.recorded("outcome")] == [["a", "DELIVERED"]]


def test_a_remote_call_that_a_crash_interrupted_is_repeated(harness: DeliveryHarness) -> None:
    harness.die_at(3, before=True)
    with pytest.raises(EngineDied):
        harness.send("a", service="far")
    harness.up()
    assert harness.remote_services.calls == [{"key": "a"}, {"key": "a"}]
    assert harness.recorded("outcome") == [["a", "DELIVERED", 1, None, None]]


def test_a_damaged_delivery_is_dropped_and_the_others_continue(
    harness: DeliveryHarness, caplog: pytest.LogCaptureFixture
) -> None:
    harness.answers += [INTERNAL_FAILURE, INTERNAL_FAILURE]
    harness.send("a")
    harness.send("b")
    harness.crash()
    harness.damage("UPDATE deliveries SET body = '{' WHERE key = 'a'")
    harness.up()
    run_all_retries(harness)
    assert harness.recorded("call") == [{"key": "b"}]
    assert "cannot be read and is dropped" in caplog.text


def test_setting_the_clock_forward_does_not_age_deliveries(harness: DeliveryHarness) -> None:
    harness.answers += [INTERNAL_FAILURE]
    harness.send("a", age=60)
    harness.clock.jump(10 * DAY)
    run_all_retries(harness)
    assert harness.recorded("outcome") == [["a", "DELIVERED", 2, None, None]]
