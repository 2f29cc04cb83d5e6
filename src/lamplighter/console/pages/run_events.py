"""Show the history of a run as AWS returns it, page by page."""

from collections.abc import Mapping, Sequence

from starlette.responses import Response

from lamplighter.base.json_text import Json, dumps
from lamplighter.console.data import job_schedules, waiting_runs
from lamplighter.console.page import Page, page_route
from lamplighter.console.pages.run import machine_of
from lamplighter.console.view import run_title

PAGE_SIZE = 50
MAX_DETAIL_LENGTH = 2_000
"""The most characters of an event's details that are shown."""


async def show(page: Page) -> Response:
    """Show the history."""
    about = await page.call("states", "DescribeExecution", executionArn=page.arn)
    page = await job_schedules.in_job_zone(page, machine_of(about))
    newest = page.query("order") == "newest"
    given = {"maxResults": PAGE_SIZE, "reverseOrder": newest, **page.read_query(nextToken="next")}
    answer = await page.call("states", "GetExecutionHistory", executionArn=page.arn, **given)
    names = states_of_events(answer["events"])
    events = [each | {"details": event_details(each), "name": names[each["id"]]} for each in answer["events"]]
    return await page.render(
        "history.html",
        arn=page.arn,
        about=about,
        named=run_title.name_run(about, page.clock),
        waits_words=await waiting_runs.read_wait(page, page.arn) if about["status"] == "RUNNING" else None,
        events=events,
        next=answer.get("nextToken"),
        newest=newest,
        shown=MAX_DETAIL_LENGTH,
    )


def event_details(event: Json) -> str | None:
    """Return the details of an event as JSON text, or None if it has none."""
    found = next((value for name, value in event.items() if name.endswith("EventDetails")), None)
    return dumps(found) if found else None


def state_name(event: Json) -> str:
    """Return the state that an event names, or an empty string."""
    found: Json = next((value for key, value in event.items() if key.endswith("EventDetails")), {})
    return str(found.get("name") or found.get("state") or "") if isinstance(found, dict) else ""


def states_of_events(events: Sequence[Json]) -> Mapping[int, str]:
    """Return the states of events by event ID. An event that names no state has the state of its predecessor."""
    found: dict[int, str] = {}
    for each in sorted(events, key=lambda event: int(event["id"])):
        previous = "" if each["type"].startswith("Execution") else found.get(each["previousEventId"], "")
        found[each["id"]] = state_name(each) or previous
    return found


ROUTES = (page_route("/runs/{arn:path}/history", show),)
