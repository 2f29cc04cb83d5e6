"""Follow a run until it ends: print its progress on standard error, and its containers' output on standard output.

Guarantees an exit code for the run's result, and that Ctrl-C ends only the command and not the run.
"""

import threading
from collections import Counter
from collections.abc import Callable, Iterable
from functools import partial
from itertools import takewhile
from typing import NoReturn, TypeVar

import typer
from rich.text import Text

from lamplighter.base.json_text import Json
from lamplighter.base.world import real_world
from lamplighter.cli.call_errors import HTTPClientError, Unreachable
from lamplighter.cli.command_context import CommandContext
from lamplighter.cli.runs import find_run, formatting, result_text
from lamplighter.cli.runs.attempt_labels import AttemptLabels, labels_for
from lamplighter.cli.runs.map_children import MapChildren
from lamplighter.cli.runs.output import OutputLine, RunOutput
from lamplighter.cli.runs.run_moments import Moment, run_moments
from lamplighter.cli.runs.waiting_tasks import waiting_reasons
from lamplighter.runs.history.attempt_numbers import read_numbered_story
from lamplighter.runs.history.story import Attempt, Story
from lamplighter.runs.history.waiting import started_tasks
from lamplighter.runs.printable_text import coloured_line
from lamplighter.runs.run import Run

EXIT_CODES = {"SUCCEEDED": 0, "FAILED": 1, "TIMED_OUT": 3, "ABORTED": 4}
EXIT_INTERRUPTED = 130
"""The exit code that shells report for a command that Ctrl-C ended."""
ENGINE_POLL_SECONDS, AWS_POLL_SECONDS = 0.3, 2.0
"""Seconds between two polls of an engine, and of AWS, which limits the rate of calls."""
LATE_LINES_MILLISECONDS, MAX_LATE_POLLS = 10_000, 4
"""Milliseconds after an attempt's end in which its last lines may still arrive, and the most polls made in that
time."""
MAX_FAILED_POLLS = 60
"""The most polls in a row that may fail because the target does not answer."""

T = TypeVar("T")


class RunWatcher:
    """A run that is polled until it ends."""

    def __init__(self, context: CommandContext, run: Run, since: int | None = None, tail: int | None = None) -> None:
        self.run = run
        self.since = since or 0
        self._output = RunOutput(context, since, tail)
        self._children = MapChildren(context)
        self._tail = tail
        self._context = context
        self._events: list[Json] = []
        self._polls_after_end: Counter[str] = Counter()
        self._placed_tasks: set[str] = set()
        """The tasks that are known not to wait for room any more."""
        self._has_unread = True
        self._poll_seconds = AWS_POLL_SECONDS if context.target.endpoint is None else ENGINE_POLL_SECONDS

    def poll(self) -> Story:
        """Read the new events, then the run's status, which is never older than they are; return the story."""
        self._events += _read_new_events(self._context, self.run, self._events[-1]["id"] if self._events else 0)
        self.run = find_run.refresh_run(self._context, self.run)
        return read_numbered_story(self._events)

    def new_lines(self, story: Story) -> list[OutputLine]:
        """Return the lines that containers wrote since the last call; the first call returns at most `tail`."""
        attempts = [each for each in self._children.attempts(story) if each.task and not self._is_fully_read(each)]
        lines = self._output.new_lines(attempts)
        self._polls_after_end.update(each.task for each in attempts if each.task and each.ended is not None)
        self._has_unread = any(not self._is_fully_read(each) for each in attempts)
        wanted, self._tail = len(lines) if self._tail is None else min(self._tail, len(lines)), None
        return lines[len(lines) - wanted :]

    def waiting_moments(self, story: Story, labels: AttemptLabels) -> list[Moment]:
        """Return a moment for each attempt whose task waits for room; only an engine has such tasks."""
        attempts = [each for each in started_tasks(story) if each.task not in self._placed_tasks]
        reasons = waiting_reasons(self._context, attempts)
        self._placed_tasks |= {each.task for each in attempts if each.task is not None and each.event not in reasons}
        waiting = [each for each in attempts if each.event in reasons]
        texts = {each.event: f"{labels.title(each)} {reasons[each.event]}" for each in waiting}
        return [Moment(("waits for room", each.event), each.began, texts[each.event], "running") for each in waiting]

    def _is_fully_read(self, attempt: Attempt) -> bool:
        """Return whether all lines of an attempt have been read."""
        if attempt.ended is None:
            return False
        late = real_world().now() - attempt.ended < LATE_LINES_MILLISECONDS
        return self._polls_after_end[attempt.task or ""] >= (MAX_LATE_POLLS if late else 1)

    def is_complete(self, story: Story) -> bool:
        """Return whether the run has ended and all its lines have been read."""
        return not self.run.running and story.outcome != "running" and not self._has_unread

    def sleep(self) -> None:
        """Wait between two polls."""
        threading.Event().wait(self._poll_seconds)

    def retry_while_down(self, poll: Callable[[], T]) -> T:
        """Return the result of a poll; repeat it while the target is down: an engine continues its runs later."""
        for attempt in range(MAX_FAILED_POLLS):
            try:
                return poll()
            except (HTTPClientError, Unreachable):
                if attempt == 0:
                    typer.echo(f"lamplighter: {self._context.target} does not answer; waiting for it", err=True)
                self.sleep()
        return poll()


