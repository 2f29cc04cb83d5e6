"""Read the row of a scheduled task for the list of jobs: its last runs, its schedules, its slots.

Such a job is a family of tasks that schedules or rules start without a state machine.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from lamplighter.console.data import slot_counts
from lamplighter.console.data.jobs import job_schedules, scheduled_tasks
from lamplighter.console.data.jobs.job_schedules import JobSchedule
from lamplighter.console.data.slot_counts import SlotCounts
from lamplighter.console.page import Page
from lamplighter.console.view.links import scheduled_task_path
from lamplighter.console.view.runs.run_strip import RunStrip, build_run_strip
from lamplighter.runs.run import WAITING
from lamplighter.runs.tasks.run_task_request import differing_starters
from lamplighter.runs.tasks.scheduled_tasks import ScheduledTask, TaskStarter
from lamplighter.runs.tasks.task_run import TaskRun

STRIP_RUNS = 20


@dataclass(frozen=True, slots=True)
class TaskJobRow:
    """The row of one scheduled task."""

    name: str
    cluster: str
    """The name of the cluster."""
    path: str
    """The path of its page."""
    strip: RunStrip
    schedules: Sequence[JobSchedule]
    slot_counts: SlotCounts | None
    last: TaskRun | None
    choices: int
    """In how many different ways schedules start it; a person chooses one on its page if there are several."""


async def read_task_row(page: Page, job: ScheduledTask) -> TaskJobRow:
    """Read the row of a scheduled task."""
    schedules = job_entries(page, job.starters)
    counts, listed = await asyncio.gather(
        slot_counts.read_slot_counts(page, schedules),
        scheduled_tasks.list_family_runs(page, job.family, STRIP_RUNS),
    )
    return TaskJobRow(
        job.name,
        job.family.cluster_name,
        scheduled_task_path(_cluster_arn(page, job), job.name),
        build_task_strip(page, listed.runs),
        schedules,
        counts,
        next(iter(listed.runs), None),
        len(differing_starters(job.starters)),
    )


def job_entries(page: Page, starters: Sequence[TaskStarter]) -> Sequence[JobSchedule]:
    """Return schedules and rules as the list of jobs shows them, the next one first."""
    now = page.console.world.now()
    found = {
        each.arn: (job_schedules.from_schedule if each.kind == "schedule" else job_schedules.from_rule)(
            each.definition, now
        )
        for each in starters
    }
    return sorted(
        found.values(), key=lambda entry: (not entry.enabled, entry.next is None, entry.next or 0, entry.name)
    )


def _cluster_arn(page: Page, job: ScheduledTask) -> str:
    """Return the ARN of the cluster of a job, whose schedule may name it only."""
    cluster = job.family.cluster
    partition = job.starters[0].arn.split(":")[1] if job.starters else "aws"
    place = page.place
    return (
        cluster
        if cluster.startswith("arn:")
        else f"arn:{partition}:ecs:{place.region}:{place.account}:cluster/{cluster}"
    )


def build_task_strip(page: Page, runs: Sequence[TaskRun]) -> RunStrip:
    """Build the strip of the last runs, newest first."""
    executions = [
        {
            "executionArn": each.arn,
            "name": each.name,
            "status": WAITING if each.waits else each.status,
            "startDate": each.began / 1000,
            **({} if each.ended is None else {"stopDate": each.ended / 1000}),
        }
        for each in runs[:STRIP_RUNS]
    ]
    return build_run_strip(executions, page.console.world.now() / 1000)
