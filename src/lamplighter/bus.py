"""Connect the services of one engine: `call` runs an operation under its AWS name, `publish` sends an event.

Guarantees that an operation is answered only after its commit. Guarantees that listeners handle an event in the
transaction that caused the event, so that either both are kept or neither. A listener that fails undoes only what it
wrote: its error is recorded, and the transaction and the other listeners go on. The bus contains no code for a
particular service.
"""

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Protocol

from lamplighter.base.aws import arn
from lamplighter.base.aws.role_session import RoleSession, Signer
from lamplighter.base.errors import Bug, LamplighterError, UnknownOperation
from lamplighter.base.json_text import Json
from lamplighter.base.threads import run_in_thread
from lamplighter.store.audit_log import Actor, record_read, write_audited
from lamplighter.store.db import OutboxRow, Reader, Store, Tx
from lamplighter.store.timers import Timer


@dataclass(frozen=True, slots=True)
class Caller:
    """The account and region for which an operation runs."""

    account: str
    region: str
    origin: str = field(default="", compare=False)
    """The ARN of the schedule, rule or execution that makes the call; empty for a request from outside."""
    signer: Signer | None = field(default=None, compare=False)
    """Who signed the request, or for whose role the engine makes the call; None: the engine itself."""
    person: str = field(default="", compare=False)
    """Who the audit log records for the call: `anna`, or `key loader`; empty if nobody is."""
    trace: str | None = field(default=None, compare=False)
    """The request's header X-Amzn-Trace-Id, which messages carry on."""

    @property
    def session(self) -> RoleSession | None:
        """The session of a role under which the call is made, or None."""
        return None if self.signer is None else self.signer.session

    @property
    def access_key(self) -> str:
        """The key of the credentials file with which the caller, or who began its session, signed; else empty."""
        return "" if self.signer is None else self.signer.access_key


def caller_of(text: str) -> Caller:
    """Return the account and region in an ARN."""
    found = arn.parse_known(text)
    return Caller(found.account, found.region)


@dataclass(frozen=True, slots=True)
class Event:
    """An event as EventBridge transports it, without the fields that every event gets (version, id).

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
"""Work that runs in a thread before a turn (`base/precompute.py`). If it returns a `Prepared`, its value goes to the
operation together with the parameters."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A value that was computed from an operation's parameters before its turn."""

    value: Json


PREPARED = object()
"""The key of the parameters under which `prepare` stores a `Prepared` value. A request cannot contain this key."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of a service: it only reads (`read`) or runs in a turn of writes (`write`).

    If the result is awaitable, the bus awaits it after the commit (long polling).
    """

    read: Callable[[Reader, Caller, Json], Json] | None = None
    write: Callable[[Tx, Caller, Json], Json] | None = None
    """A function that returns None has no result: the bus answers with an empty object."""
    prepare: Callable[[Reader, Caller, Json], Work | None] | None = None
    """Return the work before the call, a function that runs in a thread or a coroutine function; None if there is
    none."""

    def run(self, tx: Tx, caller: Caller, params: Json) -> Json:
        """Write or read in a turn of writes, and return the result."""
        result = (self.write or self.read)(tx, caller, params)  # type: ignore[misc]
        return {} if result is None else result


_DELETING = ("Delete", "Deregister", "Unsubscribe")
_DELETING_CONTENT = frozenset({"DeleteMessage", "DeleteMessageBatch", "DeleteObject", "DeleteObjects"})
"""The operations that delete what no stack has; jobs may call them all the time."""


def _may_delete(operation: str) -> bool:
    return operation.startswith(_DELETING) and operation not in _DELETING_CONTENT


class Guard(Protocol):
    """Decides calls by the policies of IAM's roles; an engine has one only if it enforces IAM."""

    def check_call(self, reader: Reader, caller: Caller, service: str, operation: str, params: Json) -> None:
        """Raise AccessDenied unless the session of the caller's role may make a call."""

    def check_service_call(
        self, reader: Reader, principal: str, caller: Caller, service: str, operation: str, params: Json
    ) -> None:
        """Raise AccessDenied unless the policy of the called resource allows the call of a service."""

    def check_role(self, reader: Reader, service: str, session: RoleSession) -> None:
        """Raise AccessDenied, as a service words it, unless the session's service may assume the session's role."""

    def check_assume(self, reader: Reader, caller: Caller, params: Json) -> None:
        """Raise AccessDenied unless the trust policy of the role in AssumeRole's parameters includes the caller."""

    def drop_caches(self) -> None:
        """Forget what was compiled, because a turn failed."""


