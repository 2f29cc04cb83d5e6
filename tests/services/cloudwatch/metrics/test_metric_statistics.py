"""Metrics that callers put, and metrics that are read from other services of the engine."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json
from lamplighter.services.cloudwatch.metrics import aggregation, put_metric_data
from lamplighter.services.cloudwatch.metrics.statistics import compute_statistic
from tests.engine_harness import ACCOUNT, DAY, REGION
from tests.services.cloudwatch.cloudwatch_harness import MACHINE_ARN, MINUTE, CloudWatchHarness

STATISTICS = ["SampleCount", "Sum", "Average", "Minimum", "Maximum"]


def get_points(harness: CloudWatchHarness, *statistics: str, **params: Json) -> list[Json]:
    now = harness.clock.now() / 1000
    defaults = {"Namespace": "app", "MetricName": "m", "StartTime": now - 600, "EndTime": now + 60, "Period": 60}
    found: list[Json] = harness.cloudwatch("GetMetricStatistics", **defaults | params, Statistics=list(statistics))[
        "Datapoints"
    ]
    return found


def test_the_values_of_one_minute_are_one_data_point(harness: CloudWatchHarness) -> None:
    for value in (1, 2, 6):
        harness.put_value(value)
    harness.cloudwatch(
        "PutMetricData", Namespace="app", MetricData=[{"MetricName": "m", "Values": [3.0], "Counts": [2.0]}]
    )
    (point,) = get_points(harness, *STATISTICS)
    assert [point[name] for name in STATISTICS] == [5.0, 15.0, 3.0, 1.0, 6.0]
    assert point["Timestamp"] == harness.clock.now() / 1000


def test_a_longer_period_aggregates_several_minutes(harness: CloudWatchHarness) -> None:
    for value in (1, 2, 4):
        harness.put_value(value)
        harness.advance(MINUTE)
    found = get_points(harness, "Sum", Period=300)
    assert [point["Sum"] for point in found] == [7.0]


def test_a_metric_is_identified_by_its_dimensions_in_any_order(harness: CloudWatchHarness) -> None:
    both: Json = [{"Name": "a", "Value": "1"}, {"Name": "b", "Value": "2"}]
    harness.put_value(1, Dimensions=both)
    harness.put_value(2, Dimensions=both[::-1])
    assert [point["Sum"] for point in get_points(harness, "Sum", Dimensions=both)] == [3.0]
    assert get_points(harness, "Sum") == []


def test_a_statistic_set_has_an_average_but_no_percentiles(harness: CloudWatchHarness) -> None:
    given = {"SampleCount": 4.0, "Sum": 10.0, "Minimum": 1.0, "Maximum": 5.0}
    datum = {"MetricName": "m", "StatisticValues": given, "Values": [1.0]}
    harness.cloudwatch("PutMetricData", Namespace="app", MetricData=[datum])
    (point,) = get_points(harness, *STATISTICS)
    assert point["Average"] == 2.5
    now = harness.clock.now() / 1000
    params = {"Namespace": "app", "MetricName": "m", "StartTime": now - 60, "EndTime": now + 60, "Period": 60}
    (point,) = harness.cloudwatch("GetMetricStatistics", **params, ExtendedStatistics=["p99"])["Datapoints"]
    assert "ExtendedStatistics" not in point


def test_executions_are_counted_by_their_outcome(harness: CloudWatchHarness) -> None:
    harness.run_machine({"Type": "Pass"})
    harness.advance(MINUTE)
    dimension = [{"Name": "StateMachineArn", "Value": MACHINE_ARN}]

    def count(name: str) -> list[float]:
        found = get_points(harness, "Sum", Namespace="AWS/States", MetricName=name, Dimensions=dimension)
        return [point["Sum"] for point in found]

    assert count("ExecutionsStarted") == count("ExecutionsSucceeded") == [1.0]
    assert count("ExecutionsFailed") == count("ExecutionsTimedOut") == count("ExecutionsAborted") == []


def test_list_metrics_includes_the_metrics_of_the_engines_services(harness: CloudWatchHarness) -> None:
    harness.machine({"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}}, "machine")
    harness.put_value(1)
    found = harness.cloudwatch("ListMetrics")["Metrics"]
    names = {(each["Namespace"], each["MetricName"]) for each in found}
    assert {
        ("app", "m"),
        ("AWS/States", "ExecutionsStarted"),
        ("AWS/SQS", "ApproximateNumberOfMessagesVisible"),
    } <= names
    only = harness.cloudwatch(
        "ListMetrics", Namespace="AWS/States", Dimensions=[{"Name": "StateMachineArn", "Value": MACHINE_ARN}]
    )
    assert len(only["Metrics"]) == 6


def test_data_points_older_than_fifteen_days_are_deleted(harness: CloudWatchHarness) -> None:
    harness.put_value(1)
    harness.advance(16 * DAY)
    harness.put_value(2)
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
def test_invalid_requests_are_refused(harness: CloudWatchHarness, operation: str, params: Json) -> None:
    with pytest.raises(AwsError):
        harness.cloudwatch(operation, **params)


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("name", ["Value", "Values", "Counts", "SampleCount", "Sum", "Minimum", "Maximum"])
def test_a_value_that_is_not_a_finite_number_is_refused(harness: CloudWatchHarness, name: str, number: float) -> None:
    """AWS: "Special values (for example, NaN, +Infinity, -Infinity) are not supported": see API_MetricDatum.html."""
    defaults = {"SampleCount": 1.0, "Sum": 1.0, "Minimum": 1.0, "Maximum": 1.0}
    datum: Json = {"StatisticValues": defaults | {name: number}} if name in defaults else {"Value": number}
    if name in ("Values", "Counts"):
        datum = {"Values": [1.0, 2.0], "Counts": [1.0, 1.0], name: [1.0, number]}
    with pytest.raises(AwsError, match=r"2\^360"):
        harness.cloudwatch("PutMetricData", Namespace="app", MetricData=[{"MetricName": "m", **datum}])


@given(st.lists(st.integers(0, 50), min_size=1, max_size=40), st.integers(0, 100))
def test_a_percentile_is_one_of_the_values(values: list[int], percent: int) -> None:
    point = aggregation.merge_points(0, [aggregation.point_of_values(0, [(float(value), 1.0)]) for value in values])
    found = compute_statistic(point, f"p{percent}")
    assert found in values
    assert sum(value <= found for value in values) >= percent / 100 * len(values)
    assert point.total == sum(values)


def test_a_request_of_many_values_stores_what_small_requests_store(harness: CloudWatchHarness) -> None:
    """The many values are aggregated in a thread, before the turn; a wrong one makes the whole request fail."""
    harness.put_value(1_000)
    count = put_metric_data.MAX_VALUES_ON_LOOP // 150 + 1
    data: list[Json] = [{"MetricName": "m", "Values": [float(at + each) for each in range(150)]} for at in range(count)]
    with pytest.raises(AwsError, match=rf"MetricData\.member\.{count + 1}\.Values\.member\.2 is invalid"):
        harness.cloudwatch(
            "PutMetricData", Namespace="app", MetricData=[*data, {"MetricName": "m", "Values": [1.0, math.inf]}]
        )
    harness.cloudwatch("PutMetricData", Namespace="app", MetricData=data)
    (point,) = get_points(harness, *STATISTICS)
    total = sum(sum(datum["Values"]) for datum in data) + 1_000
    samples = count * 150 + 1
    assert [point[name] for name in STATISTICS] == [samples, total, total / samples, 0.0, 1_000.0]
