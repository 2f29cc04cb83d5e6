"""Tell what happened to an ECS task, from the times and reasons that DescribeTasks states. Pure.

A container's own end has no time there; it is told at the time at which the task's containers had ended. See
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-lifecycle-explanation.html.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from lamplighter.base.json_text import Json
from lamplighter.runs.failures.failure_words import exit_words
from lamplighter.runs.history.story import to_milliseconds
from lamplighter.runs.tasks.task_run import STOPPED_BY_REQUEST, to_task_run


@dataclass(frozen=True, slots=True)
class TaskMoment:
    """A thing that happened to a task."""

    time: int
    """Milliseconds since the epoch."""
    what: str
    result: str = ""
    status: str = ""
    """The status in whose colour it is shown."""


def task_moments(task: Json) -> list[TaskMoment]:
    """Return what happened to a task so far, in order."""
    return sorted(_moments(task), key=lambda moment: moment.time)


def _moments(task: Json) -> Iterator[TaskMoment]:
    run = to_task_run(task)
    yield TaskMoment(to_milliseconds(task["createdAt"]), "created", run.starter)
    if run.waits:
        yield TaskMoment(to_milliseconds(task["createdAt"]), "waits", run.waits, "running")
    if task.get("pullStartedAt"):
        pulled = task.get("pullStoppedAt")
        images = ", ".join(dict.fromkeys(each["image"] for each in task["containers"] if each.get("image")))
        yield TaskMoment(to_milliseconds(task["pullStartedAt"]), "pulls images", images)
        if pulled:
            yield TaskMoment(to_milliseconds(pulled), "images pulled")
    if task.get("startedAt"):
        yield TaskMoment(to_milliseconds(task["startedAt"]), "started")
    if task.get("stoppingAt") and task.get("stopCode") == STOPPED_BY_REQUEST:
        yield TaskMoment(to_milliseconds(task["stoppingAt"]), "stop requested", task.get("stoppedReason") or "")
    yield from _container_ends(task)
    if run.ended is not None:
        yield TaskMoment(run.ended, "stopped", _stop_text(task), run.status.lower())


def _container_ends(task: Json) -> Iterator[TaskMoment]:
    ended = task.get("executionStoppedAt") or task.get("stoppedAt")
    for each in task["containers"] if ended else ():
        code, reason = each.get("exitCode"), each.get("reason")
        if code is None and not reason:
            continue
        words = [] if code is None else [exit_words(code, reason)]
        result = ": ".join([*words, *([reason] if reason else [])])
        status = "failed" if code is None else "succeeded" if code == 0 else "failed"
        yield TaskMoment(to_milliseconds(ended), f"container {each['name']}", result, status)


def _stop_text(task: Json) -> str:
    return ": ".join(each for each in (task.get("stopCode"), task.get("stoppedReason")) if each)
