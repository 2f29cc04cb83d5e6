"""Implement TestState: run one state without a state machine and without storing anything.

Guarantees that the state behaves as in an execution. A Task without a mock makes its call for real, once, and the
answer is sent after the call's commit. A Wait state ends immediately, and the answer names the next state.
See https://docs.aws.amazon.com/step-functions/latest/dg/test-state-isolation.html.
"""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from lamplighter.asl.definition.diagnostics import SCHEMA, Diagnostic
from lamplighter.asl.definition.model import Definition, Resource, RetryableState, State, Task
from lamplighter.asl.definition.parse import SINGLE_STATE, InvalidDefinition, parse_definition, parse_single_state
from lamplighter.asl.definition.state_tree import state_places
from lamplighter.asl.execution.messages import TaskFailed
from lamplighter.asl.execution.single_state import StateConfiguration, StateInput, StateOutcome
from lamplighter.asl.execution.state_errors import RUNTIME, TIMEOUT
from lamplighter.base.aws import arn
from lamplighter.base.errors import UnboundedWork, require
from lamplighter.base.json_text import Json, dumps, loads
from lamplighter.base.precompute import LARGE_TEXT_LENGTH, run_work
from lamplighter.base.threads import run_in_thread
from lamplighter.base.world import World, format_iso_time
from lamplighter.bus import Caller
from lamplighter.isolation.port import Isolation, LimitExceeded
from lamplighter.isolation.requests import (
    MockedOutcome,
    RunTestState,
    StateTested,
    definition_source,
    run_test_state,
)
from lamplighter.services.states.arns import check_role
from lamplighter.services.states.calls.service_calls import ServiceCalls
from lamplighter.services.states.errors import Invalid
from lamplighter.services.states.executions.execution_input import read_input
from lamplighter.services.states.integrations.http_tasks import HttpExchange
from lamplighter.services.states.integrations.integrations import FindModel, added_parameters
from lamplighter.services.states.machines.validate_definition import DefinitionValidator
from lamplighter.services.states.steps.isolated_steps import STEP_STOPPED, request_clock
from lamplighter.services.states.test_state.mocked_results import answer_shape, check_result
from lamplighter.services.states.test_state.options import (
    MockedResult,
    check_configuration,
    read_context,
    read_mock,
    read_object,
)
from lamplighter.store.db import Reader

if TYPE_CHECKING:
    from aws_types import states as aws

TOO_MANY_FAILURES = "Map iteration failure count must be less than or equal to the number of Map iterations"
LIST_STAGES = frozenset({"afterItemsPath", "afterItemSelector", "afterItemBatcher", "afterItemsPointer"})
"""Inspection stages whose items AWS renders one by one."""


