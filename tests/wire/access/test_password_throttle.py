"""A password can be guessed a few times at once, and then ever more slowly."""

from hypothesis import given
from hypothesis import strategies as st

from lamplighter.wire.access.password_throttle import FORGET, FREE, LONGEST, Guesses, missed, wait

START = 1_767_225_600_000


def after(guesses: int) -> Guesses:
    found = Guesses()
    for _ in range(guesses):
        found = missed(found, START)
    return found


def test_the_first_guesses_are_free_and_the_waits_double() -> None:
    assert wait(after(FREE - 1), START) == 0
    assert [wait(after(FREE + more), START) for more in range(4)] == [1000, 2000, 4000, 8000]


@given(st.integers(FREE, 10_000), st.integers(0, 2 * LONGEST))
def test_a_wait_passes_and_is_never_longer_than_a_minute(guesses: int, passed: int) -> None:
    found = Guesses(guesses, START)
    assert 0 <= wait(found, START + passed) <= LONGEST
    assert wait(found, START + LONGEST) == 0


def test_wrong_guesses_are_forgotten() -> None:
    assert missed(after(FREE + 3), START + FORGET + 1).wrong == 1


def test_a_day_of_guessing_is_a_few_guesses_an_hour_times_sixty() -> None:
    now, found, listened = START, Guesses(), 0
    while now < START + 24 * 3_600_000:
        now += wait(found, now)
        found, listened = missed(found, now), listened + 1
    assert listened < 24 * 60 + 20
