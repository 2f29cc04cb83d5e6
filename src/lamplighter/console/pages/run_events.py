"""The history of a run as AWS has it, a page at a time."""

from collections.abc import Mapping, Sequence

from starlette.responses import Response

from lamplighter.base.json_text import Json, dumps
from lamplighter.console.data import skipped_runs
from lamplighter.console.page import Page, page_route

PAGE = 50
SHOWN = 2_000
"""Characters of an event's details."""


async def show(page: Page) -> Response:
    """The history"""
    about = await page.call("states", "DescribeExecution", executionArn=page.arn)
    newest = page.query("order") == "newest"
    token = {"nextToken": following} if (following := page.query("next")) else {}
    answer = await page.call(
        "states", "GetExecutionHistory", executionArn=page.arn, maxResults=PAGE, reverseOrder=newest, **token
    )
    names = states_of_events(answer["events"])
    events = [each | {"details": event_details(each), "name": names[each["id"]]} for each in answer["events"]]
    return await page.render(
        "history.html",
        arn=page.arn,
        about=about,
        skipped_for=skipped_runs.made_way_for(about),
        events=events,
        next=answer.get("nextToken"),
        newest=newest,
        shown=SHOWN,
    )


def event_details(event: Json) -> str | None:
    """What an event tells beside its type, as text; documents in it as documents."""
    found = next((value for name, value in event.items() if name.endswith("EventDetails")), None)
    return dumps(found) if found else None


def state_name(event: Json) -> str:
    """The state that an event is about, where it says so."""
    found: Json = next((value for key, value in event.items() if key.endswith("EventDetails")), {})
    return str(found.get("name") or found.get("state") or "") if isinstance(found, dict) else ""


def states_of_events(events: Sequence[Json]) -> Mapping[int, str]:
    """The states that events are about, by their numbers: where an event says nothing, that of the one before it."""
    found: dict[int, str] = {}
    for each in sorted(events, key=lambda event: int(event["id"])):
        around = "" if each["type"].startswith("Execution") else found.get(each["previousEventId"], "")
        found[each["id"]] = state_name(each) or around
    return found


ROUTES = (page_route("/runs/{arn:path}/history", show),)
