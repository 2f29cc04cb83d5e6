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

from lamplighter.asl import run
from lamplighter.base.jsontext import Json, dumps, loads
from lamplighter.base.world import ManualClock, fixed_world
from lamplighter.engine.config import Config
from lamplighter.engine.engine import Engine
from lamplighter.runtime.fake import FakeRuntime
from lamplighter.server import Server
from tests.asl.test_parse import broken
from tests.strategies import values

CREDENTIAL = "Credential=test/20260101/us-east-1/states/aws4_request"
HEADERS = [
    (b"host", b"localhost"),
    (b"authorization", f"AWS4-HMAC-SHA256 {CREDENTIAL}, SignedHeaders=host, Signature=0".encode()),
    (b"content-type", b"application/x-amz-json-1.0"),
]
ROLE = "arn:aws:iam::123456789012:role/lamps"
FUZZ = settings(
    deadline=None,
    derandomize=True,
    max_examples=250,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


class Line:
    """Requests to a server in this process, one after another."""

    def __init__(self, runner: asyncio.Runner, server: Server) -> None:
        self._runner = runner
        self._server = server
        self.names = (f"fuzz-{number}" for number in itertools.count())

    def ask(self, operation: str, body: bytes) -> tuple[int, Json]:
        """The status and the document of an answer; one that is no JSON fails here."""
        return self._runner.run(self._ask(operation, body))

    async def _ask(self, operation: str, body: bytes) -> tuple[int, Json]:
        sent: list[Json] = []

        async def receive() -> Json:
            return {"type": "http.request", "body": body, "more_body": False}

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
        opened = Engine.open(Config(data=tmp_path), fixed_world(clock), FakeRuntime(clock.now))
        engine = runner.run(opened)
        yield Line(runner, Server(engine, frozenset()))
        runner.run(engine.close())


@contextmanager
def short_histories() -> Iterator[None]:
    """A loop ends soon."""
    with mock.patch.object(run, "MAX_EVENTS", 300):
        yield


def check(status: int, answer: Json) -> None:
    """A result, or an error that AWS would give."""
    assert status in (200, 400), answer
    if status == 400:
        assert isinstance(answer["__type"], str)
        assert "Internal" not in answer["__type"]
        assert answer.get("message")


@FUZZ
@given(definition=broken(), given_input=values)
def test_a_definition_that_was_tampered_with_is_created_and_started_or_refused(
    line: Line, definition: Json, given_input: Json
) -> None:
    request = {"name": next(line.names), "definition": dumps(definition), "roleArn": ROLE}
    status, answer = line.ask("CreateStateMachine", dumps(request).encode())
    check(status, answer)
    if status == 200:
        start = {"stateMachineArn": answer["stateMachineArn"], "input": dumps(given_input)}
        check(*line.ask("StartExecution", dumps(start).encode()))


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
MEMBERS = (
    "name",
    "definition",
    "roleArn",
    "type",
    "tags",
    "publish",
    "loggingConfiguration",
    "stateMachineArn",
    "input",
)


@FUZZ
@given(
    operation=st.sampled_from(["CreateStateMachine", "StartExecution", "StartSyncExecution", "TestState"]),
    body=st.dictionaries(st.sampled_from(MEMBERS), ANYTHING).map(lambda value: dumps(value).encode()) | st.binary(),
)
def test_a_payload_of_any_kind_is_answered_in_aws_s_shape(line: Line, operation: str, body: bytes) -> None:
    check(*line.ask(operation, body))
