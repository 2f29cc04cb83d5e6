"""Read the runs of a deleted job, which an engine keeps; AWS lists none for a deleted state machine."""

from collections.abc import Sequence

from lamplighter.base.json_text import Json
from lamplighter.cli.command_context import CommandContext
from lamplighter.cli.runs.find_job import Machine
from lamplighter.runs.jobs.job_machine import PROJECT_TAG, is_supporting_machine


def find_removed_machine(context: CommandContext, short_name: str) -> Machine | None:
    """Return the deleted state machine with the name, or of the job with the name; None if no runs are kept for it."""
    known = context.job_names()
    prefixes = sorted(known.projects) if context.project is None else [context.project.prefix]
    names = [*(f"{each}-{short_name}" for each in prefixes), short_name]
    found = (run["stateMachineArn"] for name in names for run in list_kept_runs(context, name)[:1])
    return next((Machine(arn, known.of(arn), removed=True) for arn in found), None)


def list_removed_running(context: CommandContext, listed: Sequence[Machine]) -> list[Machine]:
    """Return the jobs that the job file, or the target, no longer has and that still run, without those of `listed`."""
    if context.known_runs is None:
        return []
    tags, names = context.known_runs["Machines"], context.job_names()
    rows = (dict(zip(context.known_runs["Columns"], each, strict=True)) for each in context.known_runs["Rows"])
    running = {each["machine"] for each in rows if each["status"] == "RUNNING"} - {each.arn for each in listed}
    found = [Machine(each, names.of(each), removed=True) for each in sorted(running)]
    return [each for each in found if not is_supporting_machine(each.name) and _is_of_project(context, each, tags)]


def _is_of_project(context: CommandContext, machine: Machine, tags: Json) -> bool:
    if context.project is None:
        return True
    known, prefix = tags.get(machine.arn), context.project.prefix
    return machine.name.startswith(f"{prefix}-") if known is None else known.get(PROJECT_TAG) == prefix


def list_kept_runs(context: CommandContext, name: str) -> list[Json]:
    """Return the runs of a state machine, even a deleted one, the latest first, in the form of ListExecutions."""
    answer = context.call_internal("states", "ListKeptExecutions", name=name)
    return answer["executions"] if answer else []
