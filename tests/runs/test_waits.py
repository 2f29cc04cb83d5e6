"""When and how long a run waits: by its definition, with a separate count for each retrier."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamplighter.asl.definition.retrier import read_retrier
from lamplighter.base.json_text import Json
from lamplighter.runs.history.waits import Wait, WaitLength, pending_retry, planned_length, retry_delay, waits_of_visit
from tests.runs.histories import RETRIED, Entry, entered, exited, scheduled, story

FAILED, TIMEOUT = "States.TaskFailed", "States.Timeout"


def waits(*entries: Entry) -> list[Wait]:
    run_story = story(*entries)
    return [wait for visit in run_story.visits for wait in waits_of_visit(run_story, visit)]


def definition(*retriers: Json) -> Json:
    return {"StartAt": "Run", "States": {"Run": {"Type": "Task", "Retry": list(retriers), "End": True}}}


def test_the_interval_grows_by_the_backoff_rate_up_to_the_longest_delay() -> None:
    one = definition({"ErrorEquals": ["States.ALL"], "IntervalSeconds": 10, "BackoffRate": 3, "MaxDelaySeconds": 60})
    assert [retry_delay(one, "Run", [FAILED] * count) for count in (1, 2, 3)] == [
        WaitLength(10),
        WaitLength(30),
        WaitLength(60),
    ]


def test_after_the_last_attempt_there_is_no_wait() -> None:
    one = definition({"ErrorEquals": ["States.ALL"], "MaxAttempts": 1})
    assert retry_delay(one, "Run", [FAILED]) == WaitLength(1)
    assert retry_delay(one, "Run", [FAILED, FAILED]) is None


def test_each_retrier_counts_its_own_failures() -> None:
    one = definition(
        {"ErrorEquals": [TIMEOUT], "IntervalSeconds": 5, "BackoffRate": 2},
        {"ErrorEquals": ["States.ALL"], "IntervalSeconds": 1, "BackoffRate": 2},
    )
    assert retry_delay(one, "Run", [FAILED, TIMEOUT]) == WaitLength(5)
    assert retry_delay(one, "Run", [FAILED, TIMEOUT, FAILED]) == WaitLength(2)


def test_with_jitter_the_wait_is_a_limit() -> None:
    one = definition({"ErrorEquals": ["States.ALL"], "IntervalSeconds": 8, "JitterStrategy": "FULL"})
    assert retry_delay(one, "Run", [FAILED]) == WaitLength(8, has_jitter=True)


def test_a_delay_beyond_every_limit_is_cut_to_the_longest_that_a_state_can_wait() -> None:
    one = definition({"ErrorEquals": ["States.ALL"], "BackoffRate": 10.0, "MaxAttempts": 400})
    assert retry_delay(one, "Run", [FAILED] * 9) == WaitLength(99_999_999)
    assert retry_delay(one, "Run", [FAILED] * 310) == WaitLength(99_999_999)


def test_a_retrier_without_an_interval_never_waits() -> None:
    one = definition({"ErrorEquals": ["States.ALL"], "IntervalSeconds": 0, "BackoffRate": 10.0, "MaxAttempts": 400})
    assert retry_delay(one, "Run", [FAILED] * 310) == WaitLength(0)


NUMBERS = st.integers(1, 10**8) | st.floats(1, 1e308)
RETRIERS = st.fixed_dictionaries(
    {"ErrorEquals": st.just(["States.ALL"])},
    optional={
        "IntervalSeconds": st.integers(0, 99_999_999),
        "BackoffRate": NUMBERS,
        "MaxAttempts": st.integers(0, 400),
        "MaxDelaySeconds": st.integers(1, 31_622_400),
        "JitterStrategy": st.sampled_from(["FULL", "NONE"]),
    },
)


@given(RETRIERS, st.integers(1, 400))
def test_the_wait_is_the_one_that_the_engine_computes(retrier: Json, count: int) -> None:
    found, own = retry_delay(definition(retrier), "Run", [FAILED] * count), read_retrier(retrier)
    assert (found is None) == (count > own.attempts)
    if found is not None:
        assert int(found.seconds * 1000) == own.delay(count - 1, 1.0)
        assert found.has_jitter == own.jitter


@pytest.mark.parametrize("state", ["Run", "Nowhere"])
def test_an_error_that_nothing_retries_is_not_waited_for(state: str) -> None:
    assert retry_delay(definition({"ErrorEquals": [TIMEOUT]}), state, [FAILED]) is None


def test_the_wait_between_two_attempts_of_one_visit_is_a_retry() -> None:
    (wait,) = waits(*RETRIED)
    assert (wait.is_retry, wait.attempt, wait.began, wait.ended) == (True, 2, 5000, 6000)
    assert planned_length(story(*RETRIED), wait, {}) is None


def test_a_failed_attempt_after_which_nothing_came_yet_is_being_retried() -> None:
    ten_seconds = definition({"ErrorEquals": ["States.ALL"], "IntervalSeconds": 10})
    (wait,) = waits(*RETRIED[:5])
    assert (wait.attempt, wait.ended) == (2, None)
    assert pending_retry(story(*RETRIED[:5]), ten_seconds) == (wait, WaitLength(10))
    assert pending_retry(story(*RETRIED), ten_seconds) is None


def test_a_failed_attempt_of_a_run_that_is_over_is_not_being_retried() -> None:
    assert waits(*RETRIED[:5], ("ExecutionFailed", 5, {"error": "States.TaskFailed"})) == []


def test_a_failure_that_is_caught_is_not_being_retried() -> None:
    assert waits(*RETRIED[:5], exited("Run", 5), entered("Tell", 6)) == []


def test_a_redrive_is_no_retry() -> None:
    ended = ("ExecutionFailed", 5, {"error": "States.TaskFailed"})
    assert waits(*RETRIED[:5], ended, ("ExecutionRedriven", 6, {"redriveCount": 1}), scheduled(7)) == []


def test_a_wait_state_of_a_job_is_before_the_next_attempt() -> None:
    entries = (*RETRIED[:5], exited("Run", 5), entered("Count", 6, "Pass"), exited("Count", 7, "Pass", pause="4"))
    *_, wait = waits(*entries, entered("Pause", 8, "Wait"))
    assert (wait.is_retry, wait.attempt, wait.ended) == (False, 2, None)
    assert planned_length(story(*entries, entered("Pause", 8, "Wait")), wait, {}) == WaitLength(4)
