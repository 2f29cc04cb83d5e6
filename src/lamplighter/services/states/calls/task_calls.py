"""Carrying out what executions asked of the world: calls, their outcomes, and calling them off.

A call to one of our own services is one job: the call, the outbox row that asked for it, and what the execution is told
of it are kept together, so that it happens exactly once.
"""

import inspect
import logging
from collections.abc import Awaitable

from botocore.model import Shape

from lamplighter.asl.definition.model import Resource
from lamplighter.asl.definition.parse import parse_resource
from lamplighter.asl.execution.messages import Event as MachineEvent
from lamplighter.asl.execution.messages import TaskFailed, TaskSubmitted, TaskSucceeded
from lamplighter.base.errors import AwsError, Bug
from lamplighter.base.json_text import Json, dumps
from lamplighter.base.world import World
from lamplighter.bus import Bus, Caller
from lamplighter.outbound.aws import CallFailed, RemoteServices
from lamplighter.services.states.activities.activity_polls import ActivityPolls
from lamplighter.services.states.calls import lambda_functions, put_events
from lamplighter.services.states.calls.http_tasks import SERVICE as HTTP
from lamplighter.services.states.calls.http_tasks import HttpFailed, HttpTasks, OnExchange
from lamplighter.services.states.calls.integrations import CallBinding, bind_resource
from lamplighter.services.states.calls.parameter_casing import ParametersRefused, to_service, to_states
from lamplighter.services.states.calls.sync_calls import Models, SyncCall, SyncCalls, caller_of, instant
from lamplighter.services.states.executions.driver import Driver
from lamplighter.services.states.executions.isolated_steps import INTERNAL
from lamplighter.services.states.outbox_rows import StartCall
from lamplighter.services.states.tables.frames import Work
from lamplighter.store import outbox
from lamplighter.store.db import Tx
from lamplighter.wire.models import service_quirks
from lamplighter.wire.models.validate import Check, compile_check

log = logging.getLogger("lamplighter.states")

UNFIT = "The Parameters '{}' could not be used to start the Task: [{}]"


