"""Run `lamplighter next`: list the times at which jobs will run.

Reads the schedules of the target, and without a job file also those that start tasks without a state machine. With
`--file FILE`, it reads only the job file and needs no engine. If the clocks are set forward over a time, that time is
listed as skipped: AWS starts no run then. Exit codes: 0 times are listed, or there are none; 1 there is no such job, or
the target does not answer.
"""

from collections.abc import Iterator, Mapping
from itertools import takewhile
from typing import Annotated

import typer
from rich.text import Text

from lamplighter.base.count_text import format_count, join_names
from lamplighter.base.json_text import Json
from lamplighter.base.world import real_world
from lamplighter.cli.command_context import CommandContext, with_stored_context
from lamplighter.cli.runs import find_listed, formatting, job_schedules
from lamplighter.cli.runs.arguments import AnyJobArgument
from lamplighter.cli.runs.find_job import NoSuchJob
from lamplighter.cli.runs.listing import Listing, print_listing
from lamplighter.jobs.file import timetables
from lamplighter.lang.schedule import time_zones
from lamplighter.runs.jobs import upcoming_times
from lamplighter.runs.jobs.upcoming_times import Timetable, UpcomingTime

MAX_TIMES = 1000


@with_stored_context
def next(  # noqa: A001 - the name of the command
    context: CommandContext,
    job: AnyJobArgument = None,
    *,
    count: Annotated[
        int, typer.Option("--count", "-n", help="The number of run times to list for each job.", min=1, max=MAX_TIMES)
    ] = 3,
    json: Annotated[bool, typer.Option("--json", help="Print times as JSON, one per line.")] = False,
) -> None:
    """List the times at which jobs will run, in the job's time zone and in UTC."""
    now = real_world().now()
    timetables_by_job = _file_timetables(context, job) if context.file is not None else _target_timetables(context, job)
    listed = [(word, time) for word, times in timetables_by_job.items() for time in _first_times(times, now, count)]
    if json:
        formatting.print_json_lines(_time_document(word, time) for word, time in listed)
        return
    if listed:
        rows = [_time_cells(word, time, now) for word, time in listed]
        print_listing(Listing(["JOB", "TIME", "ZONE", "UTC", "IN", ""], rows, labelled=False))
    without = {word: tables for word, tables in timetables_by_job.items() if not any(each.enabled for each in tables)}
    for reason, is_paused in (("all schedules are paused", True), ("no schedule", False)):
        if words := [word for word, tables in without.items() if bool(tables) is is_paused]:
            typer.echo(f"{join_names(words)}: {reason}", err=True)


def _file_timetables(context: CommandContext, job_name: str | None) -> Mapping[str, list[Timetable]]:
    project = context.project
    assert project is not None
    if job_name is not None and job_name not in project.jobs:
        raise NoSuchJob(f"{context.file} has no job {job_name}: its jobs are {', '.join(project.jobs)}")
    return {name: timetables.job_timetables(job) for name, job in project.jobs.items() if job_name in (None, name)}


def _target_timetables(context: CommandContext, job_name: str | None) -> Mapping[str, list[Timetable]]:
    chosen, tasks = find_listed.find_listed(context, job_name)
    found = job_schedules.find_timetables(context, chosen)
    listed = {each.short_name: found[each.arn] for each in chosen}
    for each in tasks:
        listed[each.name] = [*listed.get(each.name, ()), *each.timetables]
    return listed


def _first_times(tables: list[Timetable], now: int, count: int) -> Iterator[UpcomingTime]:
    """Return the first `count` times at which a run starts, and the skipped times among them."""
    remaining = count

    def is_within_count(time: UpcomingTime) -> bool:
        nonlocal remaining
        remaining -= not time.skipped
        return remaining >= 0

    return takewhile(is_within_count, upcoming_times.upcoming_times(tables, now))


def _notes(time: UpcomingTime) -> Iterator[str]:
    if time.skipped:
        yield "skipped: the clocks go forward over this time"
    if time.doubled:
        yield "this time occurs twice: runs at the first"
    if time.guessed:
        yield "approximate: AWS does not state from when the rate counts"
    if time.timetable.window:
        yield f"within {format_count(time.timetable.window, 'minute')}"


def _time_cells(job_name: str, time: UpcomingTime, now: int) -> list[Text | str]:
    style = "yellow" if time.skipped else ""
    seconds = ":%S" if time.local_time.second else ""
    utc = time_zones.to_local(time.instant, time_zones.find_zone("UTC"))
    return [
        job_name,
        Text(f"{time.local_time:%a %Y-%m-%d %H:%M{seconds}}", style),
        time.timetable.zone,
        "-" if time.skipped else f"{utc:%m-%d %H:%M{seconds}}",
        "" if time.skipped else formatting.format_distance(time.instant, now),
        Text("; ".join([time.timetable.expression, *_notes(time)]), style or "dim"),
    ]


def _time_document(job_name: str, time: UpcomingTime) -> Json:
    return {
        "job": job_name,
        "time": None if time.skipped else formatting.format_utc(time.instant),
        "local": f"{time.local_time:%Y-%m-%dT%H:%M:%S}",
        "zone": time.timetable.zone,
        "schedule": time.timetable.expression,
        "skipped": time.skipped,
        "doubled": time.doubled,
        "guessed": time.guessed,
        "windowMinutes": time.timetable.window,
    }
