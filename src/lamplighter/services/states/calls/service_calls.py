"""Call services for Task states: the engine's on the bus, others over the network, and HTTP APIs.

Converts parameters and answers between the spelling of Step Functions and that of the services. Converts errors into
the error names that a state machine sees.
"""

import inspect
import re

from lamplighter.asl.definition.model import Resource
from lamplighter.asl.execution.messages import CallAnswer, TaskFailed, TaskSubmitted, TaskSucceeded
from lamplighter.base.aws.service_model import ServiceModel, Shape
from lamplighter.base.errors import AwsError, Bug, require
from lamplighter.base.file_body import FileBody
from lamplighter.base.json_text import Json, RawJson, convert_members, dumps, loads
from lamplighter.base.world import World
from lamplighter.bus import Bus, Caller, caller_of
from lamplighter.outbound.aws import CallFailed, RemoteServices
from lamplighter.services.states.calls import lambda_functions, put_events
from lamplighter.services.states.calls.sync_calls import time_renderer
from lamplighter.services.states.integrations.http_tasks import SERVICE as HTTP
from lamplighter.services.states.integrations.http_tasks import HttpFailed, HttpTasks, OnExchange
from lamplighter.services.states.integrations.integrations import CallBinding, Models, bind_resource
from lamplighter.services.states.integrations.parameter_conversion import ParametersRefused, to_service, to_states
from lamplighter.services.states.integrations.task_caller_role import TaskRoles, caller_of_task, caller_of_test
from lamplighter.services.states.tables.external_names import Work
from lamplighter.store.db import Reader, Tx
from lamplighter.wire.models import service_quirks
from lamplighter.wire.models.validate import Check, compile_check

MAX_BODY_BYTES = 2**20
"""The most bytes of an object that a task reads; a state's output may have a quarter of it."""
WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z][a-z]*|\d+")
UNUSABLE_PARAMETERS = "The Parameters '{}' could not be used to start the Task: [{}]"


