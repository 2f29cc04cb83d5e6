"""A password can be guessed a few times at once, and then ever more slowly."""

from hypothesis import given
from hypothesis import strategies as st

from lamplighter.wire.access.password_throttle import (
    FORGET_AFTER_MILLISECONDS,
    FREE_GUESSES,
    MAX_WAIT_MILLISECONDS,
    PasswordGuesses,
    add_wrong_guess,
    wait_milliseconds,
)

START = 1_767_225_600_000


def after(guesses: int) -> PasswordGuesses:
    found = PasswordGuesses()
    for _ in range(guesses):
        found = add_wrong_guess(found, START)
    return found


def test_the_first_guesses_are_free_and_the_waits_double() -> None:
    assert wait_milliseconds(after(FREE_GUESSES - 1), START) == 0
    assert [wait_milliseconds(after(FREE_GUESSES + more), START) for more in range(4)] == [1000, 2000, 4000, 8000]


@given(st.integers(FREE_GUESSES, 10_000), st.integers(0, 2 * MAX_WAIT_MILLISECONDS))
def test_a_wait_passes_and_is_never_longer_than_a_minute(guesses: int, passed: int) -> None:
    found = PasswordGuesses(guesses, START)
    assert 0 <= wait_milliseconds(found, START + passed) <= MAX_WAIT_MILLISECONDS
    assert wait_milliseconds(found, START + MAX_WAIT_MILLISECONDS) == 0


def test_wrong_guesses_are_forgotten() -> None:
    assert add_wrong_guess(after(FREE_GUESSES + 3), START + FORGET_AFTER_MILLISECONDS + 1).wrong == 1


def test_a_day_of_guessing_is_a_few_guesses_an_hour_times_sixty() -> None:
    now, found, listened = START, PasswordGuesses(), 0
    while now < START + 24 * 3_600_000:
        now += wait_milliseconds(found, now)
        found, listened = add_wrong_guess(found, now), listened + 1
    assert listened < 24 * 60 + 20
