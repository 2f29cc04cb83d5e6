"""Load a class on first use, in a thread, and build its one object: the event loop continues during the import."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Generic, TypeVar

from lamplighter.base.json_text import Json
from lamplighter.base.modules import load_object
from lamplighter.outbound.port import Http
from lamplighter.runtime.port import Runtime

T = TypeVar("T", bound=Http | Runtime)


class LazyObject(Generic[T]):
    """An object that is built with its first use, and whose coroutines can be called at any time.

    `reference` names the class of the object. `build` is called with that class and builds the object.
    """

    def __init__(self, reference: str, build: Callable[[Callable[..., T]], T]) -> None:
        self._reference = reference
        self._build = build
        self._loaded: T | None = None

    def __getattr__(self, name: str) -> Callable[..., Coroutine[Json, Json, Json]]:
        """Return a function that loads the object and awaits its method of this name."""

        async def call(*given: Json, **named: Json) -> Json:
            return await getattr(await self.load(), name)(*given, **named)

        return call

    async def load(self) -> T:
        """Return the object; it is built once, even if several callers need it at the same time."""
        if self._loaded is None:
            found = await asyncio.to_thread(load_object, self._reference)
            if self._loaded is None:  # another call may have built it meanwhile
                self._loaded = self._build(found)
        return self._loaded

    async def close(self) -> None:
        """Close the object if it is loaded."""
        if self._loaded is not None:
            await self._loaded.close()
