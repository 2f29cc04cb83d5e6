"""Decide whether the failed items of a Map Run can be run again: by a redrive of the run that has the Map.

"When you redrive a parent workflow, Step Functions redrives all the unsuccessful child executions in a Map Run", which
is only possible if the run continues in the Map. Guarantees a reason in words wherever it is not possible. Pure.
See https://docs.aws.amazon.com/step-functions/latest/dg/redrive-map-run.html.
"""

from collections.abc import Sequence

from lamplighter.base.json_text import Json
from lamplighter.runs.history.story import Story
from lamplighter.runs.redrive_outcome import why_not_redrive
from lamplighter.runs.run import to_run


def unsuccessful_items(map_run: Json) -> int:
    """Return how many items a redrive of a Map Run would run again, given the answer of DescribeMapRun."""
    counts = map_run["itemCounts"]
    ended: int = counts["failed"] + counts["timedOut"] + counts["aborted"]
    return max(0, ended - int(counts.get("failuresNotRedrivable") or 0))


def why_not_run_again(map_run: Json, about: Json, events: Sequence[Json], story: Story, definition: Json) -> str | None:
    """Return why the failed items of a Map Run cannot be run again, or None if they can.

    `about` is the run that has the Map, as DescribeExecution returns it.
    """
    if map_run["status"] == "RUNNING":
        return "the Map Run is still running"
    if map_run["status"] == "SUCCEEDED":
        return "the Map Run succeeded, because the Map tolerates failed items; only the items of a failed one run again"
    return why_not_redrive(to_run(about), events, definition) or _why_not_continued(story, map_run["mapRunArn"])


def _why_not_continued(story: Story, map_run: str) -> str | None:
    """Return why a redrive of the run would not continue this Map Run."""
    for visit in reversed(story.visits):
        attempts = [each.map_run for each in story.attempts_of(visit)]
        if map_run in attempts:
            if attempts[-1] != map_run:
                return "the run tried the Map again, in a later Map Run"
            return f"the run went on after the state {visit.state}" if visit.left is not None else None
    return None