class ServiceCalls:
    """The calls of services that tasks make."""

    def __init__(self, bus: Bus, world: World, models: Models, remote: RemoteServices, https: HttpTasks) -> None:
        self._bus = bus
        self._world = world
        self._models = models
        self._remote = remote
        self._https = https
        self._checks: dict[tuple[str, str], Check] = {}
        self._converted: tuple[Json, CallBinding, Json] | None = None
        """The parameters that were converted last, the call, and its parameters in the service's form."""

    def refusal_reason(self, resource: Resource, parameters: Json) -> str | None:
        """Return why a call does not accept these parameters, or None if it does or if its parameters are unknown."""
        binding = bind_resource(resource) if resource.kind in ("integration", "sdk") else None
        if binding is None or binding.service == HTTP or not self._is_known(binding):
            return None
        try:
            self._convert(resource, binding, parameters)
        except ParametersRefused as error:
            return UNUSABLE_PARAMETERS.format(dumps(parameters), error)
        return None

    def _convert(self, resource: Resource, binding: CallBinding, parameters: Json) -> Json:
        """Return a task's parameters in the service's form. Raises `ParametersRefused`.

        A task's parameters are checked before the history states the call. So the last result is kept for the call.
        """
        last = self._converted
        if last is not None and last[0] is parameters and last[1] is binding:
            return last[2]
        shape = self._models(binding.service).operation_model(binding.operation).input_shape
        converted = to_service(shape, lambda_functions.invoke_parameters(resource, parameters))
        self._converted = parameters, binding, converted
        return converted

    def _is_known(self, binding: CallBinding) -> bool:
        served = self._bus.serves(binding.service, binding.operation)
        return served or self._remote.can_call(binding.service, binding.operation)

    def caller_of_test(self, caller: Caller, role: str | None) -> Caller:
        """Return who makes the call of a tested state: the role of the request, if there is one."""
        return caller_of_test(self._bus, caller, role)

    async def call_once(
        self, caller: Caller, resource: Resource, parameters: Json, on_exchange: OnExchange | None = None
    ) -> TaskSucceeded | TaskFailed:
        """Make a call that no execution waits for and return its outcome; `on_exchange` receives an HTTP task's
        exchange.
        """
        work = Work(0, 0, 0)
        binding = require(bind_resource(resource), lambda: Bug(f"no service provides {resource.text}"))
        try:
            answer = await self._bus.store.write(
                lambda tx: self._call(tx, caller, resource, binding, parameters, on_exchange=on_exchange)
            )
            answer = await answer if inspect.isawaitable(answer) else answer
        except (AwsError, ParametersRefused) as error:
            return self.failure_event(work, binding, error, parameters)
        return self.outcome_event(work, resource, binding, answer)

    def call_for_task(
        self, tx: Tx, execution: str, resource: Resource, binding: CallBinding, parameters: Json, roles: TaskRoles
    ) -> Json:
        """Make the call of an execution's task; return its answer, or an awaitable of it.

        Raises `AwsError` and `ParametersRefused`.
        """
        caller = caller_of_task(self._bus, tx, execution, roles)
        return self._call(tx, caller, resource, binding, parameters, execution=execution)

    def needs_preparation(
        self, reader: Reader, execution: str, resource: Resource, binding: CallBinding, parameters: Json
    ) -> bool:
        """Return whether a task's call of a service of this engine would make the turn long.

        Raises `ParametersRefused`.
        """
        params = self._convert(resource, binding, parameters)
        return self._bus.needs_preparation(reader, caller_of(execution), binding.service, binding.operation, params)

    def answer_of_task(
        self, work: Work, resource: Resource, binding: CallBinding, parameters: Json, answer: Json
    ) -> CallAnswer:
        """Return the event that an answer sends to the execution, and the names of the work that continues."""
        event = self.outcome_event(work, resource, binding, answer)
        if isinstance(event, TaskFailed) or resource.pattern == "":
            return CallAnswer(event)
        try:
            names = tuple(binding.sync.names(parameters, answer)) if binding.sync is not None else ()
        except (LookupError, TypeError):
            if self._bus.serves(binding.service, binding.operation):
                raise
            unnamed = CallFailed(f"The answer to {binding.operation} does not name what was started: {dumps(answer)}")
            return CallAnswer(self.failure_event(work, binding, unnamed, parameters))
        return CallAnswer(TaskSubmitted(work.frame, work.number, event.output), names)

    def _call(
        self,
        tx: Tx,
        caller: Caller,
        resource: Resource,
        binding: CallBinding,
        parameters: Json,
        *,
        execution: str | None = None,
        on_exchange: OnExchange | None = None,
    ) -> Json:
        if binding.service == HTTP:  # not an AWS service, so botocore has no model of it
            self._bus.check_access(tx, caller, HTTP, binding.operation, parameters)
            return self._https.invoke(tx, caller, parameters, on_exchange)
        params = self._convert(resource, binding, parameters)
        if execution is not None and put_events.is_put_events(binding):
            params = put_events.put_events_parameters(params, execution)
        if self._bus.serves(binding.service, binding.operation):
            self._check(binding)(params)
            self._bus.check_access(tx, caller, binding.service, binding.operation, params)
            return read_bodies(self._bus.invoke(tx, caller, binding.service, binding.operation, params))
        return self._remote.call(binding.service, binding.operation, params, caller.region)

    def _check(self, binding: CallBinding) -> Check:
        """Return the check that the service's API applies to a request."""
        key = binding.service, binding.operation
        if key not in self._checks:
            shape = self._models(binding.service).operation_model(binding.operation).input_shape
            self._checks[key] = compile_check(shape, service_quirks.quirks_of(binding.service))
        return self._checks[key]

    def failure_event(
        self, work: Work, binding: CallBinding, error: AwsError | ParametersRefused, parameters: Json
    ) -> TaskFailed:
        """Return the event that a refused call sends to its execution."""
        if isinstance(error, ParametersRefused):
            cause = UNUSABLE_PARAMETERS.format(dumps(parameters), error)
            return TaskFailed(work.frame, work.number, "States.Runtime", cause)
        if binding.service == HTTP:
            code = error.code if isinstance(error, HttpFailed) else f"Events.{error.code}"
            return TaskFailed(work.frame, work.number, code, error.message)
        label = binding.label if binding.optimised else sdk_name(self._models(binding.service))
        name = self._error_name(binding, label, error)
        request = self._world.uuid()
        if binding.optimised:
            cause = (
                f"{error.message} (Service: {binding.label}; Status Code: {error.status}; Error Code: {error.code}; "
                f"Request ID: {request}; Proxy: null)"
            )
        else:
            extended = f", Extended Request ID: {self._world.uuid()}" if binding.service == "s3" else ""
            cause = (
                f"{error.message} (Service: {label}, Status Code: {error.status}, Request ID: {request}{extended}) "
                "(SDK Attempt Count: 1)"
            )
        return TaskFailed(work.frame, work.number, f"{binding.error or label}.{name}", cause)

    def _error_name(self, binding: CallBinding, label: str, error: AwsError) -> str:
        """Return the SDK's name for an error: its code if the service's model has it, else a name of the service."""
        model = self._models(binding.service)
        modelled = error.code in model.shape_names or any(error.code == each.error_code for each in model.error_shapes)
        if not modelled and not isinstance(error, CallFailed):
            return f"{label.removesuffix('v2')}Exception"
        return error.code if error.code.endswith("Exception") else f"{error.code}Exception"

    def outcome_event(
        self, work: Work, resource: Resource, binding: CallBinding, answer: Json
    ) -> TaskSucceeded | TaskFailed:
        """Return the event that an answer sends to the execution: an answer may report a failure."""
        if binding.service == HTTP:
            return TaskSucceeded(work.frame, work.number, answer)
        shape = self._models(binding.service).operation_model(binding.operation).output_shape
        if binding.service == "lambda":
            raised = lambda_functions.function_error(answer)
            if raised is not None:
                return TaskFailed(work.frame, work.number, *raised)
            answer = lambda_functions.function_result(resource, answer)
        if binding.sync is not None and binding.sync.started_nothing(answer):
            cause = dumps(to_states(shape, answer, time_renderer(binding)))
            return TaskFailed(work.frame, work.number, f"{binding.label}.Unknown", cause)
        if put_events.is_put_events(binding) and answer.get("FailedEntryCount"):
            cause = dumps(to_states(shape, answer, time_renderer(binding)))
            return TaskFailed(work.frame, work.number, put_events.FAILED_ENTRY_ERROR, cause)
        output = answer if resource.kind == "lambda" else self._to_output(binding, shape, answer)
        return TaskSucceeded(work.frame, work.number, output)

    def _to_output(self, binding: CallBinding, shape: Shape | None, answer: Json) -> Json:
        """Return an answer as the state machine sees it."""
        output: Json = to_states(shape, answer or {}, time_renderer(binding))
        if not binding.optimised or put_events.is_put_events(binding):  # recorded: PutEvents adds no HTTP metadata
            return output
        return output | self._http_metadata(dumps(decode_bytes(answer)))

    def _http_metadata(self, body: str) -> Json:
        """Return the HTTP metadata that an optimised integration adds to its output."""
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


def sdk_name(model: ServiceModel) -> str:
    """Return the name of a service in the AWS SDK for Java: SecretsManager, DynamoDb."""
    return "".join(word.capitalize() for word in WORD.findall(model.metadata["serviceId"]))


def read_bodies(answer: Json) -> Json:
    """Return an answer with the beginning of each body that is in a file, more than a state may have if there is more,
    and with its ready-made JSON read.
    """
    return {name: _read_value(each) for name, each in answer.items()} if isinstance(answer, dict) else answer


def _read_value(value: Json) -> Json:
    if isinstance(value, FileBody):
        return _read_body(value)
    is_ready = isinstance(value[0] if isinstance(value, list) and value else value, RawJson)
    return loads(dumps(value)) if is_ready else value


def _read_body(body: FileBody) -> bytes:
    try:
        return body.read_chunk(MAX_BODY_BYTES)
    finally:
        body.close()


def decode_bytes(value: Json) -> Json:
    """Return an answer with its bytes decoded as text, so that it can be JSON."""
    return value.decode(errors="replace") if isinstance(value, bytes) else convert_members(value, decode_bytes)
