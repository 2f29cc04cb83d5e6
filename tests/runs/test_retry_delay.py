"""The wait before the next attempt is what the definition says, counted by each retrier for itself."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamplighter.asl.definition.retrier import read_retrier
from lamplighter.base.json_text import Json
from lamplighter.runs.retry_delay import RetryDelay, retry_delay

FAILED, TIMEOUT = "States.TaskFailed", "States.Timeout"


def definition(*retriers: Json) -> Json:
    return {"StartAt": "Run", "States": {"Run": {"Type": "Task", "Retry": list(retriers), "End": True}}}


def test_the_interval_grows_by_the_backoff_rate_up_to_the_longest_delay() -> None:
    one = definition({"ErrorEquals": ["States.ALL"], "IntervalSeconds": 10, "BackoffRate": 3, "MaxDelaySeconds": 60})
    assert [retry_delay(one, "Run", [FAILED] * count) for count in (1, 2, 3)] == [
        RetryDelay(10, has_jitter=False),
        RetryDelay(30, has_jitter=False),
        RetryDelay(60, has_jitter=False),
    ]


def test_after_the_last_attempt_there_is_no_wait() -> None:
    one = definition({"ErrorEquals": ["States.ALL"], "MaxAttempts": 1})
    assert retry_delay(one, "Run", [FAILED]) == RetryDelay(1, has_jitter=False)
    assert retry_delay(one, "Run", [FAILED, FAILED]) is None


def test_each_retrier_counts_its_own_failures() -> None:
    one = definition(
        {"ErrorEquals": [TIMEOUT], "IntervalSeconds": 5, "BackoffRate": 2},
        {"ErrorEquals": ["States.ALL"], "IntervalSeconds": 1, "BackoffRate": 2},
    )
    assert retry_delay(one, "Run", [FAILED, TIMEOUT]) == RetryDelay(5, has_jitter=False)
    assert retry_delay(one, "Run", [FAILED, TIMEOUT, FAILED]) == RetryDelay(2, has_jitter=False)


def test_with_jitter_the_wait_is_a_limit() -> None:
    one = definition({"ErrorEquals": ["States.ALL"], "IntervalSeconds": 8, "JitterStrategy": "FULL"})
    assert retry_delay(one, "Run", [FAILED]) == RetryDelay(8, has_jitter=True)


def test_a_delay_beyond_every_limit_is_cut_to_the_longest_that_a_state_can_wait() -> None:
    one = definition({"ErrorEquals": ["States.ALL"], "BackoffRate": 10.0, "MaxAttempts": 400})
    assert retry_delay(one, "Run", [FAILED] * 9) == RetryDelay(99_999_999, has_jitter=False)
    assert retry_delay(one, "Run", [FAILED] * 310) == RetryDelay(99_999_999, has_jitter=False)


def test_a_retrier_without_an_interval_never_waits() -> None:
    one = definition({"ErrorEquals": ["States.ALL"], "IntervalSeconds": 0, "BackoffRate": 10.0, "MaxAttempts": 400})
    assert retry_delay(one, "Run", [FAILED] * 310) == RetryDelay(0, has_jitter=False)


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
