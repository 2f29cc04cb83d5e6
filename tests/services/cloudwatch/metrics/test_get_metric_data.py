"""GetMetricData returns metrics and expressions, with AWS's labels, in pages."""

import pytest

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json
from lamplighter.services.cloudwatch.metrics import get_metric_data, get_metric_statistics
from lamplighter.services.cloudwatch.metrics.labels import derive_labels
from tests.services.cloudwatch.cloudwatch_harness import MINUTE, CloudWatchHarness


def query(key: str, stat: str = "Sum", period: int = 60, name: str = "m", **more: Json) -> Json:
    metric = {
        "Namespace": "app",
        "MetricName": name,
        **({"Dimensions": more.pop("Dimensions")} if "Dimensions" in more else {}),
    }
    return {"Id": key, "MetricStat": {"Metric": metric, "Period": period, "Stat": stat}, **more}


def get(harness: CloudWatchHarness, *queries: Json, **params: Json) -> Json:
    now = harness.clock.now() / 1000
    given = {"StartTime": now - 600, "EndTime": now + 60} | params
    return harness.cloudwatch("GetMetricData", MetricDataQueries=list(queries), **given)


@pytest.mark.parametrize(
    ("queries", "labels"),
    [
        ([query("a")], ["m"]),
        ([query("a"), query("b", name="n")], ["m", "n"]),
        ([query("a"), query("b", "Minimum", 30)], ["m Sum 60", "m Minimum 30"]),
        ([query("a"), query("b", "Minimum")], ["m Sum", "m Minimum"]),
        ([query("a"), query("b", period=30)], ["m 60", "m 30"]),
        ([query("a"), query("b")], ["m", "m"]),
        ([query("a"), query("b", name="n", stat="Minimum")], ["m Sum", "n Minimum"]),
        (
            [query(key, Dimensions=[{"Name": "QueueName", "Value": key}]) for key in ("in", "out")],
            ["in", "out"],
        ),
    ],
)
def test_a_label_tells_a_metric_from_the_others_of_the_request(queries: list[Json], labels: list[str]) -> None:
    """Recorded, except for dimensions."""
    assert list(derive_labels(queries).values()) == labels


def test_an_expression_is_computed_over_the_queries_that_it_names(harness: CloudWatchHarness) -> None:
    harness.put_value(3)
    harness.advance(MINUTE)
    harness.put_value(5)
    found = get(
        harness,
        {"Id": "double", "Expression": "2 * m", "Label": "twice"},
        query("m", ReturnData=False),
        ScanBy="TimestampAscending",
    )
    (result,) = found["MetricDataResults"]
    assert (result["Label"], result["Values"], result["StatusCode"]) == ("twice", [6.0, 10.0], "Complete")
    assert found["Messages"] == []


def test_an_array_is_one_result_for_each_series(harness: CloudWatchHarness) -> None:
    harness.put_value(3)
    found = get(harness, query("a", ReturnData=False, Label="x"), {"Id": "all", "Expression": "[a, a]", "Label": "e"})
    assert [(each["Id"], each["Label"]) for each in found["MetricDataResults"]] == [("all", "e x"), ("all", "e x")]


def test_the_values_come_in_pages_of_data_points(harness: CloudWatchHarness) -> None:
    for value in (1, 2, 3):
        harness.put_value(value)
        harness.advance(MINUTE)
    wanted = (query("a"), query("b", "Maximum"))
    pages: list[Json] = [get(harness, *wanted, MaxDatapoints=2)]
    while (token := pages[-1].get("NextToken")) is not None:
        pages.append(get(harness, *wanted, MaxDatapoints=2, NextToken=token))
    shown = [[(each["Id"], each["Values"], each["StatusCode"]) for each in page["MetricDataResults"]] for page in pages]
    assert shown == [
        [("a", [3.0, 2.0], "PartialData"), ("b", [], "PartialData")],
        [("a", [1.0], "Complete"), ("b", [3.0], "PartialData")],
        [("b", [2.0, 1.0], "Complete")],
    ]


def test_units_are_separate_in_statistics_and_can_be_chosen(harness: CloudWatchHarness) -> None:
    harness.put_value(1, Unit="Seconds")
    harness.put_value(5, Unit="Bytes")
    now = harness.clock.now() / 1000
    given = {"Namespace": "app", "MetricName": "m", "StartTime": now - 60, "EndTime": now + 60, "Period": 60}
    points = harness.cloudwatch("GetMetricStatistics", Statistics=["Sum"], **given)["Datapoints"]
    assert [(point["Unit"], point["Sum"]) for point in points] == [("Bytes", 5.0), ("Seconds", 1.0)]
    of_unit = query("a")
    of_unit["MetricStat"]["Unit"] = "Seconds"
    assert get(harness, of_unit)["MetricDataResults"][0]["Values"] == [1.0]


