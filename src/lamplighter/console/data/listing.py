"""Read a whole list of AWS, so that a page can filter it and number its pages.

AWS lists in pages that cannot be numbered or searched by a part of a name. Guarantees a bound on the calls: what
follows `MAX_CALLS` answers is left out, and the page says so.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json
from lamplighter.console.calls import Calls, is_missing

Item = TypeVar("Item")
Found = TypeVar("Found")

MAX_CALLS = 20
"""The most answers that are read: 2,000 topics or rules, 20,000 queues."""


@dataclass(frozen=True, slots=True)
class Listing:
    """What was listed."""

    items: Sequence[Json]
    truncated: bool
    """Whether there is more than was read."""


async def read_each(read: Callable[[Item], Awaitable[Found]], items: Iterable[Item]) -> Sequence[Found]:
    """Read more about each item of a list; leave out what has been deleted since it was listed."""

    async def read_one(item: Item) -> Found | None:
        try:
            return await read(item)
        except AwsError as error:
            if is_missing(error):
                return None
            raise

    return [each for each in await asyncio.gather(*map(read_one, items)) if each is not None]


async def read_listing(calls: Calls, service: str, operation: str, member: str, **params: Json) -> Listing:
    """Return what an operation lists under the name `member` of its answers."""
    items: list[Json] = []
    answers = 0
    async for answer in calls.call_pages(service, operation, **params):
        items += answer.get(member) or ()
        answers += 1
        if answers == MAX_CALLS and (answer.get("NextToken") or answer.get("nextToken")):
            return Listing(items, truncated=True)
    return Listing(items, truncated=False)
