"""Read the output of one container from CloudWatch Logs, where the awslogs driver writes it.

See https://docs.aws.amazon.com/AmazonECS/latest/developerguide/using_awslogs.html.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

from starlette.responses import Response, StreamingResponse

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json
from lamplighter.console.calls import Calls
from lamplighter.console.view.attachment import attachment_header
from lamplighter.runs.history.story import Attempt
from lamplighter.runs.printable_text import printable_line
from lamplighter.runs.tasks.log_stream import LogStream, log_sources

PAGE_LINES = 2_000
"""The most lines that are read in one request for the whole log."""
MAX_NAME_LENGTH = 200
"""The most characters of a file's name."""

MAX_LAST_LINES, MAX_LINE_LENGTH = 12, 400
"""The most lines that are shown beside a failure, and the most characters of such a line."""


async def read_log_page(calls: Calls, log: LogStream, **params: Json) -> Json:
    """Return a page of the log, as GetLogEvents returns it."""
    try:
        return await calls.call("logs", "GetLogEvents", logGroupName=log.group, logStreamName=log.stream, **params)
    except AwsError as error:
        if "NotFound" in error.code:  # the container has written nothing yet
            return {"events": []}
        raise


async def read_last_lines(calls: Calls, attempt: Attempt) -> Sequence[str]:
    """Return the last lines of the failed container; empty if there is no log or the credentials do not allow it."""
    containers = await read_containers(calls, attempt.definition) if attempt.definition else ()
    failed = [each for each in containers if attempt.exits.get(each["name"])]
    source = next(log_sources(attempt, failed or containers), None)
    try:
        found = None
        if source is not None:
            found = await read_log_page(calls, source.log, limit=MAX_LAST_LINES, startFromHead=False)
    except AwsError:
        return ()
    return [printable_line(each["message"], MAX_LINE_LENGTH) for each in found["events"]] if found else ()


async def read_containers(calls: Calls, definition: str) -> Sequence[Json]:
    """Return the containers of a task definition; empty if it does not exist or the credentials do not allow it."""
    found = await calls.call_or_none("ecs", "DescribeTaskDefinition", taskDefinition=definition)
    return found["taskDefinition"]["containerDefinitions"] if found else ()


def log_as_file(calls: Calls, log: LogStream, name: str) -> Response:
    """Return the whole log as a file to download."""
    headers = {"content-disposition": attachment_header(f"{name[:MAX_NAME_LENGTH]}.log")}
    calls = replace(calls, place=replace(calls.place, region=log.region))
    return StreamingResponse(_stream_text(calls, log), media_type="text/plain; charset=utf-8", headers=headers)


async def _stream_text(calls: Calls, log: LogStream) -> AsyncIterator[str]:
    token: str | None = None
    while True:
        given = {"nextToken": token} if token else {}
        answer = await read_log_page(calls, log, limit=PAGE_LINES, startFromHead=True, **given)
        yield "".join(f"{event['message']}\n" for event in answer["events"])
        if answer.get("nextForwardToken") in (None, token):
            return
        token = answer["nextForwardToken"]
