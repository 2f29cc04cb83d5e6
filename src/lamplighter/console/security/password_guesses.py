"""Limit how often a password may be guessed: a few guesses without delay, then with growing pauses.

The wrong guesses are counted for each IPv4 address or IPv6 network, and for each name from there. So another name with
each guess gains little, and a name that exists is guessed as slowly as one that does not. A right password resets only
the guesses for its own name: so nobody with a password guesses those of others faster.
"""

from dataclasses import dataclass, field, replace
from ipaddress import IPv4Address, ip_address, ip_network

FREE_GUESSES = 5
"""The wrong guesses without delay for one name."""
FREE_GUESSES_OF_SOURCE = 20
"""The wrong guesses without delay for all names together: those of the people of one office."""
MAX_WAIT_MILLISECONDS = 60_000
"""The longest wait in milliseconds: the owner can always log in a minute after the last wrong guess."""
FORGET_AFTER_MILLISECONDS = 15 * 60_000
MAX_SOURCES = 1000
"""The most addresses and networks, each with a name, whose wrong guesses are remembered, so that a botnet cannot fill
the memory."""


@dataclass(frozen=True, slots=True)
class PasswordGuesses:
    """The wrong guesses from one source."""

    wrong: int = 0
    last: int = 0
    """The time of the last wrong guess, in milliseconds since the epoch."""


def wait_milliseconds(guesses: PasswordGuesses, now: int, free: int = FREE_GUESSES) -> int:
    """Return the milliseconds until the next guess is accepted; 0 if it is accepted now."""
    if guesses.wrong < free or is_expired(guesses, now):
        return 0
    pause = min(MAX_WAIT_MILLISECONDS, 1000 << min(guesses.wrong - free, 16))
    return max(0, guesses.last + pause - now)


def add_wrong_guess(guesses: PasswordGuesses, now: int) -> PasswordGuesses:
    """Return the count after one more wrong guess."""
    return PasswordGuesses(1 if is_expired(guesses, now) else guesses.wrong + 1, now)


def is_expired(guesses: PasswordGuesses, now: int) -> bool:
    """Return whether the wrong guesses are so old that they no longer count."""
    return now - guesses.last > FORGET_AFTER_MILLISECONDS


def guess_source(address: str) -> str:
    """Return the address or network whose guesses count together: an IPv6 user owns a whole /64 network.

    A proxy that listens on IPv6 may write an IPv4 address as ::ffff:192.0.2.1: these are no network of one user.
    """
    try:
        found = ip_address(address)
    except ValueError:
        return address
    if isinstance(found, IPv4Address):
        return address
    return str(found.ipv4_mapped or ip_network((found, 64), strict=False))


@dataclass(frozen=True, slots=True)
class GuessesBySource:
    """The wrong guesses of all sources; times are in milliseconds since the epoch."""

    _guesses: dict[tuple[str, str | None], PasswordGuesses] = field(default_factory=dict)
    """By source and name; None is for all names."""

    def wait_milliseconds(self, address: str, now: int, name: str = "") -> int:
        """Return the milliseconds until the next guess from an address is accepted; 0 if it is accepted now."""
        of_all = wait_milliseconds(self._find(address, None), now, FREE_GUESSES_OF_SOURCE)
        return max(of_all, wait_milliseconds(self._find(address, name), now))

    def add_wrong_guess(self, address: str, now: int, name: str = "") -> int:
        """Count a wrong guess, and return how many the address has made of late, whatever the names.

        Drop what has been guessed least recently beyond `MAX_SOURCES`.
        """
        for key in ((guess_source(address), name), (guess_source(address), None)):
            self._guesses[key] = add_wrong_guess(self._guesses.pop(key, PasswordGuesses()), now)
        while len(self._guesses) > MAX_SOURCES:
            del self._guesses[next(iter(self._guesses))]
        return self._find(address, None).wrong

    def forget(self, address: str, name: str = "") -> None:
        """Drop the wrong guesses of an address for a name, because it has given the right password."""
        source = guess_source(address)
        forgotten, of_all = self._guesses.pop((source, name), PasswordGuesses()), self._find(address, None)
        self._guesses[source, None] = replace(of_all, wrong=max(0, of_all.wrong - forgotten.wrong))

    def _find(self, address: str, name: str | None) -> PasswordGuesses:
        return self._guesses.get((guess_source(address), name), PasswordGuesses())
