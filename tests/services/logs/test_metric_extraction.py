"""Metric filters put their values into CloudWatch in the transaction that stores the events.

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
    """A harness with a log group and a stream."""
    harness.create_group("s")
    return harness


def put_filter(harness: LogsHarness, pattern: str, name: str = "f", **transformation: Json) -> None:
    """Put a metric filter."""
    defaults = {"metricName": "m", "metricNamespace": "batch", "metricValue": "1"}
    harness.logs(
        "PutMetricFilter",
        logGroupName=GROUP,
        filterName=name,
        filterPattern=pattern,
        metricTransformations=[defaults | transformation],
    )


def metric_values(
    harness: LogsHarness, *dimensions: tuple[str, str], statistic: str = "Sum", **more: Json
) -> list[float]:
    """Return the metric's values of the last 15 minutes, one for each minute that has a value."""
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


def test_each_matching_event_counts_in_the_minute_of_its_timestamp(harness: LogsHarness) -> None:
    put_filter(harness, "ERROR")
    harness.put_events("s", (5 * MINUTE, "ERROR a"), (5 * MINUTE, "ERROR b"), (2 * MINUTE, "ERROR c"), (0, "fine"))
    assert metric_values(harness) == [2, 1]
    harness.restart()
    harness.put_events("s", (0, "ERROR d"))
    assert metric_values(harness) == [2, 1, 1]


def test_an_event_less_than_a_minute_old_counts_in_the_minute_of_its_arrival(harness: LogsHarness) -> None:
    put_filter(harness, "ERROR")
    harness.advance(MINUTE - harness.now % MINUTE + 1_000)
    harness.put_events("s", (5_000, "ERROR"))
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


def test_a_value_may_be_any_field_of_a_json_event(harness: LogsHarness) -> None:
    put_filter(harness, '{ $.kind = "job" }', metricValue="$.took", unit="Seconds")
    events = [{"kind": "job", "took": 2.5}, {"kind": "job", "took": "4"}, {"kind": "job"}, {"kind": "job", "took": "x"}]
    harness.put_events("s", *((0, dumps(event)) for event in [*events, {"kind": "other", "took": 9}]))
    assert metric_values(harness, Unit="Seconds") == [6.5]
    assert metric_values(harness, statistic="SampleCount") == [2]


def test_a_value_may_be_a_field_of_a_space_delimited_event(harness: LogsHarness) -> None:
    put_filter(harness, "[level, size, ...]", metricValue="$size")
    harness.put_events("s", (0, "INFO 3 x"), (0, "INFO 4 y"), (0, "INFO none z"))
    assert metric_values(harness) == [7]


def test_an_event_counts_with_the_dimensions_that_its_fields_give(harness: LogsHarness) -> None:
    put_filter(harness, "{ $.code = 5* }", dimensions={"Job": "$.job", "Code": "$.code"})
    harness.put_events(
        "s", *((0, dumps(event)) for event in [{"code": "500", "job": "a"}] * 2 + [{"code": "502", "job": "b"}])
    )
    harness.put_events("s", (0, dumps({"code": "500"})))
    assert metric_values(harness, ("Job", "a"), ("Code", "500")) == [2]
    assert metric_values(harness, ("Job", "b"), ("Code", "502")) == [1]
    assert metric_values(harness) == []


def test_minutes_without_a_match_have_the_default_value(harness: LogsHarness) -> None:
    put_filter(harness, "ERROR", defaultValue=0)
    harness.put_events("s", (5 * MINUTE, "fine"), (2 * MINUTE, "ERROR"), (2 * MINUTE, "fine"))
    assert metric_values(harness) == [0, 1]


def test_more_values_than_one_call_of_cloudwatch_accepts_are_all_counted(harness: LogsHarness) -> None:
    put_filter(harness, "[n]", metricValue="$n")
    harness.put_events("s", *((0, str(at)) for at in range(400)))
    assert metric_values(harness) == [sum(range(400))]
    assert metric_values(harness, statistic="SampleCount") == [400]


def test_the_oldest_accepted_event_counts(harness: LogsHarness) -> None:
    put_filter(harness, "ERROR", dimensions={}, metricValue="3")
    harness.put_events("s", (14 * 24 * 60 * MINUTE, "ERROR"))
    (row,) = harness.rows("SELECT count(*) FROM metric_points")
    assert row == (1,)


def test_a_refusal_of_cloudwatch_is_logged_and_the_events_are_kept(
    harness: LogsHarness, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(_tx: Tx, _caller: Caller, _params: Json) -> Json:
        raise AwsError("no", code="InvalidParameterValue", status=400)

    harness.engine.bus.serve("monitoring", {"PutMetricData": Operation(write=refuse)})
    put_filter(harness, "ERROR")
    with caplog.at_level(logging.WARNING, "lamplighter.logs"):
        harness.put_events("s", (0, "ERROR"))
    assert "metric filter f" in caplog.text
    assert harness.find_messages() == ["ERROR"]


def test_a_value_outside_of_the_allowed_range_is_skipped_and_the_others_count(harness: LogsHarness) -> None:
    put_filter(harness, "[n]", metricValue="$n")
    harness.put_events("s", (0, "1"), (0, "1e200"), (0, "2"))
    assert metric_values(harness) == [3]


def test_a_deleted_or_changed_filter_no_longer_counts_by_its_old_pattern(harness: LogsHarness) -> None:
    put_filter(harness, "ERROR")
    put_filter(harness, "FATAL")
    harness.put_events("s", (0, "ERROR"))
    assert metric_values(harness) == []
    harness.logs("DeleteMetricFilter", logGroupName=GROUP, filterName="f")
    harness.put_events("s", (0, "FATAL"))
    assert metric_values(harness) == []
