"""Fetch what a turn needs but cannot wait for, and run the turn again with it.

Such inputs are objects in a bucket, parameters and secrets, the serverless transform, long computations on a large
template, and services that are not loaded yet. Code that misses an input raises `MissingInput`. The turn is undone, a
thread fetches or computes the input, and the turn runs again with it. An input is therefore used only in the turn that
records its effect. A service of this engine is read within the turn, which sees what the turn wrote. Guarantees that
of other services, only those with a configured endpoint are called; without one, an error says so.
"""

import asyncio
import logging
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from lamplighter.base.errors import AwsError, LamplighterError, MissingLibrary, Unavailable
from lamplighter.base.file_body import FileBody
from lamplighter.base.json_text import Json, dump_bytes, dumps, loads
from lamplighter.base.modules import is_installed
from lamplighter.bus import Bus, Caller
from lamplighter.outbound.aws import RemoteServices
from lamplighter.services.cloudformation.errors import StackValidationError, TransformUnavailable
from lamplighter.store.db import Reader

T = TypeVar("T")

log = logging.getLogger("lamplighter.cloudformation")

SAM = "sam"
"""The value, in the place of a service, that stands for the serverless transform."""
MAX_INPUTS = 1_000
"""The most inputs that one turn may need."""
MAX_INLINE_CHARACTERS = 100_000
"""The most characters of a template on which a turn computes itself: about 20 ms."""
TRANSFORM_TIMEOUT_SECONDS = 60
"""The most seconds that the transform may take."""


@dataclass(frozen=True, slots=True)
class ExternalRequest:
    """A call whose answer a turn needs."""

    service: str
    operation: str
    params: str
    """The parameters as JSON text."""
    region: str


class MissingInput(LamplighterError):
    """The error for an input that a turn needs and does not have yet."""


class NotFetched(MissingInput):
    """The error for a missing answer of a call."""

    def __init__(self, request: ExternalRequest) -> None:
        super().__init__(f"{request.service}:{request.operation}")
        self.request = request


class NotLoaded(MissingInput):
    """The error for a service that is not loaded yet."""

    def __init__(self, service: str) -> None:
        super().__init__(service)
        self.service = service


class NotComputed(MissingInput):
    """The error for a missing result of a long computation."""

    def __init__(self, name: str, compute: Callable[[Reader], Any]) -> None:
        super().__init__(name)
        self.name = name
        self.compute = compute


@dataclass(frozen=True, slots=True)
class ComputationError:
    """The exception that a computation raised, in the place of its result."""

    error: Exception


@dataclass(frozen=True, slots=True)
class ExternalInputs:
    """The inputs that were fetched and computed so far; a failed call is stored as its error."""

    bus: Bus
    aws_limits: bool = False
    """Whether AWS's limits apply to all templates that are not of this engine alone."""
    answers: dict[ExternalRequest, Json] = field(default_factory=dict)
    computed: dict[str, Any] = field(default_factory=dict)

    def get(self, service: str, operation: str, params: Json, caller: Caller, reader: Reader | None = None) -> Json:
        """Return the answer of a call, with bodies read to their end.

        A service of this engine reads with `reader`, or what is committed. Raises `NotLoaded` if it is not loaded yet,
        and `NotFetched` if the answer of another service was not fetched yet. Raises AccessDenied if the caller's role
        does not allow the call.
        """
        if self.bus.serves_any(service):
            if not self.bus.is_loaded(service):
                raise NotLoaded(service)
            reader = reader or self.bus.store.reader
            self.bus.check_access(reader, caller, service, operation, params)
            answer = self.bus.read(reader, caller, service, operation, params)
            return {name: each.read() if isinstance(each, FileBody) else each for name, each in answer.items()}
        request = ExternalRequest(service, operation, dumps(params), caller.region)
        if request not in self.answers:
            raise NotFetched(request)
        answer = self.answers[request]
        if isinstance(answer, AwsError):
            raise answer
        return answer

    def compute(self, name: str, size: int, reader: Reader, run: "Callable[[Reader, ExternalInputs], T]") -> T:
        """Compute a result from a template: immediately if it is short, else in a thread before the turn.

        `size` is the length of the template's text in characters. `name` must be unique among the computations of this
        turn.
        """
        if size <= MAX_INLINE_CHARACTERS:
            return run(reader, self)
        if name not in self.computed:
            raise NotComputed(name, lambda aside: run(aside, self))
        result: T | ComputationError = self.computed[name]
        if isinstance(result, ComputationError):
            raise result.error
        return result


