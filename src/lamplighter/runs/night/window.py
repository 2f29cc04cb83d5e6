"""Read from which time until which a night is shown: since 18:00, or between two times. Pure."""

import re
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from lamplighter.base.errors import LamplighterError
from lamplighter.lang.schedule import time_zones

DEFAULT_SINCE = "18:00"
MORNING = time(9)
"""The local time until which the upcoming runs are listed."""
_TIME = re.compile("([01]?[0-9]|2[0-3]):([0-5][0-9])")


class InvalidNightTime(LamplighterError):
    """A text is no time of a night."""


@dataclass(frozen=True, slots=True)
class NightWindow:
    """The times of a night, in milliseconds since the epoch."""

    since: int
    until: int | None
    """Runs that began later are left out; None for a night that goes on."""
    morning: int
    """When the list of upcoming runs ends."""


def read_window(since: str, until: str, now: int, zone: ZoneInfo) -> NightWindow:
    """Return the night of two texts: `18:00` (the last time at which it was 18:00) or `2026-01-31T18:00`; an empty
    `until` is now. Raises InvalidNightTime.
    """
    start = _read_time(since or DEFAULT_SINCE, now, zone)
    end = _read_time(until, now, zone) if until else None
    if end is not None and end <= start:
        raise InvalidNightTime(f"The night must end after it begins, and {until} is not after {since}")
    return NightWindow(start, end, _next(MORNING, now, zone))


def _read_time(text: str, now: int, zone: ZoneInfo) -> int:
    if found := _TIME.fullmatch(text.strip()):
        return _latest(time(int(found[1]), int(found[2])), now, zone)
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise InvalidNightTime(f"“{text[:40]}” is no time: write 18:00, or 2026-01-31T18:00") from None
    return _instant(moment, zone) if moment.tzinfo is None else round(moment.timestamp() * 1000)


def _latest(clock: time, now: int, zone: ZoneInfo) -> int:
    """Return the last instant before now at which the clock showed a time."""
    today = time_zones.to_local(now, zone).date()
    found = (_instant(datetime.combine(today - timedelta(days=days), clock), zone) for days in range(3))
    return next(each for each in found if each <= now)


def _next(clock: time, now: int, zone: ZoneInfo) -> int:
    """Return the next instant after now at which the clock shows a time."""
    today = time_zones.to_local(now, zone).date()
    found = (_instant(datetime.combine(today + timedelta(days=days), clock), zone) for days in range(3))
    return next(each for each in found if each > now)


def _instant(moment: datetime, zone: ZoneInfo) -> int:
    """Return the instant of a local time; of one that clocks skip, that of the time before the change."""
    return round(moment.replace(tzinfo=zone).timestamp() * 1000)
