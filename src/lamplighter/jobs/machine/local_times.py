"""Build JSONata expressions that format an instant in the time zone of a job.

JSONata knows only fixed offsets, so a zone is a document: its name, and its offsets with the instants from which they
apply, until the end of `LAST_YEAR`. Guarantees the same document for the same zone and database of time zones.
See https://docs.jsonata.org/date-time-functions#frommillis.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from lamplighter.base.json_text import Json

FIRST_YEAR, LAST_YEAR = 2026, 2037
PICTURE = "[FNn,3-3] [Y0001]-[M01]-[D01] [H01]:[m01]:[s01]"
"""The format of `runs/local_times.py`: Fri 2026-01-02 01:00:07."""


def zone_document(zone: str) -> Json:
    """Return a time zone as the document that `define_local_time` reads."""
    return {"name": zone, "offsets": [{"from": start, "offset": offset} for start, offset in _offsets(zone)]}


def define_local_time(zone: str) -> str:
    """Return JSONata that defines the function `$local`: it formats milliseconds since the epoch in a zone.

    `zone` is JSONata for the zone's document.
    """
    return f"""$zone := {zone};
  $local := function($ms) {{
    $fromMillis($ms, '{PICTURE}', $zone.offsets[from <= $ms][-1].offset) & ' (' & $zone.name & ')'
  }};"""


@lru_cache(maxsize=256)
def _offsets(zone: str) -> tuple[tuple[int, str], ...]:
    """Return the offsets of a zone; each is found only once, because that takes some 10 ms."""
    return tuple(_find_offsets(zone))


def _find_offsets(zone: str) -> Iterator[tuple[int, str]]:
    """Yield each instant from which another offset applies, in milliseconds since the epoch, and the offset.

    The first offset applies to all earlier times, too.
    """
    try:
        place = ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError):
        place = ZoneInfo("UTC")
    hour, end = datetime(FIRST_YEAR, 1, 1, tzinfo=UTC), datetime(LAST_YEAR + 1, 1, 1, tzinfo=UTC)
    offset = hour.astimezone(place).strftime("%z")
    yield 0, offset[:5]
    while hour < end:
        day = hour + timedelta(days=1)
        if day.astimezone(place).strftime("%z") == offset:
            hour = day
            continue
        while hour.astimezone(place).strftime("%z") == offset:
            hour += timedelta(minutes=15)
        offset = hour.astimezone(place).strftime("%z")
        yield round(hour.timestamp() * 1000), offset[:5]
