"""Run `lamplighter ps`: list what runs now, each job's last run and its next one; with `--all`, the latest runs.

Without a job file, the list also has the tasks that schedules and rules start without a state machine, by their family.
A skipped run does not hide the run before it.

Exit codes: 0 the list was printed; 1 the target does not answer, or there is no such job.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Annotated

import typer
from rich.text import Text

from lamplighter.base.count_text import join_names
from lamplighter.base.json_text import Json, dumps
from lamplighter.base.world import real_world
from lamplighter.cli.command_context import CommandContext, with_stored_context
from lamplighter.cli.runs import find_job, find_listed, find_run, formatting, job_schedules, removed_jobs, result_text
from lamplighter.cli.runs.arguments import AnyJobArgument
from lamplighter.cli.runs.attempt_labels import labels_for
from lamplighter.cli.runs.engine_conditions import engine_conditions
from lamplighter.cli.runs.find_job import Machine
from lamplighter.cli.runs.latest_runs import MAX_REASON_LENGTH, print_latest_runs, read_settled_runs
from lamplighter.cli.runs.listing import Listing, print_listing
from lamplighter.cli.runs.next_run import next_run_text, timetable_document
from lamplighter.cli.runs.result_text import attempt_json, run_json
from lamplighter.cli.runs.task_overview import read_task_overview, task_overview_cells, task_overview_document
from lamplighter.cli.runs.waiting_tasks import waiting_reasons
from lamplighter.jobs.machine.workflow import job_steps
from lamplighter.runs.history.story import Attempt, Story
from lamplighter.runs.history.waiting import WAITS_FOR_TURN, started_tasks, waits_for_turn
from lamplighter.runs.history.waits import waits_of_visit
from lamplighter.runs.jobs.job_definition import read_job_definition
from lamplighter.runs.jobs.upcoming_times import Timetable
from lamplighter.runs.run import Run
from lamplighter.runs.tasks.scheduled_tasks import family_of_definition

MAX_LISTED_RUNS = 10
"""The most runs under way of a job that are listed."""

MIN_REASON_LENGTH, OTHER_COLUMNS = 20, 90
"""The fewest characters of a reason that are worth a table, and the usual width of the rest of a row."""
MAX_EXAMINED_RUNS = 1000
"""The most runs in which the last ended run that was not skipped is searched."""


@dataclass(frozen=True, slots=True)
class ActiveRun:
    """A run under way, its running attempts, and words for what it is doing."""

    run: Run
    attempts: tuple[Attempt, ...]
    activity: str


@dataclass(frozen=True, slots=True)
class JobOverview:
    """A summary of a job: its last run, its running runs and its next run."""

    machine: Machine
    last: Run | None
    """The latest run that has ended and was not skipped."""
    skipped: Run | None
    """The latest run that was skipped after `last`."""
    active_runs: tuple[ActiveRun, ...]
    timetables: tuple[Timetable, ...]
    workflows: tuple[str, ...] = ()
    """The workflows in which the job is a step, if it never ran by itself."""


@with_stored_context
def ps(
    context: CommandContext,
    job: AnyJobArgument = None,
    *,
    every: Annotated[bool, typer.Option("--all", "-a", help="List the latest runs, running or ended.")] = False,
    count: Annotated[int, typer.Option("--count", "-n", help="The number of runs that --all lists.", min=1)] = 20,
    json: Annotated[bool, typer.Option("--json", help="Print jobs or runs as JSON, one per line.")] = False,
) -> None:
    """List jobs: running runs, the last result and the next run."""
    chosen, tasks = find_listed.find_listed(context, job, find_run.find_machine)
    if every:
        print_latest_runs(context, chosen, tasks, count, json=json)
        return
    for reason in () if json else engine_conditions(context.target):
        typer.echo(reason, err=True)
    if job is None:
        chosen = [*chosen, *removed_jobs.list_removed_running(context, chosen)]
    now = real_world().now()
    tables = job_schedules.find_timetables(context, chosen)
    settled = read_settled_runs(context, chosen) if job is None else {}
    listed = _name_workflows(context, [_read_overview(context, each, tables[each.arn], settled) for each in chosen])
    listed_tasks = [read_task_overview(context, each) for each in tasks]
    if json:
        formatting.print_json_lines(_overview_document(each, now) for each in listed)
        formatting.print_json_lines(task_overview_document(each, now) for each in listed_tasks)
    else:
        rows = [_overview_cells(each, now) for each in listed]
        rows += [task_overview_cells(each, now) for each in listed_tasks]
        print_listing(Listing(["JOB", "NOW", "LAST RUN", "NEXT RUN"], rows))
        if job is None and (missing := _missing_jobs(context, chosen)):
            typer.echo(f"not on {context.target} yet: {join_names(missing)}", err=True)


def _read_overview(
    context: CommandContext, machine: Machine, tables: list[Timetable], settled: Mapping[str, Run | None]
) -> JobOverview:
    if machine.arn in settled:
        return JobOverview(machine, settled[machine.arn], None, (), tuple(tables))
    last, skipped = _find_last_ended(context, machine)
    active_runs = tuple(
        _read_active_run(context, each)
        for each in islice(find_run.list_runs(context, machine, "RUNNING"), MAX_LISTED_RUNS)
    )
    return JobOverview(machine, last, skipped, active_runs, tuple(tables))


def _find_last_ended(context: CommandContext, machine: Machine) -> tuple[Run | None, Run | None]:
    """Return the latest run that has ended and was not skipped, and the latest run that was skipped after it.

    A skipped run names the runs because of which it was skipped. All runs that began between them and the skipped run
    were skipped too, so they are not read.
    """
    skipped: Run | None = None
    before: int | None = None
    for each in islice(find_run.list_runs(context, machine), MAX_EXAMINED_RUNS):
        if each.running or (before is not None and each.began > before):
            continue
        found = find_run.with_details(context, each)
        if not found.skipped:
            return found, skipped
        skipped = skipped or found
        blocking_runs = [run for arn in found.skipped_for if (run := find_run.get_run(context, arn)) is not None]
        before = max((run.began for run in blocking_runs), default=None)
    return None, skipped


def _name_workflows(context: CommandContext, overviews: Sequence[JobOverview]) -> Sequence[JobOverview]:
    """Add the workflows in which jobs are steps, if one of the jobs never ran by itself."""
    if all(each.last or each.skipped or each.active_runs for each in overviews):
        return overviews
    found = _workflows_by_step(context)
    return [replace(each, workflows=tuple(found.get(each.machine.name, ()))) for each in overviews]


def _workflows_by_step(context: CommandContext) -> Mapping[str, Sequence[str]]:
    """Return the workflows in which jobs are steps, by job: from the job file, or without one from all definitions."""
    found: dict[str, list[str]] = defaultdict(list)
    if context.project is not None:
        for name, job in context.project.jobs.items():
            document = context.project.workflows.get(job.workflow or "")
            for step in {step["Job"] for _, step in job_steps(document)} if document is not None else ():
                found[context.project.name(step)].append(name)
        return found
    for machine in find_job.listed_machines(context):
        steps = read_job_definition(dumps(find_job.read_definition(context, machine))).steps
        families = {family_of_definition(each.task_definition) for each in steps if each.task_definition}
        for family in families - {machine.name}:
            found[family].append(machine.short_name)
    return found


def _read_active_run(context: CommandContext, run: Run) -> ActiveRun:
    story = find_run.read_story(context, run)
    attempts = tuple(each for each in story.attempts if each.outcome == "running")
    if waits_for_turn(story):
        return ActiveRun(run, (), WAITS_FOR_TURN)
    labels = labels_for(find_run.read_definition(context, run), story.redriven)
    reasons = {event: f"{reason}, since" for event, reason in waiting_reasons(context, started_tasks(story)).items()}
    activities = [
        *(
            f"{labels.title(each)} {reasons.get(each.event, 'since')} {formatting.format_clock(each.began, run.began)}"
            for each in attempts
        ),
        *_describe_waits(story),
    ]
    return ActiveRun(run, attempts, join_names(activities, 3))


def _describe_waits(story: Story) -> Iterator[str]:
    waits = (wait for visit in story.visits for wait in waits_of_visit(story, visit))
    for each in (each for each in waits if each.ended is None):
        yield f"waits before attempt {each.attempt}" if each.is_retry else f"waits in {each.visit.state}"


def _missing_jobs(context: CommandContext, chosen: Sequence[Machine]) -> Sequence[str]:
    deployed = {each.job for each in chosen}
    return [job for job in (context.project.jobs if context.project else ()) if job not in deployed]


def _overview_cells(overview: JobOverview, now: int) -> list[Text | str]:
    return [
        overview.machine.short_name,
        _now_cell(overview, now),
        _last_run_cell(overview, now),
        _next_run_cell(overview, now),
    ]


def _now_cell(overview: JobOverview, now: int) -> Text:
    active_runs = overview.active_runs
    lines = [
        f"{each.activity or 'running'} ({each.run.name}, {formatting.format_distance(each.run.began, now)})"
        for each in active_runs
    ]
    return Text("\n".join(lines), "cyan")


def _last_run_cell(overview: JobOverview, now: int) -> Text:
    last, skipped = overview.last, overview.skipped
    if last is None and skipped is None:
        return Text(f"as a step of {', '.join(overview.workflows)}" if overview.workflows else "never", "dim")
    after = () if skipped is None else (_describe_end(skipped, now),)
    if last is None:
        return Text.assemble(*after)
    # The job's name stands for its latest run, which is the skipped one, so this run needs its own name.
    name = f" ({last.name})" if after else ""
    text = Text.assemble(_describe_end(last, now), f", took {formatting.format_milliseconds(last.took or 0)}{name}")
    return Text.assemble(text, "\nthen ", *after) if after else text


def _describe_end(run: Run, now: int) -> Text:
    """Return how a run ended, and when."""
    reason = result_text.run_failure_text(run)
    room = formatting.make_console().width - OTHER_COLUMNS
    most = room if MIN_REASON_LENGTH <= room < MAX_REASON_LENGTH else MAX_REASON_LENGTH
    short = reason if len(reason) <= most else f"{reason[: most - 1]}…"
    return Text.assemble(
        formatting.status_text(run.state),
        (short, "bold red"),
        f", {formatting.format_distance(run.ended or run.began, now)}",
    )


def _next_run_cell(overview: JobOverview, now: int) -> Text:
    if overview.machine.removed:
        return Text("the job was deleted", "dim")
    return next_run_text(overview.timetables, now)


def _overview_document(overview: JobOverview, now: int) -> Json:
    return {
        "job": overview.machine.short_name,
        "machine": overview.machine.arn,
        "last": None if overview.last is None else run_json(overview.last),
        "skipped": None if overview.skipped is None else run_json(overview.skipped),
        "running": [
            {**run_json(each.run), "attempts": [*map(attempt_json, each.attempts)]} for each in overview.active_runs
        ],
        **timetable_document(overview.timetables, now),
    }
