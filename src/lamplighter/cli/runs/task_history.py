"""Print what happened to a task that no state machine started: from its creation to the ends of its containers."""

from rich.text import Text

from lamplighter.base.json_text import Json
from lamplighter.base.world import real_world
from lamplighter.cli.command_context import CommandContext
from lamplighter.cli.runs import formatting, result_text
from lamplighter.cli.runs.find_task import FoundTask
from lamplighter.cli.runs.last_output import print_last_output
from lamplighter.cli.runs.task_output import task_attempt
from lamplighter.runs.printable_text import printable_line
from lamplighter.runs.tasks.ecs_tasks import STARTED_BY_STATE_MACHINE
from lamplighter.runs.tasks.task_history import TaskMoment, task_moments
from lamplighter.runs.tasks.task_run import TaskRun


def print_task_history(context: CommandContext, task: FoundTask, *, json: bool) -> None:
    """Print a task's head and what happened to it; as JSON, both as documents."""
    moments = task_moments(task.described)
    if json:
        head: Json = {"kind": "task", **result_text.task_json(task.run, task.run.family)}
        formatting.print_json_lines([head, *map(_moment_json, moments)])
        return
    _print_head(task.run)
    formatting.print_table(["TIME", "WHAT", "RESULT"], [_moment_cells(each, moments[0].time) for each in moments])
    if task.run.status == "FAILED":
        print_last_output(context, task_attempt(task), "the task")
    _print_hints(context, task)


def _print_head(run: TaskRun) -> None:
    out = formatting.make_console()
    ended = run.ended or real_world().now()
    took = "" if run.took is None else f", took {formatting.format_milliseconds(run.took)}"
    duration = took or f", {formatting.format_distance(run.began, ended)}"
    out.print(Text.assemble((run.family, "bold"), f"  {run.name}  ", result_text.task_result_text(run)))
    instant = f"{formatting.format_instant(run.began)} ({formatting.format_utc(run.began)}){duration}"
    out.print(Text.assemble(("began    ", "dim"), instant))
    out.print(Text.assemble(("cluster  ", "dim"), run.cluster))
    out.print()


def _moment_cells(moment: TaskMoment, began: int) -> list[Text | str]:
    style = formatting.STATUS_STYLES.get(moment.status, "")
    return [
        Text(formatting.format_clock(moment.time, began), "dim"),
        moment.what,
        Text(printable_line(moment.result), style),
    ]


def _moment_json(moment: TaskMoment) -> Json:
    time = formatting.format_utc(moment.time)
    return {"kind": "moment", "time": time, "what": moment.what, "result": moment.result}


def _print_hints(context: CommandContext, task: FoundTask) -> None:
    """Print commands that the user may want next."""
    hints = [f"logs {task.label}"]
    if task.run.running:
        hints.append(f"stop {task.label}")
    elif task.run.status != "SUCCEEDED" and task.run.started_by != STARTED_BY_STATE_MACHINE:
        hints.append(f"run {task.run.family}")
    formatting.make_console().print(Text("\n" + "\n".join(map(context.hint, hints)), "dim"))
