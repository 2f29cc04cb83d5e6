"""Limit how often a password may be guessed: a few guesses without delay, then with growing pauses.

The functions are pure. The caller stores the values and decides for whom it counts.
"""

from dataclasses import dataclass

FREE_GUESSES = 5
MAX_WAIT_MILLISECONDS = 60_000
"""The longest wait in milliseconds: the owner can always log in a minute after the last wrong guess."""
FORGET_AFTER_MILLISECONDS = 15 * 60_000


@dataclass(frozen=True, slots=True)
class PasswordGuesses:
    """The wrong guesses from one source."""

    wrong: int = 0
    last: int = 0
    """The time of the last wrong guess, in milliseconds since the epoch."""


def wait_milliseconds(guesses: PasswordGuesses, now: int) -> int:
    """Return the milliseconds until the next guess is accepted; 0 if it is accepted now."""
    if guesses.wrong < FREE_GUESSES or is_expired(guesses, now):
        return 0
    pause = min(MAX_WAIT_MILLISECONDS, 1000 << min(guesses.wrong - FREE_GUESSES, 16))
    return max(0, guesses.last + pause - now)


def add_wrong_guess(guesses: PasswordGuesses, now: int) -> PasswordGuesses:
    """Return the count after one more wrong guess."""
    return PasswordGuesses(1 if is_expired(guesses, now) else guesses.wrong + 1, now)


def is_expired(guesses: PasswordGuesses, now: int) -> bool:
    """Return whether the wrong guesses are so old that they no longer count."""
    return now - guesses.last > FORGET_AFTER_MILLISECONDS