@dataclass(frozen=True, slots=True)
class StateTester:
    """The TestState operation of the API."""

    _world: World
    _calls: ServiceCalls
    _definitions: DefinitionValidator
    _model: FindModel
    _isolation: Isolation

    def test(self, _reader: Reader, caller: Caller, params: "aws.TestStateInput") -> Json:
        """Handle TestState; the answer is an awaitable, because the state may call a service."""
        return self._test(self._calls.caller_of_test(caller, params.get("roleArn")), params)

    async def _test(self, caller: Caller, params: Json) -> Json:
        """Run the test; read a request with a large definition in a thread."""
        if len(params["definition"]) <= LARGE_TEXT_LENGTH:
            return await self._run_to_end(caller, *self._parse_request(caller, params))
        parsed = await run_in_thread(lambda: run_work(lambda: self._parse_request(caller, params)))
        return await self._run_to_end(caller, *parsed.get())

    def _parse_request(
        self, caller: Caller, params: Json
    ) -> tuple[Resource | None, MockedResult | None, RunTestState, "_AnswerRenderer"]:
        if "roleArn" in params:
            check_role(params["roleArn"])
        definition, state, source = _find_state(params)
        mock = read_mock(params, state, source)
        if isinstance(state, Task):
            self._check_task(state, mock)
        given, text = read_input(params)
        configuration = params.get("stateConfiguration", {})
        check_configuration(configuration, state, source)
        context = read_context(params, state)
        if context is None:
            context = self._default_context(caller, params, state, given)
        variables = read_object(params, "variables", "Invalid variables provided: {}")
        request = RunTestState(
            definition_source(
                params["definition"], definition, added_parameters, is_single_state="stateName" not in params
            ),
            state.name,
            StateInput(given, variables, context),
            _supplied_facts(configuration, source),
            None,
            request_clock(self._world),
        )
        texts = {id(given): text} | ({id(mock.result): mock.text} if mock and mock.text else {})
        level, reveals_secrets = params.get("inspectionLevel", "INFO"), params.get("revealSecrets", False)
        resource = state.resource if isinstance(state, Task) else None
        return resource, mock, request, _AnswerRenderer(level, texts, reveals_secrets)

    async def _run_to_end(
        self,
        caller: Caller,
        resource: Resource | None,
        mock: MockedResult | None,
        request: RunTestState,
        answer: "_AnswerRenderer",
    ) -> Json:
        result = await self._run_state(request)
        if result.verdict is not None:
            return await self._render(request, answer, result)
        outcome = (
            await self._call_service(caller, resource, result, answer)
            if mock is None
            else _mocked_outcome(mock, request, result)
        )
        return await self._render(request, answer, await self._run_state(replace(request, outcome=outcome)))

    async def _render(self, request: RunTestState, answer: "_AnswerRenderer", result: StateTested) -> Json:
        verdict = result.verdict
        assert verdict is not None
        large = len(request.source.text) > LARGE_TEXT_LENGTH
        return await run_in_thread(lambda: answer.render(result, verdict)) if large else answer.render(result, verdict)

    async def _run_state(self, request: RunTestState) -> StateTested:
        """Run the state in this process, or in a separate process if it may take long."""
        if len(request.source.text) <= LARGE_TEXT_LENGTH:
            with suppress(UnboundedWork):
                return run_test_state(request, allows_unbounded_work=False)
        try:
            result = await self._isolation.run(request, lambda _resource, _parameters: None)
        except LimitExceeded as error:
            return _limit_exceeded(STEP_STOPPED.format(error), request)
        assert isinstance(result, StateTested)
        return replace(result, stages={**result.stages, "input": request.given.document})

    async def _call_service(
        self, caller: Caller, resource: Resource | None, result: StateTested, answer: "_AnswerRenderer"
    ) -> MockedOutcome:
        assert resource is not None
        try:
            async with asyncio.timeout(result.timeout):
                event = await self._calls.call_once(caller, resource, result.arguments, answer.exchanges.append)
        except TimeoutError:
            return "fail", (TIMEOUT, None)
        return ("fail", (event.error, event.cause)) if isinstance(event, TaskFailed) else ("succeed", event.output)

    def _check_task(self, state: Task, mock: MockedResult | None) -> None:
        if mock is not None and mock.text is not None:
            check_result(answer_shape(state.resource, self._model), state.resource, mock.result, mock.mode)
        missing = self._definitions.not_callable_reason(state.resource.text, state.resource, mocked=mock is not None)
        if missing is not None:
            raise InvalidDefinition([Diagnostic(SCHEMA, missing, f"/States/{state.name}/Resource")])

    def _default_context(self, caller: Caller, params: Json, state: State, given: Json) -> Json:
        """Make up a context object; recorded from AWS: the names of the execution and the machine are invented."""
        machine, name, now = self._world.uuid(), self._world.uuid(), format_iso_time(self._world.now())
        context: Json = {
            "Execution": {
                "Id": arn.build("states", caller.region, caller.account, f"express:{machine}:{name}"),
                "Input": given,
                "Name": name,
                "RoleArn": params.get("roleArn"),
                "StartTime": now,
            },
            "StateMachine": {
                "Id": arn.build("states", caller.region, caller.account, f"stateMachine:{machine}"),
                "Name": machine,
            },
            "State": {"Name": SINGLE_STATE, "EnteredTime": now},
        }
        if isinstance(state, RetryableState):
            context["State"]["RetryCount"] = params.get("stateConfiguration", {}).get("retrierRetryCount", 0)
        if isinstance(state, Task) and state.resource.pattern == "waitForTaskToken":
            context["Task"] = {"Token": self._world.uuid()}
        return context


