"""Store and show metric filters and subscription filters, and test a pattern on messages.

https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_TestMetricFilter.html
"""

import logging

import pytest

from lamplighter.base.json_text import Json, dumps
from tests.services.logs.logs_harness import GROUP, LogsHarness

METRIC: Json = [{"metricName": "errors", "metricNamespace": "batch", "metricValue": "1"}]
DESTINATION = "arn:aws:lambda:us-east-1:123456789012:function:f"


def put_metric_filter(harness: LogsHarness, name: str, group: str = GROUP, transformations: Json = METRIC) -> None:
    harness.logs(
        "PutMetricFilter",
        logGroupName=group,
        filterName=name,
        filterPattern="ERROR",
        metricTransformations=transformations,
    )


def test_metric_filters_are_shown_counted_and_deleted(harness: LogsHarness) -> None:
    harness.create_group()
    put_metric_filter(harness, "b")
    put_metric_filter(harness, "a")
    pages = list(harness.pages("DescribeMetricFilters", logGroupName=GROUP, limit=1))
    found = [each for page in pages for each in page["metricFilters"]]
    assert [each["filterName"] for each in found] == ["a", "b"]
    assert found[0] == {
        "filterName": "a",
        "logGroupName": GROUP,
        "filterPattern": "ERROR",
        "creationTime": harness.now,
        "applyOnTransformedLogs": False,
        "metricTransformations": METRIC,
    }
    assert harness.logs("DescribeLogGroups")["logGroups"][0]["metricFilterCount"] == 2
    harness.logs("DeleteMetricFilter", logGroupName=GROUP, filterName="a")
    code, _ = harness.expect_error("DeleteMetricFilter", logGroupName=GROUP, filterName="a")
    assert code == "ResourceNotFoundException"


def test_metric_filters_of_all_groups_are_found_by_their_metric(harness: LogsHarness) -> None:
    other = [{"metricName": "other", "metricNamespace": "batch", "metricValue": "1"}]
    for group in ("x", "y"):
        harness.create_group(group=group)
        put_metric_filter(harness, "a", group)
        put_metric_filter(harness, "b", group, other)
    pages = list(harness.pages("DescribeMetricFilters", metricName="other", metricNamespace="batch", limit=1))
    found = [(each["logGroupName"], each["filterName"]) for page in pages for each in page["metricFilters"]]
    assert found == [("x", "b"), ("y", "b")]
    assert harness.expect_error("DescribeMetricFilters", metricName="other")[0] == "InvalidParameterException"


def test_a_group_has_at_most_two_subscription_filters_and_they_survive_a_crash(harness: LogsHarness) -> None:
    harness.create_group()
    named: Json = {"logGroupName": GROUP, "filterPattern": "", "destinationArn": DESTINATION}
    for name in ("a", "b", "a"):
        harness.logs("PutSubscriptionFilter", filterName=name, **named)
    assert harness.expect_error("PutSubscriptionFilter", filterName="c", **named)[0] == "LimitExceededException"
    harness.restart()
    found = harness.logs("DescribeSubscriptionFilters", logGroupName=GROUP)["subscriptionFilters"]
    assert [(each["filterName"], each["distribution"]) for each in found] == [
        ("a", "ByLogStream"),
        ("b", "ByLogStream"),
    ]
    harness.logs("DeleteSubscriptionFilter", logGroupName=GROUP, filterName="b")
    assert len(harness.logs("DescribeSubscriptionFilters", logGroupName=GROUP)["subscriptionFilters"]) == 1


def test_a_filter_with_an_invalid_pattern_is_refused(harness: LogsHarness) -> None:
    harness.create_group()
    answer = harness.expect_error(
        "PutSubscriptionFilter", logGroupName=GROUP, filterName="a", filterPattern="{ $.a", destinationArn=DESTINATION
    )
    assert answer == ("InvalidParameterException", "If a filter pattern starts with '{' it must end with '}'")


def test_test_metric_filter_returns_the_matches_and_the_extracted_values(harness: LogsHarness) -> None:
    line = '127.0.0.1 - frank [10/Oct/2000:13:25:15 -0700] "GET /apache_pb.gif HTTP/1.0" 200 1534'
    answer = harness.logs("TestMetricFilter", filterPattern="[..., size]", logEventMessages=["", line])
    (match,) = answer["matches"]
    assert match["eventNumber"] == 2
    assert match["extractedValues"] == {
        "$1": "127.0.0.1",
        "$2": "-",
        "$3": "frank",
        "$4": "10/Oct/2000:13:25:15 -0700",
        "$5": "GET /apache_pb.gif HTTP/1.0",
        "$6": "200",
        "$size": "1534",
    }


def test_a_subscription_filter_logs_a_warning_that_nothing_is_delivered(
    harness: LogsHarness, caplog: pytest.LogCaptureFixture
) -> None:
    harness.create_group("s")
    named: Json = {"logGroupName": GROUP, "filterPattern": "", "destinationArn": DESTINATION}
    with caplog.at_level(logging.WARNING, "lamplighter.logs"):
        harness.logs("PutSubscriptionFilter", filterName="a", **named)
        harness.put_events("s", (0, "x"))
    assert [record.message for record in caplog.records if record.name == "lamplighter.logs"] == [
        f"subscription filter a of {GROUP} is stored, but this engine delivers nothing to {DESTINATION}"
    ]


