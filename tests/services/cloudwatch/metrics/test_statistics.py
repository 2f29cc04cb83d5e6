"""Statistics of points are as documented.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Statistics-definitions.html
"""

import pytest

from lamplighter.base.errors import AwsError
from lamplighter.services.cloudwatch.metrics.aggregation import point_of_values
from lamplighter.services.cloudwatch.metrics.statistics import check_statistic, compute_statistic
from lamplighter.services.cloudwatch.tables.metric_points import MetricPoint

TEN = point_of_values(0, [(float(value), 1.0) for value in range(10, 110, 10)])
"""The values 10, 20 … 100."""


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("p50", 50.0),
        ("p99.9", 100.0),
        ("p100", 100.0),
        ("tm90", 50.0),
        ("TM(10%:90%)", 55.0),
        ("TM(:50%)", 30.0),
        ("TM(50%:)", 80.0),
        ("TM(20:40)", 35.0),
        ("IQM", 55.0),
        ("wm90", 54.0),
        ("WM(10%:90%)", 55.0),
        ("tc90", 9.0),
        ("TC(:30)", 3.0),
        ("TC(0.5:30)", 3.0),
        ("ts90", 450.0),
        ("TS(80%:)", 190.0),
        ("PR(:30)", 30.0),
        ("PR(10:30)", 20.0),
        ("PR(95:)", 10.0),
    ],
)
def test_a_statistic_of_single_values_is_computed(name: str, value: float) -> None:
    check_statistic(name)
    assert compute_statistic(TEN, name) == pytest.approx(value)


@pytest.mark.parametrize(
    "name", ["p101", "p", "x", "sum", "TM()", "TM(:)", "TM(10%:5)", "PR(10%:)", "tm", "pr10", "iqm"]
)
def test_an_unknown_statistic_is_refused(name: str) -> None:
    with pytest.raises(AwsError, match="is not supported"):
        check_statistic(name)


def test_a_statistic_set_has_single_values_only_if_all_are_equal() -> None:
    assert compute_statistic(MetricPoint(0, 3.0, 9.0, 3.0, 3.0, None), "tm90") == pytest.approx(3.0)
    assert compute_statistic(MetricPoint(0, 3.0, 9.0, 1.0, 5.0, None), "tm90") is None
    assert compute_statistic(MetricPoint(0, 0.0, 0.0, 0.0, 0.0, None), "Average") is None
