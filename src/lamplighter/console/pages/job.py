"""Show a job: its definition as a graph, its schedules and how punctual they were, and its runs, page by page."""

import asyncio
from dataclasses import replace

from starlette.responses import Response

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json
from lamplighter.console.data import job_schedules, skipped_runs, slot_counts, waiting_runs
from lamplighter.console.page import Page, page_route
from lamplighter.console.pages import removed_jobs
from lamplighter.console.view import graph, run_duration
from lamplighter.console.view.run_strip import build_run_strip
from lamplighter.runs.job_machine import is_supporting_machine

PAGE_SIZE, STRIP_RUNS = 50, 20
STATUSES = ("RUNNING", "SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED")


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
    schedules = await job_schedules.find_job_schedules(page, page.arn, known)
    page = replace(page, schedule_zone=job_schedules.common_zone(schedules))
    now = page.console.world.now() / 1000
    listed = await list_runs(page, about)
    latest = (
        listed if not page.query("status") and not page.query("next") else await list_runs(page, about, latest=True)
    )
    return await page.render(
        "job.html",
        about=about,
        graph=graph.parse_graph(about["definition"]),
        entries=schedules,
        tally=await slot_counts.read_slot_counts(page, schedules),
        slots=await slot_counts.read_latest_slots(page, schedules),
        late=slot_counts.is_late,
        executions=listed["executions"],
        next=listed.get("nextToken"),
        strip=build_run_strip(latest["executions"][:STRIP_RUNS], now),
        statuses=STATUSES,
        now=now,
        supporting_machine=is_supporting_machine(about["name"]),
        rest=page.console.port.list_poll_seconds,
    )


async def list_runs(page: Page, about: Json, *, latest: bool = False) -> Json:
    """Return the page of runs that the query selects, or the latest runs.

    Return no runs of an EXPRESS machine, because they cannot be listed.
    """
    if about["type"] == "EXPRESS":
        return {"executions": ()}
    only = {} if latest else page.read_query(statusFilter="status", nextToken="next")
    listed = await page.call("states", "ListExecutions", stateMachineArn=page.arn, maxResults=PAGE_SIZE, **only)
    max_calls = page.console.port.max_calls
    known = await skipped_runs.mark_skipped(page, listed["executions"], about["definition"], max_calls)
    known = await run_duration.add_idle_time(page, known, max_calls // PAGE_SIZE)
    return listed | {"executions": await waiting_runs.mark_waiting(page, known, max_calls // PAGE_SIZE)}


ROUTES = (page_route("/jobs/{arn:path}", show),)
