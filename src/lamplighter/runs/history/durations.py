"""Format durations for people."""

MINUTE, HOUR, DAY = 60, 3600, 86_400
UNIT_SECONDS = {"d": DAY, "h": HOUR, "m": MINUTE, "s": 1}


def format_setting(seconds: int) -> str:
    """Format a configured time as the job file writes it: 30s, 1h30m."""
    parts = []
    for unit, size in UNIT_SECONDS.items():
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"


def format_limit(seconds: int) -> str:
    """Format a configured time in whole seconds: 3 s, 1 min 30 s, 2 h 00 min."""
    return f"{seconds} s" if seconds < MINUTE else format_duration(seconds)


def format_duration(seconds: float | None) -> str:
    """Format a duration: 0.4 s, 12 s, 3 min 04 s, 2 h 05 min, 3 d 4 h; a dash for None."""
    if seconds is None:
        return "–"
    if seconds < 10:
        return f"{max(0.0, seconds):.1f} s"
    whole = round(seconds)
    if whole < MINUTE:
        return f"{whole} s"
    if whole < HOUR:
        return f"{whole // MINUTE} min {whole % MINUTE:02} s"
    if whole < DAY:
        return f"{whole // HOUR} h {whole % HOUR // MINUTE:02} min"
    return f"{whole // DAY} d {whole % DAY // HOUR} h"
