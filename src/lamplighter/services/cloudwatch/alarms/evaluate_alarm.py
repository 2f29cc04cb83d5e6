"""Evaluate the data points of an alarm: compute its state.

Real data points count first. Missing data points fill up the evaluation periods, and are treated as the alarm's setting
says. "Alarms are designed to always go into ALARM state when the oldest available breaching datapoint … is at least as
old as the value of Datapoints to Alarm, and all other more recent data points are breaching or missing." See
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import ge, gt, le, lt

OK, ALARM, INSUFFICIENT_DATA = "OK", "ALARM", "INSUFFICIENT_DATA"
MISSING, IGNORE, BREACHING, NOT_BREACHING = "missing", "ignore", "breaching", "notBreaching"
TREATMENTS = (BREACHING, NOT_BREACHING, IGNORE, MISSING)
COMPARISONS: Mapping[str, Callable[[float, float], bool]] = {
    "GreaterThanOrEqualToThreshold": ge,
    "GreaterThanThreshold": gt,
    "LessThanThreshold": lt,
    "LessThanOrEqualToThreshold": le,
}
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
    m_out_of_n: bool = False
    """Whether the alarm states how many of the data points have to breach the threshold; its reasons then say so."""

    def breaches(self, value: float) -> bool:
        """Return whether a value breaches the threshold."""
        return COMPARISONS[self.comparison](value, self.threshold)


@dataclass(frozen=True, slots=True)
class DataPoint:
    """A real data point."""

    time: int
    """Milliseconds since the epoch."""
    age: int
    """The age in periods: 1 for the last period, 2 for the one before."""
    value: float
    samples: float | None = None
    """The number of values in it, or None for the result of an expression."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The result of an evaluation."""

    state: str
    real: Sequence[DataPoint]
    """The data points that count, in order of time."""
    missing: int
    """The number of data points that are missing among the evaluation periods."""


def evaluate(rule: AlarmRule, datapoints: Sequence[DataPoint], current_state: str) -> Evaluation:
    """Evaluate an alarm that is in the state `current_state`; the data points must be in order of time."""
    real = list(datapoints)[-rule.periods :]
    missing = rule.periods - len(real)
    return Evaluation(_state(rule, real, missing, current_state), real, missing)


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
