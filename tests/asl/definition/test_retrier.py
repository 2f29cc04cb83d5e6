"""The delay before a retry grows, and has limits that no number of retries passes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamplighter.asl.definition.retrier import MAX_SECONDS, Retrier, read_retrier

ALL = ("States.ALL",)


@given(
    interval=st.integers(0, MAX_SECONDS),
    backoff=st.integers(1, 10**9) | st.floats(1, 1e308),
    used=st.integers(0, MAX_SECONDS),
    longest=st.none() | st.integers(1, 31_622_400),
)
def test_a_delay_is_never_longer_than_the_longest_however_many_retries_there_were(
    interval: int, backoff: float, used: int, longest: int | None
) -> None:
    retrier = Retrier(ALL, interval=interval, backoff=backoff, max_delay=longest)
    most = longest or MAX_SECONDS
    assert min(interval, most) <= retrier.seconds(used) <= most
    assert retrier.delay(used, 0.5) == int(retrier.seconds(used) * 1000)


def test_a_retrier_without_an_interval_never_waits_even_if_its_backoff_overflows() -> None:
    assert Retrier(ALL, interval=0, backoff=10.0).seconds(400) == 0


@pytest.mark.parametrize(("used", "seconds"), [(0, 1), (1, 2), (2, 4)])
def test_absent_fields_have_the_defaults_of_aws(used: int, seconds: float) -> None:
    retrier = read_retrier({"ErrorEquals": ["States.ALL"]})
    assert (retrier.seconds(used), retrier.attempts, retrier.jitter) == (seconds, 3, False)
