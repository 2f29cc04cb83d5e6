"""A time zone in which it is morning now: nights begin at 18:00, and no test may run over that."""

from datetime import UTC, datetime

MORNING = 6


def find_morning_zone() -> str:
    """Return a zone in which it is between 06:00 and 07:00."""
    ahead = (MORNING - datetime.now(UTC).hour + 11) % 24 - 11
    return f"Etc/GMT{'-' if ahead >= 0 else '+'}{abs(ahead)}"  # the signs of these names are the other way round
