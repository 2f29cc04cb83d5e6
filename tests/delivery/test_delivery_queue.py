"""Letters are delivered once, again where that may help, and are never lost."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from lamplighter.base.errors import AwsError
from lamplighter.delivery.delivery_queue import MAX_RETRY_MILLISECONDS
from lamplighter.delivery.tables import deliveries
from tests.delivery.delivery_harness import BROKEN, MISSING, QUEUE, THROTTLED, DeliveryHarness
from tests.engine_harness import DAY, EngineDied

ERRORS = [
    THROTTLED,
    BROKEN,
    AwsError("later", code="TooManyRequestsException", status=429),
    AwsError("cannot connect", code="SdkClientException", status=503),
]


@pytest.fixture
def harness(tmp_path: Path) -> Iterator[DeliveryHarness]:
    with DeliveryHarness.running(tmp_path / "data") as harness:
        yield harness


def exhaust(harness: DeliveryHarness, most: int = 400) -> None:
    """Let all the time pass that retries take."""
    for _ in range(most):
        due = harness.due()
        if not due:
            return
        harness.advance(max(1, min(due)))


def test_a_letter_is_delivered_and_its_sender_told(harness: DeliveryHarness) -> None:
    harness.send("a")
    assert harness.notes("done") == [{"key": "a"}]
    assert harness.notes("settled") == [["a", "DELIVERED", 1, None, None]]
    assert harness.rows("SELECT * FROM outbox") == []


def test_the_same_letter_is_not_delivered_twice(harness: DeliveryHarness) -> None:
    harness.send("a")
    harness.send("a")
    harness.restart()
    harness.send("a")
    assert harness.notes("done") == [{"key": "a"}]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: error.code)
def test_what_may_pass_is_tried_again(harness: DeliveryHarness, error: AwsError) -> None:
    harness.answers += [error, error]
    harness.send("a")
    assert harness.notes("settled") == []
    exhaust(harness)
    assert harness.notes("done") == [{"key": "a"}]
    assert harness.notes("settled") == [["a", "DELIVERED", 3, None, None]]


@pytest.mark.parametrize("service", ["near", "far"])
def test_a_fault_of_ours_is_tried_again_and_loses_nothing(harness: DeliveryHarness, service: str) -> None:
    harness.answers += [ValueError("mine")]
    harness.elsewhere.answers += [ValueError("mine")]
    harness.send("a", service=service)
    exhaust(harness)
    assert harness.notes("settled") == [["a", "DELIVERED", 2, None, None]]


def test_what_will_not_pass_goes_to_the_dead_letter_queue_at_once(harness: DeliveryHarness) -> None:
    harness.answers += [MISSING]
    harness.send("a")
    (dead,) = harness.notes("dead")
    assert dead["QueueUrl"].endswith("/123456789012/dead")
    assert dead["MessageBody"] == "body of a"
    assert {name: value["StringValue"] for name, value in dead["MessageAttributes"].items()} == {
        "RULE_ARN": "rule",
        "ERROR_CODE": "ResourceNotFoundException",
        "ERROR_MESSAGE": "no such thing",
        "RETRY_ATTEMPTS": "0",
    }
    assert harness.notes("settled") == [["a", "DEAD_LETTERED", 1, "ResourceNotFoundException", None]]


def test_a_letter_is_given_up_after_the_retries_it_has(harness: DeliveryHarness) -> None:
    harness.answers += [BROKEN] * 4
    harness.send("a", attempts=3)
    exhaust(harness)
    (dead,) = harness.notes("dead")
    said = {name: value["StringValue"] for name, value in dead["MessageAttributes"].items()}
    assert (said["EXHAUSTED_RETRY_CONDITION"], said["RETRY_ATTEMPTS"]) == ("MaximumRetryAttempts", "3")
    assert harness.notes("settled") == [["a", "DEAD_LETTERED", 4, "InternalFailure", "MaximumRetryAttempts"]]


def test_a_letter_is_given_up_when_it_is_too_old(harness: DeliveryHarness) -> None:
    harness.answers += [BROKEN] * 400
    began = harness.clock.now()
    harness.send("a", age=60)
    exhaust(harness)
    ((_, end, attempts, _, why),) = harness.notes("settled")
    assert (end, why) == ("DEAD_LETTERED", "MaximumEventAgeInSeconds")
    assert harness.clock.now() - began == 60_000
    assert attempts > 3


def test_a_letter_without_retries_is_tried_once_however_old_it_is(harness: DeliveryHarness) -> None:
    harness.answers += [BROKEN]
    harness.send("a", attempts=0)
    assert harness.notes("settled") == [["a", "DEAD_LETTERED", 1, "InternalFailure", "MaximumRetryAttempts"]]


def test_the_usual_policy_takes_about_a_day(harness: DeliveryHarness) -> None:
    harness.answers += [BROKEN] * 400
    began = harness.clock.now()
    harness.send("a")
    exhaust(harness)
    assert 0.75 * DAY < harness.clock.now() - began <= DAY


def test_retries_wait_longer_and_longer_up_to_a_quarter_of_an_hour(harness: DeliveryHarness) -> None:
    harness.answers += [BROKEN] * 60
    harness.send("a")
    waits = []
    for _ in range(50):
        waits += harness.due()
        harness.advance(waits[-1])
    assert all(wait <= 1_001 << at for at, wait in enumerate(waits))
    assert max(waits) <= MAX_RETRY_MILLISECONDS + 1
    assert max(waits[10:]) > 0.7 * MAX_RETRY_MILLISECONDS


def test_without_a_queue_or_with_one_that_is_gone_the_letter_is_dropped_and_said_so(
    harness: DeliveryHarness, caplog: pytest.LogCaptureFixture
) -> None:
    harness.answers += [MISSING, MISSING]
    harness.send("a", dead_letter=None)
    harness.queue_is_there = False
    harness.send("b", dead_letter=QUEUE)
    assert [(key, end) for key, end, *_ in harness.notes("settled")] == [("a", "DROPPED"), ("b", "DROPPED")]
    assert "delivery a is dropped after 1 attempts" in caplog.text
    assert "no such queue" in caplog.text


def test_an_answer_that_says_no_is_a_failure(harness: DeliveryHarness) -> None:
    harness.answers += [{"tasks": [], "failures": [{"reason": "RESOURCE:MEMORY"}]}, {"tasks": [{}]}]
    harness.send("a", operation="RunTask")
    exhaust(harness)
    assert harness.notes("settled") == [["a", "DELIVERED", 2, None, None]]
    assert len(harness.notes("done")) == 1, "what the refused call did was undone"


def test_a_service_elsewhere_is_called_at_its_endpoint(harness: DeliveryHarness) -> None:
    harness.elsewhere.answers += [BROKEN]
    harness.send("a", service="far")
    exhaust(harness)
    assert harness.elsewhere.calls == [{"key": "a"}, {"key": "a"}]
    assert harness.notes("settled") == [["a", "DELIVERED", 2, None, None]]


def test_a_service_that_nobody_serves_is_no_use_trying(harness: DeliveryHarness) -> None:
    harness.send("a", service="nowhere")
    ((_, end, attempts, code, _),) = harness.notes("settled")
    assert (end, attempts, code) == ("DEAD_LETTERED", 1, "UnknownOperationException")


def test_what_waits_and_what_failed_can_be_counted(harness: DeliveryHarness) -> None:
    began = harness.clock.now()
    harness.answers += [BROKEN, MISSING, MISSING]
    harness.send("a")
    harness.advance(1)
    harness.send("b")
    harness.send("c", dead_letter=None)
    reader = harness.engine.store.reader
    assert deliveries.count_pending(reader, "sender") == 1
    assert deliveries.oldest_pending(reader, "sender") == began
    assert deliveries.count_finished(reader, "sender", "DEAD_LETTERED", began) == 1
    assert deliveries.count_finished(reader, "sender", "DROPPED", began) == 1
    assert deliveries.count_pending(reader, "another") == 0


def test_names_of_letters_that_are_over_are_forgotten_in_time(harness: DeliveryHarness) -> None:
    harness.send("a")
    harness.advance(3 * DAY)
    harness.send("b")
    assert harness.rows("SELECT key FROM deliveries") == [("b",)]


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("commit", range(1, 4))
def test_an_engine_that_dies_anywhere_delivers_once(harness: DeliveryHarness, commit: int, before: bool) -> None:
    harness.die_at(commit, before=before)
    sent = True
    try:
        harness.send("a")
    except EngineDied:
        sent = not (commit == 1 and before)
        harness.up()
    exhaust(harness)
    assert harness.notes("done") == ([{"key": "a"}] if sent else [])


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("commit", range(1, 5))
def test_an_engine_that_dies_between_retries_goes_on_with_them(
    harness: DeliveryHarness, commit: int, before: bool
) -> None:
    harness.answers += [BROKEN]
    harness.send("a")
    harness.die_at(commit, before=before)
    try:
        exhaust(harness)
    except EngineDied:
        harness.up()
    exhaust(harness)
    assert harness.notes("done") == [{"key": "a"}]
    assert [each[:2] for each in harness.notes("settled")] == [["a", "DELIVERED"]]


def test_a_call_elsewhere_that_a_crash_cut_off_is_made_again(harness: DeliveryHarness) -> None:
    harness.die_at(3, before=True)
    with pytest.raises(EngineDied):
        harness.send("a", service="far")
    harness.up()
    assert harness.elsewhere.calls == [{"key": "a"}, {"key": "a"}]
    assert harness.notes("settled") == [["a", "DELIVERED", 1, None, None]]


def test_a_letter_that_cannot_be_read_is_dropped_and_the_others_go_on(
    harness: DeliveryHarness, caplog: pytest.LogCaptureFixture
) -> None:
    harness.answers += [BROKEN, BROKEN]
    harness.send("a")
    harness.send("b")
    harness.crash()
    harness.damage("UPDATE deliveries SET body = '{' WHERE key = 'a'")
    harness.up()
    exhaust(harness)
    assert harness.notes("done") == [{"key": "b"}]
    assert "cannot be read and is dropped" in caplog.text


def test_a_clock_that_is_set_forward_does_not_make_letters_old(harness: DeliveryHarness) -> None:
    harness.answers += [BROKEN]
    harness.send("a", age=60)
    harness.clock.jump(10 * DAY)
    exhaust(harness)
    assert harness.notes("settled") == [["a", "DELIVERED", 2, None, None]]
