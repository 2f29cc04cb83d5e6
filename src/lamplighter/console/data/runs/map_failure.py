"""Say which items of a distributed Map failed, and why one of them did: the cause of a failed Map says neither."""

from dataclasses import replace

from lamplighter.base.json_text import Json
from lamplighter.console.calls import Calls
from lamplighter.runs.failures.failure_words import RunFailure, run_words


async def explain_items(calls: Calls, failure: RunFailure | None) -> RunFailure | None:
    """Return a failure whose reason is about items if it is that of a Map Run: 1 of 200 items failed: exit code 3."""
    attempt = failure.attempt if failure is not None else None
    if failure is None or attempt is None or attempt.map_run is None or attempt.outcome != "failed":
        return failure
    about = await calls.call_or_none("states", "DescribeMapRun", mapRunArn=attempt.map_run)
    counts = about["itemCounts"] if about else {}
    if not counts.get("failed"):
        return failure
    item = await _read_failed_item(calls, attempt.map_run)
    counted = f"{counts['failed']:,} of {counts['total']:,} items failed"
    why = run_words("FAILED", item.get("error"), item.get("cause"))
    return replace(failure, reason=": ".join(filter(None, (counted, why))))


async def _read_failed_item(calls: Calls, map_run: str) -> Json:
    """Return an item that failed; on AWS, none of an express Map, whose items are not listed."""
    given = {"mapRunArn": map_run, "status": "FAILED", "skip": 0, "limit": 1}
    if (answer := await calls.call_internal("states", "ListMapRunItems", **given)) is not None:
        return next(iter(answer["items"]), {})
    listed = await calls.call_or_none(
        "states", "ListExecutions", mapRunArn=map_run, statusFilter="FAILED", maxResults=1
    )
    arn = next((each["executionArn"] for each in (listed or {}).get("executions", ())), "")
    return await calls.call_or_none("states", "DescribeExecution", executionArn=arn) or {}
