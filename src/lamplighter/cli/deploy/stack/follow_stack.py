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
from itertools import takewhile
from typing import TypeVar

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.text import Text

from lamplighter.base.json_text import Json
from lamplighter.cli.call_errors import CALL_ERRORS, ClientError
from lamplighter.cli.deploy.comparison.changes import RESOURCE_WORDS
from lamplighter.cli.deploy.stack import stacks
from lamplighter.cli.deploy.stack.stacks import Stack
from lamplighter.cli.target import Target, explain_error

SUCCESS_STATUSES = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "DELETE_COMPLETE")
CANCELLED_WORDS = ("cancelled", "canceled")
USER_INITIATED = "User Initiated"
PHYSICAL_ID_REASON = "Resource creation Initiated"
"""The reason of an event that only adds the resource's physical ID; it is not printed."""
EXIT_INTERRUPTED = 130
"""Exit code after Ctrl-C: 128 and the number of SIGINT."""
THROTTLING_CODES = ("Throttling", "ThrottlingException", "RequestLimitExceeded", "TooManyRequestsException")
"""Error codes of AWS for too many calls, which remain after the retries of boto3."""

MAX_THROTTLED_POLLS = 4
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
    completed: set[str] = field(default_factory=set)
    failures: list[Failure] = field(default_factory=list)
    final_status: str | None = None
    reason: str = ""
    """The first reason among the events of the stack itself."""


def read_new_events(client: Json, stack: str, seen: set[str]) -> list[Json]:
    """Return the events of a stack that are not in `seen`, the oldest first, and add them to `seen`."""
    found = list(takewhile(lambda event: event["EventId"] not in seen, _read_events(client, stack)))
    seen.update(event["EventId"] for event in found)
    return found[::-1]


def _read_events(client: Json, stack: str) -> Iterator[Json]:
    for page in client.get_paginator("describe_stack_events").paginate(StackName=stack):
        yield from page["StackEvents"]


def start_progress(client: Json, stack: str) -> StackProgress:
    """Start to follow a stack: its earlier events count as seen."""
    return StackProgress({event["EventId"] for event in _read_events(client, stack)})


def follow_stack(
    client: Json, stack: str, progress: StackProgress, total: int, console: Console, pause: Callable[[], object]
) -> str:
    """Print the progress of an operation on a stack until it ends, and return the stack's final status."""
    poller = StatusPoller(stack)
    with _make_progress_bar(console) as bar:
        task = bar.add_task("waiting for CloudFormation", total=max(total, 1))
        while True:
            found = _unless_throttled(partial(read_new_events, client, stack, progress.seen))
            for event in found or ():
                if event.get("ResourceStatusReason") != PHYSICAL_ID_REASON:
                    console.print(format_event(event), soft_wrap=True)
                record_event(progress, stack, event)
                bar.update(
                    task, completed=min(len(progress.completed), total), description=event["ResourceStatus"].lower()
                )
            progress.final_status = progress.final_status or poller.poll(client, console, throttled=found is None)
            if progress.final_status is not None:
                return progress.final_status
            pause()


@dataclass(slots=True)
class StatusPoller:
    """A poller of a stack's status, for the time in which AWS throttles the calls for events."""

    stack: str
    throttled_polls: int = 0
    """The number of polls in a row whose events could not be read."""
    printed_status: str = ""

    def poll(self, client: Json, console: Console, *, throttled: bool) -> str | None:
        """Print the stack's status after `MAX_THROTTLED_POLLS` throttled polls; return it if the operation has ended,
        else None.

        An ended operation is only returned after twice as many throttled polls.
        """
        self.throttled_polls = self.throttled_polls + 1 if throttled else 0
        found = (
            _unless_throttled(partial(stacks.find_stack, client, self.stack))
            if self.throttled_polls >= MAX_THROTTLED_POLLS
            else None
        )
        if found is None:
            return None
        if found.status != self.printed_status:
            reason = "AWS throttles the calls, so not every step is shown"
            console.print(f"{found.name} is {found.status} ({reason})", soft_wrap=True)
            self.printed_status = found.status
        return found.status if not found.is_in_progress and self.throttled_polls >= 2 * MAX_THROTTLED_POLLS else None


