"""RUN, as people say it: an execution's ARN, its name, `JOB` for the latest run of a job, or `JOB:NAME`.

Promises to say which of two runs was not meant, rather than to choose one.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice

from botocore.exceptions import ClientError

from lamplighter.base import arn as arns
from lamplighter.base.errors import LamplighterError
from lamplighter.base.json_text import Json, loads
from lamplighter.cli.runs import find_job, removed_jobs
from lamplighter.cli.runs.attempt_numbers import read_numbered_story
from lamplighter.cli.runs.find_job import Machine, NoSuchJob
from lamplighter.cli.runs.site import Site
from lamplighter.jobs.machine.overlap_states import runs_made_way_for
from lamplighter.runs.story import Story, to_milliseconds

REDRIVABLE = "REDRIVABLE"
GONE = ("ExecutionDoesNotExist", "InvalidArn")


class NoSuchRun(LamplighterError):
    """The word names no run."""


@dataclass(frozen=True, slots=True)
class Run:
    """One execution."""

    arn: str
    status: str
    """RUNNING, SUCCEEDED, FAILED, TIMED_OUT, ABORTED or PENDING_REDRIVE."""
    began: int
    """Milliseconds since the epoch."""
    ended: int | None = None
    final: str | None = None
    """Why it cannot be redriven; None where it can, or where nobody asked."""
    skipped: bool = False
    """Whether another run of its job kept it from beginning; only a run that is described says so."""
    others: tuple[str, ...] = ()
    """The runs that it was skipped for."""
    redrives: int = 0
    """How often it was redriven."""
    idle: int = 0
    """Milliseconds between its parts, where it was redriven and somebody asked (`judged`)."""
    error: str | None = None
    cause: str | None = None
    """What it failed with; only a run that is described says so."""

    @property
    def name(self) -> str:
        """Its name."""
        return self.arn.split(":")[7]

    @property
    def machine(self) -> str:
        """The ARN of its state machine."""
        # Of a run that a Map started the name is MACHINE/LABEL.
        return ":".join([*self.arn.split(":")[:5], "stateMachine", self.arn.split(":")[6].partition("/")[0]])

    @property
    def took(self) -> int | None:
        """Milliseconds for which it ran: the sum of its parts; None where it goes on."""
        return None if self.ended is None else self.ended - self.began - self.idle

    @property
    def state(self) -> str:
        """What became of it, as a person calls it."""
        return "SKIPPED" if self.skipped else self.status

    @property
    def running(self) -> bool:
        """Whether it goes on."""
        return self.status in ("RUNNING", "PENDING_REDRIVE")


def runs_of(site: Site, machine: Machine, status: str | None = None) -> Iterator[Run]:
    """The runs of a machine, youngest first."""
    if machine.express:
        return iter(())
    if machine.gone:
        return (
            run
            for each in removed_jobs.runs_of_removed(site, machine)
            if status in (None, (run := parse_run(each)).status)
        )
    only = {} if status is None else {"statusFilter": status}
    pages = site.sfn.get_paginator("list_executions").paginate(
        stateMachineArn=machine.arn, PaginationConfig={"PageSize": 20}, **only
    )
    return (parse_run(each) for page in pages for each in page["executions"])


def find_run(site: Site, word: str) -> Run:
    """The run that a word names; raises NoSuchRun or NoSuchJob."""
    if (parsed := arns.parse(word)) is not None and parsed.service == "states":
        if parsed.resource.startswith("express:"):
            raise NoSuchRun("AWS keeps no record of express executions: look in the log of their state machine")
        return _described(site, word) if parsed.resource.startswith("execution:") else latest_run(site, word)
    job, colon, name = word.partition(":")
    if colon:
        return _described(site, run_arn(find_machine(site, job), name))
    known = find_job.all_machines(site)
    if (found := find_job.find_by_name(site, word, known) or removed_jobs.find_removed(site, word)) is not None:
        return _latest(site, found)
    return _by_name(site, word, known)


def latest_run(site: Site, word: str) -> Run:
    """The youngest run of the job that a word names."""
    return _latest(site, find_machine(site, word))


def find_machine(site: Site, word: str) -> Machine:
    """The machine that a word names, also one of which only runs are left; raises NoSuchJob."""
    try:
        return find_job.find_job(site, word)
    except NoSuchJob:
        found = removed_jobs.find_removed(site, word)
        if found is None:
            raise
        return found


def read_story(site: Site, run: Run) -> Story:
    """What happened in a run so far."""
    return read_numbered_story(read_events(site, run))


def read_events(site: Site, run: Run) -> list[Json]:
    """The history of a run."""
    pages = site.sfn.get_paginator("get_execution_history").paginate(
        executionArn=run.arn, PaginationConfig={"PageSize": 1000}
    )
    return [event for page in pages for event in page["events"]]


def display_name(site: Site, run: Run, typed: str) -> str:
    """The shortest word for a run's machine: that of the job file, which is not looked for by who typed an ARN."""
    name = run.arn.split(":")[6]
    project = None if typed.startswith("arn:") else site.project
    return next((job for job in project.jobs if project.name(job) == name), name) if project else name


