"""List the jobs by name, each with its schedules, its last runs and a start button.

The list has numbered pages and a search for names. Supporting machines are listed below the jobs, because nobody starts
them by hand.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from starlette.responses import Response

from lamplighter.base.json_text import Json
from lamplighter.console.data import slot_counts
from lamplighter.console.data.jobs import job_schedules, scheduled_tasks
from lamplighter.console.data.jobs.found_jobs import list_machines
from lamplighter.console.data.jobs.job_schedules import JobSchedule
from lamplighter.console.data.listing import read_each
from lamplighter.console.data.machine_tags import read_tags
from lamplighter.console.data.runs import skipped_runs, waiting_runs
from lamplighter.console.data.slot_counts import SlotCounts
from lamplighter.console.data.tasks.task_jobs import read_task_row
from lamplighter.console.page import Page, form_route, page_route
from lamplighter.console.pages.jobs import removed_jobs
from lamplighter.console.view.links import local_path
from lamplighter.console.view.list_filters import contains_words
from lamplighter.console.view.paging import take_page
from lamplighter.console.view.runs import run_duration
from lamplighter.console.view.runs.run_strip import RunStrip, build_run_strip
from lamplighter.runs.jobs.job_definition import read_job_definition
from lamplighter.runs.jobs.job_machine import is_supporting_machine
from lamplighter.runs.jobs.skipped_runs import SKIPPED
from lamplighter.runs.night.night_run import NightJob
from lamplighter.runs.tasks.scheduled_tasks import ScheduledTask, family_of_definition
from lamplighter.wire.access.roles import Role

PAGE_SIZE, STRIP_RUNS = 25, 20


@dataclass(frozen=True, slots=True)
class JobRow:
    """The row of one job."""

    machine: Json
    job: NightJob
    """Its name, as on the night."""
    families: Sequence[str]
    """The task definitions that its steps run, which have the names of the jobs that are its steps."""
    strip: RunStrip | None
    """The strip of runs, or None for EXPRESS, whose executions are not listed."""
    schedules: Sequence[JobSchedule]
    slot_counts: SlotCounts | None
    last: Json
    """The latest execution that was not skipped, or None if none is known."""
    skipped: int = 0
    """The number of runs in the strip that were skipped after `last`."""


async def show(page: Page) -> Response:
    """Show the list of jobs."""
    listed, known, conditions = await asyncio.gather(
        list_machines(page), job_schedules.list_schedules(page), page.port.conditions()
    )
    machines = sorted(listed, key=lambda machine: machine["name"].casefold())
    find = page.query("find")
    jobs = [each for each in machines if not is_supporting_machine(each["name"]) and contains_words(each["name"], find)]
    tasks = await scheduled_tasks.list_scheduled_tasks(page, known or ())
    task_jobs = [each for each in tasks if contains_words(each.name, find)]
    shown, paging = take_page([*jobs, *task_jobs], page.query_number("page"), PAGE_SIZE)
    chosen = [each for each in shown if not isinstance(each, ScheduledTask)]
    chosen_tasks = [each for each in shown if isinstance(each, ScheduledTask)]
    rows = await read_each(partial(read_job_row, page, known=known), chosen)
    return await page.render(
        "jobs.html",
        jobs=rows,
        workflows={family: row.job.short_name for row in rows for family in row.families},
        task_jobs=await asyncio.gather(*(read_task_row(page, each) for each in chosen_tasks)),
        paging=paging,
        find=find,
        supporting_machines=[each for each in machines if is_supporting_machine(each["name"])],
        removed=() if find else await removed_jobs.list_removed(page),
        blind=known is None,
        conditions=conditions,
    )


async def read_job_row(page: Page, machine: Json, known: Sequence[Json] | None) -> JobRow:
    """Read the row of a state machine."""
    arn = machine["stateMachineArn"]
    schedules = await job_schedules.find_job_schedules(page, arn, known)
    tally = await slot_counts.read_slot_counts(page, schedules)
    tags = await read_tags(page, arn)
    job = NightJob(arn, machine["name"], tags, shown=page.names.by_machine.get(arn, ""))
    if machine["type"] == "EXPRESS":
        return JobRow(machine, job, (), None, schedules, tally, None)
    runs, about = await asyncio.gather(
        page.call("states", "ListExecutions", stateMachineArn=arn, maxResults=STRIP_RUNS),
        page.call_if_readable("states", "DescribeStateMachine", stateMachineArn=arn),
    )
    definition = about["definition"] if about else ""
    does = read_job_definition(definition)
    families = [family_of_definition(each.task_definition) for each in does.steps if each.task_definition]
    max_calls = page.port.max_calls // PAGE_SIZE
    listed = await run_duration.add_idle_time(
        page, await skipped_runs.mark_skipped(page, runs["executions"], definition, max_calls), max_calls
    )
    listed = await waiting_runs.mark_waiting(page, listed, max_calls)
    shown = build_run_strip(listed, page.console.world.now() / 1000, does.late)
    steps = [each for each in families if each != machine["name"]]
    return JobRow(machine, job, steps, shown, schedules, tally, *await find_last_run(page, listed))


async def find_last_run(page: Page, runs: Sequence[Json]) -> tuple[Json, int]:
    """Return the latest run that was not skipped, and the number of these runs that were skipped after it."""
    skipped = next((at for at, each in enumerate(runs) if each["status"] != SKIPPED), len(runs))
    if skipped < len(runs):
        return runs[skipped], skipped
    return (await skipped_runs.effective_run(page, runs[0]) if runs else None), skipped


async def switch_schedule(page: Page, given: Mapping[str, str]) -> Response:
    """Pause or resume a schedule."""
    arn = given.get("schedule", "")
    await job_schedules.set_enabled(page.at(arn), arn, given.get("kind", ""), enabled=given.get("do") == "resume")
    return page.redirect(local_path(given.get("back", "/")))


ROUTES = (
    page_route("/jobs", show),
    form_route("/jobs/schedule", switch_schedule, needs=Role.CHANGE),
)
