"""What metric filters count is in CloudWatch, in the transaction that took the events in.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/MonitoringLogData.html
"""

import logging

import pytest

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json, dumps
from lamplighter.bus import Caller, Operation
from lamplighter.store.db import Tx
from tests.services.logs.clerk import GROUP, Clerk

MINUTE = 60_000


@pytest.fixture
def clerk(clerk: Clerk) -> Clerk:
    """With a group and a stream."""
    clerk.open("s")
    return clerk


def counts(clerk: Clerk, pattern: str, name: str = "f", **made: Json) -> None:
    """Put a metric filter."""
    usual = {"metricName": "m", "metricNamespace": "batch", "metricValue": "1"}
    clerk.call(
        "PutMetricFilter",
        logGroupName=GROUP,
        filterName=name,
        filterPattern=pattern,
        metricTransformations=[usual | made],
    )


def values(clerk: Clerk, *dimensions: tuple[str, str], statistic: str = "Sum", **more: Json) -> list[float]:
    """What the metric was in each minute of the last quarter of an hour that it has a value for."""
    answer = clerk.site.call(
        "monitoring",
        "GetMetricStatistics",
        Namespace="batch",
        MetricName="m",
        StartTime=(clerk.now - 15 * MINUTE) / 1000,
        EndTime=(clerk.now + MINUTE) / 1000,
        Period=60,
        Statistics=[statistic],
        Dimensions=[{"Name": name, "Value": value} for name, value in dimensions],
        **more,
    )
    points = sorted(answer["Datapoints"], key=lambda point: point["Timestamp"])
    return [point[statistic] for point in points]


def test_each_event_that_matches_counts_in_the_minute_of_its_time(clerk: Clerk) -> None:
    counts(clerk, "ERROR")
    clerk.put("s", (5 * MINUTE, "ERROR a"), (5 * MINUTE, "ERROR b"), (2 * MINUTE, "ERROR c"), (0, "fine"))
    assert values(clerk) == [2, 1]
    clerk.site.restart()
    clerk.put("s", (0, "ERROR d"))
    assert values(clerk) == [2, 1, 1]


def test_an_event_that_comes_within_a_minute_counts_when_it_comes(clerk: Clerk) -> None:
    counts(clerk, "ERROR")
    clerk.site.advance(MINUTE - clerk.now % MINUTE + 1_000)
    clerk.put("s", (5_000, "ERROR"))
    answer = clerk.site.call(
        "monitoring",
        "GetMetricStatistics",
        Namespace="batch",
        MetricName="m",
        StartTime=(clerk.now - clerk.now % MINUTE) / 1000,
        EndTime=(clerk.now + MINUTE) / 1000,
        Period=60,
        Statistics=["Sum"],
    )
    assert [point["Sum"] for point in answer["Datapoints"]] == [1]


def test_a_value_may_be_a_field_of_a_json_event_whether_the_pattern_asks_about_it_or_not(clerk: Clerk) -> None:
    counts(clerk, '{ $.kind = "job" }', metricValue="$.took", unit="Seconds")
    events = [{"kind": "job", "took": 2.5}, {"kind": "job", "took": "4"}, {"kind": "job"}, {"kind": "job", "took": "x"}]
    clerk.put("s", *((0, dumps(event)) for event in [*events, {"kind": "other", "took": 9}]))
    assert values(clerk, Unit="Seconds") == [6.5]
    assert values(clerk, statistic="SampleCount") == [2]


def test_a_value_may_be_a_field_of_a_line(clerk: Clerk) -> None:
    counts(clerk, "[level, size, ...]", metricValue="$size")
    clerk.put("s", (0, "INFO 3 x"), (0, "INFO 4 y"), (0, "INFO none z"))
    assert values(clerk) == [7]


def test_a_metric_has_the_dimensions_that_events_have_fields_for(clerk: Clerk) -> None:
    counts(clerk, "{ $.code = 5* }", dimensions={"Job": "$.job", "Code": "$.code"})
    clerk.put("s", *((0, dumps(event)) for event in [{"code": "500", "job": "a"}] * 2 + [{"code": "502", "job": "b"}]))
    clerk.put("s", (0, dumps({"code": "500"})))
    assert values(clerk, ("Job", "a"), ("Code", "500")) == [2]
    assert values(clerk, ("Job", "b"), ("Code", "502")) == [1]
    assert values(clerk) == []


def test_minutes_in_which_nothing_matches_have_the_default_value(clerk: Clerk) -> None:
    counts(clerk, "ERROR", defaultValue=0)
    clerk.put("s", (5 * MINUTE, "fine"), (2 * MINUTE, "ERROR"), (2 * MINUTE, "fine"))
    assert values(clerk) == [0, 1]


def test_more_different_values_than_cloudwatch_takes_at_once_are_all_counted(clerk: Clerk) -> None:
    counts(clerk, "[n]", metricValue="$n")
    clerk.put("s", *((0, str(at)) for at in range(400)))
    assert values(clerk) == [sum(range(400))]
    assert values(clerk, statistic="SampleCount") == [400]


def test_the_oldest_event_that_is_taken_counts(clerk: Clerk) -> None:
    counts(clerk, "ERROR", dimensions={}, metricValue="3")
    clerk.put("s", (14 * 24 * 60 * MINUTE, "ERROR"))
    (row,) = clerk.site.rows("SELECT count(*) FROM metric_points")
    assert row == (1,)


def test_what_cloudwatch_refuses_is_logged_and_the_events_are_kept(
    clerk: Clerk, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(_tx: Tx, _caller: Caller, _params: Json) -> Json:
        raise AwsError("no", code="InvalidParameterValue", status=400)

    clerk.site.engine.bus.serve("monitoring", {"PutMetricData": Operation(write=refuse)})
    counts(clerk, "ERROR")
    with caplog.at_level(logging.WARNING, "lamplighter.logs"):
        clerk.put("s", (0, "ERROR"))
    assert "metric filter f" in caplog.text
    assert clerk.found() == ["ERROR"]


def test_a_value_that_no_metric_can_have_is_passed_over_and_the_others_count(clerk: Clerk) -> None:
    counts(clerk, "[n]", metricValue="$n")
    clerk.put("s", (0, "1"), (0, "1e200"), (0, "2"))
    assert values(clerk) == [3]


def test_a_filter_that_is_deleted_or_changed_counts_no_more_as_it_did(clerk: Clerk) -> None:
    counts(clerk, "ERROR")
    counts(clerk, "FATAL")
    clerk.put("s", (0, "ERROR"))
    assert values(clerk) == []
    clerk.call("DeleteMetricFilter", logGroupName=GROUP, filterName="f")
    clerk.put("s", (0, "FATAL"))
    assert values(clerk) == []
