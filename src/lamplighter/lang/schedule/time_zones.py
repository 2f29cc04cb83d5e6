"""Find time zones by their IANA names, and convert between instants and local times.

Guarantees AWS's rule for the two nights on which clocks change: a local time that does not exist has no instant, and a
local time that occurs twice means its first occurrence.
See https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html.
"""

from datetime import UTC, datetime, timedelta
from functools import cache, lru_cache
from zoneinfo import ZoneInfo

from lamplighter.base.errors import LamplighterError

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NAIVE_EPOCH = EPOCH.replace(tzinfo=None)
_NO_ZONES = ("localtime", "posixrules", "posix/", "right/")
"""The beginnings of names in a system's time zone database that are not IANA zones."""


class UnknownZone(LamplighterError):
    """A name that no time zone has."""


@cache  # ZoneInfo keeps eight, and reads the file of any other again and again; there are some six hundred
def find_zone(name: str) -> ZoneInfo:
    """Return the time zone with an IANA name. Raises `UnknownZone`."""
    if name.startswith(_NO_ZONES):
        raise UnknownZone(name)
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise UnknownZone(name) from None


def to_local(instant: int, zone: ZoneInfo) -> datetime:
    """Return the local time in a zone at an instant, which is given in milliseconds since the epoch."""
    return (EPOCH + timedelta(milliseconds=instant)).astimezone(zone).replace(tzinfo=None, fold=0)


def has_clock_change(day: datetime, zone: ZoneInfo) -> bool:
    """Return whether the clocks of a zone change on a day, which is given by its first moment."""
    return day in _clock_changes(zone, day.year)


@lru_cache(maxsize=256)  # a project has few zones, and asks for each day of a year for each of its schedules
def _clock_changes(zone: ZoneInfo, year: int) -> frozenset[datetime]:
    days = (datetime(year, 1, 1) + timedelta(days=number) for number in range(366))  # noqa: DTZ001 - of any time zone
    return frozenset(day for day in days if zone.utcoffset(day) != zone.utcoffset(day + timedelta(days=1)))


def to_instant(local_time: datetime, zone: ZoneInfo) -> int | None:
    """Return the instant of a local time in milliseconds since the epoch, or None if the local time does not exist."""
    before, after = zone.utcoffset(local_time), zone.utcoffset(local_time.replace(fold=1))
    assert before is not None
    assert after is not None
    # PEP 495: in a gap, fold 0 has the offset before the change and fold 1 the greater one after it.
    return None if before < after else (local_time - _NAIVE_EPOCH - before) // timedelta(milliseconds=1)
