"""Evaluate the data points of an alarm: compute its state, and the reason in AWS's words.

Real data points count first. Missing data points fill up the evaluation periods, and are treated as the alarm's setting
says. "Alarms are designed to always go into ALARM state when the oldest available breaching datapoint … is at least as
old as the value of Datapoints to Alarm, and all other more recent data points are breaching or missing." See
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from operator import ge, gt, le, lt

from lamplighter.base.count_text import format_count
from lamplighter.base.json_text import Json, dumps

OK, ALARM, INSUFFICIENT_DATA = "OK", "ALARM", "INSUFFICIENT_DATA"
MISSING, IGNORE, BREACHING, NOT_BREACHING = "missing", "ignore", "breaching", "notBreaching"
TREATMENTS = (BREACHING, NOT_BREACHING, IGNORE, MISSING)
COMPARISONS: Mapping[str, tuple[Callable[[float, float], bool], str, str]] = {
    "GreaterThanOrEqualToThreshold": (ge, "greater than or equal to", "not greater than or equal to"),
    "GreaterThanThreshold": (gt, "greater than", "not greater than"),
    "LessThanThreshold": (lt, "less than", "not less than"),
    "LessThanOrEqualToThreshold": (le, "less than or equal to", "not less than or equal to"),
}
"""Each comparison, with the words of a reason for a value that breaches the threshold and for one that does not."""
REASON_POINTS = 5
EXTRA_PERIODS = 2
"""The number of earlier periods that are also read, in case some evaluation periods have no data."""


@dataclass(frozen=True, slots=True)
class AlarmRule:
    """The rule by which an alarm's data points are evaluated."""

    comparison: str
    threshold: float
    periods: int
    datapoints_to_alarm: int
    missing: str

    def breaches(self, value: float) -> bool:
        """Return whether a value breaches the threshold."""
        return COMPARISONS[self.comparison][0](value, self.threshold)


@dataclass(frozen=True, slots=True)
class DataPoint:
    """A real data point."""

    time: int
    """Milliseconds since the epoch."""
    age: int
    """The age in periods: 1 for the last period, 2 for the one before."""
    value: float


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The result of an evaluation."""

    state: str
    reason: str
    recent: list[float]


def evaluate(rule: AlarmRule, datapoints: Sequence[DataPoint], current_state: str) -> Evaluation:
    """Evaluate an alarm that is in the state `current_state`; the data points must be in order of time."""
    real = list(datapoints)[-rule.periods :]
    missing = rule.periods - len(real)
    state = _state(rule, real, missing, current_state)
    return Evaluation(state, _reason(rule, real, missing, state), [each.value for each in real])


def _state(rule: AlarmRule, real: list[DataPoint], missing: int, current_state: str) -> str:
    breaching = sum(rule.breaches(each.value) for each in real)
    extra = missing if rule.missing == BREACHING else 0
    if breaching + extra >= rule.datapoints_to_alarm:
        return ALARM
    if not missing or len(real) > breaching or rule.missing in (BREACHING, NOT_BREACHING):
        return OK
    if not real:
        return INSUFFICIENT_DATA if rule.missing == MISSING else current_state
    # All data points breach the threshold, but there are fewer than needed.
    return ALARM if rule.missing == MISSING and real[0].age >= rule.datapoints_to_alarm else current_state


def _reason(rule: AlarmRule, real: list[DataPoint], missing: int, state: str) -> str:
    _, above, below = COMPARISONS[rule.comparison]
    if not real:
        if state == INSUFFICIENT_DATA:
            return f"Insufficient Data: {format_count(rule.periods, 'datapoint was', 'datapoints were')} unknown."
        no_data = f"no datapoints were received for {format_count(rule.periods, 'period', 'periods')}"
        if missing and rule.missing in (BREACHING, NOT_BREACHING):
            treated = "[Breaching]" if rule.missing == BREACHING else "[NonBreaching]"
            return f"Threshold Crossed: {no_data} and {format_count(missing, 'missing datapoint was', 'missing datapoints were')} treated as {treated}."  # noqa: E501
        return f"Unchecked: {no_data}."
    counted = [each for each in real if rule.breaches(each.value) == (state == ALARM)] or real
    shown = ((each.value, datetime.fromtimestamp(each.time / 1000, UTC)) for each in counted[: -REASON_POINTS - 1 : -1])
    listed = ", ".join(f"{value} ({time:%d/%m/%y %H:%M:%S})" for value, time in shown)
    minimum = (
        f"(minimum {format_count(rule.datapoints_to_alarm, 'datapoint', 'datapoints')} for OK -> ALARM transition)"
    )
    compared = f"{'was' if len(counted) == 1 else 'were'} {above if state == ALARM else below}"
    head = f"{len(counted)} out of the last {rule.periods} datapoints [{listed}]"
    return f"Threshold Crossed: {head} {compared} the threshold ({rule.threshold}) {minimum}."


def state_reason_data(settings: Json, evaluation: Evaluation, start: int | None, now: int) -> str:
    """Return StateReasonData: the reason as JSON for programs."""
    data: Json = {"version": "1.0", "queryDate": format_instant(now)}
    data |= {} if start is None else {"startDate": format_instant(start)}
    data |= {
        field: settings[name] for field, name in (("unit", "Unit"), ("statistic", "Statistic")) if name in settings
    }
    data |= {"period": settings["Period"], "recentDatapoints": evaluation.recent[-REASON_POINTS:]}
    return dumps(data | {"threshold": settings["Threshold"]})


def format_instant(time: int) -> str:
    """Format an instant as CloudWatch does inside documents: 2026-01-01T00:00:00.000+0000."""
    whole, rest = divmod(time, 1000)
    return f"{datetime.fromtimestamp(whole, UTC):%Y-%m-%dT%H:%M:%S}.{rest:03d}+0000"
