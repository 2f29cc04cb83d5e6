"""Read periods such as `5m`, and cut times to them: bin, datefloor and dateceil.

Months, quarters and years follow the calendar in UTC; all other periods count from the epoch. See
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax-operations-functions.html.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from lamplighter.lang.log_query.values import MAX_TIME, Instant

_PERIOD = re.compile(r"([0-9]+(?:\.[0-9]+)?)([A-Za-z]+)")
_UNITS: Mapping[str, int] = {
    **dict.fromkeys(("ms", "msec", "millisecond", "milliseconds"), 1),
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), 1_000),
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes"), 60_000),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), 3_600_000),
    **dict.fromkeys(("d", "day", "days"), 86_400_000),
    **dict.fromkeys(("w", "week", "weeks"), 7 * 86_400_000),
}
_MONTHS: Mapping[str, int] = {
    **dict.fromkeys(("mo", "mon", "month", "months"), 1),
    **dict.fromkeys(("q", "qtr", "quarter", "quarters"), 3),
    **dict.fromkeys(("y", "yr", "year", "years"), 12),
}
_CAPS: Mapping[int, int] = {1: 1_000, 1_000: 60, 60_000: 60, 3_600_000: 24}
"""The highest numbers of a unit, by its milliseconds: "the cap for ms is 1000, the caps for s and m are 60, and the cap
for h is 24"; `bin(300s)` is 60 seconds."""


@dataclass(frozen=True, slots=True)
class Period:
    """A length of time: in milliseconds, or in months of the calendar."""

    milliseconds: int
    months: int = 0

    def floor(self, time: int) -> Instant:
        """Return the beginning of the period that contains a time."""
        if not self.months:
            return Instant(time - time % self.milliseconds)
        moment = datetime.fromtimestamp(min(max(time, 0), MAX_TIME) / 1000, UTC)
        month = moment.year * 12 + moment.month - 1
        return _month_start(month - month % self.months)

    def ceil(self, time: int) -> Instant:
        """Return the end of the period that contains a time, or the time itself if a period begins with it."""
        begin = self.floor(time)
        if begin == time:
            return begin
        if not self.months:
            return Instant(begin + self.milliseconds)
        moment = datetime.fromtimestamp(begin / 1000, UTC)
        return _month_start(moment.year * 12 + moment.month - 1 + self.months)


def _month_start(month: int) -> Instant:
    year = min(max(month // 12, 1970), 9998)
    return Instant(int(datetime(year, month % 12 + 1, 1, tzinfo=UTC).timestamp() * 1000))


def read_period(text: str) -> Period | None:
    """Return the period that a text names, or None."""
    found = _PERIOD.fullmatch(text)
    if found is None:
        return None
    number, unit = float(found[1]), found[2].lower()
    if unit in _MONTHS and number.is_integer() and 1 <= number <= 1200:
        return Period(0, int(number) * _MONTHS[unit])
    length = _UNITS.get(unit, 0)
    milliseconds = min(number, _CAPS.get(length, number)) * length
    return Period(int(milliseconds)) if 1 <= milliseconds <= MAX_TIME else None
