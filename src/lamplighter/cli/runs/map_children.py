"""The runs that a distributed Map starts for its items, as if their attempts were those of the run that it belongs to.

Promises each attempt under a path that ends with the first letters of its run's name, and one reading of every history
that is over. Refuses to read more than 500 runs: whoever has more looks at one of them.
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
    """What the Map Runs of one run have started; asked again, it reads what is new."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._read: dict[str, Story] = {}
        self.more = False
        """Whether there are more than are read."""

    def attempts(self, story: Story) -> list[Attempt]:
        """All attempts of a run and of the runs that it started for items."""
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
    """How many items of a Map Run are in which state."""
    return site.sfn.describe_map_run(mapRunArn=map_run.maprun)["itemCounts"]


def _started(site: Site, map_run: Attempt) -> Iterator[Run]:
    pages = site.sfn.get_paginator("list_executions").paginate(mapRunArn=map_run.maprun)
    found = (find_run.parse_run(each) for page in pages for each in page["executions"])
    return (each for each in found if ":express:" not in each.arn)
