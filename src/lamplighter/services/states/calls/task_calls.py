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
from lamplighter.asl.execution.messages import Broken, TaskFailed, TaskSubmitted, TaskSucceeded
from lamplighter.asl.execution.messages import Event as MachineEvent
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
from lamplighter.services.states.tables.frames import Work
from lamplighter.store import outbox
from lamplighter.store.db import OutboxRow, Tx
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
        self._following = SyncCalls(bus, driver, models, remote)
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

    async def handle_outbox_row(self, posted: OutboxRow) -> None:
        """Do what one row of the outbox says."""
        if posted.body is None:
            await self._bus.store.write_with_retry(lambda tx: self._break_off(tx, posted))
            return
        if posted.body["do"] in ("cancel", "follow"):
            await self._following.handle_outbox_row(posted)
            return
        try:
            waiting = await self._bus.store.write_with_retry(lambda tx: self._start(tx, posted))
            if waiting is not None:
                await self._await(posted, waiting)
        except Exception:
            log.exception("%s could not be called", posted.body["resource"])
            event = TaskFailed(posted.body["frame"], posted.body["number"], "States.Runtime", INTERNAL)
            await self._bus.store.write_with_retry(lambda tx: self._conclude(tx, posted, event))

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

    def _break_off(self, tx: Tx, posted: OutboxRow) -> None:
        """Nobody knows any more what an execution asked for: it can't go on."""
        if outbox.delete(tx, posted.id):
            self._driver.send_event(tx, int(posted.subject), Broken(f"row {posted.id} of the outbox cannot be read"))

    def _start(self, tx: Tx, posted: OutboxRow) -> Awaitable[Json] | None:
        """Make a call; what to wait for, where its answer takes time."""
        if not outbox.is_pending(tx, posted.id):
            return None
        body = posted.body
        work = Work(body["execution"], body["frame"], body["number"])
        resource = parse_resource(body["resource"])
        if resource is None or not self._driver.waits_for(tx, work):
            outbox.delete(tx, posted.id)
            return None
        if resource.kind == "activity":
            outbox.delete(tx, posted.id)
            self._polls.offer(tx, resource.text, work, body["token"], dumps(body["parameters"]))
            return None
        binding = bind_resource(resource)
        if binding is None:
            raise Bug(f"nothing serves {resource.text}")
        try:
            with tx.nested():
                parameters = lambda_functions.invoke_parameters(resource, body["parameters"])
                if put_events.is_put_events(binding):
                    parameters = put_events.put_events_parameters(parameters, body["arn"])
                answer = self._call(tx, caller_of(body["arn"]), binding, parameters)
        except (AwsError, ParametersRefused) as error:
            self._conclude(tx, posted, self._refusal(work, binding, error, body["parameters"]))
            return None
        if inspect.isawaitable(answer):
            return answer
        self._answered(tx, posted, work, resource, binding, answer)
        return None

    async def _await(self, posted: OutboxRow, waiting: Awaitable[Json]) -> None:
        body = posted.body
        work = Work(body["execution"], body["frame"], body["number"])
        resource = parse_resource(body["resource"])
        assert resource is not None
        binding = bind_resource(resource)
        assert binding is not None
        try:
            answer = await waiting
        except AwsError as error:
            refusal = self._refusal(work, binding, error, body["parameters"])
            await self._bus.store.write_with_retry(lambda tx: self._conclude(tx, posted, refusal))
            return
        await self._bus.store.write_with_retry(lambda tx: self._answered(tx, posted, work, resource, binding, answer))

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

    def _conclude(self, tx: Tx, posted: OutboxRow, event: MachineEvent) -> None:
        if outbox.delete(tx, posted.id):
            self._driver.send_event(tx, posted.body["execution"], event)

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
        self, tx: Tx, posted: OutboxRow, work: Work, resource: Resource, binding: CallBinding, answer: Json
    ) -> None:
        """A call was answered: the work is done, or goes on elsewhere."""
        event = self._read(work, resource, binding, answer)
        if isinstance(event, TaskFailed) or resource.pattern == "":
            self._conclude(tx, posted, event)
            return
        self._conclude(tx, posted, TaskSubmitted(work.frame, work.number, event.output))
        if binding.sync is not None:
            names = binding.sync.names(posted.body["parameters"], answer)
            self._following.begin(tx, SyncCall(work, resource, binding, binding.sync, posted.body["arn"]), names)

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
