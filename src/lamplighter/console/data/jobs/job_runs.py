"""Read a page of a job's runs, and how its last runs went.

An engine answers each with one query (`services/states/executions/list_runs.py`), whatever the number of runs. AWS
lists runs only newest first, by status and page after page: the tokens of the pages are cached, so that the next page
is one call, and pages that are not cached are read again from the first one. AWS's lists have no errors, so the failed
runs of a page are described, at most `ConsolePort.max_calls` of them.
See https://docs.aws.amazon.com/step-functions/latest/apireference/API_ListExecutions.html.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json
from lamplighter.console.data.runs import skipped_runs
from lamplighter.console.page import Page
from lamplighter.console.view.paging import Paging
from lamplighter.console.view.runs import run_duration
from lamplighter.runs.jobs.job_machine import scheduled_time
from lamplighter.runs.jobs.success_rate import median_seconds
from lamplighter.runs.run import FAILED_STATUSES, run_seconds

PAGE_SIZE = 50
RECENT_RUNS, RECENT_DAYS = 100, 30
"""The number of runs whose durations are drawn, and the days whose runs are counted."""
AWS_PAGE_SIZE = 1000
CALLS_PER_LIST = 20
"""One page of AWS's list counts as so many calls, because AWS allows few lists per second."""
DAY_SECONDS = 86_400
OUTSIDE = "outside"
"""The trigger in a query for runs that a person or a program outside the engine started."""


@dataclass(frozen=True, slots=True)
class RunFilter:
    """Which runs are shown, and in which order."""

    status: str | None = None
    origin: str | None = None
    """The ARN of what started the runs, or `OUTSIDE`."""
    since: float | None = None
    until: float | None = None
    """The earliest and the latest start, in seconds since the epoch."""
    order: str = "newest"
    page: int = 1


@dataclass(frozen=True, slots=True)
class RunPage:
    """A page of runs."""

    runs: Sequence[Json]
    """As ListExecutions returns them, with what else is known: error, cause, origin, scheduled, failedAttempts."""
    number: int
    """The number of the page, which is less than the requested one if there are fewer pages."""
    paging: Paging | None
    """The numbers of the other pages, or None if the number of runs is unknown."""
    counts: Mapping[str, int] | None
    """The number of runs with each status, whichever status is selected, or None if it is unknown."""
    more: bool
    """Whether there are further pages."""


@dataclass(frozen=True, slots=True)
class RecentRuns:
    """The last runs of a job."""

    runs: Sequence[Json]
    """At most `RECENT_RUNS`, newest first."""
    counts: Mapping[str, int]
    """The number of runs with each status since `RECENT_DAYS`, or of those that were read."""
    usual: float | None
    """How many seconds a run usually takes: the median of the last ones that succeeded."""
    complete: bool = True
    """Whether all runs of these days are counted."""


async def read_runs(page: Page, about: Json, criteria: RunFilter) -> RunPage:
    """Return the runs of a state machine that fit, on the requested page or else on the last one."""
    answer = await _list_on_engine(page, criteria, criteria.page)
    if answer is None:
        return await _read_runs_on_aws(page, about, criteria)
    last = Paging(1, PAGE_SIZE, answer["Total"]).count
    if criteria.page > last:
        answer = await _list_on_engine(page, criteria, last)
    paging = Paging(min(criteria.page, last), PAGE_SIZE, answer["Total"])
    return RunPage(answer["Runs"], paging.number, paging, answer["Counts"], paging.next is not None)


async def _list_on_engine(page: Page, criteria: RunFilter, number: int) -> Json:
    given = {
        "Statuses": [criteria.status] if criteria.status else None,
        "Origin": "" if criteria.origin == OUTSIDE else criteria.origin,
        "Since": None if criteria.since is None else round(criteria.since * 1000),
        "Until": None if criteria.until is None else round(criteria.until * 1000),
    }
    asked = {name: value for name, value in given.items() if value is not None}
    offset = (number - 1) * PAGE_SIZE
    return await page.call_internal(
        "states", "ListRuns", Machine=page.arn, Order=criteria.order, Offset=offset, Limit=PAGE_SIZE, **asked
    )


async def read_recent_runs(page: Page, about: Json) -> RecentRuns:
    """Return the last runs of a state machine."""
    since = page.console.world.now() - RECENT_DAYS * DAY_SECONDS * 1000
    usual, counted = await asyncio.gather(
        page.call_internal("states", "ListUsualDurations", Machines=[page.arn]),
        page.call_internal("states", "ListRuns", Machine=page.arn, Since=since, Limit=RECENT_RUNS),
    )
    if counted is None:
        return await _read_recent_on_aws(page, about, since / 1000)
    latest = counted
    if len(counted["Runs"]) < RECENT_RUNS:  # the chart of a job that runs rarely shows older runs, too
        latest = await page.call_internal("states", "ListRuns", Machine=page.arn, Limit=RECENT_RUNS)
    return RecentRuns(latest["Runs"], counted["Counts"], _usual_seconds(page.arn, usual))


