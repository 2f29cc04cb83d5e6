"""Find the state machine of the argument JOB: a job of the job file, or the name or ARN of a state machine.

Guarantees that the error for an unknown name lists similar names, and that it distinguishes a job that the target does
not have yet from a name that is nowhere.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches

from lamplighter.base import arn as arns
from lamplighter.base.errors import LamplighterError
from lamplighter.base.json_text import Json, loads
from lamplighter.cli.runs.site import Site
from lamplighter.runs.job_machine import is_supporting_machine

JOB_TAG = "lamplighter:job"
MANY = 8


class NoSuchJob(LamplighterError):
    """A name is neither that of a job nor that of a state machine."""


@dataclass(frozen=True, slots=True)
class Machine:
    """A state machine, with the shortest name by which commands accept it."""

    arn: str
    word: str
    """The name of the state machine's job, or its own name."""
    job: str | None = None
    """The job of the job file; None if the file has no such job."""
    express: bool = False
    gone: bool = False
    """Whether the state machine was deleted, and only its runs are kept."""

    @property
    def name(self) -> str:
        """The state machine's own name."""
        return self.arn.split(":")[6]


def all_machines(site: Site) -> list[Machine]:
    """Return all state machines of the target; those of the job file come first, in the file's order."""
    project = site.project
    jobs = {} if project is None else {project.name(job): job for job in project.jobs}
    pages = site.sfn.get_paginator("list_state_machines").paginate()
    found = [_machine(each, jobs) for page in pages for each in page["stateMachines"]]
    order = list(jobs)
    return sorted(found, key=lambda each: (order.index(each.name) if each.job else len(order), each.name))


def listed_machines(site: Site) -> list[Machine]:
    """Return the state machines that commands list: the job file's, or without a file all but supporting ones."""
    machines = all_machines(site)
    if site.project is not None:
        return [each for each in machines if each.job is not None]
    return [each for each in machines if not is_supporting_machine(each.name)]


def find_job(site: Site, word: str) -> Machine:
    """Return the state machine that a name or ARN names; raise `NoSuchJob` if there is none."""
    parsed = arns.parse(word)
    if parsed is not None and parsed.service == "states" and parsed.resource.startswith("stateMachine:"):
        described = site.sfn.describe_state_machine(stateMachineArn=word)
        return Machine(word, described["name"], express=described["type"] == "EXPRESS")
    machine = find_by_name(site, word, machines := all_machines(site))
    if machine is None:
        raise NoSuchJob(unknown_job_message(site, word, machines))
    return machine


def find_by_name(site: Site, word: str, machines: Iterable[Machine]) -> Machine | None:
    """Return the machine of these that has a name, or whose job has it; None if there is none.

    Raises `NoSuchJob` if the name is that of a job that the target does not have yet.
    """
    by_name = {each.name: each for each in machines}
    if site.project is not None and word in site.project.jobs:
        name = site.project.name(word)
        if name not in by_name:
            raise NoSuchJob(_not_yet(site, word, name, by_name))
        return by_name[name]
    return by_name.get(word)


def is_job(site: Site, machine: Machine) -> bool:
    """Return whether a state machine was made from a job file, so that it uses `--env` and `--command`."""
    tags = site.sfn.list_tags_for_resource(resourceArn=machine.arn)["tags"]
    return any(each["key"] == JOB_TAG for each in tags)


def read_definition(site: Site, machine: Machine) -> Json:
    """Return the present definition of a state machine."""
    return loads(site.sfn.describe_state_machine(stateMachineArn=machine.arn)["definition"])


def _machine(listed: Json, jobs: dict[str, str]) -> Machine:
    job = jobs.get(listed["name"])
    return Machine(listed["stateMachineArn"], job or listed["name"], job, listed["type"] == "EXPRESS")


def _not_yet(site: Site, job: str, name: str, there: Iterable[str]) -> str:
    project = site.project
    assert project is not None
    start, end = f"{project.project}-", f"-{job}"
    others = [each[len(start) : -len(end)] for each in there if each.startswith(start) and each.endswith(end)]
    if environments := [each for each in others if each]:
        return f"{site.target} has the job {job} only in other environments: use -e {' or -e '.join(environments)}"
    bring = "deploy" if site.target.endpoint is None else "up"
    where = f"the job {job} is in the job file, and {site.target} has no state machine {name}"
    return f"{where}: `lamplighter {bring}` creates it there"


def unknown_job_message(site: Site, word: str, machines: list[Machine]) -> str:
    """Return the message for a name that names nothing, with similar names."""
    said = f"no job and no state machine of {site.target} is called {word}"
    known = dict.fromkeys([*(each.word for each in machines), *(each.name for each in machines)])
    near = get_close_matches(word, known, n=3)
    if near:
        return f"{said}: did you mean {' or '.join(near)}?"
    words = [each.word for each in machines]
    if not words:
        return f"{said}: there are no state machines"
    return f"{said}: there are {', '.join(words[:MANY])}{' and others' if len(words) > MANY else ''}"
