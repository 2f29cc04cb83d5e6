"""Read the night, judge its runs and select some of them, for the first page and for `lamplighter night`."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from lamplighter.console.calls import Calls
from lamplighter.console.data.night import NightRead, read_night
from lamplighter.runs.night.classify import NightRow, classify_runs
from lamplighter.runs.night.select import NightFilter, SelectedRows, select_rows
from lamplighter.runs.night.window import NightWindow


@dataclass(frozen=True, slots=True)
class JudgedNight:
    """The runs of a night with their judgements."""

    read: NightRead
    rows: Sequence[NightRow]
    """All of them."""
    selected: SelectedRows
    now: int
    """When they were judged, in milliseconds since the epoch."""


async def judge_night(calls: Calls, window: NightWindow, criteria: NightFilter, order: str) -> JudgedNight:
    """Return the rows of a night that a filter selects, in an order; they are judged in a thread."""
    read = await read_night(calls, window.since)
    now = calls.console.world.now()
    runs = [each for each in read.runs if window.until is None or each.began < window.until]
    rows = await asyncio.to_thread(classify_runs, runs, read.acknowledgements)
    return JudgedNight(read, rows, select_rows(rows, read.jobs, criteria, order, now), now)
