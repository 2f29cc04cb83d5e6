"""Letters are delivered once, again where that may help, and are never lost."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from lamplighter.base.errors import AwsError
from lamplighter.delivery.delivery_queue import LONGEST
from lamplighter.delivery.tables import deliveries
from tests.delivery.post import BROKEN, MISSING, QUEUE, THROTTLED, Post
from tests.engines import DAY, Died

ERRORS = [
    THROTTLED,
    BROKEN,
    AwsError("later", code="TooManyRequestsException", status=429),
    AwsError("cannot connect", code="SdkClientException", status=503),
]


@pytest.fixture
def post(tmp_path: Path) -> Iterator[Post]:
    made = Post(tmp_path / "data")
    made.up()
    yield made
    made.close()


def exhaust(post: Post, most: int = 400) -> None:
    """Let all the time pass that retries take."""
    for _ in range(most):
        due = post.due()
        if not due:
            return
        post.advance(max(1, min(due)))


def test_a_letter_is_delivered_and_its_sender_told(post: Post) -> None:
    post.send("a")
    assert post.notes("done") == [{"key": "a"}]
    assert post.notes("settled") == [["a", "DELIVERED", 1, None, None]]
    assert post.rows("SELECT * FROM outbox") == []


def test_the_same_letter_is_not_delivered_twice(post: Post) -> None:
    post.send("a")
    post.send("a")
    post.restart()
    post.send("a")
    assert post.notes("done") == [{"key": "a"}]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: error.code)
def test_what_may_pass_is_tried_again(post: Post, error: AwsError) -> None:
    post.answers += [error, error]
    post.send("a")
    assert post.notes("settled") == []
    exhaust(post)
    assert post.notes("done") == [{"key": "a"}]
    assert post.notes("settled") == [["a", "DELIVERED", 3, None, None]]


@pytest.mark.parametrize("service", ["near", "far"])
def test_a_fault_of_ours_is_tried_again_and_loses_nothing(post: Post, service: str) -> None:
    post.answers += [ValueError("mine")]
    post.elsewhere.answers += [ValueError("mine")]
    post.send("a", service=service)
    exhaust(post)
    assert post.notes("settled") == [["a", "DELIVERED", 2, None, None]]


def test_what_will_not_pass_goes_to_the_dead_letter_queue_at_once(post: Post) -> None:
    post.answers += [MISSING]
    post.send("a")
    (dead,) = post.notes("dead")
    assert dead["QueueUrl"].endswith("/123456789012/dead")
    assert dead["MessageBody"] == "body of a"
    assert {name: value["StringValue"] for name, value in dead["MessageAttributes"].items()} == {
        "RULE_ARN": "rule",
        "ERROR_CODE": "ResourceNotFoundException",
        "ERROR_MESSAGE": "no such thing",
        "RETRY_ATTEMPTS": "0",
    }
    assert post.notes("settled") == [["a", "DEAD_LETTERED", 1, "ResourceNotFoundException", None]]


def test_a_letter_is_given_up_after_the_retries_it_has(post: Post) -> None:
    post.answers += [BROKEN] * 4
    post.send("a", attempts=3)
    exhaust(post)
    (dead,) = post.notes("dead")
    said = {name: value["StringValue"] for name, value in dead["MessageAttributes"].items()}
    assert (said["EXHAUSTED_RETRY_CONDITION"], said["RETRY_ATTEMPTS"]) == ("MaximumRetryAttempts", "3")
    assert post.notes("settled") == [["a", "DEAD_LETTERED", 4, "InternalFailure", "MaximumRetryAttempts"]]


def test_a_letter_is_given_up_when_it_is_too_old(post: Post) -> None:
    post.answers += [BROKEN] * 400
    began = post.clock.now()
    post.send("a", age=60)
    exhaust(post)
    ((_, end, attempts, _, why),) = post.notes("settled")
    assert (end, why) == ("DEAD_LETTERED", "MaximumEventAgeInSeconds")
    assert post.clock.now() - began == 60_000
    assert attempts > 3


def test_a_letter_without_retries_is_tried_once_however_old_it_is(post: Post) -> None:
    post.answers += [BROKEN]
    post.send("a", attempts=0)
    assert post.notes("settled") == [["a", "DEAD_LETTERED", 1, "InternalFailure", "MaximumRetryAttempts"]]


def test_the_usual_policy_takes_about_a_day(post: Post) -> None:
    post.answers += [BROKEN] * 400
    began = post.clock.now()
    post.send("a")
    exhaust(post)
    assert 0.75 * DAY < post.clock.now() - began <= DAY


def test_retries_wait_longer_and_longer_up_to_a_quarter_of_an_hour(post: Post) -> None:
    post.answers += [BROKEN] * 60
    post.send("a")
    waits = []
    for _ in range(50):
        waits += post.due()
        post.advance(waits[-1])
    assert all(wait <= 1_001 << at for at, wait in enumerate(waits))
    assert max(waits) <= LONGEST + 1
    assert max(waits[10:]) > 0.7 * LONGEST


def test_without_a_queue_or_with_one_that_is_gone_the_letter_is_dropped_and_said_so(
    post: Post, caplog: pytest.LogCaptureFixture
) -> None:
    post.answers += [MISSING, MISSING]
    post.send("a", dead_letter=None)
    post.queue_is_there = False
    post.send("b", dead_letter=QUEUE)
    assert [(key, end) for key, end, *_ in post.notes("settled")] == [("a", "DROPPED"), ("b", "DROPPED")]
    assert "a is dropped after 1 tries" in caplog.text
    assert "no such queue" in caplog.text


def test_an_answer_that_says_no_is_a_failure(post: Post) -> None:
    post.answers += [{"tasks": [], "failures": [{"reason": "RESOURCE:MEMORY"}]}, {"tasks": [{}]}]
    post.send("a", operation="RunTask")
    exhaust(post)
    assert post.notes("settled") == [["a", "DELIVERED", 2, None, None]]
    assert len(post.notes("done")) == 1, "what the refused call did was undone"


def test_a_service_elsewhere_is_called_at_its_endpoint(post: Post) -> None:
    post.elsewhere.answers += [BROKEN]
    post.send("a", service="far")
    exhaust(post)
    assert post.elsewhere.calls == [{"key": "a"}, {"key": "a"}]
    assert post.notes("settled") == [["a", "DELIVERED", 2, None, None]]


def test_a_service_that_nobody_serves_is_no_use_trying(post: Post) -> None:
    post.send("a", service="nowhere")
    ((_, end, attempts, code, _),) = post.notes("settled")
    assert (end, attempts, code) == ("DEAD_LETTERED", 1, "UnknownOperationException")


def test_what_waits_and_what_failed_can_be_counted(post: Post) -> None:
    began = post.clock.now()
    post.answers += [BROKEN, MISSING, MISSING]
    post.send("a")
    post.advance(1)
    post.send("b")
    post.send("c", dead_letter=None)
    reader = post.engine.store.reader
    assert deliveries.count_pending(reader, "sender") == 1
    assert deliveries.oldest_pending(reader, "sender") == began
    assert deliveries.count_finished(reader, "sender", "DEAD_LETTERED", began) == 1
    assert deliveries.count_finished(reader, "sender", "DROPPED", began) == 1
    assert deliveries.count_pending(reader, "another") == 0


def test_names_of_letters_that_are_over_are_forgotten_in_time(post: Post) -> None:
    post.send("a")
    post.advance(3 * DAY)
    post.send("b")
    assert post.rows("SELECT key FROM deliveries") == [("b",)]


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("commit", range(1, 4))
def test_an_engine_that_dies_anywhere_delivers_once(post: Post, commit: int, before: bool) -> None:
    post.die_at(commit, before=before)
    sent = True
    try:
        post.send("a")
    except Died:
        sent = not (commit == 1 and before)
        post.up()
    exhaust(post)
    assert post.notes("done") == ([{"key": "a"}] if sent else [])


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("commit", range(1, 5))
def test_an_engine_that_dies_between_retries_goes_on_with_them(post: Post, commit: int, before: bool) -> None:
    post.answers += [BROKEN]
    post.send("a")
    post.die_at(commit, before=before)
    try:
        exhaust(post)
    except Died:
        post.up()
    exhaust(post)
    assert post.notes("done") == [{"key": "a"}]
    assert [each[:2] for each in post.notes("settled")] == [["a", "DELIVERED"]]


def test_a_call_elsewhere_that_a_crash_cut_off_is_made_again(post: Post) -> None:
    post.die_at(3, before=True)
    with pytest.raises(Died):
        post.send("a", service="far")
    post.up()
    assert post.elsewhere.calls == [{"key": "a"}, {"key": "a"}]
    assert post.notes("settled") == [["a", "DELIVERED", 1, None, None]]


def test_a_letter_that_cannot_be_read_is_dropped_and_the_others_go_on(
    post: Post, caplog: pytest.LogCaptureFixture
) -> None:
    post.answers += [BROKEN, BROKEN]
    post.send("a")
    post.send("b")
    post.crash()
    post.damage("UPDATE deliveries SET body = '{' WHERE key = 'a'")
    post.up()
    exhaust(post)
    assert post.notes("done") == [{"key": "b"}]
    assert "cannot be read; it is dropped" in caplog.text


def test_a_clock_that_is_set_forward_does_not_make_letters_old(post: Post) -> None:
    post.answers += [BROKEN]
    post.send("a", age=60)
    post.clock.jump(10 * DAY)
    exhaust(post)
    assert post.notes("settled") == [["a", "DELIVERED", 2, None, None]]
