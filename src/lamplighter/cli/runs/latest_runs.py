"""List the latest runs of jobs for `ps --all`: runs of state machines, and tasks that have none, by when they began."""

from collections.abc import Iterator, Sequence
from heapq import merge
from itertools import islice

from rich.text import Text

from lamplighter.base.json_text import Json
from lamplighter.cli.command_context import CommandContext
from lamplighter.cli.local_zone import local_zone
from lamplighter.cli.runs import find_run, formatting, result_text
from lamplighter.cli.runs.find_job import Machine
from lamplighter.cli.runs.list_tasks import list_task_runs
from lamplighter.cli.runs.listing import Listing, print_listing
from lamplighter.cli.runs.waiting_tasks import status_of_run
from lamplighter.runs.run import Run
from lamplighter.runs.scheduled_tasks import ScheduledTask
from lamplighter.runs.task_run import TaskRun

MAX_REASON_LENGTH = 100
"""The most characters of a reason that are shown."""


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
