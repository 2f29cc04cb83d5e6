"""For any request to Step Functions, the answer has AWS's shape and is never a 500."""

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
from lamplighter.bus import wait_forever
from lamplighter.engine.config import EngineConfig
from lamplighter.engine.engine import Engine
from lamplighter.server import HttpServer
from lamplighter.wire.access.host_header import AllowedHosts
from lamplighter.wire.models.service_models import JSON, load_service
from tests.asl.definition.test_parse import damaged_definitions
from tests.fake_runtime import FakeRuntime
from tests.manual_world import ManualClock, manual_world
from tests.property_settings import examples
from tests.random_parameters import documents, values_of_shape
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
DISTRIBUTED_MAP = (
    '{"StartAt":"A","States":{"A":{"Type":"Map","Label":"l","End":true,"ItemProcessor":{"ProcessorConfig":'
    '{"Mode":"DISTRIBUTED","ExecutionType":"STANDARD"},"StartAt":"B","States":{"B":{"Type":"Fail"}}}}}}'
)
MACHINES = [f"{STATES}:stateMachine:{name}" for name in ("m", "m", "m", "n", "m:1", "m:a", "nobody")]
EXECUTIONS = [f"{STATES}:execution:{name}" for name in ("m:x", "m:x", "n:x", "m:nobody", "m/l:x")]
TEXTS = {
    "": ["m", "x", "", "1", "a", ROLE, "{}"],
    "definition": [PASS, WAIT, DISTRIBUTED_MAP, PASS, WAIT, DISTRIBUTED_MAP, "{}", "{", "[]"],
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
"""Texts for the parameters of requests, by parameter; some requests then refer to the same resources.

The only activity does not exist, so that no request waits for a task.
"""
FUZZ = settings(
    deadline=None,
    derandomize=True,
    max_examples=examples(250),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


class ServerClient:
    """A client that sends one request after another to a server in this process."""

    def __init__(self, runner: asyncio.Runner, server: HttpServer) -> None:
        self._runner = runner
        self._server = server
        self.names = (f"fuzz-{number}" for number in itertools.count())

    def send_request(self, operation: str, body: bytes) -> tuple[int, Json]:
        """Send a request; return the status and the JSON of the answer, which must be JSON."""
        return self._runner.run(self._send_request(operation, body))

    async def _send_request(self, operation: str, body: bytes) -> tuple[int, Json]:
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
def client(tmp_path: Path) -> Iterator[ServerClient]:
    with asyncio.Runner() as runner, short_histories():
        clock = ManualClock()
        opened = Engine.open(EngineConfig(data_directory=tmp_path), manual_world(clock), FakeRuntime(clock.now))
        engine = runner.run(opened)
        yield ServerClient(runner, HttpServer(engine, AllowedHosts()))
        runner.run(engine.close())


@contextmanager
def short_histories() -> Iterator[None]:
    """Limit histories to 300 events, so that endless loops end soon."""
    with mock.patch.object(step, "MAX_EVENTS", 300):
        yield


def check_answer(status: int, answer: Json) -> None:
    """Assert that the answer is a result or an error that AWS could return."""
    assert status in (200, 400), answer
    if status == 400:
        assert isinstance(answer["__type"], str)
        assert "Internal" not in answer["__type"]
        assert answer.get("message")


@FUZZ
@given(definition=damaged_definitions(), given_input=values)
def test_a_damaged_definition_is_created_and_started_or_refused(
    client: ServerClient, definition: Json, given_input: Json
) -> None:
    request = {"name": next(client.names), "definition": dumps(definition), "roleArn": ROLE}
    status, answer = client.send_request("CreateStateMachine", dumps(request).encode())
    check_answer(status, answer)
    if status == 200:
        start = {"stateMachineArn": answer["stateMachineArn"], "input": dumps(given_input)}
        check_answer(*client.send_request("StartExecution", dumps(start).encode()))


OPERATIONS = sorted(load_service("states", JSON).model.operation_names)


@st.composite
def requests(draw: st.DrawFn) -> tuple[str, Json]:
    """Return an operation and parameters that have its shape, or nearly so."""
    operation = draw(st.sampled_from(OPERATIONS))
    shape = load_service("states", JSON).model.operation_model(operation).input_shape
    return operation, draw(values_of_shape(shape, TEXTS))


@settings(FUZZ, max_examples=examples(1500))
@given(request=requests())
def test_every_operation_answers_random_parameters_in_aws_s_shape(
    client: ServerClient, request: tuple[str, Json]
) -> None:
    operation, params = request
    check_answer(*client.send_request(operation, dumps(params).encode()))
    # The next example needs a machine.
    machine = {"name": "m", "definition": WAIT, "roleArn": ROLE}
    check_answer(*client.send_request("CreateStateMachine", dumps(machine).encode()))


@FUZZ
@given(operation=st.sampled_from(OPERATIONS), body=st.binary() | documents.map(lambda value: dumps(value).encode()))
def test_every_operation_answers_a_random_payload_in_aws_s_shape(
    client: ServerClient, operation: str, body: bytes
) -> None:
    check_answer(*client.send_request(operation, body))
