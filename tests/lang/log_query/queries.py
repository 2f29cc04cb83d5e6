"""Run queries over a few events."""

from collections.abc import Sequence

from lamplighter.lang.log_query.commands import compile_query
from lamplighter.lang.log_query.query import DEFAULT_RESULTS, QueryRun
from lamplighter.lang.log_query.rows import LogEvent

NOW = 1_764_432_000_000
"""2025-11-29 16:00:00 UTC."""
MINUTE = 60_000


def make_events(*messages: str) -> list[LogEvent]:
    """Return events, the newest first, each a minute before the one before it."""
    return [
        LogEvent(NOW - number * MINUTE, NOW, text, "stream", "123456789012:group", f"p{number}")
        for number, text in enumerate(messages)
    ]


def run_query(
    text: str, events: Sequence[LogEvent], most: int = DEFAULT_RESULTS, window: tuple[int, int] = (0, 0)
) -> list[dict[str, str]]:
    """Return the result of a query, without the pointers."""
    run = QueryRun(compile_query(text, NOW, window), most)
    for event in events:
        if run.is_done:
            break
        run.add(event)
    return [{name: value for name, value in row if name != "@ptr"} for row in run.finish()]
