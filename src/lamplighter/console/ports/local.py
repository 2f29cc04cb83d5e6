"""The console's port over an engine of this process.

Promises that what is asked for is checked as a request from outside would be.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from lamplighter.base.errors import ValidationError
from lamplighter.base.json_text import Json, dump_bytes, loads
from lamplighter.bus import Caller
from lamplighter.console.ports.port import Place, place_of_arn
from lamplighter.engine.engine import Engine
from lamplighter.services.states.tables import state_machines

DEFAULT_REGION = "us-east-1"
SHORT = 100
"""Events that are read at once."""


@dataclass(frozen=True, slots=True)
class LocalPort:
    """The APIs of an engine."""

    engine: Engine
    title: str = "This engine"
    patience: float = 0.4
    rest: float = 5.0
    reach: int = 1000

    @property
    def endpoint(self) -> str:
        """See `Port`."""
        return self.engine.config.url

    async def places(self) -> Sequence[Place]:
        """Where there are state machines; where nothing is anywhere, the place of who says nothing."""
        found = [Place(*each) for each in state_machines.places_with_machines(self.engine.store.reader)]
        return found or [Place(self.engine.config.account, DEFAULT_REGION)]

    async def call(self, place: Place, service: str, operation: str, params: Json) -> Json:
        """See `Port`."""
        self.engine.catalog.operation(service, operation).check(params)
        return await self._answer(place, service, operation, params)

    async def slots(self, schedule: str, before: float | None = None) -> Json:
        """See `Port`."""
        place, parts = place_of_arn(schedule), schedule.split("/")
        if place is None or len(parts) != 3:
            raise ValidationError(f"{schedule} is not the ARN of a schedule")
        params = {"GroupName": parts[1], "Name": parts[2]} | ({} if before is None else {"Before": before})
        return await self._answer(place, "scheduler", "ListSlots", params)

    async def told(self, place: Place, service: str, operation: str, params: Json) -> Json:
        """See `Port`."""
        return await self._answer(place, service, operation, params)

    async def _answer(self, place: Place, service: str, operation: str, params: Json) -> Json:
        answer = await self.engine.call(Caller(place.account, place.region), service, operation, params)
        # A page of events takes its 20 ms: the loop has others to serve.
        long = isinstance(answer, dict) and len(answer.get("events", ())) > SHORT
        return await asyncio.to_thread(_plain, answer) if long else _plain(answer)


def _plain(answer: Json) -> Json:
    return loads(dump_bytes(answer))