ROLE = "arn:aws:iam::123456789012:role/r"


@pytest.mark.parametrize(
    ("destination", "more", "reason"),
    [
        ("arn:aws:sqs:us-east-1:123456789012:q", {}, "is not supported"),
        ("nonsense", {}, "is not supported"),
        ("arn:aws:kinesis:us-east-1:210987654321:stream/s", {"roleArn": ROLE}, "must belong to the account"),
        (DESTINATION, {"roleArn": ROLE}, "destinationArn for vendor lambda cannot be used with roleArn"),
        ("arn:aws:kinesis:us-east-1:123456789012:stream/s", {}, "kinesis cannot be used without roleArn"),
        ("arn:aws:firehose:us-east-1:123456789012:deliverystream/s", {}, "firehose cannot be used without roleArn"),
    ],
)
def test_an_invalid_destination_is_refused(harness: LogsHarness, destination: str, more: Json, reason: str) -> None:
    harness.create_group()
    named: Json = {"logGroupName": GROUP, "filterName": "a", "filterPattern": "", "destinationArn": destination}
    code, message = harness.expect_error("PutSubscriptionFilter", **named, **more)
    assert code == "InvalidParameterException"
    assert reason in message


def test_a_function_of_another_account_is_refused_before_the_group_is_looked_up(harness: LogsHarness) -> None:
    function = "arn:aws:lambda:us-east-1:210987654321:function:f"
    named: Json = {"logGroupName": GROUP, "filterName": "a", "filterPattern": "", "destinationArn": function}
    code, message = harness.expect_error("PutSubscriptionFilter", **named)
    assert (code, message.startswith("Cross-account lambda")) == ("AccessDeniedException", True)


def test_a_default_value_is_shown_as_a_decimal(harness: LogsHarness) -> None:
    harness.create_group()
    metric: Json = {"metricName": "m", "metricNamespace": "n", "metricValue": "1", "defaultValue": 0}
    named: Json = {"logGroupName": GROUP, "filterName": "a", "filterPattern": ""}
    harness.logs("PutMetricFilter", **named, metricTransformations=[metric])
    (shown,) = harness.logs("DescribeMetricFilters", logGroupName=GROUP)["metricFilters"]
    assert dumps(shown["metricTransformations"][0]["defaultValue"]) == "0.0"


@pytest.mark.parametrize(
    ("destination", "more"),
    [
        ("arn:aws:kinesis:us-east-1:123456789012:stream/s", {"roleArn": ROLE}),
        ("arn:aws:firehose:us-east-1:123456789012:deliverystream/s", {"roleArn": ROLE}),
        ("arn:aws:logs:us-east-1:210987654321:destination:d", {}),
    ],
)
def test_valid_destinations_of_aws_are_accepted(harness: LogsHarness, destination: str, more: Json) -> None:
    harness.create_group()
    named: Json = {"logGroupName": GROUP, "filterName": "a", "filterPattern": "", "destinationArn": destination}
    harness.logs("PutSubscriptionFilter", **named, **more)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"metricNamespace": "AWS/Logs"}, "metric namespaces starting with AWS/ are reserved for AWS."),
        ({"metricValue": "many"}, "metric value 'many' must be a number"),
        (
            {"dimensions": {"a": "$.a"}, "defaultValue": 0},
            "dimensions and default value are mutually exclusive properties.",
        ),
        ({"dimensions": dict.fromkeys("abcd", "$.a")}, "a metric filter can have at most 3 dimensions."),
        ({"dimensions": {"a": "b"}}, "dimension 'a' must be a field"),
    ],
)
def test_an_invalid_metric_transformation_is_refused(harness: LogsHarness, change: Json, reason: str) -> None:
    harness.create_group()
    code, message = harness.expect_error(
        "PutMetricFilter",
        logGroupName=GROUP,
        filterName="a",
        filterPattern="",
        metricTransformations=[METRIC[0] | change],
    )
    assert code == "InvalidParameterException"
    assert message.startswith(f"Invalid metric transformation: {reason}")


def test_a_group_has_at_most_five_filters_with_regular_expressions(harness: LogsHarness) -> None:
    harness.create_group()

    def filter_request(name: str, pattern: str) -> tuple[str, Json]:
        named: Json = {"logGroupName": GROUP, "filterName": name, "filterPattern": pattern}
        return "PutMetricFilter", named | {"metricTransformations": METRIC}

    for at in range(5):
        operation, params = filter_request(str(at), f"%a{at}%")
        harness.logs(operation, **params)
    operation, params = filter_request("5", "%b%")
    assert harness.expect_error(operation, **params)[0] == "LimitExceededException"
    for name, pattern in (("4", "%c%"), ("5", 'word "100% of 5%"')):
        operation, params = filter_request(name, pattern)
        harness.logs(operation, **params)
