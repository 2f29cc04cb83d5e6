"""The queue of logins: few hashes at a time, and guessers keep nobody out."""

import asyncio
import threading
from collections.abc import Callable
from functools import partial

import pytest

from lamplighter.console.security.hash_queue import HASHES_AT_ONCE, MAX_WAITING, HashQueue, NoPlace


def test_whoever_has_guessed_least_is_next_and_takes_the_place_of_who_has_guessed_most(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hashed: list[int] = []

    async def scenario() -> list[bool | BaseException]:
        queue, released = HashQueue(), asyncio.Event()

        def record(number: int) -> bool:
            hashed.append(number)
            return True

        async def hash_in_order(compute: Callable[[], bool]) -> bool:
            return compute() and await released.wait()

        monkeypatch.setattr(asyncio, "to_thread", hash_in_order)
        numbers = [9, 9, *range(1, MAX_WAITING + 1), 0, 0, 99]
        logins = [asyncio.ensure_future(queue.run(each, partial(record, each))) for each in numbers]
        await asyncio.wait(logins, return_when=asyncio.FIRST_COMPLETED)
        released.set()
        return await asyncio.gather(*logins, return_exceptions=True)

    answers = asyncio.run(scenario())
    refused = [index for index, each in enumerate(answers) if isinstance(each, NoPlace)]
    assert refused == [HASHES_AT_ONCE + MAX_WAITING - 2, HASHES_AT_ONCE + MAX_WAITING - 1, len(answers) - 1]
    assert hashed == [9, 9, 0, 0, *range(1, MAX_WAITING - 1)]


def test_a_login_that_is_cancelled_leaves_its_place_to_the_next() -> None:
    async def scenario() -> bool:
        queue, released = HashQueue(), threading.Event()
        busy = [asyncio.ensure_future(queue.run(0, released.wait)) for _ in range(HASHES_AT_ONCE)]
        waiting = asyncio.ensure_future(queue.run(0, lambda: True))
        await asyncio.sleep(0)
        waiting.cancel()
        released.set()
        await asyncio.gather(*busy)
        with pytest.raises(asyncio.CancelledError):
            await waiting
        return await queue.run(0, lambda: True)

    assert asyncio.run(scenario())
