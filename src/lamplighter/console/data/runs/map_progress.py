"""Read how far the Map Runs of a run are: from AWS their counts, from an engine also the states of their items."""

from collections.abc import Sequence

from lamplighter.console.page import Page
from lamplighter.console.view.runs.graph_states import MapProgress
from lamplighter.runs.history.story import Story

MAX_MAP_RUNS = 20
"""The most Map Runs of a run that are read, the latest ones."""


async def read_map_progress(page: Page, story: Story) -> Sequence[MapProgress]:
    """Return the progress of the Map Runs of a run, in the order of their starts."""
    states = {each.map_run: each.state for each in story.attempts if each.map_run is not None}
    return [await _read_progress(page, arn, state) for arn, state in list(states.items())[-MAX_MAP_RUNS:]]


async def _read_progress(page: Page, arn: str, state: str) -> MapProgress:
    about = await page.call("states", "DescribeMapRun", mapRunArn=arn)
    by_state = await page.call_internal("states", "CountMapRunStates", mapRunArn=arn)
    return MapProgress(state, about, by_state or None)
