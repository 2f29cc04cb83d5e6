"""List the latest runs of jobs for `ps --all`: runs of state machines, and tasks that have none, by when they began."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from heapq import merge, nlargest
from itertools import islice

from rich.text import Text

from lamplighter.base.json_text import Json
from lamplighter.cli.command_context import CommandContext
from lamplighter.cli.internal_calls import read_from_engine
from lamplighter.cli.local_zone import local_zone
from lamplighter.cli.runs import find_run, formatting, result_text
from lamplighter.cli.runs.find_job import Machine
from lamplighter.cli.runs.list_tasks import list_task_runs
from lamplighter.cli.runs.listing import Listing, print_listing
from lamplighter.cli.runs.waiting_tasks import status_of_run
from lamplighter.runs.jobs.skipped_runs import SKIPPED
from lamplighter.runs.run import Run, to_run
from lamplighter.runs.tasks.scheduled_tasks import ScheduledTask
from lamplighter.runs.tasks.task_run import TaskRun

MAX_REASON_LENGTH = 100
"""The most characters of a reason that are shown."""


def read_settled_runs(context: CommandContext, machines: Sequence[Machine]) -> Mapping[str, Run | None]:
    """Return the last run of each state machine, by ARN, or None for none, as far as one answer of an engine tells it.

    Left out are the state machines whose runs are under way, or whose latest run was skipped; on AWS, all of them.
    """
    answer = read_from_engine(context.target, "states", "ListLatestRuns")
    if answer is None:
        return {}
    latest = {each["stateMachineArn"]: each for each in answer["Runs"]}
    unsettled = {arn for arn, each in latest.items() if each["underWay"] or each["status"] == SKIPPED}
    return {
        each.arn: replace(to_run(found), idle=round(found["idle"] * 1000)) if (found := latest.get(each.arn)) else None
        for each in machines
        if each.arn not in unsettled
    }


def print_latest_runs(
    context: CommandContext, machines: Sequence[Machine], tasks: Sequence[ScheduledTask], count: int, *, json: bool
) -> None:
    """Print the latest runs of all these jobs, the latest first."""
    short_names = {each.arn: each.short_name for each in machines}
    found = _latest_runs(context, machines, tasks, count)
    if json:
        formatting.print_json_lines(_document(each, short_names) for each in found)
        return
    rows = [_cells(context, each, short_names) for each in found]
    print_listing(
        Listing(["JOB", "RUN", "STATUS", f"BEGAN ({local_zone().key})", "TOOK"], rows, names=2, labelled=False)
    )


def _latest_runs(
    context: CommandContext, machines: Sequence[Machine], tasks: Sequence[ScheduledTask], count: int
) -> Iterator[Run | TaskRun]:
    if len(machines) > count and (answer := read_from_engine(context.target, "states", "ListLatestRuns")) is not None:
        began = {each["stateMachineArn"]: each["startDate"] for each in answer["Runs"]}
        machines = nlargest(count, (each for each in machines if each.arn in began), lambda each: began[each.arn])
    of_machines = (find_run.list_runs(context, each) for each in machines)
    of_tasks = (iter(list_task_runs(context, each.family, count)) for each in tasks)
    sources: list[Iterator[Run | TaskRun]] = [*of_machines, *of_tasks]
    latest = islice(merge(*sources, key=lambda run: run.began, reverse=True), count)
    return (find_run.with_details(context, each) if isinstance(each, Run) else each for each in latest)


def _document(run: Run | TaskRun, short_names: dict[str, str]) -> Json:
    if isinstance(run, Run):
        return result_text.run_json(run, short_names[run.machine])
    return result_text.task_json(run, run.family)


def _cells(context: CommandContext, run: Run | TaskRun, short_names: dict[str, str]) -> list[Text | str]:
    took = "" if run.took is None else formatting.format_milliseconds(run.took)
    if isinstance(run, Run):
        job, status = short_names[run.machine], formatting.status_text(status_of_run(context, run))
        status = Text.assemble(status, result_text.run_failure_text(run)[:MAX_REASON_LENGTH])
    else:
        job, status = run.family, result_text.task_result_text(run)
    return [job, run.name, status, formatting.format_instant(run.began), took]
