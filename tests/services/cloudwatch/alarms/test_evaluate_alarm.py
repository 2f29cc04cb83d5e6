"""Evaluate alarms as documented.

The tables are from https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html.
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamplighter.services.cloudwatch.alarms.evaluate_alarm import TREATMENTS, AlarmRule, DataPoint, evaluate

CURRENT = "now"
"""The current state of the alarm."""


def parse_points(points: str) -> list[DataPoint]:
    """Parse `0 - X` as not breaching, missing and breaching; the last point is the newest."""
    marks = points.split()
    ages = range(len(marks), 0, -1)
    return [
        DataPoint(-age, age, 1.0 if mark == "X" else 0.0) for mark, age in zip(marks, ages, strict=True) if mark != "-"
    ]


def evaluate_state(points: str, missing: str, periods: int = 3, needed: int = 3) -> str:
    return evaluate(
        AlarmRule("GreaterThanThreshold", 0.5, periods, needed, missing), parse_points(points), CURRENT
    ).state


@pytest.mark.parametrize(
    ("points", "missing", "ignore", "breaching", "not_breaching"),
    [
        ("0 - X - X", "OK", "OK", "OK", "OK"),
        ("- - - - 0", "OK", "OK", "OK", "OK"),
        ("- - - - -", "INSUFFICIENT_DATA", CURRENT, "ALARM", "OK"),
        ("0 X X - X", "ALARM", "ALARM", "ALARM", "ALARM"),
        ("- - X - -", "ALARM", CURRENT, "ALARM", "OK"),
    ],
)
def test_the_treatment_of_missing_data_is_as_documented_for_three_out_of_three(
    points: str, missing: str, ignore: str, breaching: str, not_breaching: str
) -> None:
    expected = {"missing": missing, "ignore": ignore, "breaching": breaching, "notBreaching": not_breaching}
    assert {each: evaluate_state(points, each) for each in TREATMENTS} == expected


@pytest.mark.parametrize(
    ("points", "missing", "ignore", "breaching", "not_breaching"),
    [
        ("0 - X - X", "ALARM", "ALARM", "ALARM", "ALARM"),
        ("0 0 X 0 X", "ALARM", "ALARM", "ALARM", "ALARM"),
        ("0 - X - -", "OK", "OK", "ALARM", "OK"),
        ("- - - - 0", "OK", "OK", "ALARM", "OK"),
        ("- - - X -", "ALARM", CURRENT, "ALARM", "OK"),
    ],
)
def test_the_treatment_of_missing_data_is_as_documented_for_two_out_of_three(
    points: str, missing: str, ignore: str, breaching: str, not_breaching: str
) -> None:
    expected = {"missing": missing, "ignore": ignore, "breaching": breaching, "notBreaching": not_breaching}
    assert {each: evaluate_state(points, each, needed=2) for each in TREATMENTS} == expected


@given(st.lists(st.sampled_from("0X"), min_size=1, max_size=8), st.integers(1, 8))
def test_the_treatment_of_missing_data_does_not_matter_if_no_data_is_missing(marks: list[str], needed: int) -> None:
    periods = len(marks)
    needed = min(needed, periods)
    breaching = marks.count("X") >= needed
    found = {evaluate_state(" ".join(marks), each, periods, needed) for each in TREATMENTS}
    assert found == {"ALARM" if breaching else "OK"}


def test_the_state_reason_describes_the_evaluated_data_points() -> None:
    rule = AlarmRule("LessThanThreshold", 1.0, 2, 2, "breaching")
    assert evaluate(rule, [], "OK").reason == (
        "Threshold Crossed: no datapoints were received for 2 periods and 2 missing datapoints were treated as "
        "[Breaching]."
    )
    assert evaluate(AlarmRule("LessThanThreshold", 1.0, 1, 1, "missing"), [], "OK").reason == (
        "Insufficient Data: 1 datapoint was unknown."
    )
    two = [DataPoint(1_767_225_600_000, 2, 4.0), DataPoint(1_767_225_660_000, 1, 3.0)]
    assert evaluate(AlarmRule("GreaterThanThreshold", 2.0, 2, 2, "missing"), two, "OK").reason == (
        "Threshold Crossed: 2 out of the last 2 datapoints [3.0 (01/01/26 00:01:00), 4.0 (01/01/26 00:00:00)] were "
        "greater than the threshold (2.0) (minimum 2 datapoints for OK -> ALARM transition)."
    )
