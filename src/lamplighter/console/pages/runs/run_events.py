"""Show the history of a run in numbered pages, by state and by type of event, and offer all of it as a JSON file."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence

from starlette.responses import Response, StreamingResponse

from lamplighter.base.json_text import Json, dumps
from lamplighter.base.masking import mask_secrets
from lamplighter.console.data.runs import history, waiting_runs
from lamplighter.console.page import Page, page_route
from lamplighter.console.view.attachment import attachment_header
from lamplighter.console.view.list_filters import found_filter
from lamplighter.console.view.paging import take_page
from lamplighter.console.view.runs import run_title
from lamplighter.runs.run import is_running

PAGE_SIZE = 50
MAX_DETAIL_LENGTH = 2_000
"""The most characters of an event's details that are shown."""


async def show(page: Page) -> Response:
    """Show a page of the history."""
    about = await waiting_runs.describe_run(page, page.arn)
    events = await history.read_history(page, page.arn)
    names = states_of_events(events)
    state, kind, newest = page.query("state"), page.query("type"), page.query("order") == "newest"
    of_state = [each for each in events if state in (None, names[each["id"]])]
    of_kind = [each for each in events if kind in (None, each["type"])]
    chosen = [each for each in of_state if kind in (None, each["type"])]
    shown, paging = take_page(chosen[::-1] if newest else chosen, page.query_number("page"), PAGE_SIZE)
    return await page.render(
        "history.html",
        arn=page.arn,
        about=about,
        named=run_title.name_run(about, page.clock, page.names),
        events=[each | {"details": event_details(each), "name": names[each["id"]]} for each in shown],
        paging=paging,
        filters=(
            found_filter("state", "State", (names[each["id"]] for each in of_kind), state),
            found_filter("type", "Event", (each["type"] for each in of_state), kind),
        ),
        newest=newest,
        shown=MAX_DETAIL_LENGTH,
        rest=page.port.list_poll_seconds if is_running(about["status"]) else None,
    )


async def download(page: Page) -> Response:
    """Return the whole history as a JSON file, as GetExecutionHistory returns it, with secrets masked."""
    answers = page.call_pages(
        "states", "GetExecutionHistory", executionArn=page.arn, maxResults=history.HISTORY_PAGE_SIZE
    )
    first = await anext(answers)  # A run that does not exist is an error page and not a file.
    machine, run = page.arn.split(":")[6:8]
    headers = {"content-disposition": attachment_header(f"{machine.split('/')[0]}-{run}-history.json")}
    return StreamingResponse(_to_file(first, answers), headers=headers, media_type="application/json")


async def _to_file(first: Json, rest: AsyncIterator[Json]) -> AsyncIterator[str]:
    yield '{"events":[\n' + await asyncio.to_thread(_event_lines, first["events"])
    async for answer in rest:
        if answer["events"]:
            yield ",\n" + await asyncio.to_thread(_event_lines, answer["events"])
    yield "\n]}\n"


def _event_lines(events: Sequence[Json]) -> str:
    return ",\n".join(dumps(mask_secrets(each)) for each in events)


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


ROUTES = (page_route("/runs/{arn:path}/history/file", download), page_route("/runs/{arn:path}/history", show))
