"""Dashboards are checked, stored and shown."""

import pytest

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json, dumps
from tests.engine_harness import ACCOUNT, REGION
from tests.services.cloudwatch.cloudwatch_harness import CloudWatchHarness

METRIC = {"type": "metric", "properties": {"metrics": [["AWS/SQS", "NumberOfMessagesSent"]], "region": REGION}}
TEXT = {"type": "text", "x": 0, "y": 0, "width": 6, "height": 2, "properties": {"markdown": "The night"}}
BODY = dumps({"widgets": [METRIC, TEXT]})


def expect_error(harness: CloudWatchHarness, operation: str, **params: Json) -> tuple[str, str]:
    with pytest.raises(AwsError) as caught:
        harness.cloudwatch(operation, **params)
    return caught.value.code, caught.value.message


def test_a_dashboard_is_stored_listed_and_deleted(harness: CloudWatchHarness) -> None:
    put = harness.cloudwatch("PutDashboard", DashboardName="night", DashboardBody=BODY)
    assert put == {"DashboardValidationMessages": []}
    harness.restart()
    arn = f"arn:aws:cloudwatch::{ACCOUNT}:dashboard/night"
    assert harness.cloudwatch("GetDashboard", DashboardName="night") == {
        "DashboardArn": arn,
        "DashboardBody": BODY,
        "DashboardName": "night",
    }
    (entry,) = harness.cloudwatch("ListDashboards", DashboardNamePrefix="ni")["DashboardEntries"]
    assert entry == {
        "DashboardArn": arn,
        "DashboardName": "night",
        "LastModified": harness.clock.now() / 1000,
        "Size": len(BODY),
    }
    assert harness.cloudwatch("ListDashboards", DashboardNamePrefix="x")["DashboardEntries"] == []
    harness.cloudwatch("TagResource", ResourceARN=arn, Tags=[{"Key": "a", "Value": "b"}])
    assert harness.cloudwatch("ListTagsForResource", ResourceARN=arn)["Tags"] == [{"Key": "a", "Value": "b"}]
    harness.cloudwatch("DeleteDashboards", DashboardNames=["night", "none"])
    missing = ("DashboardNotFoundError", "Dashboard night does not exist")
    assert expect_error(harness, "GetDashboard", DashboardName="night") == missing
    assert expect_error(harness, "DeleteDashboards", DashboardNames=["night"]) == missing


@pytest.mark.parametrize(
    ("body", "messages"),
    [
        ("x", ["must be a valid JSON object"]),
        ("[]", ["must be a valid JSON object"]),
        ("{}", ["there is 1 validation error", "Should have required property 'widgets'"]),
        ('{"widgets": 1}', ['"dataPath": "/widgets"', "Should be array"]),
        ('{"widgets": [1]}', ['"dataPath": "/widgets/0"', "Should be object"]),
        ('{"widgets": [{}]}', ["there are 2 validation errors", "property 'type'", "property 'properties'"]),
        ('{"widgets": [{"type": 1, "properties": {}}]}', ["/widgets/0/type"]),
        ('{"widgets": [{"type": "text", "properties": {}}]}', ["/widgets/0/properties", "'markdown'"]),
        ('{"widgets": [{"type": "metric", "properties": {}}]}', ["there are 3 validation errors", "'metrics'"]),
        ('{"widgets": [{"type": "metric", "properties": {"metrics": ["a"]}}]}', ["properties/metrics/0", "be array"]),
        ('{"widgets": [{"type": "text", "width": 30, "properties": {"markdown": ""}}]}', ["/widgets/0/width"]),
    ],
)
def test_each_fault_of_a_dashboard_is_reported_with_its_place(
    harness: CloudWatchHarness, body: str, messages: list[str]
) -> None:
    code, message = expect_error(harness, "PutDashboard", DashboardName="night", DashboardBody=body)
    assert code == "DashboardInvalidInputError"
    assert [each for each in messages if each not in message] == []


def test_the_name_of_a_dashboard_has_letters_digits_dashes_and_underscores(harness: CloudWatchHarness) -> None:
    _, message = expect_error(harness, "PutDashboard", DashboardName="a b", DashboardBody=BODY)
    assert message.startswith("The value a b for field DashboardName contains invalid characters.")


def test_a_deleted_alarm_has_no_tags_but_an_unknown_dashboard_is_an_error(harness: CloudWatchHarness) -> None:
    """Recorded for alarms."""
    alarm = f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:none"
    assert harness.cloudwatch("ListTagsForResource", ResourceARN=alarm) == {"Tags": []}
    other = f"arn:aws:cloudwatch::{ACCOUNT}:dashboard/none"
    assert expect_error(harness, "ListTagsForResource", ResourceARN=other)[0] == "ResourceNotFoundException"


def test_a_stack_creates_changes_and_deletes_a_dashboard(harness: CloudWatchHarness) -> None:
    def template(body: str) -> str:
        properties = {"DashboardName": "night", "DashboardBody": body}
        return dumps({"Resources": {"Board": {"Type": "AWS::CloudWatch::Dashboard", "Properties": properties}}})

    harness.call("cloudformation", "CreateStack", StackName="s", TemplateBody=template(BODY))
    harness.settle()
    assert harness.cloudwatch("GetDashboard", DashboardName="night")["DashboardBody"] == BODY
    harness.call("cloudformation", "UpdateStack", StackName="s", TemplateBody=template('{"widgets": []}'))
    harness.settle()
    assert harness.cloudwatch("GetDashboard", DashboardName="night")["DashboardBody"] == '{"widgets": []}'
    harness.call("cloudformation", "DeleteStack", StackName="s")
    harness.settle()
    assert harness.cloudwatch("ListDashboards")["DashboardEntries"] == []