def _find_state(params: Json) -> tuple[Definition, State, Mapping[str, Json]]:
    """Return the definition, and the state under test, compiled and as JSON."""
    text = params["definition"]
    if "stateName" not in params:
        definition = parse_single_state(text, added_parameters)
        return definition, definition.states[SINGLE_STATE], loads(text)
    name, definition = params["stateName"], parse_definition(text, added_parameters)
    state = require(definition.states.get(name), lambda: Invalid("State not found in definition"))
    return definition, state, next(place.state for place in state_places(loads(text)) if place.name == name)


def _supplied_facts(configuration: Json, source: Mapping[str, Json]) -> StateConfiguration:
    return StateConfiguration(
        retried=configuration.get("retrierRetryCount", 0),
        failures=configuration.get("mapIterationFailureCount", 0),
        data=configuration.get("mapItemReaderData"),
        reader=source.get("ItemReader", {}).get("ReaderConfig", {}),
    )


def _mocked_outcome(mock: MockedResult, request: RunTestState, result: StateTested) -> MockedOutcome:
    """Return how the mock ends the state's work."""
    if request.configuration.failures > (len(mock.result) if isinstance(mock.result, list) else result.iterations):
        raise Invalid(TOO_MANY_FAILURES)
    return ("fail", (mock.error, mock.cause)) if mock.text is None else ("succeed", mock.result)


def _limit_exceeded(cause: str, request: RunTestState) -> StateTested:
    """Build the result of a state that exceeded a limit and was stopped."""
    verdict = StateOutcome("FAILED", error=RUNTIME, cause=cause)
    return StateTested(verdict, {"input": request.given.document}, {}, request.given.variables, None, 0, 0)


@dataclass(frozen=True, slots=True)
class _AnswerRenderer:
    level: str
    texts: Mapping[int, str]
    """The original texts of the documents in the request, by the documents' identities."""
    reveals_secrets: bool
    """Whether secrets are shown."""
    exchanges: list[HttpExchange] = field(default_factory=list)
    """The calls that an HTTP task made."""

    def render(self, result: StateTested, verdict: StateOutcome) -> Json:
        """Build the answer of TestState."""
        answer: Json = {"status": verdict.status}
        if verdict.status in ("SUCCEEDED", "CAUGHT_ERROR"):
            answer["output"] = self._text(verdict.output)
        found = {"error": verdict.error, "cause": verdict.cause, "nextState": verdict.next}
        answer |= {name: value for name, value in found.items() if value is not None}
        if self.level != "INFO":
            answer["inspectionData"] = self._inspection_data(result, verdict)
        return answer

    def _inspection_data(self, result: StateTested, verdict: StateOutcome) -> Json:
        data: Json = {
            name: _render_list(value) if name in LIST_STAGES else self._text(value)
            for name, value in result.stages.items()
        }
        if self.level == "TRACE":
            for exchange in self.exchanges:
                data |= {
                    "request": _render_request(exchange, reveals_secrets=self.reveals_secrets),
                    "response": _render_response(exchange),
                }
        data |= dict(result.limits)
        if result.variables:
            data["variables"] = dumps(dict(result.variables))
        if verdict.handling:
            data["errorDetails"] = dict(verdict.handling)
        return data

    def _text(self, value: Json) -> str:
        return self.texts.get(id(value)) or dumps(value)


def _render_request(exchange: HttpExchange, *, reveals_secrets: bool) -> Json:
    """Show the request of an HTTP task; without `reveals_secrets`, omit its credentials."""
    request = exchange.request if reveals_secrets else exchange.request_without_secrets
    parts = urlsplit(request.url)
    rendered: Json = {
        "protocol": parts.scheme,
        "method": request.method,
        "url": request.url,
        "headers": dumps(dict(request.headers)),
    }
    return rendered if request.body is None else rendered | {"body": request.body.decode(errors="replace")}


def _render_response(exchange: HttpExchange) -> Json:
    reply = exchange.reply
    return {
        "protocol": urlsplit(exchange.request.url).scheme,
        "statusCode": str(reply.status),
        "statusMessage": reply.reason,
        "headers": dumps(dict(reply.headers)),
        "body": reply.body.decode(errors="replace"),
    }


def _render_list(items: Json) -> str:
    """Render items as AWS does: recorded with a space between two items."""
    return f"[{', '.join(map(dumps, items))}]"
