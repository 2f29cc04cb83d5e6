"""Describe when jobs run next, by the engine's schedules."""

import asyncio
from datetime import datetime
from zoneinfo import ZoneInfo

from lamplighter.base.errors import AwsError
from lamplighter.bus import Caller
from lamplighter.engine.engine import Engine
from lamplighter.jobs.file.model import Job, Project
from lamplighter.jobs.file.values import format_duration
from lamplighter.jobs.stack.schedules import schedule_id

DAY_SECONDS = 86_400


async def describe_next_run(engine: Engine, caller: Caller, project: Project, name: str) -> str:
    """Return a job's schedules and the time of its next run as a text."""
    job = project.jobs[name]
    if not job.schedule:
        return "no schedule"
    if not job.enabled:
        return f"{', '.join(job.schedule)}: not enabled"
    next_times = [
        await _next_time(engine, caller, project.prefix, schedule_id(project, name, at))
        for at in range(len(job.schedule))
    ]
    times = [time for time in next_times if time is not None]
    if not times:
        return f"{', '.join(job.schedule)}: no more runs"
    return f"{', '.join(job.schedule)}, next {_format_next(job, min(times), engine.world.now() / 1000)}"


async def _next_time(engine: Engine, caller: Caller, group: str, name: str) -> float | None:
    params = {"GroupName": group, "Name": name}
    await asyncio.sleep(0)  # lets other tasks run between the jobs of a large file
    try:
        answer = await engine.call(caller, "scheduler", "ListSlots", params)
    except AwsError:
        return None
    found: float | None = answer.get("Next")
    return found


def _format_next(job: Job, time: float, now: float) -> str:
    """Format a time in the job's time zone, with its distance from now."""
    wait = round(time - now)
    if wait < 1:
        return "now"
    local_time = datetime.fromtimestamp(time, ZoneInfo(job.timezone))
    day = "" if wait < DAY_SECONDS / 2 else f"{local_time:%a %d %b} "
    return f"{day}{local_time:%H:%M:%S %Z}, in {format_duration(_round_down(wait))}"


def _round_down(wait: int) -> int:
    """Round a number of seconds down, so that its two largest units remain."""
    unit = 3600 if wait >= DAY_SECONDS else 60 if wait >= 3600 else 1
    return max(unit, wait // unit * unit)
