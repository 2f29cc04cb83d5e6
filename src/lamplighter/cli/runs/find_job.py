"""Find the state machine of the argument JOB: a job of the job file, or the name or ARN of a state machine.

Guarantees that the error for an unknown name lists similar names, and that it distinguishes a job that the target does
not have yet from a name that is nowhere.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from lamplighter.base.aws import arn as arns
from lamplighter.base.errors import LamplighterError, require
from lamplighter.base.json_text import Json, loads
from lamplighter.cli.command_context import CommandContext
from lamplighter.runs.jobs.job_machine import JOB_TAG, is_supporting_machine
from lamplighter.runs.jobs.job_names import JobNames

MAX_LISTED_NAMES = 8


class NoSuchJob(LamplighterError):
    """A name is neither that of a job nor that of a state machine."""


@dataclass(frozen=True, slots=True)
class Machine:
    """A state machine, with the shortest name by which commands accept it."""

    arn: str
    short_name: str
    """The name of the state machine's job, or its own name."""
    job: str | None = None
    """The job of the job file; None if the file has no such job."""
    express: bool = False
    removed: bool = False
    """Whether the state machine was deleted, and only its runs are kept."""

    @property
    def name(self) -> str:
        """The state machine's own name."""
        return self.arn.split(":")[6]


def all_machines(context: CommandContext) -> list[Machine]:
    """Return all state machines of the target; those of the job file come first, in the file's order."""
    project = context.project
    jobs = {} if project is None else {project.name(job): job for job in project.jobs}
    pages = context.sfn.get_paginator("list_state_machines").paginate()
    listed = [each for page in pages for each in page["stateMachines"]]
    names, order = context.job_names(), {name: place for place, name in enumerate(jobs)}
    found = [_to_machine(each, names, jobs) for each in listed]
    return sorted(found, key=lambda each: (order.get(each.name, len(order)), each.name))


def listed_machines(context: CommandContext) -> list[Machine]:
    """Return the state machines that commands list: the job file's, or without a file all but supporting ones."""
    machines = all_machines(context)
    if context.project is not None:
        return [each for each in machines if each.job is not None]
    return [each for each in machines if not is_supporting_machine(each.name)]


def find_job(context: CommandContext, name_or_arn: str) -> Machine:
    """Return the state machine that a name or ARN names; raise `NoSuchJob` if there is none."""
    parsed = arns.parse(name_or_arn)
    if parsed is not None and parsed.service == "states" and parsed.resource.startswith("stateMachine:"):
        described = context.sfn.describe_state_machine(stateMachineArn=name_or_arn)
        return Machine(
            name_or_arn, context.job_names(with_file=False).of(name_or_arn), express=described["type"] == "EXPRESS"
        )
    machine = find_by_name(context, name_or_arn, machines := all_machines(context))
    return require(machine, lambda: NoSuchJob(unknown_job_message(context, name_or_arn, machines)))


def find_by_name(context: CommandContext, name: str, machines: Sequence[Machine]) -> Machine | None:
    """Return the machine of these that has a name, or whose job has it; None if there is none.

    Raises `NoSuchJob` if the name is that of a job that the target does not have yet.
    """
    by_name = {each.name: each for each in machines}
    by_short_name = {each.short_name: each for each in machines}
    if context.project is not None and name in context.project.jobs:
        machine_name = context.project.name(name)
        if machine_name not in by_name:
            raise NoSuchJob(_not_deployed_message(context, name, machine_name, by_name))
        return by_name[machine_name]
    return by_name.get(name) or by_short_name.get(name)


def is_job(context: CommandContext, machine: Machine) -> bool:
    """Return whether a state machine was made from a job file, so that it uses `--env` and `--command`."""
    tags = context.sfn.list_tags_for_resource(resourceArn=machine.arn)["tags"]
    return any(each["key"] == JOB_TAG for each in tags)


def read_definition(context: CommandContext, machine: Machine) -> Json:
    """Return the present definition of a state machine."""
    return loads(context.sfn.describe_state_machine(stateMachineArn=machine.arn)["definition"])


def _to_machine(listed: Json, names: JobNames, jobs: dict[str, str]) -> Machine:
    arn, is_express = listed["stateMachineArn"], listed["type"] == "EXPRESS"
    return Machine(arn, names.of(arn), jobs.get(listed["name"]), is_express)


def _not_deployed_message(context: CommandContext, job: str, name: str, machine_names: Iterable[str]) -> str:
    project = context.project
    assert project is not None
    start, end = f"{project.project}-", f"-{job}"
    others = [each[len(start) : -len(end)] for each in machine_names if each.startswith(start) and each.endswith(end)]
    if environments := [each for each in others if each]:
        return f"{context.target} has the job {job} only in other environments: use -e {' or -e '.join(environments)}"
    problem = f"the job {job} is in the job file, and {context.target} has no state machine {name}"
    if context.target.endpoint is None:
        return f"{problem}: `lamplighter deploy` creates it there"
    not_yet = f"if it runs already, `{context.hint('ps')}` says whether the file has an error, or try again in a second"
    return f"{problem}: `lamplighter up` creates it there; {not_yet}"


def unknown_job_message(context: CommandContext, name: str, machines: list[Machine]) -> str:
    """Return the message for a name that names nothing, with similar names."""
    message = f"no job and no state machine of {context.target} is called {name}"
    known = dict.fromkeys([*(each.short_name for each in machines), *(each.name for each in machines)])
    similar = get_close_matches(name, known, n=3)
    if similar:
        return f"{message}: did you mean {' or '.join(similar)}?"
    short_names = [each.short_name for each in machines if not is_supporting_machine(each.name)]
    if not short_names:
        return f"{message}: there are no state machines"
    others = " and others" if len(short_names) > MAX_LISTED_NAMES else ""
    return f"{message}: there are {', '.join(short_names[:MAX_LISTED_NAMES])}{others}"