Listener = Callable[[Tx, Event], None]
Accepts = Callable[[Tx], bool]
"""Return whether a listener would do anything with an event now."""


class CallerGone(LamplighterError):
    """The caller has disconnected and no longer waits for the answer."""


async def wait_forever() -> None:
    """Wait until cancelled: the default for callers that never disconnect."""
    await asyncio.Event().wait()


async def first_result(*awaitables: Awaitable[Json]) -> Json:
    """Return the result of the awaitable that finishes first; cancel the others."""
    waits = [asyncio.ensure_future(each) for each in awaitables]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        return next(wait for wait in waits if wait.done()).result()
    finally:
        for wait in waits:
            wait.cancel()
        await asyncio.gather(*waits, return_exceptions=True)


class Service:
    """A service of an engine; a subclass overrides the methods that it needs."""

    name: str
    """The service's name in the outbox, in timers and in the signatures of requests, such as `ecs`."""
    operations: Mapping[str, Operation]
    """The service's operations by their AWS names."""

    async def handle_outbox_row(self, row: OutboxRow) -> None:
        """Process an outbox row after its commit. The engine calls this at least once for each row."""
        raise Bug(f"{self.name} puts nothing into the outbox, but row {row.id} has its name")

    def fire_timer(self, tx: Tx, timer: Timer) -> None:  # noqa: ARG002 - subclasses use it
        """Handle a timer that is due; this transaction has already deleted its row."""
        raise Bug(f"{self.name} sets no timers, but {timer.subject} has its name")

    def drop_caches(self) -> None:
        """Drop all state held in memory, because a turn failed and its writes are lost."""

    async def start(self) -> None:
        """Resume the work that the last engine left unfinished."""

    async def stop(self) -> None:
        """Release connections and threads; change nothing."""


