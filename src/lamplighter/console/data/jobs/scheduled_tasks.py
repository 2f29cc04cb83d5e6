"""Read the tasks that schedules and rules start without a state machine, newest first, as runs.

An engine keeps stopped tasks as long as runs. AWS forgets a stopped task after an hour, so that older ones are missing
there.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json
from lamplighter.console.calls import Calls
from lamplighter.console.data.jobs import job_schedules
from lamplighter.runs.tasks.ecs_tasks import STARTED_BY_STATE_MACHINE
from lamplighter.runs.tasks.scheduled_tasks import (
    ScheduledTask,
    TaskFamily,
    TaskStarter,
    is_universal,
    may_start_tasks,
    rule_starters,
    schedule_starter,
    to_scheduled_tasks,
)
from lamplighter.runs.tasks.task_run import NO_SUCH_CLUSTER, TaskRun, to_task_run

MAX_LISTED, PAGE_SIZE = 100, 100
"""The most tasks of a family with one status that are read from AWS, and the most schedules in an answer."""


@dataclass(frozen=True, slots=True)
class FamilyRuns:
    """A page of the runs of a scheduled task."""

    runs: Sequence[TaskRun]
    next: int | None
    """The key of the next page; None on the last one."""
    complete: bool
    """Whether all stored tasks can be listed, as on an engine; AWS forgets a stopped task after an hour."""


async def task_runs_since(calls: Calls, since: int) -> Sequence[TaskRun]:
    """Return the tasks that schedules or rules started since an instant (milliseconds), newest first.

    Also those that a person started as a schedule would. At most 1,000 on an engine; on AWS, those of the last hour.
    """
    answer = await calls.call_internal("ecs", "ListScheduledTasks", Since=since)
    tasks = answer["Tasks"] if answer else await _list_tasks(calls, await list_scheduled_tasks(calls))
    runs = [to_task_run(each) for each in tasks]
    within = [each for each in runs if each.began >= since]
    if any(not each.started_by for each in within):
        unnamed = {each.family.key for each in await list_scheduled_tasks(calls, only_universal=True)}
        return [each for each in within if each.scheduled or (not each.started_by and each.key in unnamed)]
    return [each for each in within if each.scheduled]


async def list_scheduled_tasks(
    calls: Calls, known: Sequence[Json] | None = None, *, only_universal: bool = False
) -> Sequence[ScheduledTask]:
    """Return the scheduled tasks of a place; `known` is from `list_schedules`, if it was called.

    `only_universal`: those whose tasks do not state what started them.
    """
    schedules = await job_schedules.list_schedules(calls) if known is None else known
    starters = [*await _schedules(calls, schedules or (), is_universal if only_universal else may_start_tasks)]
    return to_scheduled_tasks(starters if only_universal else [*starters, *await _rules(calls)])


async def find_scheduled_task(calls: Calls, family: TaskFamily) -> ScheduledTask:
    """Return what schedules and rules start of a family; it has no starters if none does any more."""
    found = (each for each in await list_scheduled_tasks(calls) if each.family.key == family.key)
    return next(found, ScheduledTask(family, ()))


async def find_starter(calls: Calls, run: TaskRun) -> TaskStarter | None:
    """Return the schedule or rule that started a task, or in whose place a person did; None if it is gone."""
    name = run.starter_name
    if not name:
        found = () if run.started_by else await list_scheduled_tasks(calls, only_universal=True)
        starters = [starter for each in found for starter in each.starters]
    else:
        listed = await calls.call_if_readable("scheduler", "ListSchedules", NamePrefix=name, MaxResults=PAGE_SIZE)
        named = [each for each in (listed or {"Schedules": ()})["Schedules"] if each["Name"] == name]
        rule = await calls.call_or_none("events", "DescribeRule", Name=name)
        starters = [*await _schedules(calls, named, may_start_tasks)]
        starters += rule_starters(rule, await job_schedules.rule_targets(calls, name)) if rule else ()
    return next((each for each in starters if each.family.key == run.key), None)


async def list_family_runs(calls: Calls, family: TaskFamily, limit: int, before: int | None = None) -> FamilyRuns:
    """Return a page of the tasks of a family that no state machine started, newest first."""
    page: Json = {"Cluster": family.cluster, "Family": family.family, "Limit": limit}
    try:
        answer = await calls.call_internal(
            "ecs", "ListScheduledTasks", **page, **({} if before is None else {"Before": before})
        )
    except AwsError as error:
        if error.code not in NO_SUCH_CLUSTER:
            raise
        return FamilyRuns((), None, complete=True)
    if answer is None:
        tasks = await _list_tasks(calls, [ScheduledTask(family, ())])
        return FamilyRuns([to_task_run(each) for each in tasks[:limit]], None, complete=False)
    return FamilyRuns([to_task_run(each) for each in answer["Tasks"]], answer.get("Before"), complete=True)


async def _schedules(calls: Calls, listed: Sequence[Json], is_wanted: Callable[[Json], bool]) -> Iterable[TaskStarter]:
    wanted = (each for each in listed if is_wanted(each["Target"]))
    found = await asyncio.gather(*(job_schedules.read_schedule(calls, each) for each in wanted))
    return (starter for each in found if each and (starter := schedule_starter(each)) is not None)


async def _rules(calls: Calls) -> Iterable[TaskStarter]:
    rules = [each for each in await _list_rules(calls) if each.get("ScheduleExpression")]
    targets = await asyncio.gather(*(job_schedules.rule_targets(calls, each["Name"]) for each in rules))
    return (starter for rule, own in zip(rules, targets, strict=True) for starter in rule_starters(rule, own))


async def _list_rules(calls: Calls) -> Sequence[Json]:
    """Return the rules of a place; none if the credentials do not allow it."""
    found: list[Json] = []
    token: dict[str, str] = {}
    while (answer := await calls.call_if_readable("events", "ListRules", **token)) is not None:
        found += answer["Rules"]
        if not answer.get("NextToken"):
            break
        token = {"NextToken": answer["NextToken"]}
    return found


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
