"""A run as it happens: a stream of the parts of its page that change, as server-sent events.

Promises to end with the run, with whoever looks, and with the server; to send a part only when it is another than
before; and to look the less often the longer looking takes.
See https://html.spec.whatwg.org/multipage/server-sent-events.html.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass

from starlette.responses import Response, StreamingResponse

from lamplighter.base.errors import AwsError
from lamplighter.console.data import history
from lamplighter.console.page import Page, page_route
from lamplighter.console.pages import run as runs
from lamplighter.console.pages.run import RunData

PARTS = ("summary", "states", "timeline", "maps")
"""Each is a template `run_….html`, an event's name, and the element that shows it."""
log = logging.getLogger("lamplighter.console")
SHARE = 5
"""Looking may take one part in so many of the time."""
QUIET = 15.0
"""Seconds after which a word is sent all the same, so that a connection that is gone is noticed."""


@dataclass(frozen=True, slots=True)
class StreamEvent:
    """Something that happened."""

    name: str
    text: str
    place: str = ""
    """Where the stream is after it: comes back as Last-Event-ID when a browser connects again."""


async def show(page: Page) -> Response:
    """The stream"""
    return stream_response(changed_parts(page))


def stream_response(events: AsyncIterator[StreamEvent | None]) -> Response:
    """Events as they come; what is refused on the way ends them, and the browser asks again."""
    return StreamingResponse(_until_refused(events), media_type="text/event-stream")


async def _until_refused(events: AsyncIterator[StreamEvent | None]) -> AsyncIterator[str]:
    try:
        async for each in events:
            yield ": still here\n\n" if each is None else format_event(each)
    except AwsError as error:
        log.info("a stream ended: %s", error.message)


async def changed_parts(page: Page) -> AsyncIterator[StreamEvent | None]:
    """The parts of a run's page that change, to its end; None where nothing has happened for a while."""
    run = await runs.read_run(page)
    sent: dict[str, str] = {}
    silent = 0.0
    while True:
        begun = page.console.world.monotonic()
        is_first = not sent
        values = await runs.live_values(page, run)
        for part in PARTS:
            text = await page.render_text(f"run_{part}.html", **values)
            if sent.get(part) != text:
                sent[part] = text
                silent = 0.0
                yield StreamEvent(part, text)
        if not run.running:
            yield StreamEvent("end", "")
            return
        # The first look may have loaded the templates, and tells nothing of those that follow.
        took = 0.0 if is_first else (page.console.world.monotonic() - begun) / 1000
        rest = max(page.console.port.patience, SHARE * took)
        if await wait_or_stop(page, rest):
            return
        silent += rest
        if silent > QUIET:
            silent = 0.0
            yield None
        run = await _later(page, run)


async def wait_or_stop(page: Page, seconds: float) -> bool:
    """Wait a while; whether the server is about to stop."""
    try:
        await asyncio.wait_for(page.console.closing.wait(), seconds)
    except TimeoutError:
        return False
    return True


async def _later(page: Page, run: RunData) -> RunData:
    """The run as it is now."""
    about = await page.call("states", "DescribeExecution", executionArn=run.arn)
    news = await history.events_since(page, run.arn, run.events[-1]["id"] if run.events else 0)
    if not news:
        return RunData(about, run.definition, run.events, run.story)
    events = [*run.events, *news]
    return RunData(about, run.definition, events, await history.load_story(events))


def format_event(event: StreamEvent) -> str:
    """One event of a stream, as browsers read it."""
    lines = "".join(f"data: {line}\n" for line in event.text.splitlines() or [""])
    named = f"id: {event.place}\n" if event.place else ""
    return f"event: {event.name}\n{named}{lines}\n"


ROUTES = (page_route("/runs/{arn:path}/live", show),)