def read_definition(site: Site, run: Run) -> Json:
    """The definition that a run goes by, which its machine may have changed since."""
    return loads(site.sfn.describe_state_machine_for_execution(executionArn=run.arn)["definition"])


def refresh_run(site: Site, run: Run) -> Run:
    """The run as it is now."""
    return _described(site, run.arn)


def with_details(site: Site, run: Run) -> Run:
    """The run with what a list of runs does not say: whether it was skipped, why it failed, how long its parts ran."""
    found = run if run.running else refresh_run(site, run)
    return replace(found, idle=read_story(site, found).idle) if found.redrives else found


def _latest(site: Site, machine: Machine) -> Run:
    if machine.express:
        raise NoSuchRun(f"{machine.word} is an express state machine, and AWS keeps no record of its executions")
    found = next(runs_of(site, machine), None)
    if found is None:
        raise NoSuchRun(f"{machine.word} has not run yet: `lamplighter run {machine.word}` starts it")
    return found


def _by_name(site: Site, name: str, known: list[Machine]) -> Run:
    """A run by its name alone, which may be that of any machine."""
    found = [run for each in known if not each.express if (run := get_run(site, run_arn(each, name))) is not None]
    if not found:
        why = find_job.unknown_job_message(site, name, known)
        raise NoSuchRun(f"{why}\n    and no run has that name (a run is named by ARN, NAME, JOB, or JOB:NAME)")
    if len(found) > 1:
        said = ", ".join(f"{run.arn.split(':')[6]}:{name}" for run in islice(found, 5))
        raise NoSuchRun(f"several runs are called {name}: say which, {said}")
    return found[0]


def _described(site: Site, arn: str) -> Run:
    found = get_run(site, arn)
    if found is None:
        raise NoSuchRun(f"{site.target} has no run {arn}: `lamplighter ps --all` lists the latest")
    return found


def get_run(site: Site, arn: str) -> Run | None:
    """The run of an ARN; None where there is none."""
    try:
        return parse_run(site.sfn.describe_execution(executionArn=arn))
    except ClientError as error:
        if error.response["Error"]["Code"] in GONE:
            return None
        raise


def run_arn(machine: Machine, name: str) -> str:
    """The ARN of the run of that name."""
    return ":".join([*machine.arn.split(":")[:5], "execution", machine.name, name])


def parse_run(answer: Json) -> Run:
    """A run as AWS describes it, or lists it."""
    ended = answer.get("stopDate")
    began = to_milliseconds(answer["startDate"])
    redrivable = answer.get("redriveStatus", REDRIVABLE).startswith(REDRIVABLE)
    final = None if redrivable else answer.get("redriveStatusReason")
    others = runs_made_way_for(answer.get("output")) if answer["status"] == "SUCCEEDED" else None
    return Run(
        answer["executionArn"],
        answer["status"],
        began,
        None if ended is None else to_milliseconds(ended),
        final,
        skipped=others is not None,
        others=tuple(others or ()),
        redrives=answer.get("redriveCount", 0),
        error=answer.get("error"),
        cause=answer.get("cause"),
    )
