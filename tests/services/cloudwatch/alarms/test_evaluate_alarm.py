"""Evaluate alarms as documented.

The tables are from https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html.
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamplighter.services.cloudwatch.alarms.evaluate_alarm import TREATMENTS, AlarmRule, DataPoint, evaluate
from lamplighter.services.cloudwatch.alarms.state_reasons import state_reason

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


NEW_YEAR = 1_767_225_600_000


def reason(rule: AlarmRule, *values: float) -> str:
    """Return the reason that an alarm in the state OK has after one value a minute."""
    points = [DataPoint(NEW_YEAR + 60_000 * number, len(values) - number, value) for number, value in enumerate(values)]
    return state_reason(rule, evaluate(rule, points, "OK"))


def test_the_state_reason_says_that_no_data_was_received() -> None:
    assert reason(AlarmRule("LessThanThreshold", 1.0, 2, 2, "breaching")) == (
        "Threshold Crossed: no datapoints were received for 2 periods and 2 missing datapoints were treated as "
        "[Breaching]."
    )
    assert reason(AlarmRule("LessThanThreshold", 1.0, 1, 1, "missing")) == "Insufficient Data: 1 datapoint was unknown."


def test_the_state_reason_names_datapoints_to_alarm_only_if_the_alarm_does() -> None:
    assert reason(AlarmRule("GreaterThanThreshold", 21.0, 1, 1, "ignore"), 21.5) == (
        "Threshold Crossed: 1 datapoint [21.5 (01/01/26 00:00:00)] was greater than the threshold (21.0)."
    )
    assert reason(AlarmRule("GreaterThanThreshold", 2.0, 2, 2, "missing", m_out_of_n=True), 4.0, 3.0) == (
        "Threshold Crossed: 2 out of the last 2 datapoints [3.0 (01/01/26 00:01:00), 4.0 (01/01/26 00:00:00)] were "
        "greater than the threshold (2.0) (minimum 2 datapoints for OK -> ALARM transition)."
    )
    assert reason(AlarmRule("GreaterThanThreshold", 1e10, 2, 1, "missing", m_out_of_n=True), 4.0, 3.0) == (
        "Threshold Crossed: 2 out of the last 2 datapoints [3.0 (01/01/26 00:01:00), 4.0 (01/01/26 00:00:00)] were "
        "not greater than the threshold (1.0E10) (minimum 2 datapoints for ALARM -> OK transition)."
    )


def test_the_state_reason_lists_the_five_most_recent_datapoints() -> None:
    found = reason(AlarmRule("LessThanThreshold", 9.0, 6, 6, "missing"), *map(float, range(6)))
    assert found.startswith(
        "Threshold Crossed: 6 datapoints were less than the threshold (9.0). "
        "The most recent datapoints which crossed the threshold: [5.0 (01/01/26 00:05:00), 4.0"
    )
    assert found.count("(01/01/26") == 5
