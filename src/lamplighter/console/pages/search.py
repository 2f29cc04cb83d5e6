"""Search jobs, runs, states and the resources around the jobs.

The page has all that was found, in groups; with `brief=1` it is the short list below the search field
(`static/search.js`). An ARN, or the name of exactly one run, leads straight to its page. A filter for runs leaves out
the other groups.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from starlette.responses import Response

from lamplighter.base.aws import arn
from lamplighter.base.json_text import Json
from lamplighter.console.data import searched_lists
from lamplighter.console.data.jobs import found_jobs
from lamplighter.console.data.logs import found_output
from lamplighter.console.data.logs.found_output import NO_OUTPUT, FoundOutput
from lamplighter.console.data.runs import found_runs
from lamplighter.console.data.runs.found_runs import FoundRuns, RunCriteria
from lamplighter.console.page import Page, page_route
from lamplighter.console.view.links import resource_path, schedule_path, scheduled_task_path
from lamplighter.console.view.list_filters import ListFilter, counted_filter, fixed_filter
from lamplighter.console.view.paging import Paging, take_page
from lamplighter.console.view.search_hits import GROUPS, SHOWN_FIRST, Hit, HitGroup, sort_by_name
from lamplighter.runs.jobs.schedules import started_arn
from lamplighter.runs.jobs.skipped_runs import SKIPPED
from lamplighter.runs.run import END_WORDS, WAITING
from lamplighter.runs.tasks.scheduled_tasks import schedule_starter
from lamplighter.runs.word_search import MAX_SEARCH_LENGTH, find_words, mark_words, read_places, split_words

PAGE_SIZE, MAX_BRIEF = 50, 8
DAY_MILLISECONDS = 86_400_000
PERIODS = {"1": "the last 24 hours", "7": "the last 7 days", "30": "the last 30 days"}
"""The choices for the earliest start of runs, in days."""
DEFAULT_OUTPUT_DAYS = "1"
"""The days whose output is searched, unless a period is chosen."""
STATUS_WORDS = {**{status: words for status, words in END_WORDS.items() if status != WAITING}, SKIPPED: "skipped"}


@dataclass(frozen=True, slots=True)
class Search:
    """What the query asks for."""

    text: str
    words: Sequence[str]
    kind: str | None
    """The name of the only group that is shown."""
    status: str | None
    days: str | None
    job: str | None
    """The filters for runs; the job is the name of a state machine."""
    before: int | None
    """Where an earlier search of the runs ended."""
    output: str | None
    """Where an earlier search of the output stopped."""

    @property
    def runs_only(self) -> bool:
        """Whether a filter for runs is chosen, or older runs are wanted."""
        return bool(self.status or self.days or self.job or self.before)

    def wants(self, group: str) -> bool:
        """Return whether a group is shown."""
        if self.output is not None:
            return group == "output"
        if group == "output" and not (self.status or self.job or self.before):
            return self.kind in (None, group)
        return group == "runs" if self.runs_only else self.kind in (None, group)


@dataclass(frozen=True, slots=True)
class Found:
    """What was found."""

    groups: Sequence[HitGroup]
    """The groups with hits, with all their hits."""
    runs: FoundRuns
    unread_jobs: int = 0
    output: FoundOutput = NO_OUTPUT


async def show(page: Page) -> Response:
    """Show what was found, or lead to the only thing that it can be."""
    search, brief = _read_search(page), page.query("brief") is not None
    path = _direct_path(search)
    if path and not brief:
        return page.redirect(path)
    found = await _find(page, search, brief=brief) if search.words else Found((), FoundRuns(()))
    if brief:
        return await page.render("search_brief.html", **_brief_values(search, found))
    if (run := _only_run(search, found)) is not None:
        return page.redirect(run)
    groups, paging = _shown(page, found)
    return await page.render(
        "search.html",
        search=search,
        groups=groups,
        paging=paging,
        found=found,
        filters=_filters(search, found),
        marked=partial(mark_words, search.words),
        period=PERIODS[search.days or DEFAULT_OUTPUT_DAYS],
    )


def _read_search(page: Page) -> Search:
    text = (page.query("q") or "").strip()[:MAX_SEARCH_LENGTH]
    chosen = {name: page.query(name) for name in ("kind", "status", "since")}
    known: Mapping[str, Mapping[str, str]] = {"kind": GROUPS, "status": STATUS_WORDS, "since": PERIODS}
    kind, status, days = (value if value in known[name] else None for name, value in chosen.items())
    return Search(
        text,
        split_words(text),
        kind,
        status,
        days,
        page.query("job"),
        page.query_number("before") or None,
        page.query("output"),
    )


async def _find(page: Page, search: Search, *, brief: bool) -> Found:
    """Search all groups that are shown, at the same time."""
    jobs, runs, output, others = await asyncio.gather(
        _find_jobs(page, search, brief=brief),
        _find_runs(page, search, brief=brief),
        _find_output(page, search, brief=brief),
        _find_others(page, search),
    )
    hits = [_run_hit(page, each) for each in runs.runs]
    groups = (
        HitGroup("jobs", sort_by_name(jobs.jobs, search.text), len(jobs.jobs)),
        HitGroup("runs", hits, len(hits), runs.is_complete),
        HitGroup("states", sort_by_name(jobs.states, search.text), len(jobs.states)),
        HitGroup("output", output.hits, len(output.hits), output.next is None),
        HitGroup("others", sort_by_name(others, search.text), len(others)),
    )
    return Found([each for each in groups if each.hits and search.wants(each.name)], runs, jobs.unread, output)


async def _find_jobs(page: Page, search: Search, *, brief: bool) -> found_jobs.FoundJobs:
    if not (search.wants("jobs") or search.wants("states")):
        return found_jobs.FoundJobs((), (), 0)
    return await found_jobs.find_jobs(page, search.words, brief=brief)


async def _find_runs(page: Page, search: Search, *, brief: bool) -> FoundRuns:
    if not search.wants("runs"):
        return FoundRuns(())
    since = None if search.days is None else page.console.world.now() - int(search.days) * DAY_MILLISECONDS
    statuses = (search.status,) if search.status else ()
    place, name = page.place, search.job and page.names.machine(search.job)
    machine = name and arn.build("states", place.region, place.account, f"stateMachine:{name}")
    wanted = RunCriteria(search.words, statuses, since, machine, search.before)
    return await found_runs.find_runs(page, wanted, brief=brief)


async def _find_output(page: Page, search: Search, *, brief: bool) -> FoundOutput:
    if brief or not search.wants("output"):
        return NO_OUTPUT
    since = page.console.world.now() - int(search.days or DEFAULT_OUTPUT_DAYS) * DAY_MILLISECONDS
    searched = (page.query_number("searched") or 0) if search.output else 0
    return await found_output.find_output(page, search.words, since, search.output, searched)


async def _find_others(page: Page, search: Search) -> Sequence[Hit]:
    if not search.wants("others"):
        return ()
    named = await searched_lists.list_named(page)
    return [
        Hit(kind, name, path, found)
        for kind, name, path in named
        if path and (found := find_words(search.words, {"name": name}))
    ]


def _run_hit(page: Page, run: Json) -> Hit:
    job = page.names.of(run["stateMachineArn"])
    path = resource_path(run["executionArn"]) or ""
    return Hit("run", job, path, read_places(run["found"]), run["name"], run["status"], run["startDate"])


def _direct_path(search: Search) -> str | None:
    """Return the path of the page of an ARN; None if the text is no ARN of anything that has a page."""
    return resource_path(search.text) or schedule_path(search.text)


def _only_run(search: Search, found: Found) -> str | None:
    """Return the path of the run with exactly this name, if nothing else has it."""
    if search.kind is not None or search.runs_only:
        return None
    hits = [hit for group in found.groups for hit in group.hits]
    named = [hit for hit in hits if search.text == (hit.second if hit.kind == "run" else hit.title)]
    return named[0].path if len(named) == 1 and named[0].kind == "run" else None


def _shown(page: Page, found: Found) -> tuple[Sequence[HitGroup], Paging | None]:
    """Return the groups with the hits that this page shows: the first of each, or a page of the only group."""
    only = found.groups[0] if len(found.groups) == 1 else None
    if only is None:
        return [HitGroup(e.name, e.hits[:SHOWN_FIRST], e.total, e.is_complete) for e in found.groups], None
    hits, paging = take_page(only.hits, page.query_number("page"), PAGE_SIZE)
    return [HitGroup(only.name, hits, only.total, only.is_complete)], paging


def _filters(search: Search, found: Found) -> Sequence[ListFilter]:
    jobs = [hit.title for group in found.groups if group.name == "runs" for hit in group.hits]
    return (
        fixed_filter("kind", "Show", GROUPS, "runs" if search.runs_only else search.kind),
        fixed_filter("status", "Status", STATUS_WORDS, search.status),
        fixed_filter("since", "Started in", PERIODS, search.days),
        counted_filter("job", "Job", {name: jobs.count(name) for name in dict.fromkeys(jobs)}, search.job),
    )


def _brief_values(search: Search, found: Found) -> Mapping[str, Json]:
    """Return the values of the short list: the first hits of each group, and the page of an ARN before all."""
    path = _direct_path(search)
    direct = [Hit("ARN", search.text, path)] if path else []
    per_group = max(2, MAX_BRIEF // max(1, len(found.groups)))
    hits = [*direct, *(hit for group in found.groups for hit in group.hits[:per_group])]
    return {"search": search, "hits": hits[:MAX_BRIEF], "marked": partial(mark_words, search.words)}


async def show_schedule(page: Page) -> Response:
    """Lead to the page of the job that a schedule starts, because a schedule has no page."""
    group, _, name = page.arn.partition(":schedule/")[2].partition("/")
    schedule = await page.call("scheduler", "GetSchedule", Name=name, GroupName=group)
    path = resource_path(started_arn(schedule["Target"]))
    starter = schedule_starter(schedule)
    if path is None and starter is not None:
        path = scheduled_task_path(starter.family.cluster, starter.family.family)
    return page.redirect(path or "/calendar")


ROUTES = (page_route("/search/schedule/{arn:path}", show_schedule), page_route("/search", show))
