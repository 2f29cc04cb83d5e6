"""Show a job: what it is, how its last runs went, when it starts next, its definition as a graph, and its runs."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from starlette.responses import Response

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json
from lamplighter.console.data import slot_counts
from lamplighter.console.data.jobs import job_runs, job_schedules, job_sources
from lamplighter.console.data.jobs.job_runs import OUTSIDE, RecentRuns
from lamplighter.console.data.jobs.job_schedules import JobSchedule
from lamplighter.console.data.runs import waiting_runs
from lamplighter.console.page import PART_HEADER, Page, page_route
from lamplighter.console.pages.jobs import job_runs as runs_page
from lamplighter.console.pages.jobs import removed_jobs
from lamplighter.console.pages.jobs.job_runs import RunTable
from lamplighter.console.view.duration_chart import SHAPES, build_chart
from lamplighter.console.view.job_description import describe_job
from lamplighter.console.view.next_slots import next_slots
from lamplighter.console.view.runs import graph
from lamplighter.console.view.runs.run_counts import RunCounts, count_runs
from lamplighter.runs.jobs.job_machine import is_supporting_machine
from lamplighter.runs.run import END_WORDS, WAITING, RunLimits

EXPRESS = "EXPRESS"


async def show(page: Page) -> Response:
    """Show the job."""
    try:
        about, known = await asyncio.gather(
            page.call("states", "DescribeStateMachine", stateMachineArn=page.arn), job_schedules.list_schedules(page)
        )
    except AwsError as error:
        if error.code != "StateMachineDoesNotExist":
            raise
        return await removed_jobs.show_removed(page, error)
    if PART_HEADER in page.request.headers and about["type"] != EXPRESS:
        return await runs_page.show_again(page, about)
    rules = await job_schedules.list_rules(page, page.arn)
    schedules = await job_schedules.find_job_schedules(page, page.arn, known, rules)
    sources, recent = await asyncio.gather(job_sources.read_job_sources(page, about), _read_recent_runs(page, about))
    limits = RunLimits(recent.usual, sources.definition.late, sources.definition.deadline)
    return await page.render(
        "job.html",
        about=about,
        job=describe_job(sources),
        graph=graph.parse_graph(about["definition"]),
        entries=schedules,
        event_rules=[each for each in rules if not each.get("ScheduleExpression")],
        next_slots=next_slots(schedules, page.console.world.now()),
        tally=await slot_counts.read_slot_counts(page, schedules),
        slots=await slot_counts.read_latest_slots(page, schedules),
        late=slot_counts.is_late,
        counts=_count(recent),
        days=job_runs.RECENT_DAYS,
        usual=recent.usual,
        chart=build_chart(recent.runs, page.clock, limits),
        shapes=SHAPES,
        end_words=END_WORDS,
        table=await _read_table(page, about, recent.usual),
        triggers=_list_triggers(schedules, rules),
        name=page.names.of(page.arn),
        last=runs_page.last_status(next(iter(recent.runs), None)),
        supporting_machine=is_supporting_machine(about["name"]),
    )


async def _read_recent_runs(page: Page, about: Json) -> RecentRuns:
    """Return the last runs; none of an EXPRESS machine, because they cannot be listed."""
    if about["type"] == EXPRESS:
        return RecentRuns((), {}, None)
    recent = await job_runs.read_recent_runs(page, about)
    runs = await waiting_runs.mark_waiting(page, recent.runs, 0)
    waiting = sum(each["status"] == WAITING for each in runs)
    counts = {**recent.counts, WAITING: waiting, "RUNNING": recent.counts.get("RUNNING", 0) - waiting}
    return replace(recent, runs=runs, counts=counts)


async def _read_table(page: Page, about: Json, usual: float | None) -> RunTable | None:
    return None if about["type"] == EXPRESS else await runs_page.read_table(page, about, usual)


def _count(recent: RecentRuns) -> RunCounts:
    return count_runs(recent.counts, complete=recent.complete)


def _list_triggers(schedules: Sequence[JobSchedule], rules: Sequence[Json]) -> Sequence[tuple[str, str]]:
    """Return what may have started a run, each with its words, for the filter."""
    found = {each.arn: f"{each.kind} {each.name}" for each in schedules}
    found |= {each["Arn"]: f"rule {each['Name']}" for each in rules}
    return [*found.items(), (OUTSIDE, "by hand or the API")]


ROUTES = (page_route("/jobs/{arn:path}", show),)
