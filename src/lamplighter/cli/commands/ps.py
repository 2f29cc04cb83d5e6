"""Run `lamplighter ps`: list what runs now, each job's last run and its next one; with `--all`, the latest runs.

A skipped run does not hide the run before it. A list that is too wide for the terminal is printed as blocks, so that
the names of runs are never cut off.

Exit codes: 0 the list was printed; 1 the target does not answer, or there is no such job.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from heapq import merge
from itertools import islice
from typing import Annotated

import typer
from rich.text import Text

from lamplighter.base.json_text import Json
from lamplighter.base.world import real_world
from lamplighter.cli.runs import failure_words, find_job, find_run, formatting, job_schedules
from lamplighter.cli.runs.arguments import AnyJobArgument
from lamplighter.cli.runs.attempt_labels import labels_for
from lamplighter.cli.runs.engine_conditions import engine_conditions
from lamplighter.cli.runs.failure_words import attempt_json, run_json
from lamplighter.cli.runs.find_job import Machine
from lamplighter.cli.runs.find_run import Run
from lamplighter.cli.runs.site import Site, with_site
from lamplighter.jobs.machine.workflow import job_steps
from lamplighter.runs.story import Attempt, Story
from lamplighter.runs.upcoming_times import Timetable, UpcomingTime, next_time

MOST = 10
"""The most runs under way of a job that are listed."""

LOOKED = 1000
"""The most runs in which the last ended run that was not skipped is searched."""
LONGEST = 100
"""The most characters of a reason that are shown."""


@dataclass(frozen=True, slots=True)
class Going:
    """A run under way, its running attempts, and words for what it is doing."""

    run: Run
    attempts: tuple[Attempt, ...]
    doing: str


@dataclass(frozen=True, slots=True)
class Overview:
    """A summary of a job: its last run, its running runs and its next run."""

    machine: Machine
    last: Run | None
    """The latest run that has ended and was not skipped."""
    skipped: Run | None
    """The latest run that was skipped after `last`."""
    going: tuple[Going, ...]
    tables: tuple[Timetable, ...]
    next: UpcomingTime | None
    workflows: tuple[str, ...] = ()
    """The workflows in which the job is a step."""


@with_site
def ps(
    site: Site,
    job: AnyJobArgument = None,
    *,
    every: Annotated[bool, typer.Option("--all", "-a", help="List the latest runs, running or ended.")] = False,
    count: Annotated[int, typer.Option("--count", "-n", help="The number of runs that --all lists.", min=1)] = 20,
    json: Annotated[bool, typer.Option("--json", help="Print jobs or runs as JSON, one per line.")] = False,
) -> None:
    """List jobs: running runs, the last result and the next run."""
    chosen = find_job.listed_machines(site) if job is None else [find_run.find_machine(site, job)]
    if every:
        _list_runs(site, chosen, count, json=json)
        return
    for reason in () if json else engine_conditions(site.target.endpoint):
        typer.echo(reason, err=True)
    now = real_world().now()
    tables = job_schedules.timetables_of(site, chosen)
    listed = [_overview(site, each, tables[each.arn], now) for each in chosen]
    if json:
        formatting.print_json_lines(map(_document, listed))
    else:
        formatting.print_listing(["JOB", "NOW", "LAST RUN", "NEXT RUN"], [_cells(each, now) for each in listed])
        for missing in _missing(site, chosen) if job is None else ():
            typer.echo(f"{missing} is not on {site.target} yet", err=True)


def _overview(site: Site, machine: Machine, tables: list[Timetable], now: int) -> Overview:
    last, skipped = _ended(site, machine)
    going = tuple(_going(site, each) for each in islice(find_run.runs_of(site, machine, "RUNNING"), MOST))
    workflows = () if machine.job is None else tuple(_workflows(site, machine.job))
    return Overview(machine, last, skipped, going, tuple(tables), next_time(tables, now), workflows)


def _ended(site: Site, machine: Machine) -> tuple[Run | None, Run | None]:
    """Return the latest run that has ended and was not skipped, and the latest run that was skipped after it.

    A skipped run names the runs because of which it was skipped. All runs that began between them and the skipped run
    were skipped too, so they are not read.
    """
    skipped: Run | None = None
    before: int | None = None
    for each in islice(find_run.runs_of(site, machine), LOOKED):
        if each.running or (before is not None and each.began > before):
            continue
        found = find_run.with_details(site, each)
        if not found.skipped:
            return found, skipped
        skipped = skipped or found
        others = [run for arn in found.others if (run := find_run.get_run(site, arn)) is not None]
        before = max((run.began for run in others), default=None)
    return None, skipped


def _workflows(site: Site, job: str) -> Iterator[str]:
    """Yield the workflows of the job file in which a job is a step."""
    project = site.project
    if project is None:
        return
    for name, document in ((name, project.workflows.get(each.workflow or "")) for name, each in project.jobs.items()):
        if document is not None and any(step["Job"] == job for _, step in job_steps(document)):
            yield name


def _going(site: Site, run: Run) -> Going:
    story = find_run.read_story(site, run)
    attempts = tuple(each for each in story.attempts if each.outcome == "running")
    labels = labels_for(find_run.read_definition(site, run), story.redriven)
    doing = [
        *(f"{labels.title(each)} since {formatting.format_clock(each.began, run.began)}" for each in attempts),
        *_waits(story),
    ]
    return Going(run, attempts, ", ".join(doing[:3]) + (f" and {len(doing) - 3} more" if len(doing) > 3 else ""))


def _waits(story: Story) -> Iterator[str]:
    for visit in story.visits:
        if visit.kind == "Wait" and visit.left is None:
            yield f"waits in {visit.state}"
        pending = (each.failed for each in story.retries(visit) if each.follower is None)
        yield from (f"waits before attempt {failed.number + 1}" for failed in pending)


def _missing(site: Site, chosen: list[Machine]) -> Iterator[str]:
    there = {each.job for each in chosen}
    yield from (job for job in (site.project.jobs if site.project else ()) if job not in there)


def _cells(overview: Overview, now: int) -> list[Text | str]:
    return [overview.machine.word, _now(overview, now), _last(overview, now), _next(overview, now)]


def _now(overview: Overview, now: int) -> Text:
    going = overview.going
    lines = [
        f"{each.doing or 'running'} ({each.run.name}, {formatting.format_distance(each.run.began, now)})"
        for each in going
    ]
    return Text("\n".join(lines), "cyan")


def _last(overview: Overview, now: int) -> Text:
    last, skipped = overview.last, overview.skipped
    if last is None and skipped is None:
        return Text(f"as a step of {', '.join(overview.workflows)}" if overview.workflows else "never", "dim")
    after = () if skipped is None else (_one(skipped, now),)
    if last is None:
        return Text.assemble(*after)
    # The job's name stands for its latest run, which is the skipped one, so this run needs its own name.
    name = f" ({last.name})" if after else ""
    told = Text.assemble(_one(last, now), f", took {formatting.format_milliseconds(last.took or 0)}{name}")
    return Text.assemble(told, "\nthen ", *after) if after else told


def _one(run: Run, now: int) -> Text:
    """Return how a run ended, and when."""
    why = failure_words.why_unsuccessful(run)
    short = why if len(why) <= LONGEST else f"{why[: LONGEST - 1]}…"
    return Text.assemble(
        formatting.status_text(run.state),
        (short, "bold red"),
        f", {formatting.format_distance(run.ended or run.began, now)}",
    )


def _next(overview: Overview, now: int) -> Text:
    if overview.machine.gone:
        return Text("the job was deleted", "dim")
    if overview.next is None:
        paused = any(not each.enabled for each in overview.tables)
        return Text("paused" if paused else "-", "yellow" if paused else "dim")
    about = "about " if overview.next.guessed else ""
    zone = overview.next.table.zone
    return Text.assemble(f"{about}{overview.next.shown:%a %m-%d %H:%M} ", (f"{zone}, ", "dim"),
                         formatting.format_distance(overview.next.instant, now))  # fmt: skip


def _document(overview: Overview) -> Json:
    return {
        "job": overview.machine.word,
        "machine": overview.machine.arn,
        "last": None if overview.last is None else run_json(overview.last),
        "skipped": None if overview.skipped is None else run_json(overview.skipped),
        "running": [{**run_json(each.run), "attempts": [*map(attempt_json, each.attempts)]} for each in overview.going],
        "next": None if overview.next is None else formatting.format_utc(overview.next.instant),
        "paused": bool(overview.tables) and not any(each.enabled for each in overview.tables),
        "schedules": [each.expression for each in overview.tables],
    }


def _list_runs(site: Site, chosen: list[Machine], count: int, *, json: bool) -> None:
    """Print the latest runs of all these state machines, the latest first."""
    named = {each.arn: each.word for each in chosen}
    latest = islice(
        merge(*(find_run.runs_of(site, each) for each in chosen), key=lambda run: run.began, reverse=True), count
    )
    found = (find_run.with_details(site, each) for each in latest)
    if json:
        formatting.print_json_lines(run_json(each, named[each.machine]) for each in found)
        return
    formatting.print_listing(
        ["JOB", "RUN", "STATUS", "BEGAN", "TOOK"], [_of_run(named[each.machine], each) for each in found]
    )


def _of_run(word: str, run: Run) -> list[Text | str]:
    took = "" if run.took is None else formatting.format_milliseconds(run.took)
    status = Text.assemble(formatting.status_text(run.state), failure_words.why_unsuccessful(run)[:LONGEST])
    return [word, run.name, status, formatting.format_instant(run.began), took]
