"""A state machine's parameters as a service takes them.

https://docs.aws.amazon.com/step-functions/latest/dg/connect-to-resource.html
"""

import pytest
from botocore.loaders import Loader
from botocore.model import ServiceModel, Shape

from lamplighter.base.json_text import Json
from lamplighter.services.states.calls.parameter_conversion import ParametersRefused, to_service


def shape(service: str, operation: str) -> Shape:
    model = ServiceModel(Loader().load_service_model(service, "service-2"), service)
    return model.operation_model(operation).input_shape


SEND = shape("sqs", "SendMessage")
SCHEDULE = shape("scheduler", "CreateSchedule")


def test_what_is_not_given_is_missed_and_what_is_given_as_null_is_left_to_the_service() -> None:
    with pytest.raises(ParametersRefused, match="The field 'MessageBody' is required but was missing"):
        to_service(SEND, {"QueueUrl": "u"})
    assert to_service(SEND, {"QueueUrl": "u", "MessageBody": None}) == {"QueueUrl": "u"}


def test_an_object_where_text_belongs_is_json_text() -> None:
    assert to_service(SEND, {"QueueUrl": "u", "MessageBody": {"a": [1, None]}})["MessageBody"] == '{"a":[1,null]}'


@pytest.mark.parametrize(
    ("given", "seconds"),
    [("2026-01-01T00:00:00Z", 1_767_225_600), ("2026-01-01T01:00:00.500+01:00", 1_767_225_600.5), (7, 7)],
)
def test_an_instant_is_given_as_text_or_as_a_number(given: Json, seconds: float) -> None:
    target = {"Arn": "a", "RoleArn": "r"}
    parameters = {
        "Name": "n",
        "ScheduleExpression": "rate(1 day)",
        "Target": target,
        "FlexibleTimeWindow": {"Mode": "OFF"},
    }
    assert to_service(SCHEDULE, parameters | {"StartDate": given})["StartDate"] == seconds


def test_an_instant_that_is_none_is_refused() -> None:
    with pytest.raises(ParametersRefused, match="The value for the field 'StartDate' must be a TIMESTAMP"):
        to_service(SCHEDULE, {"StartDate": "tomorrow"})


def test_a_name_is_known_however_its_abbreviations_are_spelled() -> None:
    alarm = shape("cloudwatch", "PutMetricAlarm")
    given = {"AlarmName": "a", "EvaluationPeriods": 1, "ComparisonOperator": "LessThanThreshold", "OkActions": ["t"]}
    assert to_service(alarm, given)["OKActions"] == ["t"]


def test_bytes_that_are_no_base64_are_refused() -> None:
    with pytest.raises(ParametersRefused, match="must be a BLOB"):
        to_service(shape("lambda", "Invoke"), {"FunctionName": "f", "Payload": "größe"})
