"""Format times, durations and tables for a terminal, and JSON for programs.

Guarantees local time on a terminal and UTC in JSON, unbroken lines if the output is no terminal, and one JSON document
per line.
"""

import sys
from collections.abc import Iterable, Sequence
from datetime import datetime

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from lamplighter.base.json_text import Json, dumps
from lamplighter.base.world import format_iso_time
from lamplighter.jobs.file.values import format_duration
from lamplighter.runs.run import END_WORDS

NON_TERMINAL_WIDTH = 400
"""The width of output that is not a terminal, so that no line is broken."""
STATUS_STYLES = {
    "succeeded": "green", "running": "cyan", "failed": "bold red", "timed out": "bold red", "aborted": "yellow",
    "pending redrive": "cyan", "skipped": "yellow", "stopped": "yellow", "waiting": "yellow",
}  # fmt: skip


def is_terminal(*, error: bool = False) -> bool:
    """Return whether a person reads standard output, or standard error if `error`, on a terminal."""
    return (sys.stderr if error else sys.stdout).isatty()


def make_console(*, error: bool = False) -> Console:
    """Return a console for standard output, or for standard error if `error`."""
    width = None if is_terminal(error=error) else NON_TERMINAL_WIDTH
    return Console(stderr=error, highlight=False, soft_wrap=error, width=width)


def print_table(headings: Sequence[str], rows: Iterable[Sequence[Text | str]]) -> None:
    """Print a table without borders."""
    table = Table(*headings, box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    for row in rows:
        table.add_row(*(each if isinstance(each, Text) else Text(each) for each in row))
    make_console().print(table)


def print_json_lines(listed: Iterable[Json]) -> None:
    """Print JSON documents, one per line."""
    for each in listed:
        typer.echo(dumps(each))


def status_text(status: str) -> Text:
    """Return a status as words in its colour."""
    words = END_WORDS.get(status) or status.lower().replace("_", " ")
    return Text(words, STATUS_STYLES.get(words, ""))


def local_datetime(time: int) -> datetime:
    """Convert an instant to local time."""
    return datetime.fromtimestamp(time / 1000).astimezone()


def format_instant(time: int) -> str:
    """Format an instant in local time, to the second."""
    return f"{local_datetime(time):%Y-%m-%d %H:%M:%S}"


def format_clock(time: int, since: int) -> str:
    """Format an instant as a local time of day, with the date if it differs from that of `since`."""
    local_time = local_datetime(time)
    return (
        f"{local_time:%H:%M:%S}"
        if local_time.date() == local_datetime(since).date()
        else f"{local_time:%m-%d %H:%M:%S}"
    )


def format_milliseconds(milliseconds: int) -> str:
    """Format a duration: 85ms, 2.1s, 1h3m."""
    if milliseconds < 1000:
        return f"{max(milliseconds, 0)}ms"
    if milliseconds < 10_000:
        return f"{milliseconds / 1000:.1f}s"
    seconds = round(milliseconds / 1000)
    return format_duration(seconds - seconds % 60 if seconds >= 86_400 else seconds)


def format_distance(time: int, now: int) -> str:
    """Format the distance of an instant from now: "5m ago", "in 3h20m"."""
    seconds = abs(time - now) // 1000
    unit = next(size for least, size in ((2 * 86_400, 3600), (120, 60), (0, 1)) if seconds >= least)
    words = format_duration(seconds // unit * unit)
    return f"in {words}" if time > now else f"{words} ago"


def format_utc(time: int | None) -> str | None:
    """Format an instant in UTC for programs; return None for None."""
    return None if time is None else format_iso_time(time)
