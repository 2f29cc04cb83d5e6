"""Read the runs that a distributed Map starts for its items, as if their attempts belonged to the parent run.

Guarantees that an attempt's path has the first eight characters of its run's name, and that the history of an ended run
is read only once. Reads at most 500 runs; to see others, the user names one of them.
See https://docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import islice

from lamplighter.base.json_text import Json
from lamplighter.cli.runs import find_run
from lamplighter.cli.runs.find_run import Run
from lamplighter.cli.runs.site import Site
from lamplighter.runs.story import Attempt, Story

MOST = 500


class MapChildren:
    """A reader of the runs that the Map Runs of one run started; a further call reads only what is new."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._read: dict[str, Story] = {}
        self.more = False
        """Whether there are more runs than are read."""

    def attempts(self, story: Story) -> list[Attempt]:
        """Return the attempts of a run and of the runs that it started for items."""
        return [*story.attempts, *(found for each in story.attempts if each.maprun for found in self._of(each))]

    def _of(self, map_run: Attempt) -> Iterator[Attempt]:
        started = list(islice(_started(self._site, map_run), MOST + 1))
        self.more |= len(started) > MOST
        for run in reversed(started[:MOST]):
            around = (*map_run.path, f"{map_run.state}[{run.name[:8]}]")
            yield from (replace(each, path=(*around, *each.path)) for each in self._attempts(run))

    def _attempts(self, run: Run) -> Iterable[Attempt]:
        story = self._read.get(run.arn) or find_run.read_story(self._site, run)
        if not run.running:
            self._read[run.arn] = story
        return story.attempts


def item_counts(site: Site, map_run: Attempt) -> Json:
    """Return the number of a Map Run's items in each state."""
    return site.sfn.describe_map_run(mapRunArn=map_run.maprun)["itemCounts"]


def _started(site: Site, map_run: Attempt) -> Iterator[Run]:
    pages = site.sfn.get_paginator("list_executions").paginate(mapRunArn=map_run.maprun)
    found = (find_run.parse_run(each) for page in pages for each in page["executions"])
    return (each for each in found if ":express:" not in each.arn)
