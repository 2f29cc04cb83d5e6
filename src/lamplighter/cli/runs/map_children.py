"""Read the runs that a distributed Map starts for its items, as if their attempts belonged to the parent run.

Guarantees that an attempt's path has the first eight characters of its run's name, and that the history of an ended run
is read only once. Reads at most 500 runs; to see others, the user names one of them.
See https://docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import islice

from lamplighter.base.json_text import Json
from lamplighter.cli.command_context import CommandContext
from lamplighter.cli.runs import find_run
from lamplighter.runs.history.story import Attempt, Story
from lamplighter.runs.run import Run, to_run

MAX_CHILD_RUNS = 500


class MapChildren:
    """A reader of the runs that the Map Runs of one run started; a further call reads only what is new."""

    def __init__(self, context: CommandContext) -> None:
        self._context = context
        self._stories: dict[str, Story] = {}
        self.truncated = False
        """Whether there are more runs than are read."""

    def attempts(self, story: Story) -> list[Attempt]:
        """Return the attempts of a run and of the runs that it started for items."""
        return [
            *story.attempts,
            *(found for each in story.attempts if each.map_run for found in self.attempts_of_items(each)),
        ]

    def attempts_of_items(self, map_run: Attempt) -> Iterator[Attempt]:
        """Yield the attempts of the runs that a Map Run started."""
        started = list(islice(_list_child_runs(self._context, map_run), MAX_CHILD_RUNS + 1))
        self.truncated |= len(started) > MAX_CHILD_RUNS
        for run in reversed(started[:MAX_CHILD_RUNS]):
            path_prefix = (*map_run.path, f"{map_run.state}[{run.name[:8]}]")
            yield from (replace(each, path=(*path_prefix, *each.path)) for each in self._attempts_of_run(run))

    def _attempts_of_run(self, run: Run) -> Iterable[Attempt]:
        story = self._stories.get(run.arn) or find_run.read_story(self._context, run)
        if not run.running:
            self._stories[run.arn] = story
        return story.attempts


def item_counts(context: CommandContext, map_run: Attempt) -> Json:
    """Return the number of a Map Run's items in each state."""
    return context.sfn.describe_map_run(mapRunArn=map_run.map_run)["itemCounts"]


def _list_child_runs(context: CommandContext, map_run: Attempt) -> Iterator[Run]:
    pages = context.sfn.get_paginator("list_executions").paginate(mapRunArn=map_run.map_run)
    found = (to_run(each) for page in pages for each in page["executions"])
    return (each for each in found if ":express:" not in each.arn)
