"""Reading the history of an execution, whole or what is new of it."""

import asyncio
from collections.abc import Sequence

from lamplighter.base.json_text import Json
from lamplighter.console.page import Page
from lamplighter.runs.story import Story, read_story

LARGEST, NEWS = 1000, 100
"""Events of a request."""


async def read_history(page: Page, arn: str) -> list[Json]:
    """All events, in order."""
    events: list[Json] = []
    token: dict[str, str] = {}
    while True:
        answer = await page.call("states", "GetExecutionHistory", executionArn=arn, maxResults=LARGEST, **token)
        events += answer["events"]
        if not answer.get("nextToken"):
            return events
        token = {"nextToken": answer["nextToken"]}


async def events_since(page: Page, arn: str, last: int) -> list[Json]:
    """The events after the one of a number, in order."""
    news: list[Json] = []
    token: dict[str, str] = {}
    while True:
        asked = {"executionArn": arn, "maxResults": NEWS, "reverseOrder": True} | token
        answer = await page.call("states", "GetExecutionHistory", **asked)
        fresh = [event for event in answer["events"] if event["id"] > last]
        news += fresh
        if len(fresh) < len(answer["events"]) or not answer.get("nextToken"):
            return news[::-1]
        token = {"nextToken": answer["nextToken"]}


async def read_event(page: Page, arn: str, number: int) -> Json:
    """One event by its number, which is its place in the history; None where there is none."""
    events = await read_history(page, arn)
    return next((event for event in events if event["id"] == number), None)


async def load_story(events: Sequence[Json]) -> Story:
    """The story of a history: beside the loop, for it may be long."""
    return await asyncio.to_thread(read_story, events)
