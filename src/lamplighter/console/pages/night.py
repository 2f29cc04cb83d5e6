"""Show the night, the first page: all runs of all jobs since 18:00, and first what needs a person.

Also shows the engine's problems, what runs and waits now, and what comes until the morning. The times and filters are
in the URL, so that a link shows the same to another person.
"""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from starlette.responses import Response

from lamplighter.console.calls import RunDetail
from lamplighter.console.data.judged_night import JudgedNight, judge_night
from lamplighter.console.data.night_details import read_details, read_usual_durations
from lamplighter.console.data.runs.upcoming_runs import UpcomingRun, next_runs, read_plans
from lamplighter.console.page import PART_HEADER, Page, page_route
from lamplighter.console.view.list_filters import ListFilter, counted_filter, fixed_filter
from lamplighter.console.view.paging import Paging, take_page
from lamplighter.console.view.week import PlannedSchedule
from lamplighter.lang.schedule import time_zones
from lamplighter.runs.night.classify import NightRow
from lamplighter.runs.night.night_run import NightJob, NightStatus
from lamplighter.runs.night.select import JOB, LONGEST, NEEDS, NEWEST, ORDERS, NightFilter
from lamplighter.runs.night.window import DEFAULT_SINCE, InvalidNightTime, NightWindow, read_window
from lamplighter.runs.run_trigger import KINDS

PAGE_SIZE = 50
MAX_RUNS = 500
"""The most runs that one form may act on."""
LATE_FACTOR, LATE_MILLISECONDS = 2, 60_000
"""A run is called long if it takes longer than its usual duration by this factor and by this time."""
OWN_TAGS = "lamplighter:"
"""The beginning of the tags that lamplighter itself uses."""
TRIGGER_LABELS = {"schedule": "schedule", "rule": "rule", "run": "another run", "hand": "by hand", "unknown": "unknown"}
ORDER_LABELS = {NEEDS: "what needs a person", JOB: "job", NEWEST: "newest first", LONGEST: "longest first"}
FILTERS = ("status", "project", "job", "tag", "trigger")


@dataclass(frozen=True, slots=True)
class ShownRow:
    """A row as the template shows it."""

    row: NightRow
    job: NightJob
    detail: RunDetail
    took: float
    """Seconds."""
    usual: float | None
    """Seconds; None if it is not known."""
    is_late: bool

    @property
    def is_long(self) -> bool:
        """Whether the run takes much longer than usual."""
        return self.usual is not None and self.took > max(
            LATE_FACTOR * self.usual, self.usual + LATE_MILLISECONDS / 1000
        )


@dataclass(frozen=True, slots=True)
class NightView:
    """The night as the page shows it."""

    judged: JudgedNight
    window: NightWindow
    rows: Sequence[ShownRow]
    paging: Paging
    upcoming: Sequence[UpcomingRun]
    open: int
    """The number of selected rows that need a person, on all pages."""
    elsewhere: Sequence[ShownRow]
    """Those that are ticked on other pages."""


async def show(page: Page) -> Response:
    """Show the night."""
    plans, conditions = await asyncio.gather(read_plans(page), page.port.conditions())
    criteria = NightFilter(**{name: page.query(name) or "" for name in FILTERS})
    fault = None
    try:
        window = _read_window(page, page.query("since") or "", page.query("until") or "")
    except InvalidNightTime as error:
        window, fault = _read_window(page, "", ""), str(error)
    night = await read_view(page, plans, window, criteria)
    return await page.render(
        "night.html",
        night=night,
        criteria=criteria,
        fault=fault,
        filtered=fault or any(page.query(name) for name in ("since", "until", "sort", *FILTERS[1:])),
        since=DEFAULT_SINCE,
        link_night=partial(_link_night, page, window),
        order=_order(page),
        orders=ORDER_LABELS,
        statuses=list(NightStatus),
        filters=_offer_filters(night, criteria),
        ticks_all=_ticks_all(page),
        most=MAX_RUNS,
        conditions=conditions,
    )


