"""Metric filters and subscription filters are kept and shown; a pattern is tried on messages.

https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_TestMetricFilter.html
"""

from lamplighter.base.jsontext import Json
from tests.services.logs.clerk import GROUP, Clerk

METRIC: Json = [{"metricName": "errors", "metricNamespace": "batch", "metricValue": "1"}]
DESTINATION = "arn:aws:lambda:us-east-1:123456789012:function:f"


def metric(clerk: Clerk, name: str, group: str = GROUP, transformations: Json = METRIC) -> None:
    clerk.call(
        "PutMetricFilter",
        logGroupName=group,
        filterName=name,
        filterPattern="ERROR",
        metricTransformations=transformations,
    )


def test_metric_filters_are_shown_counted_and_deleted(clerk: Clerk) -> None:
    clerk.open()
    metric(clerk, "b")
    metric(clerk, "a")
    pages = list(clerk.pages("DescribeMetricFilters", logGroupName=GROUP, limit=1))
    found = [each for page in pages for each in page["metricFilters"]]
    assert [each["filterName"] for each in found] == ["a", "b"]
    assert found[0] == {
        "filterName": "a",
        "logGroupName": GROUP,
        "filterPattern": "ERROR",
        "creationTime": clerk.now,
        "applyOnTransformedLogs": False,
        "metricTransformations": METRIC,
    }
    assert clerk.call("DescribeLogGroups")["logGroups"][0]["metricFilterCount"] == 2
    clerk.call("DeleteMetricFilter", logGroupName=GROUP, filterName="a")
    code, _ = clerk.refused("DeleteMetricFilter", logGroupName=GROUP, filterName="a")
    assert code == "ResourceNotFoundException"


def test_metric_filters_of_all_groups_are_found_by_the_metric_that_they_make(clerk: Clerk) -> None:
    other = [{"metricName": "other", "metricNamespace": "batch", "metricValue": "1"}]
    for group in ("x", "y"):
        clerk.open(group=group)
        metric(clerk, "a", group)
        metric(clerk, "b", group, other)
    pages = list(clerk.pages("DescribeMetricFilters", metricName="other", metricNamespace="batch", limit=1))
    found = [(each["logGroupName"], each["filterName"]) for page in pages for each in page["metricFilters"]]
    assert found == [("x", "b"), ("y", "b")]
    assert clerk.refused("DescribeMetricFilters", metricName="other")[0] == "InvalidParameterException"


def test_a_group_has_two_subscription_filters_at_most_and_they_outlive_a_crash(clerk: Clerk) -> None:
    clerk.open()
    named: Json = {"logGroupName": GROUP, "filterPattern": "", "destinationArn": DESTINATION}
    for name in ("a", "b", "a"):
        clerk.call("PutSubscriptionFilter", filterName=name, **named)
    assert clerk.refused("PutSubscriptionFilter", filterName="c", **named)[0] == "LimitExceededException"
    clerk.site.restart()
    found = clerk.call("DescribeSubscriptionFilters", logGroupName=GROUP)["subscriptionFilters"]
    assert [(each["filterName"], each["distribution"]) for each in found] == [
        ("a", "ByLogStream"),
        ("b", "ByLogStream"),
    ]
    clerk.call("DeleteSubscriptionFilter", logGroupName=GROUP, filterName="b")
    assert len(clerk.call("DescribeSubscriptionFilters", logGroupName=GROUP)["subscriptionFilters"]) == 1


def test_a_filter_of_no_pattern_is_refused(clerk: Clerk) -> None:
    clerk.open()
    answer = clerk.refused(
        "PutSubscriptionFilter", logGroupName=GROUP, filterName="a", filterPattern="{ $.a", destinationArn=DESTINATION
    )
    assert answer == ("InvalidParameterException", "If a filter pattern starts with '{' it must end with '}'")


def test_a_pattern_is_tried_on_messages_and_tells_what_it_extracts(clerk: Clerk) -> None:
    line = '127.0.0.1 - frank [10/Oct/2000:13:25:15 -0700] "GET /apache_pb.gif HTTP/1.0" 200 1534'
    answer = clerk.call("TestMetricFilter", filterPattern="[..., size]", logEventMessages=["", line])
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
