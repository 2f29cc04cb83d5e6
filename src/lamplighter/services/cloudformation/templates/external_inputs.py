"""What a turn needs from elsewhere: objects in a bucket, parameters and secrets, the serverless transform, what takes
long to compute of a large template, and services that are not loaded yet.

A turn of the store cannot wait. Code that misses something raises `MissingInput`; the turn is undone, the thing is
fetched or computed by a thread of its own, and the turn is run again with it at hand. So nothing that was fetched is
believed without the rows that record its effect. Promises to call only what an endpoint was configured for, and says so
where none was.
"""

import asyncio
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from lamplighter.base.errors import AwsError, LamplighterError, Unavailable
from lamplighter.base.json_text import Json, dump_bytes, dumps, loads
from lamplighter.bus import Bus
from lamplighter.outbound.aws import RemoteServices
from lamplighter.services.cloudformation.errors import StackValidationError
from lamplighter.store.db import Reader

T = TypeVar("T")

SAM = "sam"
"""In the place of a service: the serverless transform."""
MOST = 1_000
"""How many things one turn may want."""
SHORT = 100_000
"""Up to how many characters of a template a turn computes something of it: about 20 ms."""
PATIENCE = 60
"""Seconds that the transform may take."""


@dataclass(frozen=True, slots=True)
class ExternalRequest:
    """Something that is elsewhere."""

    service: str
    operation: str
    params: str
    """JSON text."""
    region: str


class MissingInput(LamplighterError):
    """Something is missing that is elsewhere."""


class NotFetched(MissingInput):
    """Something is missing that a call gives."""

    def __init__(self, request: ExternalRequest) -> None:
        super().__init__(f"{request.service}:{request.operation}")
        self.request = request


class NotLoaded(MissingInput):
    """A service is missing that was never needed before."""

    def __init__(self, service: str) -> None:
        super().__init__(service)
        self.service = service


class NotComputed(MissingInput):
    """Something is missing that takes long to compute."""

    def __init__(self, name: str, compute: Callable[[Reader], Any]) -> None:
        super().__init__(name)
        self.name = name
        self.compute = compute


@dataclass(frozen=True, slots=True)
class ComputationError:
    """In the place of a result: what the computation raised."""

    error: Exception


@dataclass(frozen=True, slots=True)
class ExternalInputs:
    """What was fetched and computed so far; an error stands for what could not be."""

    found: dict[ExternalRequest, Json] = field(default_factory=dict)
    computed: dict[str, Any] = field(default_factory=dict)

    def get(self, service: str, operation: str, params: Json, region: str) -> Json:
        """What was asked for; Wanted where it was not fetched yet."""
        request = ExternalRequest(service, operation, dumps(params), region)
        if request not in self.found:
            raise NotFetched(request)
        answer = self.found[request]
        if isinstance(answer, AwsError):
            raise answer
        return answer

    def compute(self, name: str, size: int, reader: Reader, run: "Callable[[Reader, ExternalInputs], T]") -> T:
        """Compute something of a template: at once where it is short, by a thread before the turn where it is not.

        `size`: of its text, in characters. `name`: no other computation of this turn has it.
        """
        if size <= SHORT:
            return run(reader, self)
        if name not in self.computed:
            raise NotComputed(name, lambda aside: run(aside, self))
        result: T | ComputationError = self.computed[name]
        if isinstance(result, ComputationError):
            raise result.error
        return result


Look = Callable[[Callable[[Reader], Any]], Awaitable[Any]]
"""Has a thread run something."""


class InputFetcher:
    """Fetches what is wanted."""

    def __init__(self, bus: Bus, remote: RemoteServices) -> None:
        self._bus = bus
        self._remote = remote

    async def run_with_inputs(self, run: Callable[[ExternalInputs], Awaitable[T]], *, insists: bool = False) -> T:
        """Have something done, again and again until nothing is wanted any more.

        `insists`: also while the data directory cannot be read.
        """
        material = ExternalInputs()
        for _ in range(MOST):
            try:
                return await run(material)
            except NotComputed as missing:
                look = self._bus.store.read_in_thread_with_retry if insists else self._bus.store.read_in_thread
                await self._compute(material, missing, look)
            except NotLoaded as missing:
                await self._bus.load(missing.service)
            except NotFetched as missing:
                material.found[missing.request] = await self._fetch(missing.request)
        raise StackValidationError(f"Template error: more than {MOST} values from elsewhere are wanted")

    async def _compute(self, material: ExternalInputs, missing: NotComputed, look: Look) -> None:
        """Have a thread compute something; what it misses itself is fetched, and the next try goes on with it."""
        try:
            material.computed[missing.name] = await look(missing.compute)
        except NotFetched as inner:
            material.found[inner.request] = await self._fetch(inner.request)
        except Unavailable:
            raise
        except Exception as error:  # noqa: BLE001 - the turn that wanted it raises it
            material.computed[missing.name] = ComputationError(error)

    async def _fetch(self, request: ExternalRequest) -> Json:
        params = loads(request.params)
        try:
            if request.service == SAM:
                return await asyncio.to_thread(_transform, params)
            if not self._remote.knows(request.service, request.operation):
                return StackValidationError(
                    f"{request.service}:{request.operation} has nowhere to go: name an endpoint for "
                    f"{request.service} (--endpoint {request.service}=URL)"
                )
            return await self._remote.call(request.service, request.operation, params, request.region)
        except AwsError as error:
            return error


def _transform(params: Json) -> Json:
    """Run the transform in a process of its own: its library takes as long to load as the whole engine."""
    done = subprocess.run(
        [sys.executable, "-m", "lamplighter.services.cloudformation.templates.sam_transform"],
        input=dump_bytes(params),
        capture_output=True,
        timeout=PATIENCE,
        check=False,
        env={**os.environ, "AWS_DEFAULT_REGION": params["region"]},
    )
    if done.returncode != 0:
        return StackValidationError(
            "Transform AWS::Serverless-2016-10-31 failed without a word; the engine's log has no more."
        )
    answer = loads(done.stdout)
    return StackValidationError(answer["error"]) if "error" in answer else answer["template"]
