"""List the tasks of ECS with filters, newest first.

An engine filters and counts itself and has pages of older tasks. AWS returns tasks in no particular order and keeps a
stopped task for an hour, so those of the first clusters are read, sorted and filtered here.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields

from lamplighter.base.json_text import Json
from lamplighter.console.page import Page
from lamplighter.runs.history.waiting import cluster_of_task
from lamplighter.runs.tasks.ecs_tasks import STARTED_BY_STATE_MACHINE
from lamplighter.runs.tasks.scheduled_tasks import family_of_definition
from lamplighter.runs.tasks.task_run import RULE_PREFIX, SCHEDULE_PREFIX, end_status

PAGE_SIZE, MAX_CLUSTERS = 100, 10
RUNNING, STOPPED, FAILED = "RUNNING", "STOPPED", "FAILED"
STATUSES = {RUNNING: "running", STOPPED: "stopped", FAILED: "failed"}
STARTERS = {
    "schedule": "a schedule",
    "rule": "a rule",
    "machine": "a state machine",
    "hand": "by hand",
}


@dataclass(frozen=True, slots=True)
class TaskChoice:
    """The chosen values of the filters; None: all."""

    status: str | None
    family: str | None
    cluster: str | None
    starter: str | None

    def without(self, name: str) -> "TaskChoice":
        """Return the choice without one of the filters, for the counts beside that filter's values."""
        return TaskChoice(
            **{each.name: None if each.name == name else getattr(self, each.name) for each in fields(self)}
        )


@dataclass(frozen=True, slots=True)
class TaskGroup:
    """How many tasks have the same status, family, cluster and starter; a failed task has the status FAILED."""

    status: str
    family: str
    cluster: str
    starter: str
    count: int

    def fits(self, choice: TaskChoice) -> bool:
        """Return whether the tasks are among the chosen ones."""
        status = (self.status, STOPPED if self.status == FAILED else self.status)
        others = ((self.family, choice.family), (self.cluster, choice.cluster), (self.starter, choice.starter))
        return choice.status in (None, *status) and all(chosen in (None, own) for own, chosen in others)


@dataclass(frozen=True, slots=True)
class TaskList:
    """A page of tasks, and the counts of all."""

    tasks: Sequence[Json]
    groups: Sequence[TaskGroup]
    counted: int | None
    """The number of newest tasks that are counted; None if all are."""
    before: int | None = None
    """The key of the page of older tasks, or None."""
    after: int | None = None
    """The key of the page of newer tasks, or None."""

    def counts(self, name: str, choice: TaskChoice) -> Mapping[str, int]:
        """Count the tasks by a filter's values, among those that the other filters let through."""
        others = choice.without(name)
        found: Counter[str] = Counter()
        for each in self.groups:
            if each.fits(others):
                found[getattr(each, name)] += each.count
        if name == "status":
            found[STOPPED] += found[FAILED]
        return found


async def read_tasks(page: Page, choice: TaskChoice) -> TaskList:
    """Read the page of tasks that the query chooses."""
    keys = {"Before": page.query_number("before"), "After": page.query_number("after")}
    chosen = {f"{name[:1].upper()}{name[1:]}": value for name, value in _values(choice).items()}
    given = {name: value for name, value in {**keys, **chosen}.items() if value is not None}
    answer = await page.call_internal("ecs", "ListLatestTasks", **given)
    if answer is None:
        return _filter_tasks(await _list_tasks_of_clusters(page), choice)
    groups = [
        TaskGroup(each["Status"], each["Family"], each["Cluster"].rpartition("/")[2], each["Starter"], each["Count"])
        for each in answer["Counts"]
    ]
    counted = answer["Counted"] if sum(each.count for each in groups) >= answer["Counted"] else None
    return TaskList(answer["Tasks"], groups, counted, answer.get("Before"), answer.get("After"))


def _values(choice: TaskChoice) -> Mapping[str, str | None]:
    return {each.name: getattr(choice, each.name) for each in fields(choice)}


def _filter_tasks(tasks: Sequence[Json], choice: TaskChoice) -> TaskList:
    groups = [task_group(each) for each in tasks]
    return TaskList([task for task, group in zip(tasks, groups, strict=True) if group.fits(choice)], groups, None)


def task_group(task: Json) -> TaskGroup:
    """Return the group of one task, as DescribeTasks describes it."""
    ended = STOPPED if task["lastStatus"] == STOPPED else RUNNING
    status = FAILED if ended == STOPPED and end_status(task) == FAILED else ended
    family, cluster = family_of_definition(task["taskDefinitionArn"]), cluster_of_task(task["taskArn"])
    return TaskGroup(status, family, cluster, starter_kind(task.get("startedBy") or ""), 1)


def starter_kind(started_by: str) -> str:
    """Return what kind of thing started a task, by its `startedBy`: a key of `STARTERS`."""
    known: Sequence[tuple[Callable[[str], bool], str]] = (
        (lambda text: text.startswith(SCHEDULE_PREFIX), "schedule"),
        (lambda text: text.startswith(RULE_PREFIX), "rule"),
        (lambda text: text == STARTED_BY_STATE_MACHINE, "machine"),
    )
    return next((kind for fits, kind in known if fits(started_by)), "hand")


async def _list_tasks_of_clusters(page: Page) -> Sequence[Json]:
    listed = await page.call("ecs", "ListClusters", maxResults=MAX_CLUSTERS)
    found = await asyncio.gather(
        *(_list_tasks(page, cluster, status) for cluster in listed["clusterArns"] for status in (RUNNING, STOPPED))
    )
    return sorted((each for some in found for each in some), key=lambda each: each.get("createdAt", 0), reverse=True)


async def _list_tasks(page: Page, cluster: str, status: str) -> Sequence[Json]:
    listed = await page.call("ecs", "ListTasks", cluster=cluster, desiredStatus=status, maxResults=PAGE_SIZE)
    if not listed["taskArns"]:
        return ()
    answer = await page.call("ecs", "DescribeTasks", cluster=cluster, tasks=listed["taskArns"])
    found: Sequence[Json] = answer["tasks"]
    return found
