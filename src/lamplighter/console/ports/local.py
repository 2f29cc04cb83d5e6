"""Implement the console's port for an engine in this process.

Guarantees that `call` validates its parameters like a request over HTTP.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lamplighter.base.json_text import Json, dump_bytes, loads
from lamplighter.bus import Caller
from lamplighter.console.ports.port import EngineCondition, Place
from lamplighter.engine import health
from lamplighter.engine.engine import Engine
from lamplighter.services.states.tables import state_machines
from lamplighter.store import audit_log, retention
from lamplighter.store.audit_limits import LimitedKind
from lamplighter.store.audit_log import Actor, AuditEntry
from lamplighter.wire.access.roles import Role, needed_role

DEFAULT_REGION = "us-east-1"
MAX_EVENTS_ON_LOOP = 100
"""The most events that are converted on the event loop; a thread converts longer answers."""


@dataclass(frozen=True, slots=True)
class LocalPort:
    """AWS's APIs of an engine in this process."""

    engine: Engine
    title: str = "This engine"
    poll_seconds: float = 0.4
    list_poll_seconds: float = 5.0
    max_calls: int = 1000
    has_audit_log: bool = True

    @property
    def endpoint(self) -> str:
        """The engine's URL; see `ConsolePort`."""
        return self.engine.config.public_url

    async def places(self) -> Sequence[Place]:
        """Return the places that have state machines, or the engine's account in the default region."""
        found = [Place(*each) for each in state_machines.places_with_machines(self.engine.store.reader)]
        return found or [Place(self.engine.config.account, DEFAULT_REGION)]

    async def call(self, place: Place, service: str, operation: str, params: Json, actor: Actor | None = None) -> Json:
        """Call an operation; see `ConsolePort`."""
        self.engine.catalog.operation(service, operation).check(params)
        return await self.call_internal(place, service, operation, params, actor)

    async def call_internal(
        self, place: Place, service: str, operation: str, params: Json, actor: Actor | None = None
    ) -> Json:
        """Call an operation of the engine that AWS does not have; see `ConsolePort`."""
        if actor is not None:
            only_reads = await self.engine.bus.only_reads(service, operation)
            actor = None if needed_role(service, operation, only_reads=only_reads) is Role.LOOK else actor
        caller = Caller(place.account, place.region)
        answer = await self.engine.call(caller, service, operation, params, actor=actor)
        # Converting a page of events takes 20 ms, which would delay other requests on the loop.
        is_long = isinstance(answer, dict) and len(answer.get("events", ())) > MAX_EVENTS_ON_LOOP
        return await asyncio.to_thread(_to_plain_json, answer) if is_long else _to_plain_json(answer)

    async def conditions(self) -> Sequence[EngineCondition]:
        """Return the engine's problems; see `ConsolePort`. Visitors have logged in, so that names are shown."""
        found = health.read_health(self.engine).by_severity
        return [EngineCondition(each.reason, each.advice, each.stops_work) for each in found]

    async def record(self, actor: Actor, action: str, resource: str, outcome: str, kind: LimitedKind) -> None:
        """Add an entry to the audit log; see `ConsolePort`."""
        await audit_log.record_limited(self.engine.store, actor, action, resource, outcome, kind)

    def audit_entries(self, before: int | None, limit: int) -> Sequence[AuditEntry]:
        """Return the latest entries of the audit log; see `ConsolePort`."""
        return audit_log.list_entries(self.engine.store.reader, before=before, limit=limit)

    def find_starters(self, machine: str, times: Sequence[int]) -> Mapping[int, Actor]:
        """Return who started runs, as far as the audit log knows; see `ConsolePort`."""
        return audit_log.find_actors(self.engine.store.reader, "StartExecution", machine, times)

    def audit_kept_days(self) -> float:
        """Return for how long the audit log is kept; see `ConsolePort`."""
        return retention.read(self.engine.store.reader).audit / retention.DAY


def _to_plain_json(answer: Json) -> Json:
    return loads(dump_bytes(answer))
