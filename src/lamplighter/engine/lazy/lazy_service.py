"""Load a service on first use: most engines never need most services, and loading one takes 10 to 50 ms.

Guarantees that callers see no difference except the time. `load` imports the module in a thread, so that the event loop
continues meanwhile.
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from threading import Lock

from lamplighter.base.modules import load_object
from lamplighter.bus import Operation, Service
from lamplighter.store.db import OutboxRow, Tx
from lamplighter.store.timers import Timer

BuildService = Callable[[Callable[..., Service]], Service]


class LazyService(Service):
    """Stands in for a service until its first use, then passes everything on to it.

    `reference` names the class of the service. `build` is called with that class and builds the service. `has_work`
    returns whether the service has work to resume at the engine's start.
    """

    def __init__(
        self, name: str, reference: str, build: BuildService, has_work: Callable[[], bool] = lambda: False
    ) -> None:
        self.name = name
        self.operations = _Operations(lambda: self.service.operations)
        self._reference = reference
        self._build = build
        self._has_work = has_work
        self._loaded: Service | None = None
        self._loading = Lock()

    @property
    def service(self) -> Service:
        """Return the service itself. It is built once, even if several threads use it at the same time."""
        if self._loaded is None:
            with self._loading:
                if self._loaded is None:
                    self._loaded = self._build(load_object(self._reference))
        return self._loaded

    async def load(self) -> None:
        """Import the service's module in a thread, so that the first use need not wait for the import."""
        if self._loaded is None:
            await asyncio.to_thread(load_object, self._reference)

    async def handle_outbox_row(self, row: OutboxRow) -> None:
        """Load the service and let it process the outbox row."""
        await self.load()
        await self.service.handle_outbox_row(row)

    def fire_timer(self, tx: Tx, timer: Timer) -> None:
        """Let the service handle a timer that is due."""
        self.service.fire_timer(tx, timer)

    def drop_caches(self) -> None:
        """Drop the service's caches if the service is loaded."""
        if self._loaded is not None:
            self._loaded.drop_caches()

    async def start(self) -> None:
        """Load and start the service if it has work to resume."""
        if self._has_work():
            await self.load()
            await self.service.start()

    async def stop(self) -> None:
        """Stop the service if it is loaded."""
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
