"""What metric filters count is in CloudWatch, in the transaction that took the events in.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/MonitoringLogData.html
"""

import logging

import pytest

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json, dumps
from lamplighter.bus import Caller, Operation
from lamplighter.store.db import Tx
from tests.services.logs.logs_harness import GROUP, LogsHarness

MINUTE = 60_000


@pytest.fixture
def harness(harness: LogsHarness) -> LogsHarness:
    """With a group and a stream."""
    harness.open("s")
    return harness


def counts(harness: LogsHarness, pattern: str, name: str = "f", **made: Json) -> None:
    """Put a metric filter."""
    usual = {"metricName": "m", "metricNamespace": "batch", "metricValue": "1"}
    harness.logs(
        "PutMetricFilter",
        logGroupName=GROUP,
        filterName=name,
        filterPattern=pattern,
        metricTransformations=[usual | made],
    )


def values(harness: LogsHarness, *dimensions: tuple[str, str], statistic: str = "Sum", **more: Json) -> list[float]:
    """What the metric was in each minute of the last quarter of an hour that it has a value for."""
    answer = harness.call(
        "monitoring",
        "GetMetricStatistics",
        Namespace="batch",
        MetricName="m",
        StartTime=(harness.now - 15 * MINUTE) / 1000,
        EndTime=(harness.now + MINUTE) / 1000,
        Period=60,
        Statistics=[statistic],
        Dimensions=[{"Name": name, "Value": value} for name, value in dimensions],
        **more,
    )
    points = sorted(answer["Datapoints"], key=lambda point: point["Timestamp"])
    return [point[statistic] for point in points]


def test_each_event_that_matches_counts_in_the_minute_of_its_time(harness: LogsHarness) -> None:
    counts(harness, "ERROR")
    harness.put("s", (5 * MINUTE, "ERROR a"), (5 * MINUTE, "ERROR b"), (2 * MINUTE, "ERROR c"), (0, "fine"))
    assert values(harness) == [2, 1]
    harness.restart()
    harness.put("s", (0, "ERROR d"))
    assert values(harness) == [2, 1, 1]


def test_an_event_that_comes_within_a_minute_counts_when_it_comes(harness: LogsHarness) -> None:
    counts(harness, "ERROR")
    harness.advance(MINUTE - harness.now % MINUTE + 1_000)
    harness.put("s", (5_000, "ERROR"))
    answer = harness.call(
        "monitoring",
        "GetMetricStatistics",
        Namespace="batch",
        MetricName="m",
        StartTime=(harness.now - harness.now % MINUTE) / 1000,
        EndTime=(harness.now + MINUTE) / 1000,
        Period=60,
        Statistics=["Sum"],
    )
    assert [point["Sum"] for point in answer["Datapoints"]] == [1]


def test_a_value_may_be_a_field_of_a_json_event_whether_the_pattern_asks_about_it_or_not(harness: LogsHarness) -> None:
    counts(harness, '{ $.kind = "job" }', metricValue="$.took", unit="Seconds")
    events = [{"kind": "job", "took": 2.5}, {"kind": "job", "took": "4"}, {"kind": "job"}, {"kind": "job", "took": "x"}]
    harness.put("s", *((0, dumps(event)) for event in [*events, {"kind": "other", "took": 9}]))
    assert values(harness, Unit="Seconds") == [6.5]
    assert values(harness, statistic="SampleCount") == [2]


def test_a_value_may_be_a_field_of_a_line(harness: LogsHarness) -> None:
    counts(harness, "[level, size, ...]", metricValue="$size")
    harness.put("s", (0, "INFO 3 x"), (0, "INFO 4 y"), (0, "INFO none z"))
    assert values(harness) == [7]


def test_a_metric_has_the_dimensions_that_events_have_fields_for(harness: LogsHarness) -> None:
    counts(harness, "{ $.code = 5* }", dimensions={"Job": "$.job", "Code": "$.code"})
    harness.put(
        "s", *((0, dumps(event)) for event in [{"code": "500", "job": "a"}] * 2 + [{"code": "502", "job": "b"}])
    )
    harness.put("s", (0, dumps({"code": "500"})))
    assert values(harness, ("Job", "a"), ("Code", "500")) == [2]
    assert values(harness, ("Job", "b"), ("Code", "502")) == [1]
    assert values(harness) == []


def test_minutes_in_which_nothing_matches_have_the_default_value(harness: LogsHarness) -> None:
    counts(harness, "ERROR", defaultValue=0)
    harness.put("s", (5 * MINUTE, "fine"), (2 * MINUTE, "ERROR"), (2 * MINUTE, "fine"))
    assert values(harness) == [0, 1]


def test_more_different_values_than_cloudwatch_takes_at_once_are_all_counted(harness: LogsHarness) -> None:
    counts(harness, "[n]", metricValue="$n")
    harness.put("s", *((0, str(at)) for at in range(400)))
    assert values(harness) == [sum(range(400))]
    assert values(harness, statistic="SampleCount") == [400]


def test_the_oldest_event_that_is_taken_counts(harness: LogsHarness) -> None:
    counts(harness, "ERROR", dimensions={}, metricValue="3")
    harness.put("s", (14 * 24 * 60 * MINUTE, "ERROR"))
    (row,) = harness.rows("SELECT count(*) FROM metric_points")
    assert row == (1,)


def test_what_cloudwatch_refuses_is_logged_and_the_events_are_kept(
    harness: LogsHarness, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(_tx: Tx, _caller: Caller, _params: Json) -> Json:
        raise AwsError("no", code="InvalidParameterValue", status=400)

    harness.engine.bus.serve("monitoring", {"PutMetricData": Operation(write=refuse)})
    counts(harness, "ERROR")
    with caplog.at_level(logging.WARNING, "lamplighter.logs"):
        harness.put("s", (0, "ERROR"))
    assert "metric filter f" in caplog.text
    assert harness.found() == ["ERROR"]


def test_a_value_that_no_metric_can_have_is_passed_over_and_the_others_count(harness: LogsHarness) -> None:
    counts(harness, "[n]", metricValue="$n")
    harness.put("s", (0, "1"), (0, "1e200"), (0, "2"))
    assert values(harness) == [3]


def test_a_filter_that_is_deleted_or_changed_counts_no_more_as_it_did(harness: LogsHarness) -> None:
    counts(harness, "ERROR")
    counts(harness, "FATAL")
    harness.put("s", (0, "ERROR"))
    assert values(harness) == []
    harness.logs("DeleteMetricFilter", logGroupName=GROUP, filterName="f")
    harness.put("s", (0, "FATAL"))
    assert values(harness) == []