class TaskCaller:
    """Does what the outbox says for Step Functions."""

    def __init__(
        self,
        bus: Bus,
        world: World,
        driver: Driver,
        models: Models,
        polls: ActivityPolls,
        remote: RemoteServices,
        https: HttpTasks,
    ) -> None:
        self._bus = bus
        self._world = world
        self._driver = driver
        self._models = models
        self._polls = polls
        self._remote = remote
        self._https = https
        self.sync_calls = SyncCalls(bus, driver, models, remote)
        self._checks: dict[tuple[str, str], Check] = {}
        driver.unfit = self.why_parameters_unfit

    def why_parameters_unfit(self, resource: Resource, parameters: Json) -> str | None:
        """Why a call cannot take these parameters; None where it can, or where nobody knows what it takes."""
        binding = bind_resource(resource) if resource.kind in ("integration", "sdk") else None
        if binding is None or binding.service == HTTP or not self._is_known(binding):
            return None
        try:
            shape = self._models(binding.service).operation_model(binding.operation).input_shape
            to_service(shape, lambda_functions.invoke_parameters(resource, parameters))
        except ParametersRefused as error:
            return UNFIT.format(dumps(parameters), error)
        return None

    def _is_known(self, binding: CallBinding) -> bool:
        served = self._bus.serves(binding.service, binding.operation)
        return served or self._remote.knows(binding.service, binding.operation)

    async def start(self, key: int, row: StartCall) -> None:
        """Make the call that a row of the outbox asks for."""
        try:
            waiting = await self._bus.store.write_with_retry(lambda tx: self._start(tx, key, row))
            if waiting is not None:
                await self._await(key, row, waiting)
        except Exception:
            log.exception("%s could not be called", row.resource)
            event = TaskFailed(row.frame, row.number, "States.Runtime", INTERNAL)
            await self._bus.store.write_with_retry(lambda tx: self._conclude(tx, key, row, event))

    async def call_once(
        self, caller: Caller, resource: Resource, parameters: Json, watch: OnExchange | None = None
    ) -> TaskSucceeded | TaskFailed:
        """Make a call that no execution waits for, and tell how it ended; `watch` is told of an HTTP task's call."""
        nobody = Work(0, 0, 0)
        binding = bind_resource(resource)
        if binding is None:
            raise Bug(f"nothing serves {resource.text}")
        try:
            prepared = lambda_functions.invoke_parameters(resource, parameters)
            answer = await self._bus.store.write(lambda tx: self._call(tx, caller, binding, prepared, watch))
            answer = await answer if inspect.isawaitable(answer) else answer
        except (AwsError, ParametersRefused) as error:
            return self._refusal(nobody, binding, error, parameters)
        return self._read(nobody, resource, binding, answer)

    def _start(self, tx: Tx, key: int, row: StartCall) -> Awaitable[Json] | None:
        """Make a call; what to wait for, where its answer takes time."""
        if not outbox.is_pending(tx, key):
            return None
        resource = parse_resource(row.resource)
        if resource is None or not self._driver.waits_for(tx, row.work):
            outbox.delete(tx, key)
            return None
        if resource.kind == "activity":
            outbox.delete(tx, key)
            self._polls.offer(tx, resource.text, row.work, row.token or "", dumps(row.parameters))
            return None
        binding = bind_resource(resource)
        if binding is None:
            raise Bug(f"nothing serves {resource.text}")
        try:
            with tx.nested():
                parameters = lambda_functions.invoke_parameters(resource, row.parameters)
                if put_events.is_put_events(binding):
                    parameters = put_events.put_events_parameters(parameters, row.arn)
                answer = self._call(tx, caller_of(row.arn), binding, parameters)
        except (AwsError, ParametersRefused) as error:
            self._conclude(tx, key, row, self._refusal(row.work, binding, error, row.parameters))
            return None
        if inspect.isawaitable(answer):
            return answer
        self._answered(tx, key, row, resource, binding, answer)
        return None

    async def _await(self, key: int, row: StartCall, waiting: Awaitable[Json]) -> None:
        resource = parse_resource(row.resource)
        assert resource is not None
        binding = bind_resource(resource)
        assert binding is not None
        try:
            answer = await waiting
        except AwsError as error:
            refusal = self._refusal(row.work, binding, error, row.parameters)
            await self._bus.store.write_with_retry(lambda tx: self._conclude(tx, key, row, refusal))
            return
        await self._bus.store.write_with_retry(lambda tx: self._answered(tx, key, row, resource, binding, answer))

    def _call(
        self, tx: Tx, caller: Caller, binding: CallBinding, parameters: Json, watch: OnExchange | None = None
    ) -> Json:
        if binding.service == HTTP:  # no service of AWS, and nothing that botocore knows
            return self._https.invoke(tx, caller, parameters, watch)
        operation = self._models(binding.service).operation_model(binding.operation)
        params = to_service(operation.input_shape, parameters)
        if self._bus.serves(binding.service, binding.operation):
            self._check(binding, operation.input_shape)(params)
            return self._bus.invoke(tx, caller, binding.service, binding.operation, params)
        return self._remote.call(binding.service, binding.operation, params, caller.region)

    def _check(self, binding: CallBinding, shape: Shape | None) -> Check:
        """What a service's front checks of a customer's request."""
        key = binding.service, binding.operation
        if key not in self._checks:
            self._checks[key] = compile_check(shape, service_quirks.quirks_of(binding.service))
        return self._checks[key]

    def _conclude(self, tx: Tx, key: int, row: StartCall, event: MachineEvent) -> None:
        if outbox.delete(tx, key):
            self._driver.send_event(tx, row.execution, event)

    def _refusal(
        self, work: Work, binding: CallBinding, error: AwsError | ParametersRefused, parameters: Json
    ) -> TaskFailed:
        if isinstance(error, ParametersRefused):
            cause = UNFIT.format(dumps(parameters), error)
            return TaskFailed(work.frame, work.number, "States.Runtime", cause)
        if binding.service == HTTP:
            code = error.code if isinstance(error, HttpFailed) else f"Events.{error.code}"
            return TaskFailed(work.frame, work.number, code, error.message)
        name = self._exception(binding, error)
        request = self._world.uuid()
        if binding.optimised:
            cause = (
                f"{error.message} (Service: {binding.label}; Status Code: {error.status}; Error Code: {error.code}; "
                f"Request ID: {request}; Proxy: null)"
            )
        else:
            cause = (
                f"{error.message} (Service: {binding.label}, Status Code: {error.status}, Request ID: {request}) "
                "(SDK Attempt Count: 1)"
            )
        return TaskFailed(work.frame, work.number, f"{binding.error}.{name}", cause)

    def _exception(self, binding: CallBinding, error: AwsError) -> str:
        """The SDK's name for an error: one that the service's model has is called so, the rest after the service."""
        model = self._models(binding.service)
        modelled = error.code in model.shape_names or any(error.code == each.error_code for each in model.error_shapes)
        if binding.optimised and not modelled and not isinstance(error, CallFailed):
            return f"{binding.label.removesuffix('v2')}Exception"
        return error.code if error.code.endswith("Exception") else f"{error.code}Exception"

    def _answered(
        self, tx: Tx, key: int, row: StartCall, resource: Resource, binding: CallBinding, answer: Json
    ) -> None:
        """A call was answered: the work is done, or goes on elsewhere."""
        event = self._read(row.work, resource, binding, answer)
        if isinstance(event, TaskFailed) or resource.pattern == "":
            self._conclude(tx, key, row, event)
            return
        self._conclude(tx, key, row, TaskSubmitted(row.frame, row.number, event.output))
        if binding.sync is not None:
            names = binding.sync.names(row.parameters, answer)
            self.sync_calls.begin(tx, SyncCall(row.work, resource, binding, binding.sync, row.arn), names)

    def _read(self, work: Work, resource: Resource, binding: CallBinding, answer: Json) -> TaskSucceeded | TaskFailed:
        """What an answer says of the call."""
        if binding.service == HTTP:
            return TaskSucceeded(work.frame, work.number, answer)
        shape = self._models(binding.service).operation_model(binding.operation).output_shape
        if binding.service == "lambda":
            raised = lambda_functions.function_error(answer)
            if raised is not None:
                return TaskFailed(work.frame, work.number, *raised)
            answer = lambda_functions.function_result(resource, answer)
        if binding.sync is not None and binding.sync.refused(answer):
            cause = dumps(to_states(shape, answer, instant(binding)))
            return TaskFailed(work.frame, work.number, f"{binding.label}.Unknown", cause)
        if put_events.is_put_events(binding) and answer.get("FailedEntryCount"):
            cause = dumps(to_states(shape, answer, instant(binding)))
            return TaskFailed(work.frame, work.number, put_events.ERROR, cause)
        output = answer if resource.kind == "lambda" else self._seen(binding, shape, answer)
        return TaskSucceeded(work.frame, work.number, output)

    def _seen(self, binding: CallBinding, shape: Shape | None, answer: Json) -> Json:
        """An answer as the state machine sees it."""
        seen: Json = to_states(shape, answer or {}, instant(binding))
        if not binding.optimised or put_events.is_put_events(binding):  # recorded: of events it tells no transport
            return seen
        return seen | self._transport(dumps(to_plain(answer)))

    def _transport(self, body: str) -> Json:
        """What an optimised integration tells of the HTTP exchange."""
        request = self._world.uuid()
        headers = {
            "Content-Length": str(len(body)),
            "Content-Type": "application/x-amz-json-1.1",
            "x-amzn-RequestId": request,
        }
        return {
            "SdkHttpMetadata": {
                "AllHttpHeaders": {name: [value] for name, value in headers.items()},
                "HttpHeaders": headers,
                "HttpStatusCode": 200,
            },
            "SdkResponseMetadata": {"RequestId": request},
        }


def to_plain(value: Json) -> Json:
    """An answer without what JSON can't hold."""
    if isinstance(value, dict):
        return {key: to_plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [to_plain(item) for item in value]
    return value.decode(errors="replace") if isinstance(value, bytes) else value
