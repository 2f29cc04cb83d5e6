"""A stack on its way: its events as they come, how far it is, and how it ended.

Promises every event once, in order, and the reasons of what failed by itself: what was only called off because
something else failed explains nothing. Whoever asks too often for AWS asks again; whoever can ask no more hears that
AWS goes on.
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
"""Tells no more than that its name is known."""
INTERRUPTED = 130
"""Exit code of who is interrupted: 128 and the number of SIGINT."""
THROTTLED = ("Throttling", "ThrottlingException", "RequestLimitExceeded", "TooManyRequestsException")
"""How AWS says that it is asked too often, after boto3 has asked several times."""

LASTING = 4
"""After how many refusals in a row a stack's own status is told."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Failure:
    """One resource that failed, and why."""

    resource: str
    type: str
    reason: str


@dataclass(slots=True)
class StackProgress:
    """What has been seen of a stack's way."""

    seen: set[str]
    """The events that were there before, and those that came."""
    done: set[str] = field(default_factory=set)
    failures: list[Failure] = field(default_factory=list)
    ended: str | None = None
    reason: str = ""
    """What is said of the stack itself."""


def new_events(client: Json, stack: str, seen: set[str]) -> list[Json]:
    """The events of a stack that were not seen, the oldest first; they count as seen from then on."""
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
    """A course from here on: what happened before counts as seen."""
    return StackProgress({event["EventId"] for event in _newest_first(client, stack)})


def follow_stack(
    client: Json, stack: str, course: StackProgress, total: int, console: Console, pause: Callable[[], object]
) -> str:
    """Show a stack's way to its end, which is its status then."""
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
    """How a stack stands, told in place of its events while AWS is asked too often for them."""

    stack: str
    refused: int = 0
    """How many times in a row its events could not be read."""
    told: str = ""

    def look(self, client: Json, console: Console, *, throttled: bool) -> str | None:
        """Tell how the stack stands if its events cannot be read for long; its status once it has come to its end."""
        self.refused = self.refused + 1 if throttled else 0
        found = _unless_throttled(partial(stacks.find_stack, client, self.stack)) if self.refused >= LASTING else None
        if found is None:
            return None
        if found.status != self.told:
            why = "AWS is asked too often to tell each step"
            console.print(f"{found.name} is {found.status} ({why})", soft_wrap=True)
            self.told = found.status
        return found.status if not found.is_going and self.refused >= 2 * LASTING else None


def wait_for_stack(client: Json, stack: Stack, console: Console, pause: Callable[[], object]) -> Stack | None:
    """Show what somebody else does to a stack until it is done; the stack then, None where it is gone."""
    course = start_progress(client, stack.id)
    found: Stack | None = stack
    while found is not None and found.is_going:
        pause()
        for event in _retry_throttled(partial(new_events, client, stack.id, course.seen), pause):
            console.print(event_line(event), soft_wrap=True)
        found = _retry_throttled(partial(stacks.find_stack, client, stack.id), pause)
    return None if found is None or found.status == "DELETE_COMPLETE" else found


def _retry_throttled(look: Callable[[], T], pause: Callable[[], object]) -> T:
    """What a look comes to, however often AWS has to be asked."""
    while True:
        try:
            return look()
        except ClientError as error:
            _check_throttled(error)
        pause()


def _unless_throttled(look: Callable[[], T]) -> T | None:
    """What a look comes to; None where AWS is asked too often."""
    try:
        return look()
    except ClientError as error:
        _check_throttled(error)
        return None


def _check_throttled(error: ClientError) -> None:
    """Raise what is no throttling."""
    if error.response["Error"]["Code"] not in THROTTLED:
        raise error


def _bar(console: Console) -> Progress:
    return Progress(
        SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
        console=console, disable=not console.is_terminal, transient=True,
    )  # fmt: skip


def record_event(course: StackProgress, stack: str, event: Json) -> None:
    """Learn from an event."""
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
    """An event as a person reads it."""
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
    """Whether it went well; if not, say on standard error what failed and why."""
    for each in course.failures:
        typer.echo(f"lamplighter: {each.resource} ({each.type}) failed: {each.reason}", err=True)
    if course.ended not in GOOD and not course.failures and course.reason:
        typer.echo(f"lamplighter: {course.reason}", err=True)
    return course.ended in GOOD


@contextmanager
def explain_interrupt(what: str, stack: str, where: Target) -> Iterator[None]:
    """Whoever interrupts hears that AWS goes on, and so does who can ask it no more: cut off, or signed out."""
    try:
        yield
    except (KeyboardInterrupt, *CALL_ERRORS) as error:
        refused = not isinstance(error, KeyboardInterrupt)
        if refused:
            typer.echo(f"lamplighter: nothing more can be told: {explain_error(error, where)}", err=True)
        look = f"aws cloudformation describe-stack-events --stack-name {stack}"
        typer.echo(f"lamplighter: {what} goes on without this command; look at it with `{look}`", err=True)
        raise typer.Exit(1 if refused else INTERRUPTED) from None
