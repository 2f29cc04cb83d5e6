"""EventBridge answers each request with an answer that the protocol can encode, or with an error of AWS."""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lamplighter.base.aws.service_model import Shape
from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json, dumps
from lamplighter.services.events.rules.event_patterns import REQUIRED_FIELDS
from lamplighter.wire.models.catalog import ModelCatalog
from tests.engine_harness import ACCOUNT, CALLER, REGION, ROLE, SECOND
from tests.property_settings import examples
from tests.service_models import error_names
from tests.services.events.events_harness import GROUP, QUEUE, TOPIC, EventsHarness

CATALOG = ModelCatalog()
MODEL = CATALOG.service("events").model
ARN_PREFIX = f"arn:aws:events:{REGION}:{ACCOUNT}:"
TARGETS = (
    f"{ARN_PREFIX}event-bus/mine",
    f"{ARN_PREFIX}event-bus/default",
    f"{ARN_PREFIX}api-destination/d/1",
    f"arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/c",
    f"arn:aws:logs:{REGION}:{ACCOUNT}:x",
    f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:m",
    "arn:aws:a:::b",
    "x",
)
PARTNERS = ("Endpoint", "Partner", "EventSource")
OPERATIONS = sorted(name for name in MODEL.operation_names if not any(part in name for part in PARTNERS))

texts = st.one_of(
    st.text(st.characters(codec="utf-8"), max_size=5),
    st.sampled_from(["", "0", "x", "aws.x", "{}", "[]", "{", '"x"', "*", "<a>", "$.detail", "$..x", "/", "default"]),
)
numbers = st.one_of(st.integers(-2, 110), st.sampled_from([2**31, 2**53, 2**63, 10**30, -(10**30)]))
times = st.one_of(st.integers(0, 2_000_000_000), st.floats(allow_nan=False, allow_infinity=False), numbers)
buses = st.sampled_from(
    ["default", "mine", f"{ARN_PREFIX}event-bus/default", f"{ARN_PREFIX}event-bus/mine", "none", "event-bus/", ""]
)
scalars = st.one_of(texts, numbers, st.none(), st.booleans(), st.floats(allow_nan=False, allow_infinity=False))
OPERATORS = ("prefix", "suffix", "anything-but", "numeric", "cidr", "exists", "wildcard", "equals-ignore-case", "$or")
documents = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.one_of(texts, st.sampled_from([*OPERATORS, "source", "detail"])), inner, max_size=3),
    ),
    max_leaves=8,
)
patterns = st.one_of(
    texts,
    documents.map(dumps),
    st.sampled_from(['{"source":["shop"]}', '{"detail":{"a":[{"exists":true}]}}', '{"source":[{"wildcard":"*s*"}]}']),
)
KNOWN_VALUES = {
    "EventBusName": buses,
    "Name": st.one_of(st.sampled_from(["r", "a", "c", "d", "mine", "default"]), texts),
    "Rule": st.sampled_from(["r", "s", "none"]),
    "EventPattern": patterns,
    "Event": st.one_of(patterns, st.just(dumps(dict.fromkeys(REQUIRED_FIELDS, "x")))),
    "ScheduleExpression": st.sampled_from(["rate(1 minute)", "rate(0 days)", "cron(* * * * ? *)", "at(x)", "x", ""]),
    "Detail": st.one_of(texts, documents.map(dumps), st.just('{"a":1}')),
    "Source": st.one_of(st.just("shop"), texts),
    "Arn": st.sampled_from([QUEUE, TOPIC, GROUP, *TARGETS]),
    "EventSourceArn": st.sampled_from([
        f"{ARN_PREFIX}event-bus/default", f"{ARN_PREFIX}event-bus/mine", f"{ARN_PREFIX}archive/a", "x",
    ]),
    "ResourceARN": st.sampled_from([ARN_PREFIX + name for name in ("rule/r", "rule/mine/r", "event-bus/mine", "x")]),
    "ConnectionArn": st.sampled_from([f"{ARN_PREFIX}connection/c/1", f"{ARN_PREFIX}archive/a"]),
    "ArchiveName": st.sampled_from(["a", "b"]),
    "ReplayName": st.sampled_from(["p", "q"]),
    "RoleArn": st.just(ROLE),
    "Policy": st.one_of(texts, documents.map(dumps)),
    "InputTemplate": st.one_of(texts, st.sampled_from(['{"a": <a>}', '"<a> <b>"', "<aws.events.event.json>", '{"a"'])),
    "Input": st.one_of(texts, documents.map(dumps)),
}  # fmt: skip


def values_of(shape: Shape, name: str) -> st.SearchStrategy[Json]:
    """Return a strategy for valid and invalid values of a shape."""
    if name in KNOWN_VALUES:
        return KNOWN_VALUES[name]
    match shape.type_name:
        case "structure":
            members = {key: values_of(member, key) for key, member in shape.members.items()}
            required = {key: members.pop(key) for key in shape.required_members}
            return st.fixed_dictionaries(required, optional=members)
        case "list":
            return st.lists(values_of(shape.member, shape.member.name), max_size=3)
        case "map":
            return st.dictionaries(st.one_of(st.sampled_from("ab"), texts), values_of(shape.value, ""), max_size=2)
        case "integer" | "long":
            return numbers
        case "boolean":
            return st.booleans()
        case "timestamp":
            return times
        case _:
            known = shape.metadata.get("enum")
            return st.one_of(st.sampled_from(known), texts) if known else texts


@pytest.fixture(scope="module")
def fuzzed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EventsHarness]:
    harness = EventsHarness(tmp_path_factory.mktemp("fuzz") / "data")
    harness.up()
    harness.events("CreateEventBus", Name="mine")
    harness.put_rule({"source": ["shop"]}, name="r")
    harness.put_rule(None, name="s", ScheduleExpression="rate(1 minute)")
    harness.events("CreateArchive", ArchiveName="a", EventSourceArn=f"{ARN_PREFIX}event-bus/default")
    yield harness
    harness.close()


@pytest.mark.parametrize("name", OPERATIONS)
@settings(
    deadline=None,
    derandomize=True,
    max_examples=examples(100),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data())
def test_every_request_gets_a_valid_answer_or_an_aws_error(
    fuzzed: EventsHarness, caplog: pytest.LogCaptureFixture, name: str, data: st.DataObject
) -> None:
    operation, model = CATALOG.operation("events", name), MODEL.operation_model(name)
    params = data.draw(values_of(model.input_shape, "") if model.input_shape else st.just({}))
    try:
        operation.check(params)
        answer = fuzzed.run(fuzzed.engine.call(CALLER, "events", name, params))
    except AwsError as error:
        error_code = error.code
    else:
        error_code = "ValidationException"
        operation.encode(answer, "id")
    assert error_code in {*error_names(MODEL, name), "ValidationException", "SerializationException"}
    fuzzed.advance(SECOND)
    assert [record.message for record in caplog.records if record.levelname == "ERROR"] == []


def test_after_the_random_requests_events_are_still_delivered(fuzzed: EventsHarness) -> None:
    fuzzed.events("PutRule", Name="last", EventPattern='{"source":["last"]}')
    fuzzed.events("PutTargets", Rule="last", Targets=[{"Id": "1", "Arn": QUEUE, "Input": '"last"'}])
    fuzzed.put_event(source="last")
    assert "last" in fuzzed.messages()
