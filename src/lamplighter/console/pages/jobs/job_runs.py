"""Show the runs of a job page by page, filtered and sorted as the URL says: a part of the page of the job."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from starlette.responses import Response

from lamplighter.base.errors import ValidationError
from lamplighter.base.json_text import Json
from lamplighter.console.data.jobs import job_runs
from lamplighter.console.data.jobs.job_runs import RunFilter
from lamplighter.console.data.runs import waiting_runs
from lamplighter.console.page import Page
from lamplighter.console.view.paging import Paging
from lamplighter.console.view.runs.run_rows import RunRow, build_rows, start_milliseconds
from lamplighter.lang.schedule import time_zones
from lamplighter.runs.jobs.job_definition import read_job_definition
from lamplighter.runs.jobs.skipped_runs import SKIPPED
from lamplighter.runs.run import RunLimits

STATUSES = ("RUNNING", "SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED")
"""The statuses by which AWS's lists can be filtered."""
ORDERS = ("newest", "oldest", "longest", "shortest")


@dataclass(frozen=True, slots=True)
class RunTable:
    """The table of runs, with the links to other pages and orders."""

    rows: Sequence[RunRow]
    counts: Mapping[str, int] | None
    """The number of runs with each status; None on AWS, which does not count them."""
    statuses: Sequence[str]
    order: str
    number: int
    """The number of the page."""
    paging: Paging | None
    """The numbers of the other pages; None on AWS."""
    more: bool
    """Whether there are further pages."""


async def show_again(page: Page, about: Json) -> Response:
    """Show the table alone, which replaces that of the page of the job from time to time."""
    latest, usual = await job_runs.read_latest_run(page, about)
    return await page.render(
        "job_runs.html",
        name=page.names.of(page.arn),
        table=await read_table(page, about, usual),
        last=last_status(latest),
    )


def last_status(latest: Json) -> str:
    """Return the status of a job's last run (None if there is none), for the title and the icon of the tab."""
    return "never ran" if latest is None else str(latest["status"])


async def read_table(page: Page, about: Json, usual: float | None) -> RunTable:
    """Read the page of runs that the URL selects; `about` is what DescribeStateMachine answers."""
    criteria = read_filter(page)
    found = await job_runs.read_runs(page, about, criteria)
    job = read_job_definition(about["definition"])
    starters = _find_starters(page, found.runs)
    runs = await waiting_runs.mark_waiting(page, found.runs, page.port.max_calls // job_runs.PAGE_SIZE)
    rows = build_rows(runs, page.console.world.now() / 1000, RunLimits(usual, job.late, job.deadline), starters)
    statuses = STATUSES if found.counts is None else (*STATUSES, SKIPPED)
    return RunTable(rows, found.counts, statuses, criteria.order, found.number, found.paging, found.more)


def read_filter(page: Page) -> RunFilter:
    """Read from the URL which runs are shown. Raises ValidationError."""
    order, number = page.query("order") or ORDERS[0], page.query_number("page") or 1
    if order not in ORDERS:
        raise ValidationError(f"Runs are sorted by {', '.join(ORDERS)}, not by {order}")
    since, until = (_read_time(page, name) for name in ("from", "to"))
    return RunFilter(page.query("status"), page.query("trigger"), since, until, order, max(1, number))


def _read_time(page: Page, name: str) -> float | None:
    """Return a local time of the URL, in the zone of the page, in seconds since the epoch."""
    text = page.query(name)
    if text is None:
        return None
    try:
        return datetime.fromisoformat(text).replace(tzinfo=time_zones.find_zone(page.clock.zone)).timestamp()
    except (ValueError, OverflowError):
        raise ValidationError(f"`{text}` is no time. Write it as 2026-01-31T18:00") from None


def _find_starters(page: Page, runs: Json) -> Json:
    """Return who started the runs that no schedule, rule or run did, for people who may read the audit log."""
    times = [start_milliseconds(each) for each in runs if each.get("origin") == ""]
    return page.port.find_starters(page.arn, times) if times and page.may("change") else {}
