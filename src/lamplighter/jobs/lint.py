"""What is allowed and yet worth a second look: what AWS cannot do, what cannot happen, what may hurt one night.

Promises few findings and useful ones, each with its place and what to write instead. Errors are what AWS refuses;
warnings are what will probably not do what is meant. Refuses to know what day it is: times are looked at in 2026.
"""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice, takewhile
from typing import Literal

from lamplighter.base import fargate
from lamplighter.jobs import gaps
from lamplighter.jobs.document import Problem
from lamplighter.jobs.file import Loaded
from lamplighter.jobs.model import Job
from lamplighter.jobs.values import shown
from lamplighter.lang import zones
from lamplighter.lang.schedule import Calendar, parse_schedule

DAY = 86_400
YEAR = datetime(2026, 1, 1)  # noqa: DTZ001 - what clocks show, wherever they are
SELDOM = 4
"""Times a day up to which one that is skipped is missed."""
_SECRET = re.compile(r"PASSWORD|PASSWD|SECRET|TOKEN|API_?KEY|PRIVATE_?KEY|CREDENTIAL", re.IGNORECASE)

Severity = Literal["error", "warning", "info"]
Finding = tuple[Severity, str, str, str]
"""Severity, the key of the job that it is about, what is so, and what to write instead."""


def lint(loaded: Loaded) -> list[Problem]:
    """Everything worth a look, in the order of the file."""
    found = [
        Problem(loaded.place("jobs", name, *([key] if key else []), key=True), f"{name}: {what}", instead, severity)
        for name, job in loaded.project.jobs.items()
        for severity, key, what, instead in _of(job, loaded, name)
    ]
    return sorted({*found, *_channels(loaded)}, key=lambda each: (each.place, each.message))


def _of(job: Job, loaded: Loaded, name: str) -> Iterator[Finding]:
    yield from _on_aws(job)
    yield from _times(job)
    yield from _limits(job)
    yield from _retries(job)
    yield from _told(job, loaded, name)
    for variable in job.environment:
        if _SECRET.search(variable):
            what = f"the value of {variable} can be read by everybody who may see the template"
            yield "warning", "environment", what, f"hold it in SSM and write secrets: {{{variable}: 'ssm:/path'}}"


def _on_aws(job: Job) -> Iterator[Finding]:
    """What the engine does and AWS does not."""
    if job.workflow is None:
        if job.image is None:
            yield "warning", "", "a job without an image runs on this box only", "add `image:` before it goes to AWS"
        if not fargate.fits(job.cpu, job.memory):
            cpu, memory = fargate.nearest(job.cpu, job.memory)
            what = f"Fargate has no size of {job.cpu} CPU units with {job.memory} MiB"
            yield (
                "error",
                "memory" if "memory" in job.model_fields_set else "cpu",
                what,
                (f"write cpu: {cpu} and memory: {memory}"),
            )
    if job.schedule and job.missed.run == "all":
        what = "AWS makes up for no times that were missed: it tries each start again, for a day at most"
        yield "warning", "missed", what, "write missed: last, or be sure that the job needs no more than that on AWS"
    if job.schedule and job.missed.run != "none" and job.missed.within > DAY:
        what = f"AWS tries to start a run for 24 hours, not for {shown(job.missed.within)}"
        yield "warning", "missed", what, "write within: 24h, or less"


def _times(job: Job) -> Iterator[Finding]:
    """Times that never come, or not every day."""
    for expression in job.schedule:
        schedule = parse_schedule(expression)
        if schedule.kind != "at" and schedule.next(gaps.START, job.timezone) is None:
            yield "error", "schedule", f"{expression} names a day that never comes", "name another day, month or year"
        elif schedule.kind == "at" and schedule.next(0, job.timezone) is None:
            what = f"clocks in {job.timezone} never show the time of {expression}"
            yield "error", "schedule", what, "name a time outside of the hour that summer time takes away"
        elif isinstance(schedule, Calendar):
            yield from _skips(expression, schedule, job.timezone)


