"""Follow an operation on a stack: print its events as they occur, show the progress, and return the final status.

Guarantees that each event is printed once and in order. Reports only the resources that failed by themselves: a
resource that was cancelled because another one failed explains nothing. If AWS throttles the calls, they are repeated.
If the calls fail, or the user presses Ctrl-C, a message states that AWS continues.
See https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeStackEvents.html.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

import typer
from botocore.exceptions import ClientError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.text import Text

from lamplighter.base.json_text import Json
from lamplighter.cli.deploy import stacks
from lamplighter.cli.deploy.changes import CALLED
from lamplighter.cli.deploy.stacks import Stack
from lamplighter.cli.target import CALL_ERRORS, Target, explain_error

GOOD = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "DELETE_COMPLETE")
CALLED_OFF = ("cancelled", "canceled")
STARTED = "User Initiated"
REPEATED = "Resource creation Initiated"
"""The reason of an event that only adds the resource's physical ID; it is not printed."""
INTERRUPTED = 130
"""Exit code after Ctrl-C: 128 and the number of SIGINT."""
THROTTLED = ("Throttling", "ThrottlingException", "RequestLimitExceeded", "TooManyRequestsException")
"""Error codes of AWS for too many calls, which remain after the retries of boto3."""

LASTING = 4
"""The number of throttled polls in a row after which the status of the stack is printed instead of its events."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Failure:
    """A resource that failed, and why."""

    resource: str
    type: str
    reason: str


@dataclass(slots=True)
class StackProgress:
    """The state of an operation on a stack, read from the events so far."""

    seen: set[str]
    """The IDs of all events that were read, and of those that were there before the operation."""
    done: set[str] = field(default_factory=set)
    failures: list[Failure] = field(default_factory=list)
    ended: str | None = None
    reason: str = ""
    """The first reason among the events of the stack itself."""


def new_events(client: Json, stack: str, seen: set[str]) -> list[Json]:
    """Return the events of a stack that are not in `seen`, the oldest first, and add them to `seen`."""
    found: list[Json] = []
    for event in _newest_first(client, stack):
        if event["EventId"] in seen:
            break
        found.append(event)
    seen.update(event["EventId"] for event in found)
    return found[::-1]


def _newest_first(client: Json, stack: str) -> Iterator[Json]:
    for page in client.get_paginator("describe_stack_events").paginate(StackName=stack):
        yield from page["StackEvents"]


def start_progress(client: Json, stack: str) -> StackProgress:
    """Start to follow a stack: its earlier events count as seen."""
    return StackProgress({event["EventId"] for event in _newest_first(client, stack)})


def follow_stack(
    client: Json, stack: str, course: StackProgress, total: int, console: Console, pause: Callable[[], object]
) -> str:
    """Print the progress of an operation on a stack until it ends, and return the stack's final status."""
    standing = StatusPoller(stack)
    with _bar(console) as bar:
        task = bar.add_task("waiting for CloudFormation", total=max(total, 1))
        while True:
            found = _unless_throttled(partial(new_events, client, stack, course.seen))
            for event in found or ():
                if event.get("ResourceStatusReason") != REPEATED:
                    console.print(event_line(event), soft_wrap=True)
                record_event(course, stack, event)
                bar.update(task, completed=min(len(course.done), total), description=event["ResourceStatus"].lower())
            course.ended = course.ended or standing.look(client, console, throttled=found is None)
            if course.ended is not None:
                return course.ended
            pause()


@dataclass(slots=True)
class StatusPoller:
    """A poller of a stack's status, for the time in which AWS throttles the calls for events."""

    stack: str
    refused: int = 0
    """The number of polls in a row whose events could not be read."""
    told: str = ""

    def look(self, client: Json, console: Console, *, throttled: bool) -> str | None:
        """Print the stack's status after `LASTING` throttled polls; return it if the operation has ended, else None.

        An ended operation is only returned after twice as many throttled polls.
        """
        self.refused = self.refused + 1 if throttled else 0
        found = _unless_throttled(partial(stacks.find_stack, client, self.stack)) if self.refused >= LASTING else None
        if found is None:
            return None
        if found.status != self.told:
            why = "AWS throttles the calls, so not every step is shown"
            console.print(f"{found.name} is {found.status} ({why})", soft_wrap=True)
            self.told = found.status
        return found.status if not found.is_going and self.refused >= 2 * LASTING else None