def wait_for_stack(client: Json, stack: Stack, console: Console, pause: Callable[[], object]) -> Stack | None:
    """Print the progress of another user's operation; return the stack afterwards, or None if it is gone."""
    progress = start_progress(client, stack.id)
    found: Stack | None = stack
    while found is not None and found.is_in_progress:
        pause()
        for event in _retry_throttled(partial(read_new_events, client, stack.id, progress.seen), pause):
            console.print(format_event(event), soft_wrap=True)
        found = _retry_throttled(partial(stacks.find_stack, client, stack.id), pause)
    return None if found is None or found.status == "DELETE_COMPLETE" else found


def _retry_throttled(poll: Callable[[], T], pause: Callable[[], object]) -> T:
    """Return the result of a poll, and repeat the poll as long as AWS throttles it."""
    while True:
        try:
            return poll()
        except ClientError as error:
            _raise_unless_throttled(error)
        pause()


def _unless_throttled(poll: Callable[[], T]) -> T | None:
    """Return the result of a poll, or None if AWS throttles it."""
    try:
        return poll()
    except ClientError as error:
        _raise_unless_throttled(error)
        return None


def _raise_unless_throttled(error: ClientError) -> None:
    """Raise an error again unless it means that AWS throttles the calls."""
    if error.response["Error"]["Code"] not in THROTTLING_CODES:
        raise error


def _make_progress_bar(console: Console) -> Progress:
    return Progress(
        SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
        console=console, disable=not console.is_terminal, transient=True,
    )  # fmt: skip


def record_event(progress: StackProgress, stack: str, event: Json) -> None:
    """Update the progress with an event."""
    status, name = event["ResourceStatus"], event["LogicalResourceId"]
    reason = event.get("ResourceStatusReason", "")
    if event.get("PhysicalResourceId") == stack:
        progress.final_status = None if status.endswith("_IN_PROGRESS") else status
        progress.reason = progress.reason or (reason if reason != USER_INITIATED else "")
        return
    if status.endswith("_COMPLETE"):
        progress.completed.add(name)
    if status.endswith("_FAILED") and not any(word in reason.lower() for word in CANCELLED_WORDS):
        progress.failures.append(Failure(name, event["ResourceType"], reason or "no reason was given"))


def format_event(event: Json) -> Text:
    """Format an event as a line for the terminal."""
    status, kind = event["ResourceStatus"], event["ResourceType"]
    colour = "red" if "FAILED" in status or "ROLLBACK" in status else "green" if status.endswith("COMPLETE") else "dim"
    word = RESOURCE_WORDS.get(kind, (kind.rsplit("::", 1)[-1], ""))[0]
    reason = event.get("ResourceStatusReason") or ""
    suffix = f"  {reason}" if reason not in ("", USER_INITIATED) else ""
    return Text.assemble(
        (f"{event['Timestamp']:%H:%M:%S}  ", "dim"), (f"{status:<20}", colour), f"  {word} ",
        (event["LogicalResourceId"], "bold"), suffix,
    )  # fmt: skip


def report_outcome(progress: StackProgress) -> bool:
    """Return whether the operation succeeded; if not, print on standard error which resources failed and why."""
    for each in progress.failures:
        typer.echo(f"lamplighter: {each.resource} ({each.type}) failed: {each.reason}", err=True)
    if progress.final_status not in SUCCESS_STATUSES and not progress.failures and progress.reason:
        typer.echo(f"lamplighter: {progress.reason}", err=True)
    return progress.final_status in SUCCESS_STATUSES


@contextmanager
def explain_interrupt(operation: str, stack: str, target: Target) -> Iterator[None]:
    """Print that AWS continues if Ctrl-C, a network failure or expired credentials end the block; then exit."""
    try:
        yield
    except (KeyboardInterrupt, *CALL_ERRORS) as error:
        failed = not isinstance(error, KeyboardInterrupt)
        if failed:
            typer.echo(f"lamplighter: the progress can no longer be read: {explain_error(error, target)}", err=True)
        command = f"aws cloudformation describe-stack-events --stack-name {stack}"
        typer.echo(f"lamplighter: {operation} continues without this command; follow it with `{command}`", err=True)
        raise typer.Exit(1 if failed else EXIT_INTERRUPTED) from None
