"""Metric filters and subscription filters are kept and shown; a pattern is tried on messages.

https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_TestMetricFilter.html
"""

import logging

import pytest

from lamplighter.base.json_text import Json
from tests.services.logs.logs_harness import GROUP, LogsHarness

METRIC: Json = [{"metricName": "errors", "metricNamespace": "batch", "metricValue": "1"}]
DESTINATION = "arn:aws:lambda:us-east-1:123456789012:function:f"


def metric(harness: LogsHarness, name: str, group: str = GROUP, transformations: Json = METRIC) -> None:
    harness.logs(
        "PutMetricFilter",
        logGroupName=group,
        filterName=name,
        filterPattern="ERROR",
        metricTransformations=transformations,
    )


def test_metric_filters_are_shown_counted_and_deleted(harness: LogsHarness) -> None:
    harness.open()
    metric(harness, "b")
    metric(harness, "a")
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
    code, _ = harness.refused("DeleteMetricFilter", logGroupName=GROUP, filterName="a")
    assert code == "ResourceNotFoundException"


def test_metric_filters_of_all_groups_are_found_by_the_metric_that_they_make(harness: LogsHarness) -> None:
    other = [{"metricName": "other", "metricNamespace": "batch", "metricValue": "1"}]
    for group in ("x", "y"):
        harness.open(group=group)
        metric(harness, "a", group)
        metric(harness, "b", group, other)
    pages = list(harness.pages("DescribeMetricFilters", metricName="other", metricNamespace="batch", limit=1))
    found = [(each["logGroupName"], each["filterName"]) for page in pages for each in page["metricFilters"]]
    assert found == [("x", "b"), ("y", "b")]
    assert harness.refused("DescribeMetricFilters", metricName="other")[0] == "InvalidParameterException"


def test_a_group_has_two_subscription_filters_at_most_and_they_outlive_a_crash(harness: LogsHarness) -> None:
    harness.open()
    named: Json = {"logGroupName": GROUP, "filterPattern": "", "destinationArn": DESTINATION}
    for name in ("a", "b", "a"):
        harness.logs("PutSubscriptionFilter", filterName=name, **named)
    assert harness.refused("PutSubscriptionFilter", filterName="c", **named)[0] == "LimitExceededException"
    harness.restart()
    found = harness.logs("DescribeSubscriptionFilters", logGroupName=GROUP)["subscriptionFilters"]
    assert [(each["filterName"], each["distribution"]) for each in found] == [
        ("a", "ByLogStream"),
        ("b", "ByLogStream"),
    ]
    harness.logs("DeleteSubscriptionFilter", logGroupName=GROUP, filterName="b")
    assert len(harness.logs("DescribeSubscriptionFilters", logGroupName=GROUP)["subscriptionFilters"]) == 1


def test_a_filter_of_no_pattern_is_refused(harness: LogsHarness) -> None:
    harness.open()
    answer = harness.refused(
        "PutSubscriptionFilter", logGroupName=GROUP, filterName="a", filterPattern="{ $.a", destinationArn=DESTINATION
    )
    assert answer == ("InvalidParameterException", "If a filter pattern starts with '{' it must end with '}'")


def test_a_pattern_is_tried_on_messages_and_tells_what_it_extracts(harness: LogsHarness) -> None:
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


def test_who_puts_a_subscription_filter_is_told_that_nothing_is_delivered(
    harness: LogsHarness, caplog: pytest.LogCaptureFixture
) -> None:
    harness.open("s")
    named: Json = {"logGroupName": GROUP, "filterPattern": "", "destinationArn": DESTINATION}
    with caplog.at_level(logging.WARNING, "lamplighter.logs"):
        harness.logs("PutSubscriptionFilter", filterName="a", **named)
        harness.put("s", (0, "x"))
    assert [record.message for record in caplog.records if record.name == "lamplighter.logs"] == [
        f"subscription filter a of {GROUP} is stored, but this engine delivers nothing to {DESTINATION}"
    ]


ROLE = "arn:aws:iam::123456789012:role/r"


@pytest.mark.parametrize(
    ("destination", "more", "reason"),
    [
        ("arn:aws:sqs:us-east-1:123456789012:q", {}, "is not supported"),
        ("nonsense", {}, "is not supported"),
        ("arn:aws:lambda:us-east-1:210987654321:function:f", {}, "must belong to the account"),
        (DESTINATION, {"roleArn": ROLE}, "destinationArn for vendor lambda cannot be used with roleArn"),
        ("arn:aws:kinesis:us-east-1:123456789012:stream/s", {}, "kinesis cannot be used without roleArn"),
        ("arn:aws:firehose:us-east-1:123456789012:deliverystream/s", {}, "firehose cannot be used without roleArn"),
    ],
)
def test_a_destination_to_which_nothing_can_be_delivered_is_refused(
    harness: LogsHarness, destination: str, more: Json, reason: str
) -> None:
    harness.open()
    named: Json = {"logGroupName": GROUP, "filterName": "a", "filterPattern": "", "destinationArn": destination}
    code, message = harness.refused("PutSubscriptionFilter", **named, **more)
    assert code == "InvalidParameterException"
    assert reason in message


@pytest.mark.parametrize(
    ("destination", "more"),
    [
        ("arn:aws:kinesis:us-east-1:123456789012:stream/s", {"roleArn": ROLE}),
        ("arn:aws:firehose:us-east-1:123456789012:deliverystream/s", {"roleArn": ROLE}),
        ("arn:aws:logs:us-east-1:210987654321:destination:d", {}),
    ],
)
def test_destinations_of_aws_are_kept(harness: LogsHarness, destination: str, more: Json) -> None:
    harness.open()
    named: Json = {"logGroupName": GROUP, "filterName": "a", "filterPattern": "", "destinationArn": destination}
    harness.logs("PutSubscriptionFilter", **named, **more)


@pytest.mark.parametrize(
    ("made", "reason"),
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
def test_a_metric_that_cannot_be_is_refused(harness: LogsHarness, made: Json, reason: str) -> None:
    harness.open()
    code, message = harness.refused(
        "PutMetricFilter",
        logGroupName=GROUP,
        filterName="a",
        filterPattern="",
        metricTransformations=[METRIC[0] | made],
    )
    assert code == "InvalidParameterException"
    assert message.startswith(f"Invalid metric transformation: {reason}")


def test_a_group_has_five_regular_expressions_at_most(harness: LogsHarness) -> None:
    harness.open()

    def put(name: str, pattern: str) -> tuple[str, Json]:
        named: Json = {"logGroupName": GROUP, "filterName": name, "filterPattern": pattern}
        return "PutMetricFilter", named | {"metricTransformations": METRIC}

    for at in range(5):
        operation, params = put(str(at), f"%a{at}%")
        harness.logs(operation, **params)
    operation, params = put("5", "%b%")
    assert harness.refused(operation, **params)[0] == "LimitExceededException"
    for name, pattern in (("4", "%c%"), ("5", 'word "100% of 5%"')):
        operation, params = put(name, pattern)
        harness.logs(operation, **params)