def wait_for_stack(client: Json, stack: Stack, console: Console, pause: Callable[[], object]) -> Stack | None:
    """Print the progress of another user's operation; return the stack afterwards, or None if it is gone."""
    course = start_progress(client, stack.id)
    found: Stack | None = stack
    while found is not None and found.is_going:
        pause()
        for event in _retry_throttled(partial(new_events, client, stack.id, course.seen), pause):
            console.print(event_line(event), soft_wrap=True)
        found = _retry_throttled(partial(stacks.find_stack, client, stack.id), pause)
    return None if found is None or found.status == "DELETE_COMPLETE" else found


def _retry_throttled(look: Callable[[], T], pause: Callable[[], object]) -> T:
    """Return the result of a poll, and repeat the poll as long as AWS throttles it."""
    while True:
        try:
            return look()
        except ClientError as error:
            _check_throttled(error)
        pause()


def _unless_throttled(look: Callable[[], T]) -> T | None:
    """Return the result of a poll, or None if AWS throttles it."""
    try:
        return look()
    except ClientError as error:
        _check_throttled(error)
        return None


def _check_throttled(error: ClientError) -> None:
    """Raise an error again unless it means that AWS throttles the calls."""
    if error.response["Error"]["Code"] not in THROTTLED:
        raise error


def _bar(console: Console) -> Progress:
    return Progress(
        SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
        console=console, disable=not console.is_terminal, transient=True,
    )  # fmt: skip


def record_event(course: StackProgress, stack: str, event: Json) -> None:
    """Update the progress with an event."""
    status, name = event["ResourceStatus"], event["LogicalResourceId"]
    reason = event.get("ResourceStatusReason", "")
    if event.get("PhysicalResourceId") == stack:
        course.ended = None if status.endswith("_IN_PROGRESS") else status
        course.reason = course.reason or (reason if reason != STARTED else "")
        return
    if status.endswith("_COMPLETE"):
        course.done.add(name)
    if status.endswith("_FAILED") and not any(word in reason.lower() for word in CALLED_OFF):
        course.failures.append(Failure(name, event["ResourceType"], reason or "no reason was given"))


def event_line(event: Json) -> Text:
    """Format an event as a line for the terminal."""
    status, kind = event["ResourceStatus"], event["ResourceType"]
    colour = "red" if "FAILED" in status or "ROLLBACK" in status else "green" if status.endswith("COMPLETE") else "dim"
    word = CALLED.get(kind, (kind.rsplit("::", 1)[-1], ""))[0]
    reason = event.get("ResourceStatusReason") or ""
    told = f"  {reason}" if reason not in ("", STARTED) else ""
    return Text.assemble(
        (f"{event['Timestamp']:%H:%M:%S}  ", "dim"), (f"{status:<20}", colour), f"  {word} ",
        (event["LogicalResourceId"], "bold"), told,
    )  # fmt: skip


def report_outcome(course: StackProgress) -> bool:
    """Return whether the operation succeeded; if not, print on standard error which resources failed and why."""
    for each in course.failures:
        typer.echo(f"lamplighter: {each.resource} ({each.type}) failed: {each.reason}", err=True)
    if course.ended not in GOOD and not course.failures and course.reason:
        typer.echo(f"lamplighter: {course.reason}", err=True)
    return course.ended in GOOD


@contextmanager
def explain_interrupt(what: str, stack: str, where: Target) -> Iterator[None]:
    """Print that AWS continues if Ctrl-C, a network failure or expired credentials end the block; then exit."""
    try:
        yield
    except (KeyboardInterrupt, *CALL_ERRORS) as error:
        refused = not isinstance(error, KeyboardInterrupt)
        if refused:
            typer.echo(f"lamplighter: the progress can no longer be read: {explain_error(error, where)}", err=True)
        look = f"aws cloudformation describe-stack-events --stack-name {stack}"
        typer.echo(f"lamplighter: {what} continues without this command; follow it with `{look}`", err=True)
        raise typer.Exit(1 if refused else INTERRUPTED) from None
