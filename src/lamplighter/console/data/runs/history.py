"""Read the history of an execution, all of it or only the new events."""

import asyncio
from collections.abc import Sequence

from lamplighter.base.json_text import Json
from lamplighter.console.calls import Calls
from lamplighter.runs.history.story import Story, read_story

HISTORY_PAGE_SIZE, NEW_EVENTS_PAGE_SIZE = 1000, 100
"""The events per request: for a whole history, and for new events."""


async def read_history(calls: Calls, arn: str) -> list[Json]:
    """Return all events in order."""
    given = {"executionArn": arn, "maxResults": HISTORY_PAGE_SIZE}
    pages = calls.call_pages("states", "GetExecutionHistory", **given)
    return [event async for answer in pages for event in answer["events"]]


async def read_events_since(calls: Calls, arn: str, last: int) -> list[Json]:
    """Return the events with IDs above `last`, in order."""
    new_events: list[Json] = []
    given = {"executionArn": arn, "maxResults": NEW_EVENTS_PAGE_SIZE, "reverseOrder": True}
    async for answer in calls.call_pages("states", "GetExecutionHistory", **given):
        fresh = [event for event in answer["events"] if event["id"] > last]
        new_events += fresh
        if len(fresh) < len(answer["events"]):
            break
    return new_events[::-1]


async def read_event(calls: Calls, arn: str, number: int) -> Json:
    """Return the event with this ID, or None if there is none."""
    events = await read_history(calls, arn)
    return next((event for event in events if event["id"] == number), None)


async def load_story(events: Sequence[Json]) -> Story:
    """Build the story of a history in a thread, because it may be long."""
    return await asyncio.to_thread(read_story, events)
