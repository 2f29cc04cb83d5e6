"""Run `lamplighter night`: list all runs of all jobs since 18:00, and first what needs a person.

Exit codes: 0 the list was printed; 1 the target does not answer.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated

import typer
from rich.text import Text

from lamplighter.base.count_text import format_count
from lamplighter.base.json_text import Json
from lamplighter.cli.command_context import CommandContext, with_stored_context
from lamplighter.cli.local_zone import local_zone
from lamplighter.cli.runs import formatting
from lamplighter.cli.runs.engine_conditions import engine_conditions
from lamplighter.cli.runs.listing import Listing, print_listing
from lamplighter.cli.runs.read_night import CommandNight, read_command_night
from lamplighter.runs.history.durations import format_duration
from lamplighter.runs.night.classify import BY_REDRIVE, BY_REPETITION, BY_RETRY, NightRow
from lamplighter.runs.night.night_run import MISSED, NightStatus
from lamplighter.runs.night.select import LATE, NEEDS, ORDERS, NightFilter
from lamplighter.runs.night.window import DEFAULT_SINCE
from lamplighter.runs.printable_text import printable_line
from lamplighter.runs.run_trigger import KINDS

STYLES: Mapping[NightStatus, str] = {
    NightStatus.FAILED: "bold red", NightStatus.MISSED: "bold red", NightStatus.WAITING: "yellow",
    NightStatus.RUNNING: "cyan", NightStatus.RECOVERED: "yellow", NightStatus.PASSED_OVER: "yellow",
    NightStatus.SUCCEEDED: "green",
}  # fmt: skip
QUIET = (NightStatus.SUCCEEDED, NightStatus.SKIPPED)
"""The statuses of runs that are only counted, unless --all or --status asks for them."""
HEADINGS = ("JOB", "STATUS", "WHAT HAPPENED", "WHEN", "TOOK", "RUN")
MAX_UPCOMING = 10
"""The most upcoming runs that are listed."""


def _choice(choices: Sequence[str], words: str) -> Json:
    """Return an option that takes one of these values."""

    def check(value: str) -> str:
        if value and value not in choices:
            raise typer.BadParameter(f"choose one of {', '.join(choices)}")
        return value

    return typer.Option(help=f"{words} {', '.join(choices)}.", callback=check)


@with_stored_context
def night(
    context: CommandContext,
    *,
    since: Annotated[str, typer.Option(help="The beginning: 18:00, or 2026-12-31T18:00.")] = DEFAULT_SINCE,
    until: Annotated[str, typer.Option(help="The end, like --since. Default: now.")] = "",
    status: Annotated[str, _choice((*NightStatus, LATE), "List only runs with a status:")] = "",
    job: Annotated[str, typer.Option(help="List only jobs with this text in their name.")] = "",
    project: Annotated[str, typer.Option(help="List only jobs of this project (PROJECT or PROJECT-ENVIRONMENT).")] = "",
    tag: Annotated[str, typer.Option(help="List only jobs with this tag: KEY or KEY=VALUE.")] = "",
    trigger: Annotated[str, _choice(KINDS, "List only runs that were started by:")] = "",
    sort: Annotated[str, _choice(ORDERS, "The order:")] = NEEDS,
    every: Annotated[bool, typer.Option("--all", "-a", help="List the runs that succeeded, too.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print each run as a line of JSON.")] = False,
) -> None:
    """List all runs of all jobs since 18:00: what failed and why, what recovered, what runs, and what comes."""
    criteria = NightFilter(status, project, job, tag, trigger)
    found = read_command_night(context, since, until, criteria, sort)
    if json:
        formatting.print_json_lines(_document(found, each) for each in found.selected.rows)
        return
    for reason in engine_conditions(context.target):
        typer.echo(reason, err=True)
    _print_counts(found)
    shown = [each for each in found.selected.rows if every or status or each.status not in QUIET]
    if shown:
        print_listing(Listing(HEADINGS, [_cells(found, each) for each in shown]))
    _print_upcoming(context, found)


def _print_counts(found: CommandNight) -> None:
    counts = [f"{number} {status.value}" for status, number in found.selected.counts.items() if number]
    counts += [f"{found.selected.late} late"] if found.selected.late else []
    until = "" if found.window.until is None else f" until {formatting.format_instant(found.window.until)}"
    since = f"{formatting.format_instant(found.window.since)}{until} ({local_zone().key})"
    typer.echo(f"Since {since}: {', '.join(counts) or 'nothing has run'}.")
    if not found.read.complete:
        typer.echo(
            "AWS does not say what started a run or which times were missed, and keeps no acknowledgements.", err=True
        )
    if found.read.truncated:
        typer.echo("There are more runs or jobs than were read.", err=True)


def _cells(found: CommandNight, row: NightRow) -> list[Text | str]:
    run = row.run
    when = formatting.format_clock(run.scheduled or run.began, found.now)
    has_run = run.status != MISSED and row.status is not NightStatus.WAITING
    took = formatting.format_milliseconds(run.took(found.now)) if has_run else ""
    return [
        found.job(row).short_name,
        Text(row.status.value + (f" {run.count}×" if run.count > 1 else ""), STYLES.get(row.status, "")),
        Text("\n".join(map(printable_line, _what_happened(found, row)))),
        when,
        took,
        run_argument(found, row),
    ]


def run_argument(found: CommandNight, row: NightRow) -> str:
    """Return the text by which `ack`, `rerun`, `logs` and others accept a run."""
    if row.run.status == MISSED or ":task/" in row.run.arn:
        return row.run.arn
    return f"{found.job(row).short_name}:{row.run.name}"


def _what_happened(found: CommandNight, row: NightRow) -> Iterator[str]:
    detail = found.detail(row)
    yield from filter(None, (detail.words, detail.last_line))
    if _is_late(found, row):
        yield f"late after {format_duration(found.job(row).late)}"
    if row.recovered == BY_RETRY:
        yield f"succeeded after {format_count(row.run.failed_attempts or 0, 'failed attempt')}"
    elif row.recovered == BY_REPETITION:
        yield f"succeeded when it ran again, {format_count(len(row.earlier) + 1, 'run')}"
    elif row.recovered == BY_REDRIVE:
        yield f"succeeded after {format_count(row.run.redrives, 'redrive')}"
    elif row.recovered:
        yield "a later run succeeded" if row.status is NightStatus.PASSED_OVER else "recovered by a later run"
    elif row.runs_again:
        yield f"runs again since {formatting.format_clock(row.run.began, found.now)} ({row.run.trigger.words})"
    elif row.failed_again:
        yield f"failed again, {format_count(len(row.earlier) + 1, 'run')}"
    elif row.later is not None:
        yield "a later run is under way"
    if row.acknowledgement is not None:
        who = f" by {row.acknowledgement.who}" if row.acknowledgement.who else ""
        yield f"acknowledged{who}" + (f": {row.acknowledgement.note}" if row.acknowledgement.note else "")


def _is_late(found: CommandNight, row: NightRow) -> bool:
    return found.job(row).has_late(row.run, found.now)


def _print_upcoming(context: CommandContext, found: CommandNight) -> None:
    if not found.upcoming:
        return
    typer.echo(f"\nUntil {formatting.format_instant(found.window.morning)}:")
    for each in found.upcoming[:MAX_UPCOMING]:
        time = "at a rate" if each.next is None else formatting.format_clock(round(each.next * 1000), found.now)
        typer.echo(f"  {time}  {each.job}" + (f" ({each.count:,} times)" if each.count > 1 else ""))
    if (more := len(found.upcoming) - MAX_UPCOMING) > 0:
        typer.echo(f"  and {format_count(more, 'other schedule')}: see `{context.hint('next')}`")


def _document(found: CommandNight, row: NightRow) -> Json:
    """Return a run for programs."""
    run, detail, job = row.run, found.detail(row), found.job(row)
    mark = row.acknowledgement
    return {
        "job": job.short_name,
        "project": job.project or None,
        "run": run.name,
        "arn": run.arn,
        "status": row.status.value,
        "began": formatting.format_utc(run.began),
        "ended": formatting.format_utc(run.ended),
        "scheduled": formatting.format_utc(run.scheduled),
        "seconds": None if run.status == MISSED else run.took(found.now) / 1000,
        "late": _is_late(found, row),
        "usualSeconds": None if (usual := found.usual.get(run.job)) is None else usual / 1000,
        "reason": detail.words or None,
        "lastLine": detail.last_line or None,
        "failedAttempts": run.failed_attempts,
        "redrives": run.redrives,
        "count": run.count,
        "recovered": row.recovered or None,
        "laterRun": row.later,
        "earlierRuns": [each.arn for each in row.earlier],
        "startedBy": run.trigger.words or None,
        "acknowledged": None
        if mark is None
        else {"who": mark.who, "note": mark.note, "time": formatting.format_utc(mark.time)},
    }