async def read_latest_run(page: Page, about: Json) -> tuple[Json, float | None]:
    """Return the last run of a state machine, or None, and how many seconds a run usually takes."""
    usual = await page.call_internal("states", "ListUsualDurations", Machines=[page.arn])
    if usual is None:
        recent = await read_recent_runs(page, about)
        return next(iter(recent.runs), None), recent.usual
    listed = await page.call("states", "ListExecutions", stateMachineArn=page.arn, maxResults=1)
    known = await skipped_runs.mark_skipped(page, listed["executions"], about["definition"], 1)
    return next(iter(known), None), _usual_seconds(page.arn, usual)


def _usual_seconds(machine: str, answer: Json) -> float | None:
    found = answer["Durations"].get(machine)
    return None if found is None else float(found) / 1000


# --- AWS --------------------------------------------------------------------------------------------------------------


async def _read_recent_on_aws(page: Page, about: Json, since: float) -> RecentRuns:
    max_calls = page.port.max_calls
    token: dict[str, str] = {}
    found: list[Json] = []
    for _ in range(max(1, max_calls // CALLS_PER_LIST)):
        given = {"stateMachineArn": page.arn, "maxResults": AWS_PAGE_SIZE, **token}
        answer = await page.call("states", "ListExecutions", **given)
        found += answer["executions"]
        token = {"nextToken": answer["nextToken"]} if answer.get("nextToken") else {}
        if not token or found[-1]["startDate"] < since:
            break
    latest = await skipped_runs.mark_skipped(page, found[:RECENT_RUNS], about["definition"], max_calls)
    latest = await run_duration.add_idle_time(page, latest, max_calls // PAGE_SIZE)
    counted = [each["status"] for each in [*latest, *found[RECENT_RUNS:]] if each["startDate"] >= since]
    complete = not token or found[-1]["startDate"] < since
    now = page.console.world.now() / 1000
    usual = median_seconds(latest, [run_seconds(each, now) for each in latest])
    return RecentRuns(latest, {each: counted.count(each) for each in set(counted)}, usual, complete)


async def _read_runs_on_aws(page: Page, about: Json, criteria: RunFilter) -> RunPage:
    number, answer = await _list_on_aws(page, criteria)
    max_calls = page.port.max_calls
    runs = await skipped_runs.mark_skipped(page, answer["executions"], about["definition"], max_calls)
    runs = await run_duration.add_idle_time(page, runs, max_calls // PAGE_SIZE)
    runs = await _describe_failed(page, runs, max_calls)
    return RunPage(runs, number, None, None, bool(answer.get("nextToken")))


async def _list_on_aws(page: Page, criteria: RunFilter) -> tuple[int, Json]:
    """Return the requested page with its number, or the last one before it that exists and that may be read."""
    known, key = page.console.page_tokens, f"{page.arn} {criteria.status}"
    number = max((each for each in range(2, criteria.page + 1) if f"{key} {each}" in known), default=1)
    for _ in range(max(1, page.port.max_calls // CALLS_PER_LIST)):
        token = known.get(f"{key} {number}") if number > 1 else None
        answer = await _list_page(page, criteria.status, token)
        if answer is None:  # AWS forgets tokens after a day
            number = 1
            continue
        if answer.get("nextToken"):
            known.put({f"{key} {number + 1}": answer["nextToken"]})
        if number == criteria.page or not answer.get("nextToken"):
            break
        number += 1
    return number, answer or {"executions": ()}


async def _list_page(page: Page, status: str | None, token: str | None) -> Json:
    """Return a page of ListExecutions, or None if its token is not valid any more."""
    given = {"statusFilter": status, "nextToken": token}
    asked = {name: value for name, value in given.items() if value is not None}
    try:
        return await page.call("states", "ListExecutions", stateMachineArn=page.arn, maxResults=PAGE_SIZE, **asked)
    except AwsError as error:
        if token is not None and error.code == "InvalidToken":
            return None
        raise


async def _describe_failed(page: Page, runs: Sequence[Json], max_calls: int) -> Sequence[Json]:
    """Add the error, the cause and the slot to failed runs."""
    failed = [each["executionArn"] for each in runs if each["status"] in (*FAILED_STATUSES, "ABORTED")][:max_calls]
    calls = (page.call_or_none("states", "DescribeExecution", executionArn=each) for each in failed)
    found = dict(zip(failed, await asyncio.gather(*calls), strict=True))
    return [each | _details(found.get(each["executionArn"])) for each in runs]


def _details(described: Json) -> dict[str, Json]:
    if described is None:
        return {}
    details = {name: described[name] for name in ("error", "cause") if name in described}
    return details | {"scheduled": scheduled_time(described.get("input"))}
