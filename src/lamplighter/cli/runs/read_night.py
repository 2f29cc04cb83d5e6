"""Read and judge the night for a command: the rows that it selects, with what happened in each."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lamplighter.base.world import real_world
from lamplighter.cli.command_context import CommandContext
from lamplighter.cli.command_port import command_calls
from lamplighter.cli.local_zone import local_zone
from lamplighter.console.calls import Calls, RunDetail
from lamplighter.console.data.judged_night import judge_night
from lamplighter.console.data.night import NightRead
from lamplighter.console.data.night_details import read_details, read_usual_durations
from lamplighter.console.data.runs.upcoming_runs import UpcomingRun, next_runs, read_plans
from lamplighter.runs.night.classify import NightRow
from lamplighter.runs.night.night_run import NightJob, NightStatus
from lamplighter.runs.night.select import NEEDS, NightFilter, SelectedRows
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
    window = read_window(since, until, world.now(), local_zone())
    return asyncio.run(_read(command_calls(context, world), window, criteria, order))


async def _read(calls: Calls, window: NightWindow, criteria: NightFilter, order: str) -> CommandNight:
    judged = await judge_night(calls, window, criteria, order)
    rows = judged.selected.rows
    details = await read_details(calls, [each.run for each in rows if each.status not in UNDESCRIBED])
    usual = await read_usual_durations(calls, [each.run for each in rows])
    upcoming = next_runs(await read_plans(calls), judged.now, window.morning) if window.until is None else ()
    return CommandNight(window, judged.read, judged.selected, details, usual, upcoming, judged.now)
