"""Show the output of a run's containers: live, page by page, as a file, and searched.

Guarantees that all lines can be read: in pages from the end backwards, in one file, and by a search of CloudWatch Logs.
Requires containers with the awslogs driver, because AWS keeps no other output.
See https://docs.aws.amazon.com/AmazonECS/latest/developerguide/using_awslogs.html.
"""

from collections.abc import AsyncIterator, Sequence

from starlette.responses import Response

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json, dumps
from lamplighter.console.data import container_output, history, job_schedules
from lamplighter.console.page import Page, page_route
from lamplighter.console.pages import live_run
from lamplighter.console.pages.live_run import StreamEvent
from lamplighter.console.pages.run import machine_of
from lamplighter.console.view import run_title
from lamplighter.runs.log_stream import LogSource, log_sources
from lamplighter.runs.story import Story
from lamplighter.runs.waiting import WAITS_FOR_WORKER, waits_for_worker

MAX_LINES = 400
"""The most lines on a page."""
MAX_CHARACTERS = 120_000
"""The most characters on a page; if lines are long, the page has fewer lines."""
GRACE_SECONDS = 2.0
"""Seconds without new lines after a container's end until its log counts as complete."""


async def find_log_sources(page: Page, story: Story) -> Sequence[LogSource]:
    """Return the containers that write a log, in the order of their attempts."""
    definitions = dict.fromkeys(each.definition for each in story.attempts if each.task and each.definition)
    containers = {each: await container_output.read_containers(page, each) for each in definitions}
    return [found for each in story.attempts for found in log_sources(each, containers.get(each.definition or "", ()))]


def choose_source(page: Page, sources: Sequence[LogSource]) -> LogSource | None:
    """Return the source that the query names, otherwise that of the last attempt."""
    attempt, container = page.query("attempt"), page.query("container")
    fit = [each for each in sources if attempt is None or str(each.attempt.event) == attempt]
    named = [each for each in fit if container is None or each.container == container]
    if attempt is None and named:
        named = [each for each in named if each.attempt.event == named[-1].attempt.event]
    return named[0] if named else None


async def show(page: Page) -> Response:
    """Show the log."""
    about = await page.call("states", "DescribeExecution", executionArn=page.arn)
    page = await job_schedules.in_job_zone(page, machine_of(about))
    story = await history.load_story(await history.read_history(page, page.arn))
    sources = await find_log_sources(page, story)
    source = choose_source(page, sources)
    lines = {"events": (), "more": False} | (await read_lines(page, source) if source else {})
    return await page.render(
        "logs.html",
        arn=page.arn,
        about=about,
        named=run_title.name_run(about, page.clock),
        waits_words=WAITS_FOR_WORKER if waits_for_worker(story) else None,
        sources=sources,
        source=source,
        lines=lines,
        find=page.query("find") or "",
        live=source is not None and source.attempt.outcome == "running" and not page.query("find"),
    )


async def read_lines(page: Page, source: LogSource) -> Json:
    """Read a page of lines: the search results, the lines before a token, or the end of the log."""
    if (find := page.query("find")) is not None:
        return await _search(page, source, find, page.query("next"))
    token = page.read_query(nextToken="before")
    limit = MAX_LINES
    while True:
        found = await container_output.read_log_page(page, source.log, limit=limit, startFromHead=False, **token)
        if limit == 1 or sum(len(event["message"]) for event in found["events"]) <= MAX_CHARACTERS:
            return found | {"more": len(found["events"]) == limit}
        limit = max(1, limit // 4)


async def _search(page: Page, source: LogSource, find: str, token: str | None) -> Json:
    """Search for lines that contain a text, exactly as it is written.

    CloudWatch Logs may return empty pages before the next match, so the search continues until it finds one.
    """
    params = {"logGroupName": source.log.group, "logStreamNames": [source.log.stream], "limit": MAX_LINES}
    params |= {"filterPattern": dumps(find)} | ({"nextToken": token} if token else {})
    try:
        answer = await page.call("logs", "FilterLogEvents", **params)
        while not answer["events"] and answer.get("nextToken"):
            answer = await page.call("logs", "FilterLogEvents", **params | {"nextToken": answer["nextToken"]})
    except AwsError as error:
        if "NotFound" in error.code:
            return {"events": []}
        raise
    return answer


async def stream_lines(page: Page) -> Response:
    """Stream new lines as server-sent events, beginning after the token of the page."""
    return live_run.stream_response(page, new_lines(page))


async def new_lines(page: Page) -> AsyncIterator[StreamEvent | None]:
    """Yield the lines of a log as they are written, until its end, and None after each wait."""
    about = await page.call("states", "DescribeExecution", executionArn=page.arn)
    page = await job_schedules.in_job_zone(page, machine_of(about))
    token = page.request.headers.get("last-event-id") or page.query("after")
    silent_seconds = 0.0
    while True:
        story = await history.load_story(await history.read_history(page, page.arn))
        source = choose_source(page, await find_log_sources(page, story))
        if source is None:
            return
        while True:
            given = {"nextToken": token} if token else {}
            answer = await container_output.read_log_page(
                page, source.log, limit=MAX_LINES, startFromHead=True, **given
            )
            token = answer.get("nextForwardToken", token)
            if not answer["events"]:
                break
            silent_seconds = 0.0
            yield StreamEvent("lines", await page.render_text("log_lines.html", lines=answer), token or "")
        if source.attempt.outcome != "running" and silent_seconds > GRACE_SECONDS:
            yield StreamEvent("end", "")
            return
        pause = page.console.port.poll_seconds
        if await live_run.wait_or_stop(page, pause):
            return
        silent_seconds += pause
        yield None


async def download(page: Page) -> Response:
    """Return all lines as text."""
    story = await history.load_story(await history.read_history(page, page.arn))
    source = choose_source(page, await find_log_sources(page, story))
    if source is None:
        raise AwsError("No container of this run writes a log", code="NotFound", status=404)
    return container_output.log_as_text(page, source.log)


ROUTES = (
    page_route("/runs/{arn:path}/logs/live", stream_lines),
    page_route("/runs/{arn:path}/logs/file", download),
    page_route("/runs/{arn:path}/logs", show),
)