def _skips(expression: str, schedule: Calendar, zone: str) -> Iterator[Finding]:
    where = zones.zone(zone)
    year = takewhile(lambda time: time < YEAR + timedelta(days=366), schedule.cron.times(YEAR))
    times = list(islice(year, SELDOM * 366 + 1))
    if len(times) > SELDOM * 366:
        return
    skipped = [time for time in times if zones.instant(time, where) is None]
    if skipped:
        what = f"clocks in {zone} are set forward over {skipped[0]:%H:%M} on {skipped[0]:%Y-%m-%d}: no run on that day"
        yield "warning", "schedule", what, f"choose an hour that every day has, or timezone: UTC, in {expression}"


def _limits(job: Job) -> Iterator[Finding]:
    """Runs that never end, or end too early."""
    if job.workflow is None and job.timeout is None and job.deadline is None:
        yield "warning", "", "an attempt that hangs is never stopped", "add `timeout:`, such as timeout: 1h"
    if job.workflow is not None and job.deadline is None:
        yield "warning", "", "a run that hangs is never stopped", "add `deadline:`, such as deadline: 6h"
    if job.timeout and job.deadline and job.deadline < job.timeout:
        what = f"the run ends after {shown(job.deadline)}, before one attempt may take its {shown(job.timeout)}"
        yield "warning", "deadline", what, "let the deadline be longer than the timeout"
    if job.late and job.deadline and job.late >= job.deadline:
        what = f"a run that is ended after {shown(job.deadline)} is never late"
        yield "warning", "late", what, "let `late` be shorter than the deadline"
    longest = job.deadline or (job.timeout and job.timeout * (job.retry.total + 1))
    gap = gaps.longest(job) if job.schedule else None
    if job.overlap == "allow" and longest and gap and longest > gap:
        what = f"a run may take {shown(longest)} and the next begins after {shown(gap)}: they may overlap"
        yield "warning", "schedule", what, "say what is meant with overlap: skip, queue, cancel-previous or allow"


def _retries(job: Job) -> Iterator[Finding]:
    """Retries for what cannot happen, and none for what will."""
    spot = job.launch == "fargate-spot"
    if job.retry.timeout and job.timeout is None:
        yield "warning", "retry", "without a timeout no attempt takes too long", "add `timeout:`"
    if job.retry.spot and not spot:
        yield "warning", "retry", "only Fargate Spot takes its capacity back", "write launch: fargate-spot"
    if spot and not (job.retry.spot or job.retry.any):
        what = "Fargate Spot may take its capacity back in the middle of an attempt, and nothing tries again"
        yield "warning", "launch", what, "add retry: {spot: {attempts: 3, interval: 1m}}"


def _told(job: Job, loaded: Loaded, name: str) -> Iterator[Finding]:
    """Failures that nobody hears of."""
    said = loaded.part.find(("jobs", name, "notify"))
    if job.schedule and not (job.notify.run_failed or job.notify.caught):
        yield "warning", "", "when a run fails nobody is told", "add `notify: CHANNEL`"
    if job.late is not None and not job.notify.late:
        yield "warning", "late", "nobody is told when a run is late", "add notify: {late: CHANNEL}"
    if job.late is None and "late" in said.mapping():
        yield "warning", "notify", "it is not said when a run is late", "add `late: 1h`"
    if job.workflow is not None and job.notify.attempt_failed:
        what = "a workflow has no attempts of its own"
        yield "warning", "notify", what, "write attempt-failed for the jobs that are its steps"


def _channels(loaded: Loaded) -> Iterator[Problem]:
    jobs = loaded.project.jobs.values()
    used = {each for job in jobs for _, channels in job.notify for each in channels}
    for name, channel in loaded.project.channels.items():
        place = loaded.place("channels", name, key=True)
        if channel.command is not None:
            what = f"the channel {name} runs a command, which AWS cannot"
            yield Problem(place, what, "use email, webhook, sqs or sns for what goes to AWS", "warning")
        if name not in used:
            yield Problem(place, f"nobody is told through the channel {name}", "name it in a `notify:`", "info")
