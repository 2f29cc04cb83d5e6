"""Follow the changing parts of a run's page, and the title of its tab, while the run is running.

Guarantees that the events end with the run and with the server, and that there is one for a part only if it changed.
The longer a poll takes, the less often the run is polled. `pages/event_streams.py` sends the events.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

from lamplighter.base.json_text import dumps
from lamplighter.console.data.runs import history
from lamplighter.console.data.runs.waiting_runs import describe_run
from lamplighter.console.page import Page
from lamplighter.console.pages.runs import run as runs
from lamplighter.console.pages.runs.run import RunData
from lamplighter.console.view.runs import run_title

PARTS = ("summary", "states", "timeline", "maps")
"""The parts of the page. Each is a template `run_….html`, the name of an event, and the element that shows it."""
TITLE_SECONDS = 1.0
"""Seconds between two polls of a run for the title of a tab."""
PAUSE_FACTOR = 5
"""The ratio of waiting to polling: after a poll, the stream waits at least this many times as long."""


@dataclass(frozen=True, slots=True)
class StreamEvent:
    """One server-sent event."""

    name: str
    text: str
    event_id: str = ""
    """The position in the stream after the event. A browser that reconnects asks for what follows it."""


async def changed_parts(page: Page) -> AsyncIterator[StreamEvent]:
    """Yield the changed parts of a run's page until the run ends."""
    run = await runs.read_run(page)
    sent: dict[str, str] = {}
    while True:
        started = page.console.world.monotonic()
        is_first = not sent
        values = await runs.live_values(page, run)
        for part in PARTS:
            text = await page.render_text(f"run_{part}.html", **values)
            if sent.get(part) != text:
                sent[part] = text
                yield StreamEvent(part, text)
        if not run.running:
            yield StreamEvent("end", "")
            return
        # The first poll may have loaded the templates, so its duration does not predict that of the others.
        took = 0.0 if is_first else (page.console.world.monotonic() - started) / 1000
        if await wait_or_stop(page, max(page.port.poll_seconds, PAUSE_FACTOR * took)):
            return
        run = await _refresh_run(page, run)


async def changed_title(page: Page) -> AsyncIterator[StreamEvent]:
    """Yield the title and the icon of a run's tab whenever its status changes, until the run ends.

    Tabs in the background follow nothing else, so this makes one call of AWS each time.
    """
    sent = ""
    while True:
        about = await describe_run(page, page.arn, max_calls=0)
        named = run_title.name_run(about, page.clock, page.names)
        text = dumps({"title": named.tab, "icon": page.console.templates.static_urls[named.icon]})
        if text != sent:
            sent = text
            yield StreamEvent("title", text)
        if not named.running:
            yield StreamEvent("end", "")
            return
        if await wait_or_stop(page, max(TITLE_SECONDS, page.port.poll_seconds)):
            return


async def wait_or_stop(page: Page, seconds: float) -> bool:
    """Wait; return whether the server is about to stop."""
    try:
        await asyncio.wait_for(page.console.closing.wait(), seconds)
    except TimeoutError:
        return False
    return True


async def _refresh_run(page: Page, run: RunData) -> RunData:
    """Read the run's new events."""
    about = await describe_run(page, run.arn)
    new_events = await history.read_events_since(page, run.arn, run.events[-1]["id"] if run.events else 0)
    if not new_events:
        return RunData(about, run.definition, run.events, run.story)
    events = [*run.events, *new_events]
    return RunData(about, run.definition, events, await history.load_story(events))
