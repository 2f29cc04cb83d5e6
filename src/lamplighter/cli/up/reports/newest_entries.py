"""Remember values by key, of which the oldest are forgotten: for keys whose end may never be seen.

Guarantees a bound on the memory, whatever comes. A caller that removes its keys in time never meets the bound.
"""

from collections import OrderedDict
from typing import Generic, TypeVar

T = TypeVar("T")

MAX_ENTRIES = 20_000
"""More than the runs and tasks that wait or run on one machine at a time."""


class NewestEntries(Generic[T]):
    """The values by key that were put last, at most `most` of them."""

    def __init__(self, most: int = MAX_ENTRIES) -> None:
        self._most = most
        self._values: OrderedDict[str, T] = OrderedDict()

    def __len__(self) -> int:
        return len(self._values)

    def put(self, key: str, value: T) -> None:
        """Remember a value as the newest; forget the oldest one if there are too many."""
        self._values[key] = value
        self._values.move_to_end(key)
        if len(self._values) > self._most:
            self._values.popitem(last=False)

    def get(self, key: str) -> T | None:
        """Return the value of a key, or None."""
        return self._values.get(key)

    def take(self, key: str | None) -> T | None:
        """Forget a key and return its value, or None."""
        return None if key is None else self._values.pop(key, None)
