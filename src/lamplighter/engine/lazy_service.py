"""A service that is loaded when it is first needed: most engines never need most of them, and each costs 10 to 50 ms.

Promises that callers see no difference but the time it takes. `load` imports the module in a thread, so that the event
loop goes on meanwhile.
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from threading import Lock
from types import ModuleType

from lamplighter.base.modules import load_module
from lamplighter.bus import Operation, Service
from lamplighter.store.db import OutboxRow, Tx
from lamplighter.store.timers import Timer

Make = Callable[[ModuleType], Service]


class LazyService(Service):
    """Stands for a service; `make` makes it of its module. `used`: whether it has something to take up at the start."""

    def __init__(self, name: str, module: str, make: Make, used: Callable[[], bool] = lambda: False) -> None:
        self.name = name
        self.operations = _Operations(lambda: self.service.operations)
        self._module = module
        self._make = make
        self._used = used
        self._loaded: Service | None = None
        self._loading = Lock()

    @property
    def service(self) -> Service:
        """The service itself; it is made once, whichever thread asks for it first."""
        if self._loaded is None:
            with self._loading:
                if self._loaded is None:
                    self._loaded = self._make(load_module(self._module))
        return self._loaded

    async def load(self) -> None:
        """Import it in a thread, so that the first to ask for it finds it there."""
        if self._loaded is None:
            await asyncio.to_thread(load_module, self._module)

    async def handle_outbox_row(self, posted: OutboxRow) -> None:
        """Do what the outbox says."""
        await self.load()
        await self.service.handle_outbox_row(posted)

    def fire_timer(self, tx: Tx, timer: Timer) -> None:
        """A timer is due."""
        self.service.fire_timer(tx, timer)

    def drop_caches(self) -> None:
        """Believe nothing that is not on disk."""
        if self._loaded is not None:
            self._loaded.drop_caches()

    async def start(self) -> None:
        """Take up what the last engine left."""
        if self._used():
            await self.load()
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
