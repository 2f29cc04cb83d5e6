"""Show a scheduled task: what it runs, what starts it and when, and its runs, page by page; and start it by hand.

Such a job has no state machine: a schedule or a rule starts the tasks of a family in a cluster. Its path ends in the
ARN of the cluster and the family.
"""

import asyncio
from collections.abc import Mapping
from itertools import islice

from starlette.responses import Response

from lamplighter.base.aws.arn import parse
from lamplighter.base.errors import AwsError, ValidationError
from lamplighter.base.json_text import Json
from lamplighter.console.data import slot_counts
from lamplighter.console.data.jobs import scheduled_tasks
from lamplighter.console.data.runs.start_execution import read_once
from lamplighter.console.data.tasks import task_jobs
from lamplighter.console.data.tasks.start_task import CannotStart, start_task
from lamplighter.console.page import Page, form_route, page_route
from lamplighter.console.view.links import arn_path, scheduled_task_path
from lamplighter.runs.jobs.upcoming_times import upcoming_times
from lamplighter.runs.run import END_WORDS
from lamplighter.runs.tasks.run_task_request import PersonStart, differing_starters
from lamplighter.runs.tasks.scheduled_tasks import ScheduledTask, TaskFamily, TaskStarter
from lamplighter.runs.tasks.task_run import CONSOLE_PREFIX
from lamplighter.wire.access.roles import Role

PAGE_SIZE, NEXT_TIMES = 50, 3


async def show(page: Page) -> Response:
    """Show the job."""
    family = _family(page)
    before = page.query_number("next")
    job, listed = await asyncio.gather(
        scheduled_tasks.find_scheduled_task(page, family),
        scheduled_tasks.list_family_runs(page, family, PAGE_SIZE, before),
    )
    if not job.starters and not listed.runs and before is None:
        raise AwsError(
            f"No schedule and no rule starts {family.family} in the cluster {family.cluster_name}.",
            code="NotFound",
            status=404,
        )
    latest = listed if before is None else await scheduled_tasks.list_family_runs(page, family, task_jobs.STRIP_RUNS)
    entries = task_jobs.job_entries(page, job.starters)
    return await page.render(
        "scheduled_task.html",
        job=job,
        path=scheduled_task_path(family.cluster, family.family),
        definition=await _read_definition(page, job),
        entries=entries,
        upcoming=_next_times(page, job),
        choices=differing_starters(job.starters),
        strip=task_jobs.build_task_strip(page, latest.runs),
        tally=await slot_counts.read_slot_counts(page, entries),
        listed=listed,
        words=END_WORDS,
    )


def _family(page: Page) -> TaskFamily:
    """Return the family in the request's path. Raises ValidationError."""
    found = parse(page.arn)
    cluster, _, family = page.arn.rpartition("/")
    if found is None or found.service != "ecs" or not found.resource.startswith("cluster/") or "/" not in cluster:
        raise ValidationError(f"This is no cluster and family: {page.arn}")
    return TaskFamily(family, cluster)


async def _read_definition(page: Page, job: ScheduledTask) -> Json:
    """Return the task definition that runs next; None if it does not exist any more."""
    named = next((each.definition_name for each in differing_starters(job.starters)), job.name)
    answer = await page.call_or_none("ecs", "DescribeTaskDefinition", taskDefinition=named)
    return None if answer is None else answer["taskDefinition"]


def _next_times(page: Page, job: ScheduledTask) -> list[Json]:
    now = page.console.world.now()
    times = (each for each in upcoming_times(job.timetables, now) if not each.skipped and not each.guessed)
    return [{"instant": each.instant / 1000, "zone": each.timetable.zone} for each in islice(times, NEXT_TIMES)]


async def start(page: Page, given: Mapping[str, str]) -> Response:
    """Start the job as one of its schedules or rules would."""
    job = await scheduled_tasks.find_scheduled_task(page, _family(page))
    return await start_like(page, _choose(job, given.get("like", "")), given)


def _choose(job: ScheduledTask, wanted: str) -> TaskStarter:
    """Return the chosen schedule or rule, or the only one."""
    choices = differing_starters(job.starters)
    named = [each for each in job.starters if each.id == wanted] if wanted else choices
    if not named:
        raise CannotStart(f"No schedule and no rule starts {job.name} any more, so that its parameters are unknown.")
    if len(named) > 1 and not wanted:
        raise CannotStart(f"{job.name} is started in different ways. Choose one of its schedules on its page.")
    return named[0]


async def start_like(page: Page, starter: TaskStarter, given: Mapping[str, str]) -> Response:
    """Start what a schedule or rule starts, and show the task. A form that is sent twice starts it once."""
    token = read_once(given) or page.console.world.uuid()
    tasks = await start_task(page, starter, PersonStart(CONSOLE_PREFIX, page.console.world.now(), token))
    if not tasks:
        return page.redirect("/tasks")
    family = starter.family.family
    return page.redirect(f"/tasks/{arn_path(tasks[0])}" if len(tasks) == 1 else scheduled_task_path(tasks[0], family))


ROUTES = (
    form_route("/scheduled-tasks/{arn:path}/start", start, needs=Role.RUN),
    page_route("/scheduled-tasks/{arn:path}", show),
)
