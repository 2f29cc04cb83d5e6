"""Summarize a scheduled task for `ps`: what runs now, how the last one ended, and when the next one starts.

A task that a state machine started belongs to a run, and is not counted. AWS forgets a stopped task after an hour. A
schedule may name a cluster that does not exist, or one of another account; such a cluster has no tasks.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from rich.text import Text

from lamplighter.base.json_text import Json
from lamplighter.cli.call_errors import ignore_error
from lamplighter.cli.command_context import CommandContext
from lamplighter.cli.runs import formatting
from lamplighter.cli.runs.next_run import next_run_text, timetable_document
from lamplighter.cli.runs.scheduled_tasks import ScheduledTask
from lamplighter.runs.ecs_tasks import KILLED_EXIT_CODES, STARTED_BY_STATE_MACHINE, failed_container, stop_reason
from lamplighter.runs.story import to_milliseconds
from lamplighter.runs.waiting import MAX_DESCRIBED, waiting_reason

NO_SUCH_CLUSTER = ("ClusterNotFoundException", "InvalidParameterException")
"""The error codes of ListTasks for a cluster that does not exist here. The second one is for a name or an ARN that no
cluster of the account can have: "Identifier is for 210987654321. Your accountId is 123456789012"."""


@dataclass(frozen=True, slots=True)
class TaskOverview:
    """A scheduled task, its tasks under way, and the one that stopped last."""

    scheduled: ScheduledTask
    running: tuple[Json, ...]
    last: Json


def read_task_overview(context: CommandContext, scheduled: ScheduledTask) -> TaskOverview:
    """Read the tasks of a scheduled task, as DescribeTasks describes them."""
    stopped = [each for each in _read_tasks(context, scheduled, "STOPPED") if each.get("stoppedAt")]
    last = max(stopped, key=lambda each: to_milliseconds(each["stoppedAt"]), default=None)
    return TaskOverview(scheduled, tuple(_read_tasks(context, scheduled, "RUNNING")), last)


def _read_tasks(context: CommandContext, scheduled: ScheduledTask, desired: str) -> Iterator[Json]:
    where = {"cluster": scheduled.cluster, "family": scheduled.family, "desiredStatus": desired}
    arns: list[str] = []
    with ignore_error(*NO_SUCH_CLUSTER):
        for page in context.ecs.get_paginator("list_tasks").paginate(**where):
            arns += page["taskArns"]
    for at in range(0, len(arns), MAX_DESCRIBED):
        part = arns[at : at + MAX_DESCRIBED]
        found = context.ecs.describe_tasks(cluster=scheduled.cluster, tasks=part)["tasks"]
        yield from (each for each in found if each.get("startedBy") != STARTED_BY_STATE_MACHINE)


def task_overview_cells(overview: TaskOverview, now: int) -> list[Text | str]:
    """Return the cells of a row of `ps`."""
    running = [
        f"{waiting_reason(each) or 'running'} ({_name(each)}, {formatting.format_distance(_began(each), now)})"
        for each in overview.running
    ]
    last, next_run = overview.last, next_run_text(overview.scheduled.timetables, now)
    return [
        overview.scheduled.family,
        Text("\n".join(running), "cyan"),
        Text("never", "dim") if last is None else _describe_end(last, now),
        next_run,
    ]


def _describe_end(task: Json, now: int) -> Text:
    ended = to_milliseconds(task["stoppedAt"])
    reason = "" if _status(task) == "SUCCEEDED" else f" with {_failure(task)}"
    took = formatting.format_milliseconds(ended - _began(task))
    return Text.assemble(
        formatting.status_text(_status(task)), (reason, "bold red"), f", {formatting.format_distance(ended, now)}",
        f", took {took}",
    )  # fmt: skip


def task_overview_document(overview: TaskOverview, now: int) -> Json:
    """Return the overview for programs, with the keys of a job's; there is no state machine."""
    return {
        "job": overview.scheduled.family,
        "machine": None,
        "last": None if overview.last is None else _task_document(overview.last),
        "skipped": None,
        "running": [_task_document(each) for each in overview.running],
        **timetable_document(overview.scheduled.timetables, now),
    }


def _task_document(task: Json) -> Json:
    ended = to_milliseconds(task["stoppedAt"]) if task.get("stoppedAt") else None
    codes = {each["name"]: each["exitCode"] for each in task["containers"] if each.get("exitCode") is not None}
    return {
        "run": _name(task),
        "arn": task["taskArn"],
        "status": "RUNNING" if ended is None else _status(task),
        "began": formatting.format_utc(_began(task)),
        "ended": formatting.format_utc(ended),
        "seconds": None if ended is None else (ended - _began(task)) / 1000,
        "reason": None if ended is None or _status(task) == "SUCCEEDED" else _failure(task),
        "exitCodes": codes,
    }


def _name(task: Json) -> str:
    return str(task["taskArn"]).rpartition("/")[2]


def _began(task: Json) -> int:
    return to_milliseconds(task.get("startedAt") or task["createdAt"])


def _status(task: Json) -> str:
    """Return SUCCEEDED if a container exited with 0, and all others did so, too, or were killed; else FAILED."""
    codes = [each.get("exitCode") for each in task["containers"]]
    return "SUCCEEDED" if 0 in codes and all(code in (0, *KILLED_EXIT_CODES) for code in codes) else "FAILED"


def _failure(task: Json) -> str:
    code = failed_container(task).get("exitCode")
    return stop_reason(task) if code is None else f"exit code {code}"
