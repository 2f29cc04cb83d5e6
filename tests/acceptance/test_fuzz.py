"""Whatever is thrown at CreateStateMachine and StartExecution, the answer has AWS's shape, and never is a 500."""

import asyncio
import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lamplighter.asl.execution import step
from lamplighter.base.json_text import Json, dumps, loads
from lamplighter.base.world import ManualClock, manual_world
from lamplighter.bus import wait_forever
from lamplighter.engine.config import EngineConfig
from lamplighter.engine.engine import Engine
from lamplighter.runtime.fake import FakeRuntime
from lamplighter.server import HttpServer
from lamplighter.wire.access.host_header import AllowedHosts
from lamplighter.wire.models.shapes import JSON, load_service
from tests.asl.definition.test_parse import damaged_definitions
from tests.random_parameters import documents, shaped
from tests.strategies import values

CREDENTIAL = "Credential=test/20260101/us-east-1/states/aws4_request"
HEADERS = [
    (b"host", b"localhost"),
    (b"authorization", f"AWS4-HMAC-SHA256 {CREDENTIAL}, SignedHeaders=host, Signature=0".encode()),
    (b"content-type", b"application/x-amz-json-1.0"),
]
ROLE = "arn:aws:iam::123456789012:role/lamps"
STATES = "arn:aws:states:us-east-1:123456789012"
PASS = '{"StartAt":"A","States":{"A":{"Type":"Pass","End":true}}}'
WAIT = '{"StartAt":"A","States":{"A":{"Type":"Wait","Seconds":9,"End":true}}}'
EACH = (
    '{"StartAt":"A","States":{"A":{"Type":"Map","Label":"l","End":true,"ItemProcessor":{"ProcessorConfig":'
    '{"Mode":"DISTRIBUTED","ExecutionType":"STANDARD"},"StartAt":"B","States":{"B":{"Type":"Fail"}}}}}}'
)
MACHINES = [f"{STATES}:stateMachine:{name}" for name in ("m", "m", "m", "n", "m:1", "m:a", "nobody")]
EXECUTIONS = [f"{STATES}:execution:{name}" for name in ("m:x", "m:x", "n:x", "m:nobody", "m/l:x")]
WORDS = {
    "": ["m", "x", "", "1", "a", ROLE, "{}"],
    "definition": [PASS, WAIT, EACH, PASS, WAIT, EACH, "{}", "{", "[]"],
    "roleArn": [ROLE, ROLE, ROLE, "arn:aws:iam::1:role/x"],
    "input": ["{}", "[1]", "1", "{"],
    "output": ["{}", "{"],
    "name": ["m", "n", "x", "a", "b c"],
    "stateMachineArn": MACHINES,
    "executionArn": EXECUTIONS,
    "stateMachineVersionArn": [f"{STATES}:stateMachine:m:1", *MACHINES],
    "stateMachineAliasArn": [f"{STATES}:stateMachine:m:a", *MACHINES],
    "activityArn": [f"{STATES}:activity:nobody", *MACHINES],
    "mapRunArn": [f"{STATES}:mapRun:m/l:nobody", *MACHINES],
    "resourceArn": MACHINES,
    "taskToken": ["", "AAAA"],
}
"""Of these the texts of requests are made, so that they mean each other now and then. Nobody waits for an activity."""
FUZZ = settings(
    deadline=None,
    derandomize=True,
    max_examples=250,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


class Line:
    """Requests to a server in this process, one after another."""

    def __init__(self, runner: asyncio.Runner, server: HttpServer) -> None:
        self._runner = runner
        self._server = server
        self.names = (f"fuzz-{number}" for number in itertools.count())

    def ask(self, operation: str, body: bytes) -> tuple[int, Json]:
        """The status and the document of an answer; one that is no JSON fails here."""
        return self._runner.run(self._ask(operation, body))

    async def _ask(self, operation: str, body: bytes) -> tuple[int, Json]:
        sent: list[Json] = []
        messages = [{"type": "http.request", "body": body, "more_body": False}]

        async def receive() -> Json:
            if not messages:  # the caller waits for the answer
                await wait_forever()
            return messages.pop()

        async def send(message: Json) -> None:
            sent.append(message)

        headers = [
            *HEADERS,
            (b"x-amz-target", f"AWSStepFunctions.{operation}".encode()),
            (b"content-length", str(len(body)).encode()),
        ]
        scope = {"type": "http", "method": "POST", "raw_path": b"/", "query_string": b"", "headers": headers}
        await self._server(scope, receive, send)
        return sent[0]["status"], loads(sent[1]["body"])


@pytest.fixture
def line(tmp_path: Path) -> Iterator[Line]:
    with asyncio.Runner() as runner, short_histories():
        clock = ManualClock()
        opened = Engine.open(EngineConfig(data_directory=tmp_path), manual_world(clock), FakeRuntime(clock.now))
        engine = runner.run(opened)
        yield Line(runner, HttpServer(engine, AllowedHosts()))
        runner.run(engine.close())


@contextmanager
def short_histories() -> Iterator[None]:
    """A loop ends soon."""
    with mock.patch.object(step, "MAX_EVENTS", 300):
        yield


def check(status: int, answer: Json) -> None:
    """A result, or an error that AWS would give."""
    assert status in (200, 400), answer
    if status == 400:
        assert isinstance(answer["__type"], str)
        assert "Internal" not in answer["__type"]
        assert answer.get("message")


@FUZZ
@given(definition=damaged_definitions(), given_input=values)
def test_a_definition_that_was_tampered_with_is_created_and_started_or_refused(
    line: Line, definition: Json, given_input: Json
) -> None:
    request = {"name": next(line.names), "definition": dumps(definition), "roleArn": ROLE}
    status, answer = line.ask("CreateStateMachine", dumps(request).encode())
    check(status, answer)
    if status == 200:
        start = {"stateMachineArn": answer["stateMachineArn"], "input": dumps(given_input)}
        check(*line.ask("StartExecution", dumps(start).encode()))


OPERATIONS = sorted(load_service("states", JSON).model.operation_names)


@st.composite
def requests(draw: st.DrawFn) -> tuple[str, Json]:
    """An operation, and parameters that have its shape, or nearly so."""
    operation = draw(st.sampled_from(OPERATIONS))
    shape = load_service("states", JSON).model.operation_model(operation).input_shape
    return operation, draw(shaped(shape, WORDS))


@settings(FUZZ, max_examples=1500)
@given(request=requests())
def test_every_operation_answers_whatever_fits_its_shape_in_aws_s_shape(line: Line, request: tuple[str, Json]) -> None:
    operation, params = request
    check(*line.ask(operation, dumps(params).encode()))
    # Whatever was done to it, there is a machine to go on with.
    machine = {"name": "m", "definition": WAIT, "roleArn": ROLE}
    check(*line.ask("CreateStateMachine", dumps(machine).encode()))


@FUZZ
@given(operation=st.sampled_from(OPERATIONS), body=st.binary() | documents.map(lambda value: dumps(value).encode()))
def test_a_payload_of_any_kind_is_answered_in_aws_s_shape(line: Line, operation: str, body: bytes) -> None:
    check(*line.ask(operation, body))
