"""What has to be read first of a run that did not go well: why, whose fault it was, and the last lines of its log."""

from collections.abc import Sequence
from dataclasses import dataclass

from lamplighter.base.errors import AwsError
from lamplighter.base.jsontext import Json
from lamplighter.console import output, why
from lamplighter.console.output import log_of
from lamplighter.console.page import Page
from lamplighter.jobs.attendants import is_ours
from lamplighter.jobs.story import Attempt, Story

LINES, LONGEST = 12, 400
"""Lines, and characters of one."""


@dataclass(frozen=True, slots=True)
class Headline:
    """The failure of a run."""

    words: str
    """What the run itself did: took longer than its deadline."""
    attempt: Attempt | None
    """Whose failure it is."""
    reason: str
    codes: Sequence[tuple[str, int, str]]
    """Exit codes with the names of their containers, and what they mean."""
    lines: Sequence[str]
    stopped: bool = False
    """Somebody has stopped it, which is no fault of the run."""


async def of(page: Page, story: Story, definition: Json) -> Headline | None:
    """What to say of a run; None where it goes on or went well."""
    if story.outcome in ("running", "succeeded"):
        return None
    most = why.deadline(definition)
    attempt = why.blamed(story, ours=is_ours(definition))
    words = why.of_run(story, most)
    stopped = story.outcome == "aborted"
    if attempt is None:
        return Headline(words, None, "", (), (), stopped)
    codes = [(name, code, why.CODES.get(code, "")) for name, code in sorted(attempt.exits.items())]
    with_it = words and attempt.outcome == "aborted"
    reason = "was stopped with it" if with_it else why.of_attempt(story, attempt, most)
    return Headline(words, attempt, reason, codes, await _lines(page, attempt), stopped)


async def _lines(page: Page, attempt: Attempt) -> Sequence[str]:
    """The end of what the container wrote that failed; nothing where that is not kept, or not to be seen."""
    try:
        log = await _log(page, attempt)
        found = {"events": ()} if log is None else await output.events(page, log, limit=LINES, startFromHead=False)
    except AwsError:
        return ()
    return [each["message"][:LONGEST] for each in found["events"]]


async def _log(page: Page, attempt: Attempt) -> output.Log | None:
    if not attempt.task or not attempt.definition:
        return None
    told = await page.call("ecs", "DescribeTaskDefinition", taskDefinition=attempt.definition)
    containers = told["taskDefinition"]["containerDefinitions"]
    failed = [each for each in containers if attempt.exits.get(each["name"])]
    logs = (log_of(each, attempt.task) for each in failed or containers)
    return next((log for log in logs if log is not None), None)
