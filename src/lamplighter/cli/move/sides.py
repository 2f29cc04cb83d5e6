"""Read and change the schedules of the two sides of a move: the box, whose `up` follows a file, and a stack on AWS."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from rich.console import Console

from lamplighter.base.errors import LamplighterError
from lamplighter.base.json_text import Json
from lamplighter.cli.call_errors import RESOURCE_NOT_FOUND, ignore_error
from lamplighter.cli.deploy.deployment_plan import read_deployed_template
from lamplighter.cli.deploy.stack.stacks import find_stack
from lamplighter.cli.move.handover_time import Schedules, to_date, to_instant
from lamplighter.cli.prompts import describe_place, pause_between_polls
from lamplighter.cli.target import Target
from lamplighter.cli.up.handover_file import HandoverFile
from lamplighter.jobs.stack.handover import Handover, read_handover
from lamplighter.runs.history.story import to_milliseconds

MAX_POLLS = 1_200
"""After so many polls, of a tenth of a second, `up` does not follow its file."""


class MoveFailed(LamplighterError):
    """A step of a move failed; the move can be continued."""


class Side(Protocol):
    """One side of a move."""

    @property
    def target(self) -> Target:
        """Where its calls go."""

    def read(self) -> Handover | None:
        """Return its handover, or None if its jobs never moved."""

    def apply(self, handover: Handover) -> None:
        """Change its schedules durably, and return when they are changed."""


@dataclass(frozen=True, slots=True)
class BoxSide:
    """The engine of this folder."""

    target: Target
    file: HandoverFile
    console: Console
    names: frozenset[str] = frozenset()
    """The schedules of the job file. The box runs the jobs only when `up` has created them."""

    def __str__(self) -> str:
        return "this box"

    def read(self) -> Handover | None:
        """See `Side.read`."""
        return self.file.read()

    def apply(self, handover: Handover) -> None:
        """See `Side.apply`: write the file, and wait until `up` has followed it. Raises `MoveFailed`.

        An end that not every schedule gets is taken back, so that the others do not end alone.
        """
        before = self.read()
        if before != handover:
            self.file.write(handover)
        for _ in range(MAX_POLLS):
            found = read_schedules(self.target, self.file.project)
            if follows(found, handover) and (handover.role == "ends" or self.names <= found.keys()):
                return
            pause_between_polls(self.target)
        if handover.role == "ends":
            self.file.write(before)
        raise MoveFailed("the engine does not follow the move: see the log of `up`, then run this again")


@dataclass(frozen=True, slots=True)
class AwsSide:
    """The project's stack on AWS."""

    target: Target
    project: str
    deploy: Callable[[Handover], object]
    """Deploys the job file with a handover."""

    def __str__(self) -> str:
        return describe_place(self.target)

    def read(self) -> Handover | None:
        """See `Side.read`."""
        client = self.target.client("cloudformation")
        return read_handover(read_deployed_template(client, find_stack(client, self.project)))

    def apply(self, handover: Handover) -> None:
        """See `Side.apply`. Raises `MoveFailed`."""
        self.deploy(handover)
        if not follows(read_schedules(self.target, self.project), handover):
            raise MoveFailed(
                f"not every schedule of {self.project} on AWS was changed: see its stack, and run this again"
            )


def read_schedules(target: Target, project: str) -> Schedules:
    """Return the schedules of a project by name; none if it is not deployed there."""
    scheduler, found = target.client("scheduler"), dict[str, Json]()
    with ignore_error(RESOURCE_NOT_FOUND):
        for page in scheduler.get_paginator("list_schedules").paginate(GroupName=project):
            for each in page["Schedules"]:
                with ignore_error(RESOURCE_NOT_FOUND):  # it was deleted meanwhile
                    found[each["Name"]] = scheduler.get_schedule(Name=each["Name"], GroupName=project)
    return found


def follows(schedules: Schedules, handover: Handover) -> bool:
    """Return whether schedules have the states and dates of a handover."""
    return all(
        _has_properties(each, handover.schedule_properties(name, each["ScheduleExpression"]))
        for name, each in schedules.items()
    )


def is_handed_over(left: Side, right: Side, after: int = 0) -> bool:
    """Return whether one side ends when the other one begins, after a time."""
    ends, begins = left.read(), right.read()
    if ends is None or begins is None or (ends.role, begins.role) != ("ends", "begins"):
        return False
    return ends.at == begins.at and to_instant(ends.at) > after


def _has_properties(schedule: Json, wanted: dict[str, str]) -> bool:
    if wanted["State"] == "DISABLED":
        return bool(schedule["State"] == "DISABLED")
    found = {name: to_date(to_milliseconds(schedule[name])) for name in ("StartDate", "EndDate") if schedule.get(name)}
    return found == {name: date for name, date in wanted.items() if name != "State"}
