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

MAX_LINES, MAX_LINE_LENGTH = 12, 400
"""The most lines of a log, and the most characters of a line."""


@dataclass(frozen=True, slots=True)
class FailureHeadline:
    """The failure of a run."""

    run_failure: str
    """The failure of the run as a whole, such as an exceeded deadline; else empty."""
    attempt: Attempt | None
    """The attempt that caused the failure."""
    reason: str
    codes: Sequence[tuple[str, int, str]]
    """For each container: its name, its exit code and what the code means."""
    lines: Sequence[str]
    stopped: bool = False
    """Whether the run was stopped by a request, which is no failure of the run."""


async def compose_headline(page: Page, story: Story, definition: Json) -> FailureHeadline | None:
    """Return the headline of a run, or None if the run is still running or succeeded."""
    if story.outcome in ("running", "succeeded"):
        return None
    deadline = failure_reason.run_deadline(definition)
    attempt = failure_reason.blamed_attempt(story, from_job_file=is_made_from_job_file(definition))
    run_failure = failure_reason.run_failure(story, deadline)
    stopped = story.outcome == "aborted"
    if attempt is None:
        return FailureHeadline(run_failure, None, "", (), (), stopped)
    codes = [
        (name, code, failure_reason.EXIT_CODE_MEANINGS.get(code, "")) for name, code in sorted(attempt.exits.items())
    ]
    stopped_with_run = run_failure and attempt.outcome == "aborted"
    reason = (
        "was stopped together with the run"
        if stopped_with_run
        else failure_reason.attempt_failure(story, attempt, deadline)
    )
    return FailureHeadline(run_failure, attempt, reason, codes, await _read_last_lines(page, attempt), stopped)


async def _read_last_lines(page: Page, attempt: Attempt) -> Sequence[str]:
    """Return the last lines of the failed container; empty if there is no log or the credentials do not allow it."""
    try:
        log = await _find_log(page, attempt)
        found = (
            {"events": ()}
            if log is None
            else await container_output.read_log_page(page, log, limit=MAX_LINES, startFromHead=False)
        )
    except AwsError:
        return ()
    return [each["message"][:MAX_LINE_LENGTH] for each in found["events"]]


async def _find_log(page: Page, attempt: Attempt) -> LogStream | None:
    if not attempt.task or not attempt.definition:
        return None
    answer = await page.call("ecs", "DescribeTaskDefinition", taskDefinition=attempt.definition)
    containers = answer["taskDefinition"]["containerDefinitions"]
    failed = [each for each in containers if attempt.exits.get(each["name"])]
    logs = (container_log_stream(each, attempt.task) for each in failed or containers)
    return next((log for log in logs if log is not None), None)
