"""Run `lamplighter history`: show what happened in a run, attempt by attempt.

Exit codes: 0 the history was shown, for any result of the run; 1 there is no such run.
"""

from typing import Annotated

import typer
from rich.text import Text

from lamplighter.base.json_text import Json
from lamplighter.base.world import real_world
from lamplighter.cli.command_context import CommandContext, with_stored_context
from lamplighter.cli.local_zone import local_zone
from lamplighter.cli.runs import find_run, find_task, formatting, result_text
from lamplighter.cli.runs.arguments import RunArgument
from lamplighter.cli.runs.attempt_labels import AttemptLabels, labels_for
from lamplighter.cli.runs.find_task import FoundTask
from lamplighter.cli.runs.history_rows import HistoryRow, history_rows
from lamplighter.cli.runs.last_output import print_last_output
from lamplighter.cli.runs.map_children import MapChildren, item_counts
from lamplighter.cli.runs.task_history import print_task_history
from lamplighter.cli.runs.waiting_tasks import waiting_reasons
from lamplighter.runs.failures.blamed_attempt import blamed_attempt, blamed_item
from lamplighter.runs.failures.failure_reasons import failure_reason
from lamplighter.runs.history.attempt_numbers import read_numbered_story
from lamplighter.runs.history.story import Story
from lamplighter.runs.history.waiting import WAITING, WAITS_FOR_TURN, is_waiting, started_tasks, waits_for_turn
from lamplighter.runs.printable_text import printable_line
from lamplighter.runs.redrive_outcome import why_not_redrive
from lamplighter.runs.run import Run

ITEM_STATE_WORDS = {
    "succeeded": "succeeded", "failed": "failed", "aborted": "stopped", "timedOut": "timed out", "running": "running",
    "pending": "pending",
}  # fmt: skip
"""The words for the states of a Map Run's items."""


@with_stored_context
def history(
    context: CommandContext,
    run: RunArgument,
    *,
    states: Annotated[
        bool | None,
        typer.Option(
            "--states/--no-states", help="Show every state, too (default for state machines without a job file)."
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the run and each row as JSON, one per line.")] = False,
) -> None:
    """Show what happened in a run: attempts, exit codes, reasons, waits, and how it ended."""
    given = find_task.find_run_or_task(context, run)
    if isinstance(given, FoundTask):
        print_task_history(context, given, json=json)
        return
    found = find_run.with_details(context, given)
    events = find_run.read_events(context, found)
    story = read_numbered_story(events)
    definition = find_run.read_definition(context, found)
    labels = labels_for(definition, story.redriven)
    all_states = not labels.from_job_file if states is None else states
    waiting = {} if json else waiting_reasons(context, started_tasks(story))
    rows = history_rows(story, definition, waiting, states=all_states)
    if json:
        formatting.print_json_lines([_run_document(found, story, events), *(each.document for each in rows)])
        return
    job = find_run.job_of_run(context, found, run)
    _print_head(found, job, story, events, WAITING if is_waiting(story, waiting) else found.state)
    formatting.print_table(
        ["TIME", "WHAT", "TOOK", "RESULT"], [_row_cells(each, story.began or each.time) for each in rows]
    )
    _print_end(found, story)
    _print_item_counts(context, story)
    _print_last_output(context, story, labels)
    _print_hints(context, found, why_not_redrive(found, events, definition), job)


def _run_document(run: Run, story: Story, events: list[Json]) -> Json:
    return {
        "kind": "run",
        **result_text.run_json(run),
        "machine": run.machine,
        "input": _run_input(events),
        "error": story.error,
        "reason": failure_reason(story.cause),
        "cause": story.cause,
    }


def _run_input(events: list[Json]) -> str:
    details = events[0].get("executionStartedEventDetails") if events else None
    return (details or {}).get("input") or "{}"


def _print_head(run: Run, job: str, story: Story, events: list[Json], status: str) -> None:
    out = formatting.make_console()
    ended = story.ended or real_world().now()
    out.print(Text.assemble((job, "bold"), f"  {run.name}  ", formatting.status_text(status)))
    began = story.began or run.began
    duration = (
        f", took {formatting.format_milliseconds(story.running_time(began, ended))}"
        if story.ended
        else f", {formatting.format_distance(began, ended)}"
    )
    out.print(Text.assemble(("began  ", "dim"), f"{formatting.format_instant(began)} ({local_zone().key}){duration}"))
    out.print(Text.assemble(("input  ", "dim"), _shorten(printable_line(_run_input(events)))))
    out.print()


def _shorten(text: str, max_characters: int = 200) -> str:
    return text if len(text) <= max_characters else text[: max_characters - 1] + "…"


def _row_cells(row: HistoryRow, began: int) -> list[Text | str]:
    took = "" if row.took is None else formatting.format_milliseconds(row.took)
    return [
        Text(formatting.format_clock(row.time, began), "dim"),
        row.what,
        took,
        Text(row.result, formatting.STATUS_STYLES.get(row.status, "")),
    ]


def _print_item_counts(context: CommandContext, story: Story) -> None:
    """Print the number of items of each distributed Map in each state."""
    for each in (each for each in story.attempts if each.map_run):
        counts = item_counts(context, each)
        numbers = [
            f"{count} {ITEM_STATE_WORDS[name]}" for name, count in counts.items() if count and name in ITEM_STATE_WORDS
        ]
        formatting.make_console().print(
            Text.assemble((f"{result_text.state_path(each)}: ", "bold"), ", ".join(numbers) or "no items")
        )


def _print_last_output(context: CommandContext, story: Story, labels: AttemptLabels) -> None:
    """Print the last lines of the attempt that caused a run's failure; they often contain the reason."""
    blamed = blamed_attempt(story, from_job_file=labels.from_job_file)
    if blamed is not None and blamed.map_run:
        blamed = blamed_item(blamed, MapChildren(context).attempts_of_items(blamed))
    if blamed is not None:
        print_last_output(context, blamed, labels.title(blamed))


def _print_end(run: Run, story: Story) -> None:
    if waits_for_turn(story):
        formatting.make_console().print(f"the run {WAITS_FOR_TURN}")
    if story.ended is None:
        return
    when = formatting.format_clock(story.ended, story.began or story.ended)
    style = formatting.STATUS_STYLES.get("skipped" if run.skipped else story.outcome, "")
    formatting.make_console().print(Text.assemble((f"{when}  ", "dim"), (result_text.run_end_text(run, story), style)))


def _print_hints(context: CommandContext, run: Run, objection: str | None, job: str) -> None:
    """Print commands that the user may want next; `objection` is the reason not to redrive the run, or None."""
    hints = [f"logs {job}:{run.name}"]
    if run.running:
        hints.append(f"stop {job}:{run.name}")
    elif run.status != "SUCCEEDED":
        hints.append(f"redrive {job}:{run.name}" if objection is None else f"run {job}")
    formatting.make_console().print(Text("\n" + "\n".join(map(context.hint, hints)), "dim"))