ReadInThread = Callable[[Callable[[Reader], Any]], Awaitable[Any]]
"""A function that runs a computation in a thread, with a reader of the store."""


class InputFetcher:
    """A fetcher of the inputs that turns miss."""

    def __init__(self, bus: Bus, remote: RemoteServices, make_inputs: Callable[[], ExternalInputs]) -> None:
        self._bus = bus
        self._remote = remote
        self._make_inputs = make_inputs

    async def run_with_inputs(self, run: Callable[[ExternalInputs], Awaitable[T]], *, retries: bool = False) -> T:
        """Call a function; each time it lacks an input, fetch the input and call the function again.

        With `retries`, wait while the data directory cannot be read; otherwise this is an error.
        """
        inputs = self._make_inputs()
        for _ in range(MAX_INPUTS):
            try:
                return await run(inputs)
            except NotComputed as missing:
                read_in_thread = (
                    self._bus.store.read_in_thread_with_retry if retries else self._bus.store.read_in_thread
                )
                await self._compute(inputs, missing, read_in_thread)
            except NotLoaded as missing:
                await self._bus.load(missing.service)
            except NotFetched as missing:
                inputs.answers[missing.request] = await self._fetch(missing.request)
        raise StackValidationError(f"Template error: the template needs more than {MAX_INPUTS} external values")

    async def _compute(self, inputs: ExternalInputs, missing: NotComputed, read_in_thread: ReadInThread) -> None:
        """Compute a result in a thread. If the computation misses an answer, fetch it for the next try."""
        try:
            inputs.computed[missing.name] = await read_in_thread(missing.compute)
        except NotFetched as inner:
            inputs.answers[inner.request] = await self._fetch(inner.request)
        except NotLoaded as inner:
            await self._bus.load(inner.service)
        except Unavailable:
            raise
        except Exception as error:  # noqa: BLE001 - the turn that requested it raises it
            inputs.computed[missing.name] = ComputationError(error)

    async def _fetch(self, request: ExternalRequest) -> Json:
        params = loads(request.params)
        try:
            if request.service == SAM:
                return await asyncio.to_thread(_transform, params)
            if not self._remote.can_call(request.service, request.operation):
                return StackValidationError(
                    f"{request.service}:{request.operation} cannot be called, because no endpoint is configured for "
                    f"{request.service} (--endpoint {request.service}=URL)"
                )
            return await self._remote.call(request.service, request.operation, params, request.region)
        except AwsError as error:
            return error


def _transform(params: Json) -> Json:
    """Run the transform in a separate process, because its library takes as long to load as the whole engine."""
    if not is_installed("samtranslator"):
        return TransformUnavailable(MissingLibrary("Transform AWS::Serverless-2016-10-31", "aws"))
    try:
        done = subprocess.run(
            [sys.executable, "-m", "lamplighter.services.cloudformation.templates.sam_transform"],
            input=dump_bytes(params),
            capture_output=True,
            timeout=TRANSFORM_TIMEOUT_SECONDS,
            check=False,
            env={**os.environ, "AWS_DEFAULT_REGION": params["region"]},
        )
    except subprocess.TimeoutExpired as error:
        return _failed(f"it took longer than {TRANSFORM_TIMEOUT_SECONDS} seconds", error.stderr or b"")
    except OSError as error:
        return _failed(f"it could not be started: {error.strerror or error}", b"")
    if done.returncode != 0:
        last = done.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        return _failed(last or f"exit code {done.returncode}", done.stderr)
    answer = loads(done.stdout)
    return StackValidationError(answer["error"]) if "error" in answer else answer["template"]


def _failed(reason: str, output: bytes) -> TransformUnavailable:
    log.error("the serverless transform failed: %s\n%s", reason, output.decode(errors="replace"))
    return TransformUnavailable(f"Transform AWS::Serverless-2016-10-31 failed: {reason}")
