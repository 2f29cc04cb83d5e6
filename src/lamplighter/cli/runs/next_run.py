"""Describe the next time at which a job runs, in a cell of a list."""

from collections.abc import Sequence

from rich.text import Text

from lamplighter.cli.runs import formatting
from lamplighter.runs.jobs.upcoming_times import Timetable, next_time


def next_run_text(timetables: Sequence[Timetable], now: int) -> Text:
    """Return the next time of these timetables, "paused", or a hyphen if there is none."""
    found = next_time(timetables, now)
    if found is None:
        paused = any(not each.enabled for each in timetables)
        return Text("paused" if paused else "-", "yellow" if paused else "dim")
    about = "about " if found.guessed else ""
    return Text.assemble(
        f"{about}{found.local_time:%a %m-%d %H:%M} ",
        (f"{found.timetable.zone}, ", "dim"),
        formatting.format_distance(found.instant, now),
    )


def timetable_document(timetables: Sequence[Timetable], now: int) -> dict[str, object]:
    """Return the next time of these timetables and the timetables themselves, for programs."""
    found = next_time(timetables, now)
    return {
        "next": None if found is None else formatting.format_utc(found.instant),
        "paused": bool(timetables) and not any(each.enabled for each in timetables),
        "schedules": [each.expression for each in timetables],
    }
