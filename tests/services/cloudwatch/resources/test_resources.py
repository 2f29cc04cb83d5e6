"""Dashboards, metric streams, rules of Contributor Insights and anomaly detectors are checked, stored and shown."""

import pytest

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json, dumps
from tests.engine_harness import ACCOUNT, REGION
from tests.services.cloudwatch.cloudwatch_harness import CloudWatchHarness

METRIC = {"type": "metric", "properties": {"metrics": [["AWS/SQS", "NumberOfMessagesSent"]], "region": REGION}}
TEXT = {"type": "text", "x": 0, "y": 0, "width": 6, "height": 2, "properties": {"markdown": "The night"}}
BODY = dumps({"widgets": [METRIC, TEXT]})
DEFINITION = dumps({"Schema": {"Name": "CloudWatchLogRule", "Version": 1}, "Contribution": {"Keys": ["$.ip"]}})
STREAM: Json = {"FirehoseArn": "arn:aws:firehose:x", "RoleArn": "arn:aws:iam::1:role/r", "OutputFormat": "json"}


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


def test_a_metric_stream_is_stored_and_keeps_its_state_when_it_is_put_again(harness: CloudWatchHarness) -> None:
    arn = harness.cloudwatch("PutMetricStream", Name="s", **STREAM)["Arn"]
    assert arn == f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:metric-stream/s"
    assert harness.cloudwatch("GetMetricStream", Name="s")["State"] == "running"
    harness.cloudwatch("StopMetricStreams", Names=["s"])
    harness.cloudwatch("PutMetricStream", Name="s", IncludeFilters=[{"Namespace": "AWS/SQS"}], **STREAM)
    found = harness.cloudwatch("GetMetricStream", Name="s")
    assert (found["State"], found["IncludeFilters"]) == ("stopped", [{"Namespace": "AWS/SQS"}])
    harness.cloudwatch("StartMetricStreams", Names=["s"])
    (entry,) = harness.cloudwatch("ListMetricStreams")["Entries"]
    assert (entry["Arn"], entry["State"], entry["OutputFormat"]) == (arn, "running", "json")
    harness.cloudwatch("DeleteMetricStream", Name="s")
    assert expect_error(harness, "GetMetricStream", Name="s")[0] == "ResourceNotFoundException"
    both = {"IncludeFilters": [{"Namespace": "a"}], "ExcludeFilters": [{"Namespace": "b"}]}
    assert expect_error(harness, "PutMetricStream", Name="s", **STREAM, **both)[0] == (
        "InvalidParameterCombinationException"
    )


def test_an_insight_rule_is_stored_disabled_and_deleted(harness: CloudWatchHarness) -> None:
    harness.cloudwatch("PutInsightRule", RuleName="ips", RuleDefinition=DEFINITION)
    assert harness.cloudwatch("DisableInsightRules", RuleNames=["ips"]) == {"Failures": []}
    (rule,) = harness.cloudwatch("DescribeInsightRules")["InsightRules"]
    assert (rule["Name"], rule["State"], rule["Definition"]) == ("ips", "DISABLED", DEFINITION)
    harness.cloudwatch("EnableInsightRules", RuleNames=["ips"])
    assert harness.cloudwatch("DescribeInsightRules")["InsightRules"][0]["State"] == "ENABLED"
    (failure,) = harness.cloudwatch("DeleteInsightRules", RuleNames=["ips", "none"])["Failures"]
    assert failure["FailureResource"] == "none"
    assert harness.cloudwatch("DescribeInsightRules") == {"InsightRules": []}
    assert expect_error(harness, "PutInsightRule", RuleName="ips", RuleDefinition="x")[0] == (
        "InvalidParameterValueException"
    )


def test_an_anomaly_detector_is_known_by_what_it_watches(harness: CloudWatchHarness) -> None:
    metric: Json = {"Namespace": "app", "MetricName": "m", "Stat": "Sum", "Dimensions": [{"Name": "a", "Value": "b"}]}
    harness.cloudwatch("PutAnomalyDetector", **metric)
    harness.cloudwatch("PutAnomalyDetector", SingleMetricAnomalyDetector=metric)
    (found,) = harness.cloudwatch("DescribeAnomalyDetectors", Namespace="app")["AnomalyDetectors"]
    assert (found["StateValue"], found["SingleMetricAnomalyDetector"]) == (
        "PENDING_TRAINING",
        {"AccountId": ACCOUNT} | metric,
    )
    assert found["Configuration"] == {"ExcludedTimeRanges": []}
    assert harness.cloudwatch("DescribeAnomalyDetectors", MetricName="x")["AnomalyDetectors"] == []
    math = {"MetricDataQueries": [{"Id": "e", "Expression": "1"}]}
    harness.cloudwatch("PutAnomalyDetector", MetricMathAnomalyDetector=math)
    types = ["METRIC_MATH"]
    (found,) = harness.cloudwatch("DescribeAnomalyDetectors", AnomalyDetectorTypes=types)["AnomalyDetectors"]
    assert found["MetricMathAnomalyDetector"] == math
    harness.cloudwatch("DeleteAnomalyDetector", **metric)
    assert expect_error(harness, "DeleteAnomalyDetector", **metric)[0] == "ResourceNotFoundException"
    assert expect_error(harness, "PutAnomalyDetector", Namespace="app")[0] == "MissingRequiredParameterException"
    assert expect_error(
        harness, "PutAnomalyDetector", SingleMetricAnomalyDetector=metric, MetricMathAnomalyDetector=math
    )[0] == ("InvalidParameterCombinationException")


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
