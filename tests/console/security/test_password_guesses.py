"""A few wrong passwords are free; then each guess must wait longer."""

from hypothesis import given
from hypothesis import strategies as st

from lamplighter.console.security.password_guesses import (
    FORGET_AFTER_MILLISECONDS,
    FREE_GUESSES,
    FREE_GUESSES_OF_SOURCE,
    MAX_SOURCES,
    MAX_WAIT_MILLISECONDS,
    GuessesBySource,
    PasswordGuesses,
    add_wrong_guess,
    guess_source,
    wait_milliseconds,
)

START = 1_767_225_600_000


def wrong_guesses(guesses: int) -> PasswordGuesses:
    result = PasswordGuesses()
    for _ in range(guesses):
        result = add_wrong_guess(result, START)
    return result


def test_the_first_guesses_are_free_and_then_the_wait_doubles() -> None:
    assert wait_milliseconds(wrong_guesses(FREE_GUESSES - 1), START) == 0
    assert [wait_milliseconds(wrong_guesses(FREE_GUESSES + extra), START) for extra in range(4)] == [
        1000,
        2000,
        4000,
        8000,
    ]


@given(st.integers(FREE_GUESSES, 10_000), st.integers(0, 2 * MAX_WAIT_MILLISECONDS))
def test_a_wait_ends_and_never_exceeds_the_maximum(guesses: int, passed: int) -> None:
    found = PasswordGuesses(guesses, START)
    assert 0 <= wait_milliseconds(found, START + passed) <= MAX_WAIT_MILLISECONDS
    assert wait_milliseconds(found, START + MAX_WAIT_MILLISECONDS) == 0


def test_wrong_guesses_are_forgotten() -> None:
    assert add_wrong_guess(wrong_guesses(FREE_GUESSES + 3), START + FORGET_AFTER_MILLISECONDS + 1).wrong == 1


def test_a_day_allows_little_more_than_one_guess_per_minute() -> None:
    now, found, attempts = START, PasswordGuesses(), 0
    while now < START + 24 * 3_600_000:
        now += wait_milliseconds(found, now)
        found, attempts = add_wrong_guess(found, now), attempts + 1
    assert attempts < 24 * 60 + 20


def test_guesses_from_one_ipv6_network_count_together() -> None:
    assert guess_source("2001:db8::1") == guess_source("2001:db8::ffff:1") != guess_source("2001:db8:0:1::1")
    assert guess_source("192.0.2.1") != guess_source("192.0.2.2")


def test_ipv4_addresses_that_a_proxy_writes_as_ipv6_count_by_themselves() -> None:
    assert guess_source("::ffff:192.0.2.1") == guess_source("192.0.2.1") != guess_source("::ffff:192.0.2.2")
    assert guess_source("unix") == "unix"


def test_only_the_sources_that_guessed_last_are_remembered() -> None:
    guesses = GuessesBySource()
    for _ in range(FREE_GUESSES):
        guesses.add_wrong_guess("192.0.2.1", START)
    assert guesses.wait_milliseconds("192.0.2.1", START) == 1000
    for number in range(MAX_SOURCES // 2):
        guesses.add_wrong_guess(f"198.51.{number // 256}.{number % 256}", START)
    assert guesses.wait_milliseconds("192.0.2.1", START) == 0


def test_another_name_with_each_guess_is_soon_slowed_down() -> None:
    guesses = GuessesBySource()
    for number in range(FREE_GUESSES_OF_SOURCE):
        assert guesses.wait_milliseconds(f"2001:db8::{number:x}", START, f"name{number}") == 0
        guesses.add_wrong_guess(f"2001:db8::{number:x}", START, f"name{number}")
    assert guesses.wait_milliseconds("2001:db8::ffff", START, "another name") == 1000
    assert guesses.wait_milliseconds("2001:db8:0:1::1", START, "another name") == 0


def test_a_right_password_gives_back_only_the_guesses_for_its_name() -> None:
    guesses = GuessesBySource()
    assert [guesses.add_wrong_guess("192.0.2.1", START, name) for name in ("anna", "anna", "berta")] == [1, 2, 3]
    guesses.forget("192.0.2.1", "anna")
    assert guesses.add_wrong_guess("192.0.2.1", START, "anna") == 2
    assert guesses.add_wrong_guess("192.0.2.1", START + FORGET_AFTER_MILLISECONDS + 1, "anna") == 1
