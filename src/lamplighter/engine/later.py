"""A service that is loaded when it is first needed: most engines never need most of them, and each costs 10 to 50 ms.

Promises that nobody can tell, but by the clock.
"""

import importlib
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from types import ModuleType

from lamplighter.bus import Operation, Service
from lamplighter.store.db import Posted, Tx
from lamplighter.store.timers import Timer

Make = Callable[[ModuleType], Service]


class Later:
    """Stands for a service; `make` makes it of its module. `used`: whether it has something to take up at the start."""

    def __init__(self, name: str, module: str, make: Make, used: Callable[[], bool] = lambda: False) -> None:
        self.name = name
        self._module = module
        self._make = make
        self._used = used

    @cached_property
    def service(self) -> Service:
        """The service itself."""
        return self._make(importlib.import_module(self._module))

    @property
    def _loaded(self) -> Service | None:
        found: Service | None = self.__dict__.get("service")
        return found

    @property
    def operations(self) -> Mapping[str, Operation]:
        """What it answers: asking for one of them loads it."""
        return _Operations(lambda: self.service.operations)

    async def perform(self, posted: Posted) -> None:
        """Do what the outbox says."""
        await self.service.perform(posted)

    def ring(self, tx: Tx, timer: Timer) -> None:
        """A timer is due."""
        self.service.ring(tx, timer)

    def forget(self) -> None:
        """Believe nothing that is not on disk."""
        if self._loaded is not None:
            self._loaded.forget()

    async def start(self) -> None:
        """Take up what the last engine left."""
        if self._used():
            await self.service.start()

    async def stop(self) -> None:
        """Let go of the world."""
        if self._loaded is not None:
            await self._loaded.stop()


class _Operations(Mapping[str, Operation]):
    def __init__(self, load: Callable[[], Mapping[str, Operation]]) -> None:
        self._load = load

    def __getitem__(self, name: str) -> Operation:
        return self._load()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._load())

    def __len__(self) -> int:
        return len(self._load())
