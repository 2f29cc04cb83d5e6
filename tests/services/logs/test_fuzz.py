"""CloudWatch Logs answers any sequence of requests in the shapes of AWS, and never with status 500."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lamplighter.base.aws.service_model import Shape
from lamplighter.base.json_text import Json, dump_bytes, loads
from lamplighter.bus import wait_forever
from lamplighter.engine.config import EngineConfig
from lamplighter.engine.engine import Engine
from lamplighter.operations.pages import encode_token
from lamplighter.server import HttpServer
from lamplighter.services.logs.lookup import event_id
from lamplighter.wire.access.host_header import AllowedHosts
from tests.fake_runtime import FakeRuntime
from tests.manual_world import ManualClock, manual_world
from tests.property_settings import examples
from tests.service_models import error_names

FUZZ = settings(
    deadline=None,
    derandomize=True,
    max_examples=examples(300),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
NOW = ManualClock().wall
NAMES = st.sampled_from(["a", "a/b", "b", "", "a:b", "ü", "arn:aws:logs:us-east-1:123456789012:log-group:a", "arn:x"])
PATTERNS = st.sampled_from(["", "a", "-a", "{ $.a = 1 }", "[a, b]", "%a%", "{", "ä"]) | st.text(max_size=12)
EVENT_IDS = st.tuples(*[st.sampled_from([0, 1, NOW, 2**61])] * 3).map(event_id)
TOKENS = st.one_of(
    EVENT_IDS.map(lambda key: f"f/{key}/s"),
    EVENT_IDS.map(lambda key: encode_token(f"b/{key}/s")),
    st.recursive(st.none() | st.integers() | st.text(max_size=3), st.lists, max_leaves=3).map(encode_token),
    st.text(max_size=5),
)
TIMES = st.sampled_from([0, 1, NOW - 1, NOW, NOW + 1, 2**31, 2**63, 10**30, -1])
COMMON_ERRORS = {"InvalidParameterException", "SerializationException"}
"""The errors of every operation; the second is that of a number which is too large for its type."""
KNOWN_VALUES = {
    "NextToken": TOKENS,
    "FilterPattern": PATTERNS,
    "Timestamp": TIMES,
    "Days": st.sampled_from([1, 7, 2, 10**30]),
    "EventMessage": st.text(max_size=5) | st.just('{"a": 1}'),
}


def values_of(shape: Shape) -> st.SearchStrategy[Json]:
    """Return a strategy for values of a shape, most of them valid."""
    if shape.name in KNOWN_VALUES:
        return KNOWN_VALUES[shape.name]
    match shape.type_name:
        case "structure":
            required = {
                name: values_of(member) for name, member in shape.members.items() if name in shape.required_members
            }
            optional = {name: values_of(member) for name, member in shape.members.items() if name not in required}
            return st.fixed_dictionaries(required, optional=optional)
        case "list":
            return st.lists(values_of(shape.member), max_size=3)
        case "map":
            return st.dictionaries(NAMES, values_of(shape.value), max_size=2)
        case "boolean":
            return st.booleans()
        case "integer" | "long" | "double":
            return st.sampled_from([0, 1, 2, 50, 10_000, 10**30, -1])
        case _:
            return st.sampled_from(shape.metadata["enum"]) if "enum" in shape.metadata else NAMES


class ServerClient:
    """A client that sends requests to a server in this process, one after another."""

    def __init__(self, runner: asyncio.Runner, engine: Engine) -> None:
        self._runner = runner
        self._server = HttpServer(engine, AllowedHosts())
        self.service = engine.catalog.service("logs")
        self.operations = sorted(engine.services["logs"].operations.keys() & set(self.service.model.operation_names))

    def request(self, operation: str, params: Json) -> tuple[int, Json]:
        return self._runner.run(self._request(operation, dump_bytes(params)))

    async def _request(self, operation: str, body: bytes) -> tuple[int, Json]:
        sent: list[Json] = []
        messages = [{"type": "http.request", "body": body, "more_body": False}]

        async def receive() -> Json:
            if not messages:  # the caller waits for the answer
                await wait_forever()
            return messages.pop()

        async def send(message: Json) -> None:
            sent.append(message)

        credential = b"Credential=test/20260101/us-east-1/logs/aws4_request"
        headers = [
            (b"host", b"localhost"),
            (b"authorization", b"AWS4-HMAC-SHA256 " + credential + b", SignedHeaders=host, Signature=0"),
            (b"content-type", b"application/x-amz-json-1.1"),
            (b"x-amz-target", f"Logs_20140328.{operation}".encode()),
            (b"content-length", str(len(body)).encode()),
        ]
        scope = {"type": "http", "method": "POST", "raw_path": b"/", "query_string": b"", "headers": headers}
        await self._server(scope, receive, send)
        return sent[0]["status"], loads(sent[1]["body"] or b"{}")


@pytest.fixture
def client(tmp_path: Path) -> Iterator[ServerClient]:
    with asyncio.Runner() as runner:
        clock = ManualClock()
        opened = Engine.open(EngineConfig(data_directory=tmp_path), manual_world(clock), FakeRuntime(clock.now))
        engine = runner.run(opened)
        new_client = ServerClient(runner, engine)
        new_client.request("CreateLogGroup", {"logGroupName": "a"})
        for stream in ("a", "b"):
            new_client.request("CreateLogStream", {"logGroupName": "a", "logStreamName": stream})
        yield new_client
        runner.run(engine.close())


@FUZZ
@given(st.data())
def test_no_request_is_answered_with_status_500(client: ServerClient, data: st.DataObject) -> None:
    for operation in data.draw(st.lists(st.sampled_from(client.operations), min_size=1, max_size=6)):
        model = client.service.model.operation_model(operation)
        params = data.draw(values_of(model.input_shape) if model.input_shape else st.just({}))
        status, answer = client.request(operation, params)
        assert status in (200, 400), f"{operation} {params}: {answer}"
        if status == 200 and model.output_shape is not None:
            assert set(answer) <= set(model.output_shape.members), operation
        elif status == 400:
            known = {*error_names(client.service.model, operation), *COMMON_ERRORS}
            assert answer["__type"] in known, answer
