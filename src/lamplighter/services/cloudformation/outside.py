"""What a template needs from elsewhere: objects in a bucket, parameters and secrets, the serverless transform.

A turn of the store cannot wait. Whoever misses something raises `Wanted`; the turn is undone, the thing is fetched, and
the turn is run again with it at hand. So nothing that was fetched is believed without the rows that record its effect.
Promises to call only what an endpoint was configured for, and says so where none was.
"""

import asyncio
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeVar

from lamplighter.base.errors import AwsError, LamplighterError
from lamplighter.base.jsontext import Json, dump_bytes, dumps, loads
from lamplighter.outbound.aws import Remote
from lamplighter.services.cloudformation.errors import Invalid

T = TypeVar("T")

SAM = "sam"
"""In the place of a service: the serverless transform."""
MOST = 1_000
"""How many things one turn may want."""
PATIENCE = 60
"""Seconds that the transform may take."""


@dataclass(frozen=True, slots=True)
class Request:
    """Something that is elsewhere."""

    service: str
    operation: str
    params: str
    """JSON text."""
    region: str


class Wanted(LamplighterError):
    """Something is missing that is elsewhere."""

    def __init__(self, request: Request) -> None:
        super().__init__(f"{request.service}:{request.operation}")
        self.request = request


@dataclass(frozen=True, slots=True)
class Material:
    """What was fetched so far; an error stands for what could not be."""

    found: dict[Request, Json] = field(default_factory=dict)

    def get(self, service: str, operation: str, params: Json, region: str) -> Json:
        """What was asked for; Wanted where it was not fetched yet."""
        request = Request(service, operation, dumps(params), region)
        if request not in self.found:
            raise Wanted(request)
        answer = self.found[request]
        if isinstance(answer, AwsError):
            raise answer
        return answer


class Outside:
    """Fetches what is wanted."""

    def __init__(self, remote: Remote) -> None:
        self._remote = remote

    async def supplied(self, run: Callable[[Material], Awaitable[T]]) -> T:
        """Have something done, again and again until nothing is wanted any more."""
        material = Material()
        for _ in range(MOST):
            try:
                return await run(material)
            except Wanted as wanted:
                material.found[wanted.request] = await self._fetch(wanted.request)
        raise Invalid(f"Template error: more than {MOST} values from elsewhere are wanted")

    async def _fetch(self, request: Request) -> Json:
        params = loads(request.params)
        try:
            if request.service == SAM:
                return await asyncio.to_thread(_transform, params)
            if not self._remote.knows(request.service, request.operation):
                return Invalid(
                    f"{request.service}:{request.operation} has nowhere to go: name an endpoint for "
                    f"{request.service} (--endpoint {request.service}=URL)"
                )
            return await self._remote.call(request.service, request.operation, params, request.region)
        except AwsError as error:
            return error


def _transform(params: Json) -> Json:
    """Run the transform in a process of its own: its library takes as long to load as the whole engine."""
    done = subprocess.run(
        [sys.executable, "-m", "lamplighter.services.cloudformation.sam"],
        input=dump_bytes(params),
        capture_output=True,
        timeout=PATIENCE,
        check=False,
        env={**os.environ, "AWS_DEFAULT_REGION": params["region"]},
    )
    if done.returncode != 0:
        return Invalid("Transform AWS::Serverless-2016-10-31 failed without a word; the engine's log has no more.")
    answer = loads(done.stdout)
    return Invalid(answer["error"]) if "error" in answer else answer["template"]
