"""Choose how a log is read, and say what a reader of it must know.

A log has line numbers if an engine in this process stored it. Otherwise GetLogEvents is what there is.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from lamplighter.base.errors import AwsError
from lamplighter.console.data.logs.log_lines import Log
from lamplighter.console.data.logs.numbered_log import NumberedLog
from lamplighter.console.data.logs.timed_log import TimedLog
from lamplighter.console.page import Page
from lamplighter.runs.tasks.log_stream import LogStream


@dataclass(frozen=True, slots=True)
class LogSource:
    """A log, and what is known about it."""

    log: Log | None
    """None if the log does not exist (yet)."""
    missing: str = ""
    """What does not exist: `log group` or `log stream`."""
    is_numbered: bool = False
    stored_by_engine: bool = False
    first: int | None = None
    """The number of the first line that is still stored; None if there is none."""
    last: int = 0
    """The number of the last line."""
    retention: int | None = None
    """The days for which the log group keeps lines, if that is known and limited."""


async def open_log(page: Page, stream: LogStream) -> LogSource:
    """Return the log of a container."""
    page = replace(page, place=replace(page.place, region=stream.region))
    names = {"logGroupName": stream.group, "logStreamName": stream.stream}
    try:
        about = await page.call_internal("logs", "GetLogLines", **names, ranges=[], limit=1)
        if about is None:
            await page.call("logs", "GetLogEvents", **names, limit=1)
            return LogSource(TimedLog(page, stream))
    except AwsError as error:
        if "NotFound" not in error.code:
            raise
        return LogSource(None, "log group" if "group" in error.message else "log stream")
    if not about["numbered"]:
        return LogSource(TimedLog(page, stream), stored_by_engine=True, retention=about["retention"])
    log = NumberedLog(page, stream)
    return LogSource(
        log,
        is_numbered=True,
        stored_by_engine=True,
        first=about["first"],
        last=about["last"],
        retention=about["retention"],
    )


def describe_gaps(source: LogSource, stream: LogStream, *, is_running: bool) -> Iterator[str]:
    """Yield in words what the log does not have."""
    kept = f"the log group keeps lines for {source.retention} days" if source.retention else "they were deleted"
    if source.missing == "log group":
        yield f"The log group {stream.group} does not exist. It was deleted, or it was never created."
    elif source.missing and not is_running:
        yield "The log stream of this container does not exist: the container never started, or the stream was deleted."
    elif source.is_numbered and source.last and source.first is None:
        yield f"All {source.last:,} lines are gone: {kept}."
    elif source.is_numbered and source.first is not None and source.first > 1:
        yield f"Lines 1 to {source.first - 1:,} are gone: {kept}."
    if source.log is not None and not source.is_numbered:
        why = "an earlier version stored this log" if source.stored_by_engine else "CloudWatch Logs numbers no lines"
        yield f"Lines have no numbers here, because {why}. The link to a line has its time instead."
