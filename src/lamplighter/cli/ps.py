"""`lamplighter ps`: what runs, how the last run ended, when the next one begins; with `--all`, the latest runs.

Exit codes: 0 it is listed, 1 the target does not answer or there is no such job.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from heapq import merge
from itertools import islice
from typing import Annotated

import typer
from rich.text import Text

from lamplighter.base.jsontext import Json
from lamplighter.base.world import real_world
from lamplighter.cli.watch import machines, runs, show, timetables
from lamplighter.cli.watch.arguments import AnyJobArgument
from lamplighter.cli.watch.conditions import conditions
from lamplighter.cli.watch.labels import of_definition
from lamplighter.cli.watch.machines import Machine
from lamplighter.cli.watch.runs import Run
from lamplighter.cli.watch.site import Site, on_site
from lamplighter.cli.watch.words import as_json, run_json
from lamplighter.jobs.story import Attempt, Story
from lamplighter.jobs.times import Time, Timetable, following

MOST = 10
"""Runs of one job that go on, of which a line tells more than how many they are."""

LOOKED = 100
"""Runs among which the last that ended is looked for."""


@dataclass(frozen=True, slots=True)
class Going:
    """A run that goes on, and what of it does."""

    run: Run
    attempts: tuple[Attempt, ...]
    doing: str


@dataclass(frozen=True, slots=True)
class Overview:
    """What there is to know of a job."""

    machine: Machine
    last: Run | None
    """The youngest that has ended."""
    going: tuple[Going, ...]
    tables: tuple[Timetable, ...]
    next: Time | None


@on_site
def ps(
    site: Site,
    job: AnyJobArgument = None,
    *,
    every: Annotated[bool, typer.Option("--all", "-a", help="The latest runs, whether they go on or not.")] = False,
    count: Annotated[int, typer.Option("--count", "-n", help="How many runs --all lists.", min=1)] = 20,
    json: Annotated[bool, typer.Option("--json", help="Print jobs or runs as JSON, one a line.")] = False,
) -> None:
    """List jobs: what runs now, how the last run ended, when the next one begins."""
    chosen = machines.listed(site) if job is None else [machines.find(site, job)]
    if every:
        _list_runs(site, chosen, count, json=json)
        return
    for reason in () if json else conditions(site.target.endpoint):
        typer.echo(reason, err=True)
    now = real_world().now()
    tables = timetables.of(site, chosen)
    listed = [_overview(site, each, tables[each.arn], now) for each in chosen]
    if json:
        show.documents(map(_document, listed))
    else:
        show.table(["JOB", "NOW", "LAST RUN", "NEXT RUN"], [_cells(each, now) for each in listed])
        for missing in _missing(site, chosen) if job is None else ():
            typer.echo(f"{missing}: {site.target} does not have it yet", err=True)


def _overview(site: Site, machine: Machine, tables: list[Timetable], now: int) -> Overview:
    ended = next((each for each in islice(runs.of(site, machine), LOOKED) if not each.running), None)
    going = tuple(_going(site, each) for each in islice(runs.of(site, machine, "RUNNING"), MOST))
    last = None if ended is None else runs.judged(site, ended)
    return Overview(machine, last, going, tuple(tables), following(tables, now))


def _going(site: Site, run: Run) -> Going:
    story = runs.story(site, run)
    attempts = tuple(each for each in story.attempts if each.outcome == "running")
    labels = of_definition(runs.definition(site, run), story.redriven)
    doing = [*(f"{labels.title(each)} since {show.clock(each.began, run.began)}" for each in attempts), *_waits(story)]
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
    return [overview.machine.word, _now(overview, now), _last(overview.last, now), _next(overview, now)]


def _now(overview: Overview, now: int) -> Text:
    going = overview.going
    lines = [f"{each.doing or 'running'} ({each.run.name}, {show.near(each.run.began, now)})" for each in going]
    return Text("\n".join(lines), "cyan")


def _last(run: Run | None, now: int) -> Text:
    if run is None or run.ended is None:
        return Text("never", "dim")
    took = show.lasted(run.ended - run.began)
    return Text.assemble(show.state(run.state), f" {show.near(run.ended, now)}, took {took}")


def _next(overview: Overview, now: int) -> Text:
    if overview.next is None:
        paused = any(not each.enabled for each in overview.tables)
        return Text("paused" if paused else "-", "yellow" if paused else "dim")
    about = "about " if overview.next.guessed else ""
    zone = overview.next.table.zone
    return Text.assemble(f"{about}{overview.next.shown:%a %m-%d %H:%M} ", (f"{zone}, ", "dim"),
                         show.near(overview.next.instant, now))  # fmt: skip


def _document(overview: Overview) -> Json:
    return {
        "job": overview.machine.word,
        "machine": overview.machine.arn,
        "last": None if overview.last is None else run_json(overview.last),
        "running": [{**run_json(each.run), "attempts": [*map(as_json, each.attempts)]} for each in overview.going],
        "next": None if overview.next is None else show.utc(overview.next.instant),
        "paused": bool(overview.tables) and not any(each.enabled for each in overview.tables),
        "schedules": [each.expression for each in overview.tables],
    }


def _list_runs(site: Site, chosen: list[Machine], count: int, *, json: bool) -> None:
    """The latest runs of all these, youngest first."""
    words = {each.arn: each.word for each in chosen}
    latest = islice(merge(*(runs.of(site, each) for each in chosen), key=lambda run: run.began, reverse=True), count)
    found = (runs.judged(site, each) for each in latest)
    if json:
        show.documents(run_json(each, words[each.machine]) for each in found)
        return
    show.table(["JOB", "RUN", "STATUS", "BEGAN", "TOOK"], [_of_run(words[each.machine], each) for each in found])


def _of_run(word: str, run: Run) -> list[Text | str]:
    took = "" if run.ended is None else show.lasted(run.ended - run.began)
    return [word, run.name, show.state(run.state), show.moment(run.began), took]
