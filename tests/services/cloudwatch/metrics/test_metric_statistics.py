"""Values that are put, and values that are asked of the services that have them."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json
from lamplighter.services.cloudwatch.metrics import aggregation
from tests.engine_harness import ACCOUNT, DAY, REGION
from tests.services.cloudwatch.cloudwatch_harness import MINUTE, QUIET, CloudWatchHarness

NAMES = ["SampleCount", "Sum", "Average", "Minimum", "Maximum"]


def points_of(harness: CloudWatchHarness, *statistics: str, **asked: Json) -> list[Json]:
    now = harness.clock.now() / 1000
    usual = {"Namespace": "app", "MetricName": "m", "StartTime": now - 600, "EndTime": now + 60, "Period": 60}
    found: list[Json] = harness.cloudwatch("GetMetricStatistics", **usual | asked, Statistics=list(statistics))[
        "Datapoints"
    ]
    return found


def test_values_of_a_minute_are_one_point(harness: CloudWatchHarness) -> None:
    for value in (1, 2, 6):
        harness.value(value)
    harness.cloudwatch(
        "PutMetricData", Namespace="app", MetricData=[{"MetricName": "m", "Values": [3.0], "Counts": [2.0]}]
    )
    (point,) = points_of(harness, *NAMES)
    assert [point[name] for name in NAMES] == [5.0, 15.0, 3.0, 1.0, 6.0]
    assert point["Timestamp"] == harness.clock.now() / 1000


def test_periods_put_minutes_together(harness: CloudWatchHarness) -> None:
    for value in (1, 2, 4):
        harness.value(value)
        harness.advance(MINUTE)
    found = points_of(harness, "Sum", Period=300)
    assert [point["Sum"] for point in found] == [7.0]


def test_a_metric_is_its_dimensions_in_any_order(harness: CloudWatchHarness) -> None:
    both: Json = [{"Name": "a", "Value": "1"}, {"Name": "b", "Value": "2"}]
    harness.value(1, Dimensions=both)
    harness.value(2, Dimensions=both[::-1])
    assert [point["Sum"] for point in points_of(harness, "Sum", Dimensions=both)] == [3.0]
    assert points_of(harness, "Sum") == []


def test_statistic_sets_have_sums_and_no_percentiles(harness: CloudWatchHarness) -> None:
    given = {"SampleCount": 4.0, "Sum": 10.0, "Minimum": 1.0, "Maximum": 5.0}
    harness.cloudwatch("PutMetricData", Namespace="app", MetricData=[{"MetricName": "m", "StatisticValues": given}])
    (point,) = points_of(harness, *NAMES)
    assert point["Average"] == 2.5
    now = harness.clock.now() / 1000
    asked = {"Namespace": "app", "MetricName": "m", "StartTime": now - 60, "EndTime": now + 60, "Period": 60}
    (point,) = harness.cloudwatch("GetMetricStatistics", **asked, ExtendedStatistics=["p99"])["Datapoints"]
    assert "ExtendedStatistics" not in point


def test_executions_are_counted_by_how_they_ended(harness: CloudWatchHarness) -> None:
    harness.run_machine({"Type": "Pass"})
    harness.advance(MINUTE)
    dimension = [{"Name": "StateMachineArn", "Value": QUIET}]

    def count(name: str) -> list[float]:
        found = points_of(harness, "Sum", Namespace="AWS/States", MetricName=name, Dimensions=dimension)
        return [point["Sum"] for point in found]

    assert count("ExecutionsStarted") == count("ExecutionsSucceeded") == [1.0]
    assert count("ExecutionsFailed") == count("ExecutionsTimedOut") == count("ExecutionsAborted") == []


def test_metrics_of_our_own_services_are_listed_with_those_that_were_put(harness: CloudWatchHarness) -> None:
    harness.machine({"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}}, "machine")
    harness.value(1)
    found = harness.cloudwatch("ListMetrics")["Metrics"]
    names = {(each["Namespace"], each["MetricName"]) for each in found}
    assert {
        ("app", "m"),
        ("AWS/States", "ExecutionsStarted"),
        ("AWS/SQS", "ApproximateNumberOfMessagesVisible"),
    } <= names
    only = harness.cloudwatch(
        "ListMetrics", Namespace="AWS/States", Dimensions=[{"Name": "StateMachineArn", "Value": QUIET}]
    )
    assert len(only["Metrics"]) == 6


def test_what_is_older_than_fifteen_days_goes(harness: CloudWatchHarness) -> None:
    harness.value(1)
    harness.advance(16 * DAY)
    harness.value(2)
    assert harness.rows("SELECT count(*) FROM metric_points") == [(1,)]


@pytest.mark.parametrize(
    ("operation", "params"),
    [
        ("PutMetricData", {"Namespace": "AWS/States", "MetricData": []}),
        ("PutMetricData", {"Namespace": "app"}),
        ("PutMetricData", {"Namespace": "app", "MetricData": [{"MetricName": "m"}]}),
        ("PutMetricData", {"Namespace": "app", "MetricData": [{"MetricName": "m", "Value": 1.0, "Timestamp": 0}]}),
        ("PutMetricData", {"Namespace": "app", "MetricData": [{"MetricName": "m", "Values": [1.0], "Counts": []}]}),
        ("GetMetricStatistics", {"Namespace": "a", "MetricName": "m", "StartTime": 1, "EndTime": 0, "Period": 60}),
        ("GetMetricData", {"MetricDataQueries": [{"Id": "e", "Expression": "m"}], "StartTime": 0, "EndTime": 60}),
        ("ListMetrics", {"NextToken": "x"}),
        ("TagResource", {"ResourceARN": f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:none", "Tags": []}),
    ],
)
def test_what_makes_no_sense_is_refused(harness: CloudWatchHarness, operation: str, params: Json) -> None:
    with pytest.raises(AwsError):
        harness.cloudwatch(operation, **params)


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("name", ["Value", "Values", "Counts", "SampleCount", "Sum", "Minimum", "Maximum"])
def test_a_value_that_is_no_number_is_refused(harness: CloudWatchHarness, name: str, number: float) -> None:
    """AWS: "Special values (for example, NaN, +Infinity, -Infinity) are not supported": see API_MetricDatum.html."""
    usual = {"SampleCount": 1.0, "Sum": 1.0, "Minimum": 1.0, "Maximum": 1.0}
    datum: Json = {"StatisticValues": usual | {name: number}} if name in usual else {"Value": number}
    if name in ("Values", "Counts"):
        datum = {"Values": [1.0, 2.0], "Counts": [1.0, 1.0], name: [1.0, number]}
    with pytest.raises(AwsError, match=r"2\^360"):
        harness.cloudwatch("PutMetricData", Namespace="app", MetricData=[{"MetricName": "m", **datum}])


@given(st.lists(st.integers(-50, 50), min_size=1, max_size=40), st.integers(0, 100))
def test_percentiles_are_values_that_came(values: list[int], percent: int) -> None:
    point = aggregation.merge_points(0, [aggregation.point_of_values(0, [(float(value), 1.0)]) for value in values])
    found = aggregation.compute_statistic(point, f"p{percent}")
    assert found in values
    assert sum(value <= found for value in values) >= percent / 100 * len(values)
    assert point.total == sum(values)