def follow_run(
    context: CommandContext,
    run: Run,
    *,
    events: bool = True,
    since: int | None = None,
    tail: int | None = None,
    times: bool = False,
) -> NoReturn:
    """Follow a run to its end, and end the command with the run's exit code; on Ctrl-C, let the run continue."""
    try:
        story, ended = _follow_to_end(
            RunWatcher(context, run, since, tail), find_run.read_definition(context, run), events=events, times=times
        )
    except KeyboardInterrupt:
        raise leave_running(context, "run", run.arn) from None
    if events and story.ended is not None and story.began is not None:
        took = formatting.format_milliseconds(story.running_time(story.began, story.ended))
        _print_moment(
            story.ended,
            f"{result_text.run_end_text(ended, story)}, after {took}",
            "skipped" if ended.skipped else story.outcome,
        )
    raise typer.Exit(EXIT_CODES.get(ended.status, 1))


def leave_running(context: CommandContext, what: str, name: str) -> typer.Exit:
    """Say how to return to what continues after Ctrl-C, and return the end of the command."""
    typer.echo(
        f"\nlamplighter: the {what} continues; follow it again: {context.hint(f'logs -f {name}')}\n"
        f"             stop it: {context.hint(f'stop {name}')}",
        err=True,
    )
    return typer.Exit(EXIT_INTERRUPTED)


def _follow_to_end(watcher: RunWatcher, definition: Json, *, events: bool, times: bool) -> tuple[Story, Run]:
    shown_keys: set[tuple[str, int]] = set()
    while True:
        story = watcher.retry_while_down(watcher.poll)
        labels = labels_for(definition, story.redriven)
        lines = watcher.retry_while_down(partial(watcher.new_lines, story))
        moments = run_moments(story, definition) if events else []
        if events:
            moments += watcher.retry_while_down(partial(watcher.waiting_moments, story, labels))
        new_moments = [each for each in moments if each.key not in shown_keys and each.time >= watcher.since]
        shown_keys.update(each.key for each in new_moments)
        timeline: list[Moment | OutputLine] = [*new_moments, *lines]
        for each in sorted(timeline, key=lambda each: each.time):
            if isinstance(each, OutputLine):
                print_lines([each], labels, times=times)
            else:
                _print_moment(each.time, each.text, each.status)
        if watcher.is_complete(story):
            return story, watcher.run
        watcher.sleep()


def print_lines(lines: Iterable[OutputLine], labels: AttemptLabels, *, times: bool = False) -> None:
    """Print lines of output, with the attempt before each if there may be several, and with the time if `times`.

    A terminal gets the colours of a line, and none of its other codes; a file or a pipe gets the line as it is.
    """
    show = coloured_line if formatting.is_terminal() else str
    for line in lines:
        container = None if line.source.is_only_container else line.source.container
        time = f"{formatting.local_datetime(line.time):%Y-%m-%d %H:%M:%S}.{line.time % 1000:03} " if times else ""
        typer.echo(time + labels.prefix(line.source.attempt, container) + show(line.text), color=True)


def _read_new_events(context: CommandContext, run: Run, seen: int) -> list[Json]:
    """Return the events after the event `seen`; read from the end, so that a long history is not read repeatedly."""
    pages = context.sfn.get_paginator("get_execution_history").paginate(
        executionArn=run.arn, reverseOrder=True, PaginationConfig={"PageSize": 100 if seen else 1000}
    )
    newest = (event for page in pages for event in page["events"])
    return list(takewhile(lambda event: event["id"] > seen, newest))[::-1]


def _print_moment(time: int, text: str, status: str) -> None:
    formatting.make_console(error=True).print(
        Text.assemble(
            (f"{formatting.local_datetime(time):%H:%M:%S}  ", "dim"), (text, formatting.STATUS_STYLES.get(status, ""))
        )
    )
