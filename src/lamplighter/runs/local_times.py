"""Format instants for people, in the time zone of a job.

Guarantees a text for every zone: an unknown one is replaced by UTC, and the text names the zone that was used.
"""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

UTC_NAME = "UTC"


def format_local_time(milliseconds: int, zone: str, *, seconds: bool = True) -> str:
    """Format milliseconds since the epoch in a time zone: Fri 2026-01-02 01:00:07 (Asia/Seoul)."""
    moment = datetime.fromtimestamp(milliseconds / 1000, UTC)
    try:
        moment = moment.astimezone(ZoneInfo(zone))
    except (ZoneInfoNotFoundError, ValueError, OverflowError):
        zone = UTC_NAME
    return f"{moment:%a %Y-%m-%d %H:%M}{f':{moment:%S}' if seconds else ''} ({zone})"


def format_utc_minute(milliseconds: int) -> str:
    """Format milliseconds since the epoch: 2026-01-02 01:00 UTC."""
    return f"{datetime.fromtimestamp(milliseconds / 1000, UTC):%Y-%m-%d %H:%M} UTC"


def parse_iso_milliseconds(text: object) -> int | None:
    """Return an instant of an event or of a run's input in milliseconds since the epoch, or None if it is none."""
    try:
        return round(datetime.fromisoformat(str(text)).timestamp() * 1000)
    except (ValueError, OverflowError):
        return None
