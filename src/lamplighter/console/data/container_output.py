"""Read the output of one container from CloudWatch Logs, where the awslogs driver writes it.

See https://docs.aws.amazon.com/AmazonECS/latest/developerguide/using_awslogs.html.
"""

from collections.abc import AsyncIterator

from starlette.responses import Response, StreamingResponse

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json
from lamplighter.console.page import Page
from lamplighter.runs.log_stream import LogStream

PAGE_LINES = 2_000
"""The most lines that are read in one request for the whole log."""


async def read_log_page(page: Page, log: LogStream, **params: Json) -> Json:
    """Return a page of the log, as GetLogEvents returns it."""
    try:
        return await page.call("logs", "GetLogEvents", logGroupName=log.group, logStreamName=log.stream, **params)
    except AwsError as error:
        if "NotFound" in error.code:  # the container has written nothing yet
            return {"events": []}
        raise


def log_as_text(page: Page, log: LogStream) -> Response:
    """Return the whole log as streamed text."""
    return StreamingResponse(_stream_text(page, log), media_type="text/plain; charset=utf-8")


async def _stream_text(page: Page, log: LogStream) -> AsyncIterator[str]:
    token: str | None = None
    while True:
        given = {"nextToken": token} if token else {}
        answer = await read_log_page(page, log, limit=PAGE_LINES, startFromHead=True, **given)
        yield "".join(f"{event['message']}\n" for event in answer["events"])
        if answer.get("nextForwardToken") in (None, token):
            return
        token = answer["nextForwardToken"]
