"""Where services meet: `call` an operation of a service by its AWS names, `publish` an event.

Promises that an operation is answered after its commit, and that an event is heard in the transaction that caused it,
so that neither can be without the other. Refuses to know any service.
"""

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from lamplighter.base.errors import Bug, LamplighterError, UnknownOperation
from lamplighter.base.json_text import Json
from lamplighter.base.threads import run_in_thread
from lamplighter.store.db import OutboxRow, Reader, Store, Tx
from lamplighter.store.timers import Timer


@dataclass(frozen=True, slots=True)
class Caller:
    """For whom something is done: an account in a region."""

    account: str
    region: str


@dataclass(frozen=True, slots=True)
class Event:
    """An event as EventBridge carries it, without what every event has by itself (version, id).

    See https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-events-structure.html.
    """

    caller: Caller
    source: str
    detail_type: str
    time: int
    """Milliseconds since the epoch."""
    resources: tuple[str, ...]
    detail: Json


Work = Callable[[], object]
"""What is done ahead of a turn (`base/precompute.py`). A `Prepared` that it returns goes to the operation with its
params."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """Something that was worked out of an operation's params."""

    value: Json


PREPARED = object()
"""The member of the params that has what is ready: nobody outside can name it."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of a service, in one of two kinds: it only reads, or it runs in a turn of writes.

    A result that is awaitable is awaited after the commit (long polling).
    """

    read: Callable[[Reader, Caller, Json], Json] | None = None
    write: Callable[[Tx, Caller, Json], Json] | None = None
    prepare: Callable[[Reader, Caller, Json], Work | None] | None = None
    """Tells what may be done in a thread before the call, so that its turn is short."""


Listener = Callable[[Tx, Event], None]
Wants = Callable[[Tx], bool]
"""Whether a listener would do anything with an event now."""


class CallerGone(LamplighterError):
    """Nobody waits for the answer any more."""


async def wait_forever() -> None:
    """A caller that waits, however long it takes."""
    await asyncio.Event().wait()


async def first_result(*given: Awaitable[Json]) -> Json:
    """What comes of the one that is done first; the others are given up."""
    waits = [asyncio.ensure_future(each) for each in given]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        return next(wait for wait in waits if wait.done()).result()
    finally:
        for wait in waits:
            wait.cancel()
        await asyncio.gather(*waits, return_exceptions=True)


class Service:
    """A service of an engine; a subclass overrides what it has."""

    name: str
    """Its name in the outbox, in timers and in the signatures of requests, such as `ecs`."""
    operations: Mapping[str, Operation]
    """Its operations by AWS's names."""

    async def handle_outbox_row(self, posted: OutboxRow) -> None:
        """Do what a row of the outbox says, after its commit: at least once."""
        raise Bug(f"{self.name} puts nothing into the outbox, but row {posted.id} has its name")

    def fire_timer(self, tx: Tx, timer: Timer) -> None:  # noqa: ARG002 - for those that override it
        """Handle a timer that is due; this transaction has deleted it already."""
        raise Bug(f"{self.name} sets no timers, but {timer.subject} has its name")

    def drop_caches(self) -> None:
        """Forget what is kept in memory, because a turn was lost."""

    async def start(self) -> None:
        """Take up what the last engine left."""

    async def stop(self) -> None:
        """Release connections and threads; change nothing."""


@dataclass(slots=True)
class Bus:
    """All services of one engine."""

    store: Store
    _services: dict[str, Mapping[str, Operation]] = field(default_factory=dict)
    _listeners: dict[str, list[tuple[Listener, Wants]]] = field(default_factory=dict)
    _loads: dict[str, Callable[[], Awaitable[None]]] = field(default_factory=dict)

    def serve(
        self,
        service: str,
        operations: Mapping[str, Operation],
        load: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        """Answer for a service from now on; `load` has it loaded before it is first needed."""
        self._services[service] = operations
        if load is not None:
            self._loads[service] = load

    def serves(self, service: str, operation: str) -> bool:
        """Whether someone answers for this operation."""
        return operation in self._services.get(service, {})

    def serves_any(self, service: str) -> bool:
        """Whether someone answers for this service at all."""
        return service in self._services

    def is_loaded(self, service: str) -> bool:
        """Whether a turn may invoke a service without loading it first."""
        return service not in self._loads

    async def load(self, service: str) -> None:
        """Load a service before it is first needed."""
        if load := self._loads.get(service):
            await load()
            self._loads.pop(service, None)

    async def call(
        self,
        caller: Caller,
        service: str,
        operation: str,
        params: Json,
        left: Callable[[], Awaitable[None]] = wait_forever,
    ) -> Json:
        """Have an operation done, from outside of any turn; `left` raises when there is no more use in an answer."""
        params = await self.prepare(caller, service, operation, params)
        entry = self._find(service, operation)
        if entry.write is not None:
            run = entry.write
            result = await self.store.write(lambda tx: run(tx, caller, params))
        else:
            assert entry.read is not None
            result = entry.read(self.store.reader, caller, params)
        return await first_result(result, left()) if inspect.isawaitable(result) else result

    async def prepare(self, caller: Caller, service: str, operation: str, params: Json) -> Json:
        """Do in a thread what would make the turn of an operation long; the params with which to invoke it then.

        Nothing depends on it but how long the turn is.
        """
        if not self.is_loaded(service):
            await self.load(service)
        entry = self._services.get(service, {}).get(operation)
        work = (
            entry.prepare(self.store.reader, caller, params)
            if entry is not None and entry.prepare is not None
            else None
        )
        done = await run_in_thread(work) if work is not None else None
        return {**params, PREPARED: done.value} if isinstance(done, Prepared) else params

    def invoke(self, tx: Tx, caller: Caller, service: str, operation: str, params: Json) -> Json:
        """Have an operation done inside a turn: its writes are kept or undone with the rest of the job's."""
        entry = self._find(service, operation)
        return (entry.write or entry.read)(tx, caller, params)  # type: ignore[misc]

    def read(self, reader: Reader, caller: Caller, service: str, operation: str, params: Json) -> Json:
        """Have an operation answered that only reads, with what `reader` sees."""
        entry = self._find(service, operation)
        if entry.read is None:
            raise UnknownOperation(f"{service}:{operation} does more than look")
        return entry.read(reader, caller, params)

    def subscribe(self, source: str, listener: Listener, wants: Wants = lambda _tx: True) -> None:
        """Hear every event of a source that is wanted, in the transaction that caused it. `*` hears all."""
        self._listeners.setdefault(source, []).append((listener, wants))

    def has_listeners(self, source: str) -> bool:
        """Whether anybody listens to a source."""
        return source in self._listeners or "*" in self._listeners

    def publish(self, tx: Tx, source: str, make: Callable[[], Event]) -> None:
        """Tell of an event; it is made only where somebody wants it."""
        every = self._listeners.get(source, []) + self._listeners.get("*", [])
        listeners = [listener for listener, wants in every if wants(tx)]
        if listeners:
            event = make()
            for listener in listeners:
                listener(tx, event)

    def _find(self, service: str, operation: str) -> Operation:
        entry = self._services.get(service, {}).get(operation)
        if entry is None:
            raise UnknownOperation(f"{service} has no operation {operation} here")
        return entry
