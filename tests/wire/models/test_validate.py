"""Violations in AWS's words: first recorded ones, then one of each kind."""

import json
from contextlib import suppress
from pathlib import Path
from string import printable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json
from lamplighter.wire.models.catalog import ModelCatalog

MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:m"
RECORDED = json.loads(Path(__file__).with_name("recorded.json").read_text())
"""Answers of AWS from the recordings of EventBridge and Step Functions."""


def validation_error(catalog: ModelCatalog, service: str, operation: str, params: Json) -> str:
    with pytest.raises(AwsError) as caught:
        catalog.operation(service, operation).check(params)
    return f"{caught.value.code}: {caught.value.message}"


@pytest.mark.parametrize("case", RECORDED, ids=lambda case: case["operation"])
def test_a_violation_has_the_message_recorded_from_aws(catalog: ModelCatalog, case: Json) -> None:
    error = validation_error(catalog, case["service"], case["operation"], case["params"])
    assert error == f"ValidationException: {case['message']}"


def test_a_missing_member_is_reported_as_null(catalog: ModelCatalog) -> None:
    assert validation_error(catalog, "states", "StartExecution", {}) == (
        "ValidationException: 1 validation error detected: "
        "Value null at 'stateMachineArn' failed to satisfy constraint: Member must not be null"
    )


def test_a_list_member_is_named_by_its_number(catalog: ModelCatalog) -> None:
    params = {"resourceArn": MACHINE, "tags": [{"key": "a", "value": "b"}, {"key": "", "value": "b"}]}
    assert "Value '' at 'tags.2.member.key' failed" in validation_error(catalog, "states", "TagResource", params)


def test_violations_of_list_values_are_reported_together(catalog: ModelCatalog) -> None:
    message = validation_error(catalog, "logs", "DescribeLogGroups", {"accountIdentifiers": ["123456789012", "x"]})
    assert message == (
        "InvalidParameterException: 1 validation error detected: "
        "Value '[123456789012, x]' at 'accountIdentifiers' failed to satisfy constraint: "
        "Member must satisfy constraint: "
        "[Member must have length less than or equal to 12, Member must have length greater than or equal to 12, "
        r"Member must satisfy regular expression pattern: ^\d{12}$]"
    )


def test_an_operation_without_the_usual_error_of_its_service_has_a_validation_exception(catalog: ModelCatalog) -> None:
    assert validation_error(catalog, "logs", "GetDelivery", {"id": ""}).startswith("ValidationException: 2 validation")
    assert validation_error(catalog, "logs", "DeleteLogGroup", {}).startswith("InvalidParameterException: 1 validation")


def test_sns_itself_checks_the_type_of_a_message_attribute(catalog: ModelCatalog) -> None:
    params = {"TopicArn": "arn", "Message": "x", "MessageAttributes": {"a": {"StringValue": "b"}}}
    catalog.operation("sns", "Publish").check(params)


def test_violations_of_map_keys_are_reported_together(catalog: ModelCatalog) -> None:
    transformer = {"InputPathsMap": {"de onde?": "$.a"}, "InputTemplate": "x"}
    params = {"Rule": "r", "Targets": [{"Id": "1", "Arn": "arn", "InputTransformer": transformer}]}
    assert validation_error(catalog, "events", "PutTargets", params) == (
        "ValidationException: 1 validation error detected: "
        "Value '{de onde?=$.a}' at 'targets.1.member.inputTransformer.inputPathsMap' failed to satisfy constraint: "
        "Map keys must satisfy constraint: "
        "[Member must have length less than or equal to 256, Member must have length greater than or equal to 1, "
        r"Member must satisfy regular expression pattern: [A-Za-z0-9\_\-]+]"
    )


def test_the_pattern_is_checked_for_a_text_that_is_too_long_unless_it_is_far_too_long(catalog: ModelCatalog) -> None:
    for length, checked in ((65, True), (1_000, True), (10_240, True), (10_241, False)):
        message = validation_error(catalog, "events", "PutRule", {"Name": "!" * length, "EventPattern": "{}"})
        assert "Member must have length less than or equal to 64" in message
        assert ("Member must satisfy regular expression pattern" in message) is checked


def test_a_secret_is_not_repeated(catalog: ModelCatalog) -> None:
    message = validation_error(catalog, "states", "StartExecution", {"stateMachineArn": MACHINE, "input": "s" * 262145})
    assert "sss" not in message
    assert (
        "Value at 'input' failed to satisfy constraint: Member must have length less than or equal to 262144" in message
    )


@pytest.mark.parametrize(
    ("service", "operation", "params", "code"),
    [
        ("ecs", "RunTask", {"taskDefinition": "t", "launchType": "MOON"}, "InvalidParameterException"),
        (
            "logs",
            "PutLogEvents",
            {"logGroupName": "g", "logStreamName": "s", "logEvents": []},
            "InvalidParameterException",
        ),
        ("scheduler", "GetSchedule", {"Name": "a/b"}, "ValidationException"),
        ("sns", "Publish", {}, "ValidationError"),
        ("cloudformation", "DescribeStackResources", {"StackName": 1}, "SerializationException"),
        ("cloudformation", "CreateStack", {}, "ValidationError"),
    ],
)
def test_each_service_has_its_own_error_code(
    catalog: ModelCatalog, service: str, operation: str, params: Json, code: str
) -> None:
    assert validation_error(catalog, service, operation, params).startswith(f"{code}: ")


