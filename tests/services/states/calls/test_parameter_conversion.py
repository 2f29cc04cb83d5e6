"""Convert the parameters of a Task state to the parameters of a service.

https://docs.aws.amazon.com/step-functions/latest/dg/connect-to-resource.html
"""

import pytest

from lamplighter.base.aws.service_model import ServiceModel, Shape, read_definition
from lamplighter.base.json_text import Json
from lamplighter.services.states.integrations.parameter_conversion import ParametersRefused, to_service


def shape(service: str, operation: str) -> Shape | None:
    return ServiceModel(read_definition(service)).operation_model(operation).input_shape


SEND = shape("sqs", "SendMessage")
SCHEDULE = shape("scheduler", "CreateSchedule")


def test_a_missing_required_field_is_refused_but_a_null_field_is_left_out() -> None:
    with pytest.raises(ParametersRefused, match="The field 'MessageBody' is required but was missing"):
        to_service(SEND, {"QueueUrl": "u"})
    assert to_service(SEND, {"QueueUrl": "u", "MessageBody": None}) == {"QueueUrl": "u"}


def test_an_object_in_a_text_field_becomes_json_text() -> None:
    assert to_service(SEND, {"QueueUrl": "u", "MessageBody": {"a": [1, None]}})["MessageBody"] == '{"a":[1,null]}'


@pytest.mark.parametrize(
    ("given", "seconds"),
    [("2026-01-01T00:00:00Z", 1_767_225_600), ("2026-01-01T01:00:00.500+01:00", 1_767_225_600.5), (7, 7)],
)
def test_a_timestamp_may_be_text_or_a_number(given: Json, seconds: float) -> None:
    target = {"Arn": "a", "RoleArn": "r"}
    parameters = {
        "Name": "n",
        "ScheduleExpression": "rate(1 day)",
        "Target": target,
        "FlexibleTimeWindow": {"Mode": "OFF"},
    }
    assert to_service(SCHEDULE, parameters | {"StartDate": given})["StartDate"] == seconds


def test_an_invalid_timestamp_is_refused() -> None:
    with pytest.raises(ParametersRefused, match="The value for the field 'StartDate' must be a TIMESTAMP"):
        to_service(SCHEDULE, {"StartDate": "tomorrow"})


def test_the_case_of_abbreviations_in_field_names_does_not_matter() -> None:
    alarm = shape("cloudwatch", "PutMetricAlarm")
    given = {"AlarmName": "a", "EvaluationPeriods": 1, "ComparisonOperator": "LessThanThreshold", "OkActions": ["t"]}
    assert to_service(alarm, given)["OKActions"] == ["t"]


def test_a_blob_that_is_not_base64_is_refused() -> None:
    with pytest.raises(ParametersRefused, match="must be a BLOB"):
        to_service(shape("lambda", "Invoke"), {"FunctionName": "f", "Payload": "größe"})
