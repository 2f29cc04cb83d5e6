"""How often a password may be guessed: a few times at once, then ever more slowly.

Promises values only: who keeps them, and for whom, is the caller's business.
"""

from dataclasses import dataclass

FREE = 5
"""Wrong guesses before the first wait."""
LONGEST = 60_000
"""Milliseconds of a wait: who owns the place can always come in a minute after the last wrong guess."""
FORGET = 15 * 60_000
"""Milliseconds after which wrong guesses are forgotten."""


@dataclass(frozen=True, slots=True)
class PasswordGuesses:
    """The wrong guesses from one place."""

    wrong: int = 0
    last: int = 0
    """When, in milliseconds since the epoch."""


def wait_milliseconds(guesses: PasswordGuesses, now: int) -> int:
    """Milliseconds until the next guess is listened to; 0 if it is now."""
    if guesses.wrong < FREE or is_expired(guesses, now):
        return 0
    pause = min(LONGEST, 1000 << min(guesses.wrong - FREE, 16))
    return max(0, guesses.last + pause - now)


def add_wrong_guess(guesses: PasswordGuesses, now: int) -> PasswordGuesses:
    """After one more wrong guess."""
    return PasswordGuesses(1 if is_expired(guesses, now) else guesses.wrong + 1, now)


def is_expired(guesses: PasswordGuesses, now: int) -> bool:
    """Whether it is as if nobody had guessed."""
    return now - guesses.last > FORGET
