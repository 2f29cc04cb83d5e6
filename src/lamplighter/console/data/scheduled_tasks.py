"""Read the tasks that schedules and rules start without a state machine, newest first, as runs.

An engine keeps stopped tasks as long as runs. AWS forgets a stopped task after an hour, so that older ones are missing
there.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence

from lamplighter.base.json_text import Json
from lamplighter.console.calls import Calls
from lamplighter.console.data import job_schedules
from lamplighter.runs.ecs_tasks import STARTED_BY_STATE_MACHINE
from lamplighter.runs.scheduled_tasks import (
    ScheduledTask,
    TaskFamily,
    TaskStarter,
    is_universal,
    may_start_tasks,
    rule_starters,
    schedule_starter,
    to_scheduled_tasks,
)
from lamplighter.runs.task_run import TaskRun, to_task_run

MAX_LISTED = 100
"""The most tasks of a cluster with one status that are read from AWS."""


async def task_runs_since(calls: Calls, since: int, until: int | None = None) -> Sequence[TaskRun]:
    """Return the tasks that schedules or rules started since an instant (milliseconds), newest first.

    Also those that a person started as a schedule would. At most 1,000 on an engine; on AWS, those of the last hour.
    """
    given = {"Since": since} | ({} if until is None else {"Until": until})
    answer = await calls.call_internal("ecs", "ListScheduledTasks", **given)
    tasks = answer["Tasks"] if answer else await _list_tasks(calls, await list_scheduled_tasks(calls))
    runs = [to_task_run(each) for each in tasks]
    within = [each for each in runs if each.began >= since and (until is None or each.began < until)]
    if any(not each.started_by for each in within):
        unnamed = {each.family.key for each in await list_scheduled_tasks(calls, only_universal=True)}
        return [each for each in within if each.scheduled or (not each.started_by and each.key in unnamed)]
    return [each for each in within if each.scheduled]


async def list_scheduled_tasks(calls: Calls, *, only_universal: bool = False) -> Sequence[ScheduledTask]:
    """Return the scheduled tasks of a place; `only_universal`: those whose tasks do not state what started them."""
    starters = [*await _schedules(calls, is_universal if only_universal else may_start_tasks)]
    return to_scheduled_tasks(starters if only_universal else [*starters, *await _rules(calls)])


async def _schedules(calls: Calls, is_wanted: Callable[[Json], bool]) -> Iterable[TaskStarter]:
    listed = await job_schedules.list_schedules(calls) or ()
    wanted = (each for each in listed if is_wanted(each["Target"]))
    found = await asyncio.gather(*(job_schedules.read_schedule(calls, each) for each in wanted))
    return (starter for each in found if each and (starter := schedule_starter(each)) is not None)


async def _rules(calls: Calls) -> Iterable[TaskStarter]:
    listed = [each async for answer in calls.call_pages("events", "ListRules") for each in answer["Rules"]]
    rules = [each for each in listed if each.get("ScheduleExpression")]
    targets = await asyncio.gather(*(job_schedules.rule_targets(calls, each["Name"]) for each in rules))
    return (starter for rule, own in zip(rules, targets, strict=True) for starter in rule_starters(rule, own))


async def _list_tasks(calls: Calls, jobs: Sequence[ScheduledTask]) -> Sequence[Json]:
    """Return the tasks that no state machine started, newest first, from ListTasks and DescribeTasks."""
    queries = ((each.family, status) for each in jobs for status in ("RUNNING", "STOPPED"))
    found = await asyncio.gather(*(_describe_tasks(calls, each, status) for each, status in queries))
    tasks = (task for some in found for task in some if task.get("startedBy") != STARTED_BY_STATE_MACHINE)
    return sorted(tasks, key=lambda task: task.get("createdAt", 0), reverse=True)


async def _describe_tasks(calls: Calls, of: TaskFamily, status: str) -> Sequence[Json]:
    listed = await calls.call_or_none(
        "ecs", "ListTasks", cluster=of.cluster, family=of.family, desiredStatus=status, maxResults=MAX_LISTED
    )
    if not listed or not listed["taskArns"]:
        return ()
    answer = await calls.call("ecs", "DescribeTasks", cluster=of.cluster, tasks=listed["taskArns"])
    found: Sequence[Json] = answer["tasks"]
    return found
