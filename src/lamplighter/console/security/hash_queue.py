"""Let a few logins at a time hash a password, those with the fewest wrong guesses first.

Guarantees that guesses keep no other address out: a login from an address with fewer wrong guesses goes before them,
and takes their place if all are taken.
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


@dataclass(frozen=True, slots=True)
class HashQueue:
    """The logins that wait for a hash, each with the wrong guesses of its address, and those that have one computed."""

    _waiting: list[tuple[int, asyncio.Future[bool]]] = field(default_factory=list)
    """Each gets True when it may hash, and False if it loses its place."""
    _hashing: set[asyncio.Future[bool]] = field(default_factory=set)

    async def run(self, wrong_guesses: int, compute: Callable[[], bool]) -> bool:
        """Return what `compute` returns in a thread; `wrong_guesses` are those of the address. Raises `NoPlace`."""
        turn: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.append((wrong_guesses, turn))
        self._waiting.sort(key=lambda each: each[0])  # a stable sort: who came first is first among equals
        self._give_turns()
        try:
            if not await turn:
                raise NoPlace
            return await asyncio.to_thread(compute)
        finally:
            self._hashing.discard(turn)
            self._give_turns()

    def _give_turns(self) -> None:
        """Let the first ones hash, and drop the last ones if too many wait; forget logins that were cancelled."""
        self._waiting[:] = [each for each in self._waiting if not each[1].done()]
        while self._waiting and len(self._hashing) < HASHES_AT_ONCE:
            _, turn = self._waiting.pop(0)
            self._hashing.add(turn)
            turn.set_result(True)
        for _, turn in self._waiting[MAX_WAITING:]:
            turn.set_result(False)
