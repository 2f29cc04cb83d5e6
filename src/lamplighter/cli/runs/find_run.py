"""Find the run of the argument RUN: an execution's ARN, its name, `JOB` for a job's latest run, or `JOB:NAME`.

Guarantees that a name which several runs have is an error that lists them, rather than a guess.
"""

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

from lamplighter.base.aws import arn as arns
from lamplighter.base.errors import LamplighterError
from lamplighter.base.json_text import Json, loads
from lamplighter.cli.call_errors import ClientError
from lamplighter.cli.command_context import CommandContext
from lamplighter.cli.runs import find_job, removed_jobs
from lamplighter.cli.runs.find_job import Machine, NoSuchJob
from lamplighter.runs.history.attempt_numbers import read_numbered_story
from lamplighter.runs.history.story import Story
from lamplighter.runs.jobs.job_names import JobNames
from lamplighter.runs.run import Run, to_run

MISSING_CODES = ("ExecutionDoesNotExist", "InvalidArn")


class NoSuchRun(LamplighterError):
    """A name is not that of a run."""


def list_runs(context: CommandContext, machine: Machine, status: str | None = None) -> Iterator[Run]:
    """Yield the runs of a state machine, the latest first; `status` selects runs of one status."""
    if machine.express:
        return iter(())
    if machine.removed:
        return (
            run
            for each in removed_jobs.list_kept_runs(context, machine.name)
            if status in (None, (run := to_run(each)).status)
        )
    only = {} if status is None else {"statusFilter": status}
    pages = context.sfn.get_paginator("list_executions").paginate(
        stateMachineArn=machine.arn, PaginationConfig={"PageSize": 20}, **only
    )
    return (to_run(each) for page in pages for each in page["executions"])


def find_run(context: CommandContext, argument: str) -> Run:
    """Return the run that a text names; raise `NoSuchRun` or `NoSuchJob` if there is none."""
    if (parsed := arns.parse(argument)) is not None and parsed.service == "states":
        if parsed.resource.startswith("express:"):
            raise NoSuchRun("AWS keeps no record of express executions: see the log of their state machine")
        return (
            _get_existing_run(context, argument)
            if parsed.resource.startswith("execution:")
            else latest_run(context, argument)
        )
    job, colon, name = argument.partition(":")
    if colon:
        return _get_existing_run(context, run_arn(find_machine(context, job), name))
    known = find_job.all_machines(context)
    if (
        found := find_job.find_by_name(context, argument, known) or removed_jobs.find_removed_machine(context, argument)
    ) is not None:
        return _latest_of_machine(context, found)
    return _find_by_name(context, argument, known)


def latest_run(context: CommandContext, name_or_arn: str) -> Run:
    """Return the latest run of the job that a text names."""
    return _latest_of_machine(context, find_machine(context, name_or_arn))


def find_machine(context: CommandContext, name_or_arn: str) -> Machine:
    """Return the state machine that a text names, even if it was deleted and has only runs; raise `NoSuchJob`."""
    try:
        return find_job.find_job(context, name_or_arn)
    except NoSuchJob:
        found = removed_jobs.find_removed_machine(context, name_or_arn)
        if found is None:
            raise
        return found


def read_story(context: CommandContext, run: Run) -> Story:
    """Read the history of a run, and return its story so far."""
    return read_numbered_story(read_events(context, run))


def read_events(context: CommandContext, run: Run) -> list[Json]:
    """Return all events of a run's history."""
    pages = context.sfn.get_paginator("get_execution_history").paginate(
        executionArn=run.arn, PaginationConfig={"PageSize": 1000}
    )
    return [event for page in pages for event in page["events"]]


def run_label(names: JobNames, arn: str) -> str:
    """Return JOB:RUN, as commands accept it; the ARN of what is no run of a job, such as a missed time."""
    is_run = ":execution:" in arn and "/" not in arn
    return f"{names.of(arn)}:{arn.rpartition(':')[2]}" if is_run else arn


def job_of_run(context: CommandContext, run: Run, argument: str) -> str:
    """Return the name of a run's job; an ARN needs no job file."""
    return context.job_names(with_file=not argument.startswith("arn:")).of(run.arn)


def read_definition(context: CommandContext, run: Run) -> Json:
    """Return the definition that a run uses; the state machine may have another one by now."""
    return loads(context.sfn.describe_state_machine_for_execution(executionArn=run.arn)["definition"])


def refresh_run(context: CommandContext, run: Run) -> Run:
    """Read a run again."""
    return _get_existing_run(context, run.arn)


def with_details(context: CommandContext, run: Run) -> Run:
    """Read what a list of runs leaves out: whether the run was skipped, why it failed, how long its parts ran."""
    found = run if run.running else refresh_run(context, run)
    return replace(found, idle=read_story(context, found).idle) if found.redrives else found


def _latest_of_machine(context: CommandContext, machine: Machine) -> Run:
    if machine.express:
        raise NoSuchRun(f"{machine.short_name} is an express state machine, and AWS keeps no record of its executions")
    found = next(list_runs(context, machine), None)
    if found is None:
        start = context.hint(f"run {machine.short_name}")
        raise NoSuchRun(f"{machine.short_name} has no runs yet: start one with `{start}`")
    return found


def _find_by_name(context: CommandContext, name: str, known: list[Machine]) -> Run:
    """Return the run with a name, which may belong to any state machine; raise `NoSuchRun` if none or several match."""
    found = [run for each in known if not each.express if (run := get_run(context, run_arn(each, name))) is not None]
    if not found:
        message = find_job.unknown_job_message(context, name, known)
        raise NoSuchRun(f"{message}\n    and no run has that name (a run is named by ARN, NAME, JOB, or JOB:NAME)")
    if len(found) > 1:
        names = ", ".join(f"{context.job_names().of(run.arn)}:{name}" for run in islice(found, 5))
        raise NoSuchRun(f"several runs are named {name}: use one of {names}")
    return found[0]


def _get_existing_run(context: CommandContext, arn: str) -> Run:
    found = get_run(context, arn)
    if found is None:
        raise NoSuchRun(f"{context.target} has no run {arn}: `{context.hint('ps --all')}` lists the latest")
    return found


def get_run(context: CommandContext, arn: str) -> Run | None:
    """Return the run of an ARN, or None if it does not exist."""
    try:
        return to_run(context.sfn.describe_execution(executionArn=arn))
    except ClientError as error:
        if error.response["Error"]["Code"] in MISSING_CODES:
            return None
        raise


def run_arn(machine: Machine, name: str) -> str:
    """Return the ARN of a state machine's run."""
    return ":".join([*machine.arn.split(":")[:5], "execution", machine.name, name])
