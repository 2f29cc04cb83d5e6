"""Run `lamplighter next`: list the times at which jobs will run.

Reads the schedules of the target; with `--file FILE`, it reads only the job file and needs no engine. If the clocks are
set forward over a time, that time is listed as skipped: AWS starts no run then. Exit codes: 0 times are listed, or
there are none; 1 there is no such job, or the target does not answer.
"""

from collections.abc import Iterator, Mapping
from itertools import takewhile
from typing import Annotated

import typer
from rich.text import Text

from lamplighter.base.json_text import Json
from lamplighter.base.world import real_world
from lamplighter.cli.runs import find_job, formatting, job_schedules
from lamplighter.cli.runs.arguments import AnyJobArgument
from lamplighter.cli.runs.find_job import NoSuchJob
from lamplighter.cli.runs.site import Site, with_site
from lamplighter.jobs.file import timetables
from lamplighter.lang.schedule import time_zones
from lamplighter.runs import upcoming_times
from lamplighter.runs.upcoming_times import Timetable, UpcomingTime

MOST = 1000


@with_site
def next(  # noqa: A001 - the verb's name
    site: Site,
    job: AnyJobArgument = None,
    *,
    count: Annotated[
        int, typer.Option("--count", "-n", help="The number of run times to list for each job.", min=1, max=MOST)
    ] = 3,
    json: Annotated[bool, typer.Option("--json", help="Print times as JSON, one per line.")] = False,
) -> None:
    """List the times at which jobs will run, in the job's time zone and in UTC."""
    now = real_world().now()
    tables = _of_file(site, job) if site.file is not None else _of_target(site, job)
    listed = [(word, time) for word, mine in tables.items() for time in _first(mine, now, count)]
    if json:
        formatting.print_json_lines(_document(word, time) for word, time in listed)
        return
    if listed:
        formatting.print_table(
            ["JOB", "TIME", "ZONE", "UTC", "IN", ""], [_cells(word, time, now) for word, time in listed]
        )
    for word, mine in tables.items():
        if not any(each.enabled for each in mine):
            why = "all its schedules are paused" if mine else "it has no schedule"
            typer.echo(f"{word}: {why}", err=True)


def _of_file(site: Site, word: str | None) -> Mapping[str, list[Timetable]]:
    project = site.project
    assert project is not None
    if word is not None and word not in project.jobs:
        raise NoSuchJob(f"{site.file} has no job {word}: its jobs are {', '.join(project.jobs)}")
    return {name: timetables.job_timetables(job) for name, job in project.jobs.items() if word in (None, name)}


def _of_target(site: Site, word: str | None) -> Mapping[str, list[Timetable]]:
    chosen = find_job.listed_machines(site) if word is None else [find_job.find_job(site, word)]
    found = job_schedules.timetables_of(site, chosen)
    return {each.word: found[each.arn] for each in chosen}


def _first(tables: list[Timetable], now: int, count: int) -> Iterator[UpcomingTime]:
    """Return the first `count` times at which a run starts, and the skipped times among them."""
    left = count

    def wanted(time: UpcomingTime) -> bool:
        nonlocal left
        left -= not time.skipped
        return left >= 0

    return takewhile(wanted, upcoming_times.upcoming_times(tables, now))


def _notes(time: UpcomingTime) -> Iterator[str]:
    if time.skipped:
        yield "skipped: the clocks go forward over this time"
    if time.doubled:
        yield "this time occurs twice: runs at the first"
    if time.guessed:
        yield "approximate: AWS does not state from when the rate counts"
    if time.table.window:
        yield f"within {time.table.window} minutes"


def _cells(word: str, time: UpcomingTime, now: int) -> list[Text | str]:
    style = "yellow" if time.skipped else ""
    seconds = ":%S" if time.shown.second else ""
    utc = time_zones.to_local(time.instant, time_zones.find_zone("UTC"))
    return [
        word,
        Text(f"{time.shown:%a %Y-%m-%d %H:%M{seconds}}", style),
        time.table.zone,
        "-" if time.skipped else f"{utc:%m-%d %H:%M{seconds}}",
        "" if time.skipped else formatting.format_distance(time.instant, now),
        Text("; ".join([time.table.expression, *_notes(time)]), style or "dim"),
    ]


def _document(word: str, time: UpcomingTime) -> Json:
    return {
        "job": word,
        "time": None if time.skipped else formatting.format_utc(time.instant),
        "local": f"{time.shown:%Y-%m-%dT%H:%M:%S}",
        "zone": time.table.zone,
        "schedule": time.table.expression,
        "skipped": time.skipped,
        "doubled": time.doubled,
        "guessed": time.guessed,
        "windowMinutes": time.table.window,
    }
