"""The first page: every state machine with what begins it, how its last runs went, and a button to start it."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from starlette.responses import Response

from lamplighter.base.jsontext import Json
from lamplighter.console import slots, timetable
from lamplighter.console.links import ours
from lamplighter.console.marks import Strip, strip
from lamplighter.console.page import Page, acts, shows
from lamplighter.console.slots import Tally
from lamplighter.console.timetable import Entry

PAGE, RUNS = 25, 20


@dataclass(frozen=True, slots=True)
class Job:
    """One row."""

    machine: Json
    strip: Strip | None
    """None for EXPRESS, whose executions nobody lists."""
    entries: Sequence[Entry]
    tally: Tally | None
    last: Json
    """The latest execution; None where there is none to be seen."""


async def show(page: Page) -> Response:
    """Jobs"""
    token = {"nextToken": following} if (following := page.asked("next")) else {}
    listed, known = await asyncio.gather(
        page.call("states", "ListStateMachines", maxResults=PAGE, **token), timetable.schedules(page)
    )
    found = await asyncio.gather(*(job(page, machine, known) for machine in listed["stateMachines"]))
    return await page.render("jobs.html", jobs=found, next=listed.get("nextToken"), blind=known is None)


async def job(page: Page, machine: Json, known: Sequence[Json] | None) -> Job:
    """What a row of the page shows of a state machine."""
    arn = machine["stateMachineArn"]
    entries = await timetable.entries(page, arn, known)
    tally = await slots.tally(page, entries)
    if machine["type"] == "EXPRESS":
        return Job(machine, None, entries, tally, None)
    runs = await page.call("states", "ListExecutions", stateMachineArn=arn, maxResults=RUNS)
    listed = runs["executions"]
    shown = strip(listed, page.console.world.now() / 1000)
    return Job(machine, shown, entries, tally, listed[0] if listed else None)


async def switch(page: Page, given: Mapping[str, str]) -> Response:
    """Pause or resume a schedule."""
    arn = given.get("schedule", "")
    await timetable.switch(page.at(arn), arn, given.get("kind", ""), on=given.get("do") == "resume")
    return page.redirect(ours(given.get("back", "/")))


ROUTES = (shows("/", show), acts("/jobs/schedule", switch))
