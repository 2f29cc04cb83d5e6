"""Let a few logins at a time hash a password, those with the fewest wrong guesses first.

Guarantees that guesses keep nobody out: whoever comes from an address with fewer wrong guesses overtakes them, and
takes their place if all are taken.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

HASHES_AT_ONCE = 2
"""The most passwords that are hashed at the same time: each takes 16 MiB and a processor."""
MAX_WAITING = 20
"""The most logins that wait for a hash."""


class NoPlace(Exception):
    """All places are taken by logins from addresses with no more wrong guesses."""


@dataclass(frozen=True, slots=True, eq=False)
class _Place:
    wrong_guesses: int
    turn: asyncio.Future[bool]
    """True when the login may hash; False if it has lost its place."""


@dataclass(frozen=True, slots=True)
class HashQueue:
    """The logins that wait for a hash, and those that have one computed."""

    _waiting: list[_Place] = field(default_factory=list)
    _hashing: list[_Place] = field(default_factory=list)

    async def run(self, wrong_guesses: int, compute: Callable[[], bool]) -> bool:
        """Return what `compute` returns in a thread; `wrong_guesses` are those of the address. Raises `NoPlace`."""
        place = _Place(wrong_guesses, asyncio.get_running_loop().create_future())
        self._waiting.append(place)
        if len(self._waiting) > MAX_WAITING:
            self._drop_one()
        try:
            self._begin_next()
            if not await place.turn:
                raise NoPlace
            return await asyncio.to_thread(compute)
        finally:
            for places in (self._waiting, self._hashing):
                if place in places:
                    places.remove(place)
            self._begin_next()

    def _drop_one(self) -> None:
        """Take the place of the login with the most wrong guesses; of several, the last."""
        dropped = max(reversed(self._waiting), key=lambda each: each.wrong_guesses)
        self._waiting.remove(dropped)
        _answer(dropped, may_hash=False)

    def _begin_next(self) -> None:
        while self._waiting and len(self._hashing) < HASHES_AT_ONCE:
            first = min(self._waiting, key=lambda each: each.wrong_guesses)
            self._waiting.remove(first)
            self._hashing.append(first)
            _answer(first, may_hash=True)


def _answer(place: _Place, *, may_hash: bool) -> None:
    if not place.turn.done():  # a cancelled login leaves the queue by itself
        place.turn.set_result(may_hash)
