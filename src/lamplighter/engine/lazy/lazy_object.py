"""Load a class on first use, in a thread, and build its one object: the event loop continues during the import."""

import asyncio
from collections.abc import Callable
from typing import Generic, TypeVar

from lamplighter.base.modules import load_object

T = TypeVar("T")


class LazyObject(Generic[T]):
    """An object that is built with its first use.

    `reference` names the class of the object. `build` is called with that class and builds the object.
    """

    def __init__(self, reference: str, build: Callable[[Callable[..., T]], T]) -> None:
        self._reference = reference
        self._build = build
        self.loaded: T | None = None
        """The object, or None before its first use."""

    async def load(self) -> T:
        """Return the object; it is built once, even if several callers need it at the same time."""
        if self.loaded is None:
            found = await asyncio.to_thread(load_object, self._reference)
            if self.loaded is None:  # another call may have built it meanwhile
                self.loaded = self._build(found)
        return self.loaded
