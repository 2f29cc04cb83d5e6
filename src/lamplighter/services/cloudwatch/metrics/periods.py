"""Check periods and time ranges of requests, and align the ranges as AWS does.

See https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html (StartTime).
"""

from collections.abc import Callable

from lamplighter.base.errors import AwsError
from lamplighter.services.cloudwatch.arns import to_milliseconds
from lamplighter.services.cloudwatch.metrics.metric_sources import MINUTE, TimeRange

SHORT_PERIODS = (10, 20, 30)
"""The periods of alarms that are shorter than a minute, in seconds."""
HIGH_RESOLUTION_PERIODS = (1, 5, *SHORT_PERIODS)
MAX_PERIOD = 366 * 86_400
HOUR = 3_600


def check_period(period: int, name: str, error: Callable[[str], AwsError]) -> None:
    """Raise an error that `error` makes unless AWS accepts the period of a query, in seconds."""
    if period not in HIGH_RESOLUTION_PERIODS and (period % 60 or not 0 < period <= MAX_PERIOD):
        raise error(f"The parameter {name} must be a value of 1, 5, 10, 20, 30 or a multiple of 60.")


def check_times(start: float, end: float, error: Callable[[str], AwsError]) -> None:
    """Raise an error that `error` makes unless a time range, in seconds, has a length."""
    if to_milliseconds(end) <= to_milliseconds(start):
        raise error("The parameter StartTime must be less than the parameter EndTime.")


def from_start(start: float, end: float, period: int) -> TimeRange:
    """Return the range whose periods begin at StartTime, which is rounded down to a whole minute or short period."""
    return _range(start, end, period, min(period * 1000, MINUTE))


def on_whole_periods(start: float, end: float, period: int) -> TimeRange:
    """Return the range whose periods begin at multiples of the period, or of an hour if the period is longer."""
    return _range(start, end, period, min(period, HOUR) * 1000)


def _range(start: float, end: float, period: int, step: int) -> TimeRange:
    first = to_milliseconds(start)
    return TimeRange(first - first % step, to_milliseconds(end), period * 1000)
