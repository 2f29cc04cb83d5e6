"""Parse a point in time as users type it: 10m (ago), or a date with or without a time."""

from datetime import datetime

import typer

from lamplighter.jobs.file.values import parse_duration


def parse_instant(text: str, now: int) -> int:
    """Return a point in time in milliseconds since the epoch; a time without a zone is local time."""
    try:
        return now - parse_duration(text) * 1000
    except ValueError:
        pass
    try:
        return round(datetime.fromisoformat(text).astimezone().timestamp() * 1000)
    except (ValueError, OverflowError):
        raise typer.BadParameter(
            f"{text}: use a duration such as 10m or 2h, or a time such as 2026-12-31T03:00:00"
        ) from None
