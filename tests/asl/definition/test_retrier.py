"""The delay before a retry grows with each retry, up to a limit."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamplighter.asl.definition.retrier import MAX_SECONDS, Retrier, read_retrier

ALL = ("States.ALL",)


@given(
    interval=st.integers(0, MAX_SECONDS),
    backoff=st.integers(1, 10**9) | st.floats(1, 1e308),
    used=st.integers(0, MAX_SECONDS),
    max_delay=st.none() | st.integers(1, 31_622_400),
)
def test_a_delay_never_exceeds_the_maximum_after_any_number_of_retries(
    interval: int, backoff: float, used: int, max_delay: int | None
) -> None:
    retrier = Retrier(ALL, interval=interval, backoff=backoff, max_delay=max_delay)
    limit = max_delay or MAX_SECONDS
    assert min(interval, limit) <= retrier.seconds(used) <= limit
    assert retrier.delay(used, 0.5) == int(retrier.seconds(used) * 1000)


def test_a_retrier_without_an_interval_never_waits_even_if_its_backoff_overflows() -> None:
    assert Retrier(ALL, interval=0, backoff=10.0).seconds(400) == 0


@pytest.mark.parametrize(("used", "seconds"), [(0, 1), (1, 2), (2, 4)])
def test_absent_fields_have_aws_defaults(used: int, seconds: float) -> None:
    retrier = read_retrier({"ErrorEquals": ["States.ALL"]})
    assert (retrier.seconds(used), retrier.attempts, retrier.jitter) == (seconds, 3, False)
