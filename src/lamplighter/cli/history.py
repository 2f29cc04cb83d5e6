"""`lamplighter history`: what happened in a run, attempt by attempt.

Exit codes: 0 it is told, however the run ended; 1 there is no such run.
"""

from typing import Annotated

import typer
from rich.text import Text

from lamplighter.base.jsontext import Json
from lamplighter.base.world import real_world
from lamplighter.cli.watch import machines, runs, show, words
from lamplighter.cli.watch.again import hindrance
from lamplighter.cli.watch.arguments import RunArgument
from lamplighter.cli.watch.rows import Row, rows
from lamplighter.cli.watch.runs import Run
from lamplighter.cli.watch.site import Site, on_site
from lamplighter.jobs.reasons import reason
from lamplighter.jobs.story import Story, read


@on_site
def history(
    site: Site,
    run: RunArgument,
    states: Annotated[
        bool | None, typer.Option("--states/--no-states", help="Every state too; usual where no job file made it.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the run and each row as JSON, one a line.")] = False,  # noqa: FBT002
) -> None:
    """Tell what happened in a run: attempts, exit codes, reasons, waits, and how it ended."""
    found = runs.find(site, run)
    events = runs.events(site, found)
    story = read(events)
    every = not machines.of_a_job(site, machines.Machine(found.machine, "")) if states is None else states
    told = rows(story, runs.definition(site, found), states=every)
    if json:
        show.documents([_document(found, story, events), *(each.document for each in told)])
        return
    _head(found, story, events)
    show.table(["TIME", "WHAT", "TOOK", "RESULT"], [_cells(each, story.began or each.time) for each in told])
    _foot(found, story, runs.word(site, found))


def _document(run: Run, story: Story, events: list[Json]) -> Json:
    return {
        "kind": "run",
        **words.run_json(run),
        "machine": run.machine,
        "input": _input(events),
        "error": story.error,
        "reason": reason(story.cause),
        "cause": story.cause,
    }


def _input(events: list[Json]) -> str:
    details = events[0].get("executionStartedEventDetails") if events else None
    return (details or {}).get("input") or "{}"


def _head(run: Run, story: Story, events: list[Json]) -> None:
    out = show.console()
    ended = story.ended or real_world().now()
    style = show.STYLES.get(story.outcome, "")
    out.print(Text.assemble((run.arn.split(":")[6], "bold"), f"  {run.name}  ", (words.ending(story), style)))
    began = story.began or run.began
    length = f", took {show.lasted(ended - began)}" if story.ended else f", {show.near(began, ended)}"
    out.print(Text.assemble(("began  ", "dim"), f"{show.moment(began)} ({show.utc(began)}){length}"))
    out.print(Text.assemble(("input  ", "dim"), _short(_input(events))))
    out.print()


def _short(text: str, longest: int = 200) -> str:
    return text if len(text) <= longest else text[: longest - 1] + "…"


def _cells(row: Row, began: int) -> list[Text | str]:
    took = "" if row.took is None else show.lasted(row.took)
    return [Text(show.clock(row.time, began), "dim"), row.what, took, Text(row.result, show.STYLES.get(row.status, ""))]


def _foot(run: Run, story: Story, word: str) -> None:
    out = show.console()
    if story.ended is not None:
        was = "was " if story.outcome == "aborted" else ""
        text = Text(words.ending(story), show.STYLES.get(story.outcome, ""))
        when = show.clock(story.ended, story.began or story.ended)
        out.print(Text.assemble((f"{when}  ", "dim"), f"the run {was}", text))
    hints = [f"lamplighter logs {word}:{run.name}"]
    if run.running:
        hints.append(f"lamplighter stop {word}:{run.name}")
    elif run.status != "SUCCEEDED":
        again = f"redrive {word}:{run.name}" if hindrance(run, story) is None else f"run {word}"
        hints.append(f"lamplighter {again}")
    out.print()
    out.print(Text("\n".join(hints), "dim"))
