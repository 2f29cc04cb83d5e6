"""Run `lamplighter logs`: print the output of a run's containers, of all attempts; or that of a task.

Exit codes: 0 the output was printed; 1 there is no such run, or it ran no containers that log to CloudWatch Logs. With
--follow, the exit codes are those of `lamplighter run --follow`.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated

import typer

from lamplighter.base.json_text import Json
from lamplighter.base.world import real_world
from lamplighter.cli.command_context import CommandContext, fail, with_stored_context
from lamplighter.cli.runs import find_run, find_task, formatting
from lamplighter.cli.runs.arguments import FollowOption, RunArgument
from lamplighter.cli.runs.attempt_labels import AttemptLabels, labels_for
from lamplighter.cli.runs.find_task import FoundTask
from lamplighter.cli.runs.follow import follow_run, print_lines
from lamplighter.cli.runs.map_children import MAX_CHILD_RUNS, MapChildren
from lamplighter.cli.runs.output import OutputLine, RunOutput
from lamplighter.cli.runs.parse_instant import parse_instant
from lamplighter.cli.runs.task_output import follow_tasks, task_attempt, task_labels
from lamplighter.runs.history.story import Attempt
from lamplighter.runs.run import Run


@with_stored_context
def logs(
    context: CommandContext,
    run: RunArgument,
    *,
    follow: FollowOption = False,
    tail: Annotated[int | None, typer.Option("--tail", "-n", help="Print only the last N lines.", min=0)] = None,
    since: Annotated[
        str | None, typer.Option("--since", help="Print only lines since this time: 10m, 2h, or 2026-12-31T03:00:00.")
    ] = None,
    times: Annotated[
        bool,
        typer.Option("--timestamps", "-t", help="Print the local time before each line."),
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print lines as JSON.")] = False,
) -> None:
    """Print the output of a run's containers, with the attempt's number before each line if there may be several.

    A terminal gets the output with its colours, but without other codes; a file or a pipe gets it as it is.
    """
    if follow and json:
        raise typer.BadParameter("use either --follow or --json, not both")
    start = None if since is None else parse_instant(since, real_world().now())
    if follow and context.target.stopped is not None:
        fail("there is nothing to follow: start the engine with `lamplighter up`, or leave out --follow")
    found = find_task.find_run_or_task(context, run)
    if isinstance(found, FoundTask):
        if follow:
            follow_tasks(context, [found], events=False, since=start, tail=tail, times=times)
        _print_task_output(context, found, Selection(start, tail, times=times, json=json))
        return
    if follow:
        follow_run(context, found, events=False, since=start, tail=tail, times=times)
    _print_output(context, found, Selection(start, tail, times=times, json=json))


@dataclass(frozen=True, slots=True)
class Selection:
    """Which lines are printed, and how."""

    since: int | None
    tail: int | None
    times: bool
    json: bool


def _print_output(context: CommandContext, run: Run, selection: Selection) -> None:
    story = find_run.read_story(context, run)
    children = MapChildren(context)
    attempts = children.attempts(story)
    labels = labels_for(find_run.read_definition(context, run), story.redriven)
    output = RunOutput(context, selection.since, selection.tail)
    count = _print_attempts(output, attempts, labels, selection)
    if children.truncated:
        typer.echo(f"lamplighter: only the latest {MAX_CHILD_RUNS} runs that a Map started are read", err=True)
    if not any(each.task for each in attempts):
        fail(f"{run.name} has run no containers so far: see `{context.hint(f'history {run.arn}')}`")
    _report_missing(output, count, run.name, selection, running=run.running)


def _print_task_output(context: CommandContext, task: FoundTask, selection: Selection) -> None:
    output = RunOutput(context, selection.since, selection.tail)
    count = _print_attempts(output, [task_attempt(task)], task_labels(), selection)
    _report_missing(output, count, task.run.name, selection, running=task.run.running)


def _print_attempts(output: RunOutput, attempts: Sequence[Attempt], labels: AttemptLabels, selection: Selection) -> int:
    """Print the selected lines of attempts, and return the number of all lines."""
    lines = _CountingIterator(output.all_lines(attempts))
    shown = lines if selection.tail is None else deque(lines, maxlen=selection.tail)
    if selection.json:
        formatting.print_json_lines(map(_line_document, shown))
    else:
        print_lines(shown, labels, times=selection.times)
    for each in sorted(output.unreadable):
        typer.echo(f"lamplighter: {each}", err=True)
    return lines.count


def _report_missing(output: RunOutput, lines: int, name: str, selection: Selection, *, running: bool) -> None:
    """End the command if output could not be read, and say so if there is none."""
    if output.unreadable:
        raise typer.Exit(1)
    if not lines:
        period = "so far" if running else "at all" if selection.since is None else "since then"
        typer.echo(f"lamplighter: {name} wrote nothing {period}", err=True)


class _CountingIterator(Iterator[OutputLine]):
    """An iterator over lines that counts them."""

    def __init__(self, lines: Iterator[OutputLine]) -> None:
        self._lines = lines
        self.count = 0

    def __next__(self) -> OutputLine:
        line = next(self._lines)
        self.count += 1
        return line


def _line_document(line: OutputLine) -> Json:
    attempt = line.source.attempt
    return {
        "time": formatting.format_utc(line.time),
        "state": attempt.state,
        "path": list(attempt.path),
        "attempt": attempt.number,
        "container": line.source.container,
        "message": line.text,
    }
