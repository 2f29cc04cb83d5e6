"""Summarize a scheduled task for `ps`: what runs now, how the last one ended, and when the next one starts."""

from dataclasses import dataclass

from rich.text import Text

from lamplighter.base.json_text import Json
from lamplighter.cli.command_context import CommandContext
from lamplighter.cli.runs import formatting
from lamplighter.cli.runs.list_tasks import list_task_runs
from lamplighter.cli.runs.next_run import next_run_text, timetable_document
from lamplighter.cli.runs.result_text import task_json, task_result_text
from lamplighter.runs.tasks.scheduled_tasks import ScheduledTask
from lamplighter.runs.tasks.task_run import TaskRun


@dataclass(frozen=True, slots=True)
class TaskOverview:
    """A scheduled task, its tasks under way, and the one that ended last."""

    scheduled: ScheduledTask
    running: tuple[TaskRun, ...]
    last: TaskRun | None


def read_task_overview(context: CommandContext, scheduled: ScheduledTask) -> TaskOverview:
    """Read the tasks of a scheduled task."""
    runs = list_task_runs(context, scheduled.family)
    ended = [each for each in runs if not each.running]
    last = max(ended, key=lambda each: each.ended or 0, default=None)
    return TaskOverview(scheduled, tuple(each for each in runs if each.running), last)


def task_overview_cells(overview: TaskOverview, now: int) -> list[Text | str]:
    """Return the cells of a row of `ps`."""
    running = [
        f"{each.waits or 'running'} ({each.name}, {formatting.format_distance(each.began, now)})"
        for each in overview.running
    ]
    return [
        overview.scheduled.name,
        Text("\n".join(running), "cyan"),
        Text("never", "dim") if overview.last is None else _describe_end(overview.last, now),
        next_run_text(overview.scheduled.timetables, now),
    ]


def _describe_end(run: TaskRun, now: int) -> Text:
    return Text.assemble(
        task_result_text(run),
        f", {formatting.format_distance(run.ended or run.began, now)}",
        f", took {formatting.format_milliseconds(run.took or 0)}",
    )


def task_overview_document(overview: TaskOverview, now: int) -> Json:
    """Return the overview for programs, with the keys of a job's; there is no state machine."""
    return {
        "job": overview.scheduled.name,
        "machine": None,
        "last": None if overview.last is None else task_json(overview.last),
        "skipped": None,
        "running": [task_json(each) for each in overview.running],
        **timetable_document(overview.scheduled.timetables, now),
    }
