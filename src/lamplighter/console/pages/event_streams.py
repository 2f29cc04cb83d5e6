"""Serve one stream of events for everything that a browser's tabs follow.

A browser opens six connections to a host, and a stream occupies one while it lasts. If six tabs each had their own
stream, a seventh would load no page. So `static/stream.js` requests all streams together, each by its own path
(`/streams?of=/runs/…/live&of=/runs/…/logs/live?…`), and distributes the events to the tabs. Guarantees an event every
few seconds, so that the tabs notice if the engine died or hangs. The stream ends when the server stops, and when the
visitor's session ends.
See https://html.spec.whatwg.org/multipage/server-sent-events.html.
"""

import asyncio
import logging
import re
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from urllib.parse import unquote, urlsplit

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from lamplighter.base.background_tasks import running
from lamplighter.base.errors import AwsError, ValidationError
from lamplighter.base.json_text import dumps
from lamplighter.console.page import Page, page_route
from lamplighter.console.pages import log_view, logs, tasks
from lamplighter.console.pages.runs import live_run
from lamplighter.console.pages.runs.live_run import StreamEvent

log = logging.getLogger("lamplighter.console")
ALIVE_SECONDS = 5.0
"""Seconds without events before an `alive` event is sent; `static/stream.js` gives up after three such intervals."""
MAX_STREAMS = 100
"""The most streams that can be combined."""
GONE_EVENT = StreamEvent("gone", "")
"""The event for a stream that ended with an error."""
_STREAMS: Sequence[tuple[re.Pattern[str], Callable[[Page], AsyncIterator[StreamEvent]]]] = (
    (re.compile(r"/runs/(?P<arn>arn:.+)/logs/live"), partial(log_view.follow, find_target=logs.find_target)),
    (re.compile(r"/runs/(?P<arn>arn:.+)/title"), live_run.changed_title),
    (re.compile(r"/runs/(?P<arn>arn:.+)/live"), live_run.changed_parts),
    (re.compile(r"/tasks/(?P<arn>arn:.+)/log/live"), partial(log_view.follow, find_target=tasks.find_target)),
)


async def show(page: Page) -> Response:
    """Serve the combined stream."""
    paths = list(dict.fromkeys(page.request.query_params.getlist("of")))
    if len(paths) > MAX_STREAMS:
        raise ValidationError(f"one stream follows at most {MAX_STREAMS} others")
    followed = {path: _follow_path(page, path) for path in paths}
    return StreamingResponse(_merge_streams(page, followed), media_type="text/event-stream")


def _follow_path(page: Page, path: str) -> AsyncIterator[StreamEvent]:
    """Return the events of the stream at this path. Raises ValidationError if there is none."""
    parts = urlsplit(path)
    for form, follow in _STREAMS:
        if found := form.fullmatch(unquote(parts.path)):
            scope = {"path": parts.path, "query_string": parts.query.encode(), "path_params": found.groupdict()}
            request = Request({**page.request.scope, **scope})
            return follow(replace(page, request=request).at(found["arn"]))
    raise ValidationError(f"there is no stream at {path}")


async def _merge_streams(page: Page, followed: Mapping[str, AsyncIterator[StreamEvent]]) -> AsyncIterator[str]:
    queue: asyncio.Queue[tuple[str, StreamEvent] | None] = asyncio.Queue(maxsize=MAX_STREAMS)
    forwarded = (_forward_events(path, events, queue) for path, events in followed.items())
    async with running(*forwarded, _end_on_shutdown(page, queue)):
        yield _format_combined_event("", StreamEvent("alive", ""))
        while True:
            try:
                found = await asyncio.wait_for(queue.get(), ALIVE_SECONDS)
            except TimeoutError:
                found = ("", StreamEvent("alive", ""))
            if found is None or not page.has_session:
                return
            yield _format_combined_event(*found)


async def _forward_events(
    path: str, events: AsyncIterator[StreamEvent], queue: asyncio.Queue[tuple[str, StreamEvent] | None]
) -> None:
    try:
        async for each in events:
            await queue.put((path, each))
    except AwsError as error:
        log.info("a stream ended: %s", error.message)
        await queue.put((path, GONE_EVENT))


async def _end_on_shutdown(page: Page, queue: asyncio.Queue[tuple[str, StreamEvent] | None]) -> None:
    await page.console.closing.wait()
    await queue.put(None)


def _format_combined_event(path: str, event: StreamEvent) -> str:
    """Format an event of one of the streams as an event of the combined stream."""
    return f"data: {dumps({'of': path, 'event': event.name, 'id': event.event_id, 'text': event.text})}\n\n"


ROUTES = (page_route("/streams", show),)
