"""Parse a point in time as users type it: 10m or 4w (ago), or a date with or without a time."""

import re
from datetime import datetime

import typer

from lamplighter.jobs.file.values import parse_duration

DAYS_PER_WEEK = 7


def parse_instant(text: str, now: int) -> int:
    """Return a point in time in milliseconds since the epoch; a time without a zone is local time."""
    weeks = re.fullmatch("([0-9]{1,4})w", text, re.ASCII)
    try:
        return now - parse_duration(f"{int(weeks[1]) * DAYS_PER_WEEK}d" if weeks else text) * 1000
    except ValueError:
        pass
    try:
        return round(datetime.fromisoformat(text).astimezone().timestamp() * 1000)
    except (ValueError, OverflowError):
        raise typer.BadParameter(
            f"{text}: use a duration such as 10m, 2h, 7d or 4w, or a time such as 2026-12-31T03:00:00"
        ) from None