def test_sns_has_an_error_of_its_own_for_a_missing_arn(catalog: ModelCatalog) -> None:
    for operation, parameter in (("Unsubscribe", "SubscriptionArn"), ("GetTopicAttributes", "TopicArn")):
        assert validation_error(catalog, "sns", operation, {}) == (
            f"InvalidParameter: Invalid parameter: {parameter} Reason: no value for required parameter"
        )


def test_sns_itself_requires_the_attributes_of_mobile_applications(catalog: ModelCatalog) -> None:
    """AWS reads the ARN first: recorded with an ARN that is none."""
    catalog.operation("sns", "SetPlatformApplicationAttributes").check({"PlatformApplicationArn": "none"})


def test_sqs_reports_only_missing_parameters_and_leaves_the_rest_to_the_service(catalog: ModelCatalog) -> None:
    assert validation_error(catalog, "sqs", "SendMessage", {"QueueUrl": "u"}) == (
        "MissingParameter: The request must contain the parameter MessageBody."
    )
    catalog.operation("sqs", "GetQueueAttributes").check({"QueueUrl": "u", "AttributeNames": ["Nonsense"]})


@pytest.mark.parametrize(
    ("service", "operation", "params", "message"),
    [
        ("ecs", "RunTask", {"taskDefinition": "t", "count": "1"}, "STRING_VALUE cannot be converted to Integer"),
        ("ecs", "RunTask", {"taskDefinition": True}, "TRUE_VALUE cannot be converted to String"),
        ("states", "ListExecutions", {"maxResults": "1"}, "STRING_VALUE can not be converted to an Integer"),
        ("states", "ListExecutions", {"maxResults": False}, "FALSE_VALUE can not be converted to an Integer"),
        ("states", "ListExecutions", {"maxResults": 1.5}, "NUMBER_VALUE can not be converted to an Integer"),
        ("states", "ListExecutions", {"maxResults": 2**31}, "NUMBER_VALUE can not be converted to an Integer"),
        (
            "ecs",
            "RunTask",
            {"taskDefinition": "t", "count": 2**31},
            "NUMBER_VALUE cannot be converted to Integer",
        ),
        (
            "logs",
            "FilterLogEvents",
            {"logGroupName": "a", "startTime": 2**63},
            "NUMBER_VALUE can not be converted to a Long",
        ),
        ("states", "StartExecution", {"input": {"a": 1}}, "Start of structure or map found where not expected."),
        ("states", "StartExecution", {"name": ["a"]}, "Start of list found where not expected"),
        ("events", "PutEvents", {"Entries": "x"}, "Expected list or null"),
        ("events", "PutEvents", {"Entries": ["x"]}, "Expected null"),
        (
            "events",
            "StartReplay",
            {"EventStartTime": "x"},
            "STRING_VALUE can not be converted to milliseconds since epoch",
        ),
    ],
)
def test_a_value_of_a_wrong_type_precedes_all_violations(
    catalog: ModelCatalog, service: str, operation: str, params: Json, message: str
) -> None:
    assert validation_error(catalog, service, operation, params) == f"SerializationException: {message}"


def test_unknown_members_are_ignored(catalog: ModelCatalog) -> None:
    catalog.operation("states", "StartExecution").check({"stateMachineArn": MACHINE, "fromTheFuture": [[{}]]})


def test_a_value_that_aws_accepts_contrary_to_its_model_is_accepted(catalog: ModelCatalog) -> None:
    oauth = {
        "AuthorizationEndpoint": "x",
        "ClientParameters": {"ClientID": "i", "ClientSecret": "s"},
        "HttpMethod": "put",
    }
    params = {
        "Name": "n",
        "AuthorizationType": "OAUTH_CLIENT_CREDENTIALS",
        "AuthParameters": {"OAuthParameters": oauth},
    }
    catalog.operation("events", "CreateConnection").check(params)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(printable, max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab", max_size=2), inner, max_size=3),
    max_leaves=8,
)
TASK = st.fixed_dictionaries(
    {}, optional=dict.fromkeys(("taskDefinition", "count", "overrides", "tags", "networkConfiguration"), VALUES)
)


@given(TASK)
def test_any_values_raise_only_aws_errors(params: Json) -> None:
    with suppress(AwsError):
        ECS.operation("ecs", "RunTask").check(params)
        assert isinstance(params["taskDefinition"], str)


ECS = ModelCatalog()
"""Compiled once for all examples of the property."""


@pytest.mark.parametrize("kind", ["Metric", "Subscription"])
def test_the_name_of_a_log_group_whose_filter_is_deleted_has_its_own_message(catalog: ModelCatalog, kind: str) -> None:
    operation = catalog.operation("logs", f"Delete{kind}Filter")
    with pytest.raises(AwsError, match="Invalid LogGroup or LogStream, both must have length less than or equal to"):
        operation.check({"logGroupName": "X" * 513, "filterName": "f"})


def test_a_list_is_shown_with_its_members_in_the_order_of_aws(catalog: ModelCatalog) -> None:
    metric = {"metricName": "m", "metricNamespace": "n", "metricValue": "1"}
    params = {"logGroupName": "g", "filterName": "f", "filterPattern": "", "metricTransformations": [metric, metric]}
    with pytest.raises(AwsError, match="metricValue=1, defaultValue=null, unit=null, dimensions=null"):
        catalog.operation("logs", "PutMetricFilter").check(params)
