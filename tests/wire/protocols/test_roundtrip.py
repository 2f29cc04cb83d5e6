"""Every request of botocore is understood, and botocore understands every answer of the engine."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from lamplighter.base.aws.service_model import Shape
from lamplighter.base.json_text import Json, RawJson
from lamplighter.wire.http import HttpRequest
from lamplighter.wire.models.catalog import ModelCatalog
from lamplighter.wire.models.service_models import REST_XML, SERVICES
from lamplighter.wire.route import encode_result, route_request

MOMENT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
PROTOCOLS = [
    (name, protocol) for name, entry in SERVICES.items() for protocol in entry.protocols if protocol != REST_XML
]
"""S3 has most of its members in headers, which carry no control characters: see `tests/services/s3`."""
EVENT_STREAMS = {"StartLiveTail", "GetLogObject"}
"""Operations that AWS answers with event streams, which the engine does not support."""


def sample(shape: Shape, *, on_wire: bool) -> Json:
    """Return a sample value of a shape: as the wire package represents it, or as botocore represents it."""
    match shape.type_name:
        case "structure":
            found = {name: sample(member, on_wire=on_wire) for name, member in shape.members.items()}
            return dict(list(found.items())[:1]) if shape.metadata.get("union") else found
        case "list":
            return [sample(shape.member, on_wire=on_wire)] * 2
        case "map":
            return {key: sample(shape.value, on_wire=on_wire) for key in ("k & <v>", "ключ")}
        case "integer" | "long":
            return 7
        case "float" | "double":
            return 1.5
        case "boolean":
            return True
        case "timestamp":
            return MOMENT.timestamp() if on_wire else MOMENT
        case "blob":
            return b"\x00\xff\r\n"
        case _:
            return 'a/b c+d&<e>"\r\n é 日'


def is_finite(shape: Shape | None, seen: frozenset[str] = frozenset()) -> bool:
    """Return whether a shape does not contain itself; a sample of a shape that does would never end."""
    if shape is None:
        return True
    if shape.name in seen:
        return False
    inner = list(shape.members.values())
    inner += [shape.member] if shape.type_name == "list" else [shape.value] if shape.type_name == "map" else []
    return all(is_finite(part, seen | {shape.name}) for part in inner)


@pytest.mark.parametrize(("service", "protocol"), PROTOCOLS)
def test_every_operation_decodes_what_botocore_encodes(
    make_request: Callable[..., HttpRequest], catalog: ModelCatalog, service: str, protocol: str
) -> None:
    model = catalog.service(service, protocol).model
    for name in model.operation_names:
        shape = model.operation_model(name).input_shape
        if shape is None:
            continue
        http = make_request(service, name, sample(shape, on_wire=False), protocol=protocol)
        assert catalog.operation(service, name, protocol).decode(http) == sample(shape, on_wire=True), name


@pytest.mark.parametrize(("service", "protocol"), PROTOCOLS)
def test_botocore_decodes_what_every_operation_encodes(
    parse_response: Callable[..., Json], catalog: ModelCatalog, service: str, protocol: str
) -> None:
    model = catalog.service(service, protocol).model
    for name in model.operation_names:
        shape = model.operation_model(name).output_shape
        if name in EVENT_STREAMS or not is_finite(shape):
            continue
        result = sample(shape, on_wire=True) if shape else None
        parsed = parse_response(
            service, name, catalog.operation(service, name, protocol).encode(result, "id-1"), protocol=protocol
        )
        metadata = parsed.pop("ResponseMetadata")
        assert parsed == (sample(shape, on_wire=False) if shape else {}), name
        assert metadata["HTTPStatusCode"] == model.operation_model(name).http.get("responseCode", 200)
        assert metadata["HTTPHeaders"]["x-amzn-requestid"] == "id-1"


@pytest.mark.parametrize(("service", "protocol"), PROTOCOLS)
def test_an_empty_answer_is_parsed_as_empty(
    parse_response: Callable[..., Json], catalog: ModelCatalog, service: str, protocol: str
) -> None:
    for name in set(catalog.service(service, protocol).model.operation_names) - EVENT_STREAMS:
        parsed = parse_response(
            service, name, catalog.operation(service, name, protocol).encode(None, "id-1"), protocol=protocol
        )
        assert set(parsed) == {"ResponseMetadata"}, name


ROUND_TRIPS: list[tuple[str, str, dict[str, Json], dict[str, Json]]] = [
    (
        "states",
        "StartExecution",
        {"stateMachineArn": "arn:aws:states:eu-west-1:123456789012:stateMachine:night", "input": '{"a":1}'},
        {"executionArn": "arn:aws:states:eu-west-1:123456789012:execution:night:1", "startDate": MOMENT.timestamp()},
    ),
    ("states", "ListTagsForResource", {"resourceArn": "arn:x"}, {"tags": [{"key": "a", "value": "b"}]}),
    (
        "ecs",
        "RunTask",
        {
            "taskDefinition": "batch:1",
            "count": 2,
            "overrides": {"containerOverrides": [{"name": "job", "environment": [{"name": "A", "value": ""}]}]},
            "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-1"], "assignPublicIp": "ENABLED"}},
        },
        {"tasks": [{"taskArn": "arn:aws:ecs:eu-west-1:123456789012:task/c/1", "version": 1}], "failures": []},
    ),
    (
        "events",
        "PutEvents",
        {"Entries": [{"Source": "app", "DetailType": "done", "Detail": "{}", "Time": 1767225600.0}]},
        {"FailedEntryCount": 0, "Entries": [{"EventId": "1"}]},
    ),
    (
        "scheduler",
        "CreateSchedule",
        {
            "Name": "night.ly-1",
            "ScheduleExpression": "rate(1 day)",
            "FlexibleTimeWindow": {"Mode": "OFF"},
            "Target": {
                "Arn": "arn:aws:states:eu-west-1:123456789012:stateMachine:n",
                "RoleArn": "arn:aws:iam::123456789012:role/r",
            },
        },
        {"ScheduleArn": "arn:aws:scheduler:eu-west-1:123456789012:schedule/default/nightly"},
    ),
    ("scheduler", "ListSchedules", {"MaxResults": 5, "NamePrefix": "n"}, {"Schedules": []}),
    (
        "scheduler",
        "TagResource",
        {
            "ResourceArn": "arn:aws:scheduler:eu-west-1:123456789012:schedule-group/g",
            "Tags": [{"Key": "a b", "Value": "c/d"}],
        },
        {},
    ),
    (
        "scheduler",
        "UntagResource",
        {"ResourceArn": "arn:aws:scheduler:eu-west-1:123456789012:schedule-group/g", "TagKeys": ["a b", "c&d"]},
        {},
    ),
    (
        "sns",
        "Publish",
        {
            "TopicArn": "arn:aws:sns:eu-west-1:123456789012:t",
            "Message": "night & <day>\r\n",
            "MessageAttributes": {"b": {"DataType": "Binary", "BinaryValue": b"\x00\xff"}},
        },
        {"MessageId": "1"},
    ),
    ("sns", "CreateTopic", {"Name": "t", "Attributes": {"DisplayName": "x"}, "Tags": []}, {"TopicArn": "arn"}),
    (
        "sqs",
        "SendMessageBatch",
        {
            "QueueUrl": "http://127.0.0.1:4566/123456789012/q",
            "Entries": [
                {
                    "Id": "1",
                    "MessageBody": "hello",
                    "MessageAttributes": {"b": {"DataType": "Binary", "BinaryValue": b"\x00\xff"}},
                }
            ],
        },
        {"Successful": [{"Id": "1", "MessageId": "m", "MD5OfMessageBody": "d"}], "Failed": []},
    ),
    (
        "logs",
        "PutLogEvents",
        {"logGroupName": "/ecs/job", "logStreamName": "a/b", "logEvents": [{"timestamp": 1, "message": "x"}]},
        {"nextSequenceToken": "1"},
    ),
    (
        "monitoring",
        "SetAlarmState",
        {"AlarmName": "ключ & <k>", "StateValue": "ALARM", "StateReason": "a\r\nb"},
        {},
    ),
    (
        "monitoring",
        "PutMetricData",
        {"Namespace": "app", "MetricData": [{"MetricName": "m", "Value": 1.5, "Timestamp": 1767225600.0}]},
        {},
    ),
    (
        "cloudformation",
        "CreateStack",
        {
            "StackName": "night",
            "TemplateBody": "Resources: {}\n",
            "Parameters": [{"ParameterKey": "A", "ParameterValue": "", "UsePreviousValue": False}],
            "Capabilities": ["CAPABILITY_IAM"],
        },
        {"StackId": "arn:aws:cloudformation:eu-west-1:123456789012:stack/night/1"},
    ),
]


@pytest.mark.parametrize(("service", "operation", "params", "result"), ROUND_TRIPS)
def test_a_valid_request_makes_the_full_round_trip(
    make_request: Callable[..., HttpRequest],
    parse_response: Callable[..., Json],
    catalog: ModelCatalog,
    service: str,
    operation: str,
    params: dict[str, Json],
    result: dict[str, Json],
) -> None:
    request = route_request(catalog, make_request(service, operation, params))
    assert (request.service, request.operation, request.region) == (service, operation, "eu-west-1")
    assert request.params == params
    parsed = parse_response(service, operation, encode_result(request, result, "id-1"))
    assert parsed.pop("ResponseMetadata")["HTTPHeaders"]["x-amzn-requestid"] == "id-1"
    assert parsed == {
        name: datetime.fromtimestamp(value, UTC) if name == "startDate" else value for name, value in result.items()
    }


def test_raw_json_is_sent_unchanged(make_request: Callable[..., HttpRequest], catalog: ModelCatalog) -> None:
    http = make_request("states", "GetExecutionHistory", {"executionArn": "arn:x"})
    response = encode_result(route_request(catalog, http), {"events": RawJson(b'[{"id":1 }]')}, "id-1")
    assert response.body == b'{"events":[{"id":1 }]}'
    assert (b"content-type", b"application/x-amz-json-1.0") in response.headers
    assert (b"content-length", b"22") in response.headers