@pytest.mark.parametrize(
    ("queries", "message"),
    [
        ([query("a"), query("a")], "The values for parameter id in MetricDataQueries are not unique."),
        ([query("1")], "expected pattern"),
        ([{"Id": "a"}], "Exactly one of"),
        ([query("a", "x")], "The value x for parameter MetricDataQueries.member.1.MetricStat.Stat is not supported."),
        ([query("a", period=7)], "multiple of 60"),
        ([{"Id": "e", "Expression": "a +"}], "Error in expression 'e'"),
        ([{"Id": "e", "Expression": "SLICE(METRICS(), -1)"}], "Error in expression 'e': The argument must be a whole"),
        ([{"Id": "e", "Expression": "SUM(1e308, 1e308)"}], "Error in expression 'e': The numbers have no result"),
        ([{"Id": "e", "Expression": "1 + 1"}], "must return a time series"),
        ([{"Id": "e", "Expression": "SELECT AVG(x) FROM y"}], "Metrics Insights"),
    ],
)
def test_a_wrong_query_is_refused(harness: CloudWatchHarness, queries: list[Json], message: str) -> None:
    with pytest.raises(AwsError, match=message) as caught:
        get(harness, *queries)
    assert caught.value.code == "ValidationError"


def put_minutes(harness: CloudWatchHarness, minutes: int) -> None:
    now = harness.clock.now() / 1000
    for minute in range(minutes):
        data = [
            {"MetricName": name, "Timestamp": now - minute * 60, "Values": [minute, minute * 2.5], "Unit": unit}
            for name, unit in (("m", "Count"), ("m", "Seconds"), ("n", "Count"))
        ]
        harness.cloudwatch("PutMetricData", Namespace="app", MetricData=data)


@pytest.mark.parametrize("stat", ["Average", "Sum", "Minimum", "Maximum", "SampleCount", "p50", "tm90"])
def test_a_request_that_is_read_in_a_thread_has_the_same_answer(
    harness: CloudWatchHarness, monkeypatch: pytest.MonkeyPatch, stat: str
) -> None:
    put_minutes(harness, 12)
    queries = [query("a", stat), query("b", stat, 300), query("c", "p90", name="n"), {"Id": "e", "Expression": "a * c"}]
    now = harness.clock.now() / 1000
    times = {"Namespace": "app", "MetricName": "m", "StartTime": now - 900, "EndTime": now + 60, "Period": 120}
    kind = "ExtendedStatistics" if stat[0] in "pt" else "Statistics"
    answers = []
    for most in (10**9, 0):
        monkeypatch.setattr(get_metric_data, "MAX_INLINE_POINTS", most)
        monkeypatch.setattr(get_metric_statistics, "MAX_INLINE_POINTS", most)
        points = harness.cloudwatch("GetMetricStatistics", **times, **{kind: [stat]})
        answers.append((get(harness, *queries), points))
    assert answers[0] == answers[1]
    assert len(answers[0][0]["MetricDataResults"][0]["Values"]) == 11
    assert {each["Unit"] for each in answers[0][1]["Datapoints"]} == {"Count", "Seconds"}


def test_statistics_without_values_equal_those_with_them(harness: CloudWatchHarness) -> None:
    """A percentile beside a sum makes the engine read the values of the same points."""
    put_minutes(harness, 12)
    basic = ("Average", "Sum", "Minimum", "Maximum", "SampleCount")
    for period in (60, 300):
        alone = get(harness, *(query(stat.lower(), stat, period) for stat in basic))
        beside = get(harness, query("p", "p50", period), *(query(stat.lower(), stat, period) for stat in basic))
        values = [each["Values"] for each in alone["MetricDataResults"]]
        assert values == [each["Values"] for each in beside["MetricDataResults"][1:]]


def test_a_percentile_of_negative_values_is_not_available(harness: CloudWatchHarness) -> None:
    harness.cloudwatch("PutMetricData", Namespace="app", MetricData=[{"MetricName": "m", "Values": [-1.0, 5.0]}])
    found = get(harness, query("p", "p50"), query("t", "tm50"))["MetricDataResults"]
    assert [len(each["Values"]) for each in found] == [0, 1]


def test_metrics_with_several_units_and_old_metrics_are_listed_once_or_not_at_all(harness: CloudWatchHarness) -> None:
    put_minutes(harness, 2)
    harness.cloudwatch("PutMetricData", Namespace="b", MetricData=[{"MetricName": "old", "Value": 1.0}])
    harness.advance(13 * 86_400_000)
    harness.cloudwatch("PutMetricData", Namespace="app", MetricData=[{"MetricName": "n", "Value": 1.0}])
    assert list_put_metrics(harness) == ["m", "n", "old"]
    harness.advance(2 * 86_400_000)
    assert list_put_metrics(harness) == ["n"]


def list_put_metrics(harness: CloudWatchHarness) -> list[str]:
    """Return the names of the metrics that are not the engine's own."""
    found = harness.cloudwatch("ListMetrics")["Metrics"]
    return [each["MetricName"] for each in found if not each["Namespace"].startswith("AWS/")]