@dataclass(slots=True)
class Bus:
    """All services of one engine, and the listeners to their events."""

    store: Store
    guard: Guard | None = None
    """Decides calls under roles; None: every call is allowed."""
    deletions: int = 0
    """The number of calls so far that may have deleted a resource which a stack has; messages and objects are none."""
    _services: dict[str, Mapping[str, Operation]] = field(default_factory=dict)
    _listeners: dict[str, list[tuple[Listener, Accepts]]] = field(default_factory=dict)
    _loaders: dict[str, Callable[[], Awaitable[None]]] = field(default_factory=dict)

    def serve(
        self,
        service: str,
        operations: Mapping[str, Operation],
        load: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        """Register the operations of a service; `load` loads the service before its first use."""
        self._services[service] = operations
        if load is not None:
            self._loaders[service] = load

    def serves(self, service: str, operation: str) -> bool:
        """Return whether a registered service has this operation."""
        return operation in self._services.get(service, {})

    def serves_any(self, service: str) -> bool:
        """Return whether the service is registered."""
        return service in self._services

    def can_invoke(self, service: str, operation: str) -> bool:
        """Return whether a turn may invoke an operation now: its service is loaded and has the operation."""
        return service not in self._loaders and self.serves(service, operation)

    async def only_reads(self, service: str, operation: str) -> bool:
        """Return whether an operation only reads, by its service's table. Raises `UnknownOperation`."""
        if not self.is_loaded(service):
            await self.load(service)
        return self._find(service, operation).write is None

    def needs_preparation(self, reader: Reader, caller: Caller, service: str, operation: str, params: Json) -> bool:
        """Return whether an operation with these parameters has work that would make a turn long."""
        prepare = self._find(service, operation).prepare
        return prepare is not None and prepare(reader, caller, params) is not None

    def is_loaded(self, service: str) -> bool:
        """Return whether a turn may invoke the service without loading it first."""
        return service not in self._loaders

    async def load(self, service: str) -> None:
        """Load a service unless it is already loaded."""
        if load := self._loaders.get(service):
            await load()
            self._services[service] = dict(self._services[service])
            self._loaders.pop(service, None)

    async def call(
        self,
        caller: Caller,
        service: str,
        operation: str,
        params: Json,
        until_caller_gone: Callable[[], Awaitable[None]] = wait_forever,
        actor: Actor | None = None,
    ) -> Json:
        """Run an operation, in a turn of its own if it writes, and return its result. Do not call it within a turn.

        `until_caller_gone` is awaited while the result is pending; it raises when the caller no longer needs an answer.
        If there is an `actor`, the call becomes an entry of the audit log, in the transaction of the operation.
        """
        params = await self.prepare(caller, service, operation, params)
        entry = self._find(service, operation)
        if entry.write is not None:
            if actor is None:
                result = await self.store.write(lambda tx: entry.run(tx, caller, params))
            else:
                caller = replace(caller, person=actor.words)
                run = partial(entry.run, caller=caller, params=params)
                result = await write_audited(self.store, actor, operation, params, run)
            self.deletions += _may_delete(operation)
        else:
            if actor is not None:
                await record_read(self.store, actor, operation, params)
            assert entry.read is not None
            result = entry.read(self.store.reader, caller, params)
        return await first_result(result, until_caller_gone()) if inspect.isawaitable(result) else result

    async def prepare(self, caller: Caller, service: str, operation: str, params: Json) -> Json:
        """Do what must not be in the operation's turn; return the parameters for the operation.

        Work runs in a thread if it would make the turn long, and is awaited if it asks another program. A call within a
        turn does without it.
        """
        if not self.is_loaded(service):
            await self.load(service)
        entry = self._services.get(service, {}).get(operation)
        work = (
            entry.prepare(self.store.reader, caller, params)
            if entry is not None and entry.prepare is not None
            else None
        )
        if work is None:
            return params
        done = await work() if inspect.iscoroutinefunction(work) else await run_in_thread(work)
        return {**params, PREPARED: done.value} if isinstance(done, Prepared) else params

    def check_access(self, reader: Reader, caller: Caller, service: str, operation: str, params: Json) -> None:
        """Raise AccessDenied if the engine enforces IAM and the caller's role does not allow a call."""
        if self.guard is not None and caller.session is not None:
            self.guard.check_call(reader, caller, service, operation, params)

    def check_trust(self, reader: Reader, caller: Caller, params: Json) -> None:
        """Raise AccessDenied if the engine enforces IAM, and the trust policy of AssumeRole's role lacks the caller."""
        if self.guard is not None:
            self.guard.check_assume(reader, caller, params)

    def invoke(self, tx: Tx, caller: Caller, service: str, operation: str, params: Json) -> Json:
        """Run an operation inside the current turn; its writes are kept or undone with those of the calling job."""
        self.deletions += _may_delete(operation)
        return self.invoke_for_stack(tx, caller, service, operation, params)

    def invoke_for_stack(self, tx: Tx, caller: Caller, service: str, operation: str, params: Json) -> Json:
        """Run an operation like `invoke`, for a stack: what it deletes is no longer a resource of the stack."""
        return self._find(service, operation).run(tx, caller, params)

    def read(self, reader: Reader, caller: Caller, service: str, operation: str, params: Json) -> Json:
        """Run a read-only operation on what `reader` sees. Raises `UnknownOperation` if the operation writes."""
        entry = self._find(service, operation)
        if entry.read is None:
            raise UnknownOperation(f"{service}:{operation} is not read-only")
        return entry.read(reader, caller, params)

    def subscribe(self, source: str, listener: Listener, accepts: Accepts = lambda _tx: True) -> None:
        """Call `listener` with every event of a source that `accepts` accepts, in the transaction that caused the
        event.

        The source `*` means all sources.
        """
        self._listeners.setdefault(source, []).append((listener, accepts))

    def publish(self, tx: Tx, source: str, make: Callable[[], Event]) -> None:
        """Send an event to its listeners; call `make` to build the event only if a listener wants it."""
        registered = self._listeners.get(source, []) + self._listeners.get("*", [])
        listeners = [listener for listener, wants in registered if wants(tx)]
        if listeners:
            event = make()
            for listener in listeners:
                tx.isolate(f"a listener to events of {source}", partial(listener, tx, event))

    def _find(self, service: str, operation: str) -> Operation:
        entry = self._services.get(service, {}).get(operation)
        if entry is None:
            raise UnknownOperation(f"this engine does not support {service}:{operation}")
        return entry