async def read_view(
    page: Page, plans: Sequence[PlannedSchedule], window: NightWindow, criteria: NightFilter
) -> NightView:
    """Read the night and select what is shown."""
    judged = await judge_night(page, window, criteria, _order(page))
    shown, paging = take_page(judged.selected.rows, page.query_number("page"), PAGE_SIZE)
    details, usual = await asyncio.gather(
        read_details(page, [each.run for each in shown]), read_usual_durations(page, [each.run for each in shown])
    )
    upcoming = next_runs(plans, judged.now, window.morning) if window.until is None else ()
    rows = [_show_row(judged, each, details, usual) for each in shown]
    return NightView(judged, window, rows, paging, upcoming, *_find_open(page, judged, shown))


def _link_night(page: Page, window: NightWindow, days: int) -> str:
    """Return a link to the night so many days later; to the present one if that night has not ended."""
    since = page.clock.local(window.since / 1000) + timedelta(days=days)
    until, now = since + timedelta(days=1), page.clock.local(page.clock.now)
    times = (since, until) if until < now else (None, None)
    texts = (None if each is None else f"{each:%Y-%m-%dT%H:%M}" for each in times)
    return page.with_query(**dict(zip(("since", "until"), texts, strict=True)), page=None, tick=None)


def _ticks_all(page: Page) -> bool:
    """Return whether the page arrives with ticks; a refresh of it leaves the ticks to the browser."""
    return page.query("tick") == "all" and PART_HEADER not in page.request.headers


def _find_open(page: Page, judged: JudgedNight, shown: Sequence[NightRow]) -> tuple[int, Sequence[ShownRow]]:
    """Return how many rows need a person, and those of other pages if all are ticked."""
    found = [each for each in judged.selected.rows if each.status.needs_person]
    on_page = {each.run.arn for each in shown}
    others = [each for each in found if each.run.arn not in on_page] if _ticks_all(page) else []
    here = len(found) - len(others)
    return len(found), [_show_row(judged, each, {}, {}) for each in others[: MAX_RUNS - here]]


def _show_row(
    night: JudgedNight,
    row: NightRow,
    details: Mapping[str, RunDetail],
    usual: Mapping[str, float],
) -> ShownRow:
    milliseconds = usual.get(row.run.job)
    return ShownRow(
        row,
        night.read.jobs[row.run.job],
        details.get(row.run.arn, RunDetail()),
        row.run.took(night.now) / 1000,
        None if milliseconds is None else milliseconds / 1000,
        night.read.jobs[row.run.job].has_late(row.run, night.now),
    )


def _offer_filters(night: NightView, criteria: NightFilter) -> Sequence[ListFilter]:
    """Return the filters that the rows of the night offer."""
    read, rows = night.judged.read, night.judged.rows
    jobs = Counter(row.run.job for row in rows)
    projects: Counter[str] = Counter()
    tags: Counter[str] = Counter()
    for key, number in jobs.items():
        projects[read.jobs[key].project] += number
        for name, value in read.jobs[key].tags.items():
            tags[f"{name}={value}"] += 0 if name.startswith(OWN_TAGS) else number
    kinds = Counter(kind for row in rows if read.complete for kind in row.trigger_kinds)
    return (
        counted_filter(
            "project", "Project", {each: projects[each] for each in projects if each}, criteria.project or None
        ),
        counted_filter("tag", "Tag", {each: tags[each] for each in tags if tags[each]}, criteria.tag or None),
        fixed_filter(
            "trigger",
            "Started by",
            {each: TRIGGER_LABELS[each] for each in KINDS if kinds[each]},
            criteria.trigger or None,
            kinds,
        ),
    )


def _read_window(page: Page, since: str, until: str) -> NightWindow:
    return read_window(since, until, page.console.world.now(), time_zones.find_zone(page.clock.zone))


def _order(page: Page) -> str:
    chosen = page.query("sort") or NEEDS
    return chosen if chosen in ORDERS else NEEDS


ROUTES = (page_route("/", show),)
