"""Read the output of a task that no state machine started, and follow such tasks until they stop.

Guarantees an exit code for the result, as for a run, and that Ctrl-C ends only the command and not the tasks.
"""

import threading
from collections.abc import Mapping
from typing import NoReturn

import typer
from rich.text import Text

from lamplighter.base.world import real_world
from lamplighter.cli.command_context import CommandContext
from lamplighter.cli.runs import find_task, formatting
from lamplighter.cli.runs.attempt_labels import AttemptLabels
from lamplighter.cli.runs.find_task import FoundTask
from lamplighter.cli.runs.follow import (
    AWS_POLL_SECONDS,
    ENGINE_POLL_SECONDS,
    EXIT_CODES,
    LATE_LINES_MILLISECONDS,
    MAX_LATE_POLLS,
    leave_running,
    print_lines,
)
from lamplighter.cli.runs.output import OutputLine, RunOutput
from lamplighter.cli.runs.result_text import task_result_text
from lamplighter.runs.history.story import Attempt, Outcome
from lamplighter.runs.jobs.job_machine import RUN_TASK
from lamplighter.runs.tasks.task_history import TaskMoment, task_moments

OUTCOMES: Mapping[str, Outcome] = {
    "RUNNING": "running", "SUCCEEDED": "succeeded", "FAILED": "failed", "ABORTED": "aborted",
}  # fmt: skip
"""The outcomes of attempts by the status of a task."""


def task_attempt(task: FoundTask) -> Attempt:
    """Return a task in the form in which the output of runs is read."""
    run = task.run
    return Attempt(
        0, run.name, (), 1, RUN_TASK, run.began, ended=run.ended, outcome=OUTCOMES[run.status], task=run.arn,
        definition=task.described["taskDefinitionArn"],
    )  # fmt: skip


def task_labels(number: int = 1) -> AttemptLabels:
    """Return the labels before lines of tasks: the task's id if there are several."""
    return AttemptLabels(shows_state=number > 1, shows_number=False, from_job_file=False)


class TaskWatcher:
    """Tasks of one call that are polled until they have stopped."""

    def __init__(self, context: CommandContext, arns: list[str], since: int | None, tail: int | None) -> None:
        self._context = context
        self._arns = arns
        self._output = RunOutput(context, since, tail)
        self._tail = tail
        self._polls_after_end = 0
        self._seconds = AWS_POLL_SECONDS if context.target.endpoint is None else ENGINE_POLL_SECONDS

    def poll(self) -> tuple[list[FoundTask], list[OutputLine]]:
        """Return the tasks as they are now and the lines since the last poll; the first poll returns at most `tail`."""
        tasks = find_task.describe_tasks(self._context, self._arns)
        lines = self._output.new_lines(map(task_attempt, tasks))
        wanted, self._tail = len(lines) if self._tail is None else min(self._tail, len(lines)), None
        return tasks, lines[len(lines) - wanted :]

    def is_complete(self, tasks: list[FoundTask]) -> bool:
        """Return whether all tasks have stopped and their last lines have been read."""
        if any(each.run.running for each in tasks):
            return False
        self._polls_after_end += 1
        latest = max((each.run.ended or 0 for each in tasks), default=0)
        late = real_world().now() - latest < LATE_LINES_MILLISECONDS
        return self._polls_after_end >= (MAX_LATE_POLLS if late else 1)

    def sleep(self) -> None:
        """Wait between two polls."""
        threading.Event().wait(self._seconds)


def follow_tasks(
    context: CommandContext,
    started: list[FoundTask],
    *,
    events: bool = True,
    since: int | None = None,
    tail: int | None = None,
    times: bool = False,
) -> NoReturn:
    """Follow tasks of one cluster to their end, and end the command with the exit code of the worst result."""
    watcher = TaskWatcher(context, [each.run.arn for each in started], since, tail)
    try:
        ended = _follow_to_end(watcher, events=events, times=times)
    except KeyboardInterrupt:
        raise leave_running(context, "task", started[0].label) from None
    for each in ended if events else ():
        took = formatting.format_milliseconds(each.run.took or 0)
        _print_moment(TaskMoment(each.run.ended or 0, f"the task {task_result_text(each.run).plain}, after {took}"))
    raise typer.Exit(max((EXIT_CODES.get(each.run.status, 1) for each in ended), default=1))


def _follow_to_end(watcher: TaskWatcher, *, events: bool, times: bool) -> list[FoundTask]:
    shown: set[tuple[str, TaskMoment]] = set()
    while True:
        tasks, lines = watcher.poll()
        moments = {(each.run.name, moment) for each in tasks for moment in task_moments(each.described)} - shown
        shown |= moments
        timeline: list[TaskMoment | OutputLine] = [*(moment for _, moment in moments if events), *lines]
        for each in sorted(timeline, key=lambda each: each.time):
            if isinstance(each, OutputLine):
                print_lines([each], task_labels(len(tasks)), times=times)
            else:
                _print_moment(each)
        if watcher.is_complete(tasks):
            return tasks
        watcher.sleep()


def _print_moment(moment: TaskMoment) -> None:
    words = ": ".join(filter(None, (moment.what, moment.result)))
    style = formatting.STATUS_STYLES.get(moment.status, "")
    clock = (f"{formatting.local_datetime(moment.time):%H:%M:%S}  ", "dim")
    formatting.make_console(error=True).print(Text.assemble(clock, (words, style)))
