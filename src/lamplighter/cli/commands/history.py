"""Run `lamplighter history`: show what happened in a run, attempt by attempt.

Exit codes: 0 the history was shown, for any result of the run; 1 there is no such run.
"""

from collections import deque
from typing import Annotated

import typer
from rich.text import Text

from lamplighter.base.json_text import Json
from lamplighter.base.world import real_world
from lamplighter.cli.runs import failure_words, find_run, formatting
from lamplighter.cli.runs.arguments import RunArgument
from lamplighter.cli.runs.attempt_labels import labels_for
from lamplighter.cli.runs.attempt_numbers import read_numbered_story
from lamplighter.cli.runs.check_redrive import why_not_redrive
from lamplighter.cli.runs.find_run import Run
from lamplighter.cli.runs.map_children import MapChildren, item_counts
from lamplighter.cli.runs.output import RunOutput
from lamplighter.cli.runs.rows import Row, history_rows
from lamplighter.cli.runs.site import Site, with_site
from lamplighter.runs.failure_reasons import failure_reason
from lamplighter.runs.story import Attempt, Story

LAST_WORDS = 5
"""The most lines of output that are shown of a failed attempt."""


@with_site
def history(
    site: Site,
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
    found = find_run.with_details(site, find_run.find_run(site, run))
    events = find_run.read_events(site, found)
    story = read_numbered_story(events)
    definition = find_run.read_definition(site, found)
    every = not labels_for(definition).job if states is None else states
    told = history_rows(story, definition, states=every)
    if json:
        formatting.print_json_lines([_document(found, story, events), *(each.document for each in told)])
        return
    _head(found, story, events)
    formatting.print_table(
        ["TIME", "WHAT", "TOOK", "RESULT"], [_cells(each, story.began or each.time) for each in told]
    )
    _end(found, story)
    _items(site, story)
    _last_words(site, found, story)
    _hints(found, why_not_redrive(found, events, definition), find_run.display_name(site, found, run))


def _document(run: Run, story: Story, events: list[Json]) -> Json:
    return {
        "kind": "run",
        **failure_words.run_json(run),
        "machine": run.machine,
        "input": _input(events),
        "error": story.error,
        "reason": failure_reason(story.cause),
        "cause": story.cause,
    }


def _input(events: list[Json]) -> str:
    details = events[0].get("executionStartedEventDetails") if events else None
    return (details or {}).get("input") or "{}"


def _head(run: Run, story: Story, events: list[Json]) -> None:
    out = formatting.console_for()
    ended = story.ended or real_world().now()
    out.print(Text.assemble((run.arn.split(":")[6], "bold"), f"  {run.name}  ", formatting.status_text(run.state)))
    began = story.began or run.began
    length = (
        f", took {formatting.format_milliseconds(story.running_time(began, ended))}"
        if story.ended
        else f", {formatting.format_distance(began, ended)}"
    )
    out.print(
        Text.assemble(
            ("began  ", "dim"), f"{formatting.format_instant(began)} ({formatting.format_utc(began)}){length}"
        )
    )
    out.print(Text.assemble(("input  ", "dim"), _short(_input(events))))
    out.print()


def _short(text: str, longest: int = 200) -> str:
    return text if len(text) <= longest else text[: longest - 1] + "…"


def _cells(row: Row, began: int) -> list[Text | str]:
    took = "" if row.took is None else formatting.format_milliseconds(row.took)
    return [
        Text(formatting.format_clock(row.time, began), "dim"),
        row.what,
        took,
        Text(row.result, formatting.STYLES.get(row.status, "")),
    ]


def _items(site: Site, story: Story) -> None:
    """Print the number of items of each distributed Map in each state."""
    for each in (each for each in story.attempts if each.maprun):
        numbers = [f"{count} {failure_words.ITEMS[name]}" for name, count in item_counts(site, each).items()
                   if count and name in failure_words.ITEMS]  # fmt: skip
        formatting.console_for().print(
            Text.assemble((f"{failure_words.state_path(each)}: ", "bold"), ", ".join(numbers) or "no items")
        )


def _last_words(site: Site, run: Run, story: Story) -> None:
    """Print the last lines of the attempt with which an unsuccessful run ended; they often contain the reason."""
    if story.outcome in ("succeeded", "running"):
        return
    last = _last(MapChildren(site).attempts(story), story)
    lines = [] if last is None else deque(RunOutput(site, tail=LAST_WORDS).all_lines([last]), maxlen=LAST_WORDS)
    if last is not None and lines:
        title = labels_for(find_run.read_definition(site, run), story.redriven).title(last)
        formatting.console_for().print(Text(f"\nThe last output of {title}:", "dim"))
        formatting.console_for().print(Text("\n".join(f"    {line.text}" for line in lines)))


def _last(attempts: list[Attempt], story: Story) -> Attempt | None:
    """Return the attempt that failed last; in a failed run, ignore attempts that were stopped with the run."""
    over = [each for each in attempts if each.failed and each.task]
    ended_it = [each for each in over if each.outcome != "aborted"] if story.outcome == "failed" else []
    return max(ended_it or over, key=lambda each: each.ended or 0, default=None)


def _end(run: Run, story: Story) -> None:
    if story.ended is None:
        return
    when = formatting.format_clock(story.ended, story.began or story.ended)
    style = formatting.STYLES.get("skipped" if run.skipped else story.outcome, "")
    formatting.console_for().print(Text.assemble((f"{when}  ", "dim"), (failure_words.run_end(run, story), style)))


def _hints(run: Run, hindered: str | None, word: str) -> None:
    """Print commands that the user may want next; `hindered` is the reason not to redrive the run, or None."""
    hints = [f"lamplighter logs {word}:{run.name}"]
    if run.running:
        hints.append(f"lamplighter stop {word}:{run.name}")
    elif run.status != "SUCCEEDED":
        again = f"redrive {word}:{run.name}" if hindered is None else f"run {word}"
        hints.append(f"lamplighter {again}")
    formatting.console_for().print(Text("\n" + "\n".join(hints), "dim"))
