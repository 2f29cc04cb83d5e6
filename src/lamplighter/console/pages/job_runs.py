"""Show the runs of a job page by page, filtered and sorted as the URL says; the page of the job has them as a part."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from urllib.parse import urlencode

from starlette.responses import Response

from lamplighter.base.errors import ValidationError
from lamplighter.base.json_text import Json
from lamplighter.console.data import job_runs, job_schedules, waiting_runs
from lamplighter.console.data.job_runs import RecentRuns, RunFilter
from lamplighter.console.page import Page, page_route
from lamplighter.console.view.page_numbers import PageLinks, count_pages, link_neighbours, link_pages
from lamplighter.console.view.run_rows import RunRow, build_rows, start_milliseconds
from lamplighter.lang.schedule import time_zones
from lamplighter.runs.job_definition import read_job_definition

STATUSES = ("RUNNING", "SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED")
SKIPPED_STATUSES = (*STATUSES, "SKIPPED")
"""The statuses that AWS's lists can be filtered by, and those of an engine."""
ORDERS = ("newest", "oldest", "longest", "shortest")
PARAMETERS = ("status", "trigger", "from", "to", "zone", "order")
"""The parameters of the URL that select and sort runs; `page` is the number of the page."""


@dataclass(frozen=True, slots=True)
class RunTable:
    """The table of runs, with the links to other pages and orders."""

    rows: list[RunRow]
    total: int | None
    counts: Mapping[str, int] | None
    statuses: tuple[str, ...]
    pages: PageLinks
    order: str
    link: Callable[..., str]
    """Return the URL of the first page with other parameters: `link(status="FAILED")`."""


async def show(page: Page) -> Response:
    """Show the table alone, which the page of the job loads from time to time."""
    about = await page.call("states", "DescribeStateMachine", stateMachineArn=page.arn)
    page = await job_schedules.in_job_zone(page, page.arn)
    recent = await job_runs.read_recent_runs(page, about)
    return await page.render(
        "job_runs.html",
        name=about["name"],
        table=await read_table(page, about, recent.usual),
        last=last_status(recent),
        rest=page.console.port.list_poll_seconds,
    )


def last_status(recent: RecentRuns) -> str:
    """Return the status of a job's last run, for the title and the icon of the tab."""
    return recent.runs[0]["status"] if recent.runs else "never ran"


async def read_table(page: Page, about: Json, usual: float | None) -> RunTable:
    """Read the page of runs that the URL selects; `about` is what DescribeStateMachine answers."""
    criteria = read_filter(page)
    found = await job_runs.read_runs(page, about, criteria)
    deadline = read_job_definition(about["definition"]).deadline
    starters = _find_starters(page, found.runs)
    runs = await waiting_runs.mark_waiting(page, found.runs, page.console.port.max_calls // job_runs.PAGE_SIZE)
    rows = build_rows(runs, page.console.world.now() / 1000, usual, deadline, starters)
    known = {name: value for name in PARAMETERS if (value := page.query(name)) is not None}
    if found.total is None:
        pages = link_neighbours(page.url, known, found.number, more=found.more)
    else:
        pages = link_pages(page.url, known, found.number, count_pages(found.total, job_runs.PAGE_SIZE))
    statuses = STATUSES if found.counts is None else SKIPPED_STATUSES
    link = partial(_link, page.url, known)
    return RunTable(list(rows), found.total, found.counts, statuses, pages, criteria.order, link)


def _link(path: str, known: Mapping[str, str], **changes: str | None) -> str:
    given = {name: value for name, value in {**known, **changes}.items() if value}
    return f"{path}?{urlencode(given)}" if given else path


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
    return page.console.port.find_starters(page.arn, times) if times and page.may("change") else {}


ROUTES = (page_route("/jobs/{arn:path}/runs", show),)
