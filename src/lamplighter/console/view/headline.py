"""Compose the headline of a run that did not succeed: why, which attempt failed, and the last lines of its log."""

from collections.abc import Sequence
from dataclasses import dataclass

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json
from lamplighter.console.data import container_output
from lamplighter.console.page import Page
from lamplighter.console.view import failure_reason
from lamplighter.runs.job_machine import is_made_from_job_file
from lamplighter.runs.log_stream import LogStream, container_log_stream
from lamplighter.runs.story import Attempt, Story

LINES, LONGEST = 12, 400
"""The most lines of a log, and the most characters of a line."""


@dataclass(frozen=True, slots=True)
class FailureHeadline:
    """The failure of a run."""

    words: str
    """The failure of the run as a whole, such as an exceeded deadline; else empty."""
    attempt: Attempt | None
    """The attempt that caused the failure."""
    reason: str
    codes: Sequence[tuple[str, int, str]]
    """For each container: its name, its exit code and what the code means."""
    lines: Sequence[str]
    stopped: bool = False
    """Whether the run was stopped by a request, which is no failure of the run."""


async def failure_headline(page: Page, story: Story, definition: Json) -> FailureHeadline | None:
    """Return the headline of a run, or None if the run is still running or succeeded."""
    if story.outcome in ("running", "succeeded"):
        return None
    most = failure_reason.run_deadline(definition)
    attempt = failure_reason.blamed_attempt(story, ours=is_made_from_job_file(definition))
    words = failure_reason.run_failure(story, most)
    stopped = story.outcome == "aborted"
    if attempt is None:
        return FailureHeadline(words, None, "", (), (), stopped)
    codes = [(name, code, failure_reason.CODES.get(code, "")) for name, code in sorted(attempt.exits.items())]
    with_it = words and attempt.outcome == "aborted"
    reason = "was stopped together with the run" if with_it else failure_reason.attempt_failure(story, attempt, most)
    return FailureHeadline(words, attempt, reason, codes, await _lines(page, attempt), stopped)


async def _lines(page: Page, attempt: Attempt) -> Sequence[str]:
    """Return the last lines of the failed container; empty if there is no log or the credentials do not allow it."""
    try:
        log = await _log(page, attempt)
        found = (
            {"events": ()}
            if log is None
            else await container_output.read_log_page(page, log, limit=LINES, startFromHead=False)
        )
    except AwsError:
        return ()
    return [each["message"][:LONGEST] for each in found["events"]]


async def _log(page: Page, attempt: Attempt) -> LogStream | None:
    if not attempt.task or not attempt.definition:
        return None
    told = await page.call("ecs", "DescribeTaskDefinition", taskDefinition=attempt.definition)
    containers = told["taskDefinition"]["containerDefinitions"]
    failed = [each for each in containers if attempt.exits.get(each["name"])]
    logs = (container_log_stream(each, attempt.task) for each in failed or containers)
    return next((log for log in logs if log is not None), None)
