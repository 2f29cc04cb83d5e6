"""Read and judge the night for a command: the rows that it selects, with what happened in each."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lamplighter.base.world import real_world
from lamplighter.cli.command_context import CommandContext
from lamplighter.cli.command_port import command_calls
from lamplighter.cli.local_zone import local_zone
from lamplighter.console.calls import Calls
from lamplighter.console.data.night import NightRead, read_night
from lamplighter.console.data.night_details import RunDetail, read_details, read_usual_durations
from lamplighter.console.data.upcoming_runs import UpcomingRun, next_runs, read_plans
from lamplighter.runs.night.classify import NightRow, classify_runs
from lamplighter.runs.night.night_run import NightJob, NightStatus
from lamplighter.runs.night.select import NEEDS, NightFilter, SelectedRows, select_rows
from lamplighter.runs.night.window import NightWindow, read_window

UNDESCRIBED = (NightStatus.SUCCEEDED, NightStatus.SKIPPED)
"""The statuses of runs of which nothing more is read."""


@dataclass(frozen=True, slots=True)
class CommandNight:
    """The night as commands print it."""

    window: NightWindow
    read: NightRead
    selected: SelectedRows
    details: Mapping[str, RunDetail]
    usual: Mapping[str, float]
    """The usual duration in milliseconds, by job."""
    upcoming: Sequence[UpcomingRun]
    now: int

    def job(self, row: NightRow) -> NightJob:
        """Return the job of a row."""
        return self.read.jobs[row.run.job]

    def detail(self, row: NightRow) -> RunDetail:
        """Return what happened in a run."""
        return self.details.get(row.run.arn, RunDetail())


def read_command_night(
    context: CommandContext, since: str, until: str, criteria: NightFilter, order: str = NEEDS
) -> CommandNight:
    """Read the night between two times of this machine's time zone (`night/window.py`)."""
    world = real_world()
    now = world.now()
    window = read_window(since, until, now, local_zone())
    calls = command_calls(context, world)
    return asyncio.run(_read(calls, window, criteria, order, now))


async def _read(calls: Calls, window: NightWindow, criteria: NightFilter, order: str, now: int) -> CommandNight:
    read = await read_night(calls, window.since)
    runs = [each for each in read.runs if window.until is None or each.began < window.until]
    selected = select_rows(classify_runs(runs, read.acknowledgements), read.jobs, criteria, order, now)
    described = [each.run for each in selected.rows if each.status not in UNDESCRIBED]
    details = await read_details(calls, described)
    usual = await read_usual_durations(calls, [each.run for each in selected.rows])
    upcoming = next_runs(await read_plans(calls), now, window.morning) if window.until is None else ()
    return CommandNight(window, read, selected, details, usual, upcoming, now)
