"""Report schedules that mean something else than they seem to: weekdays as numbers, and H of Jenkins."""

import re
from collections.abc import Iterator, Sequence

from lamplighter.jobs.file.model import Job
from lamplighter.jobs.lint.aws_limits import LintFinding
from lamplighter.lang.schedule.cron import WEEKDAYS

_HASHED_VALUE = re.compile("(?:^|[ ,])H", re.IGNORECASE)
_WEEKDAY_NUMBER = re.compile("(?<![#0-9])[1-7]")


def cron_findings(job: Job, written: Sequence[str]) -> Iterator[LintFinding]:
    """Yield the findings of a job's schedules; `written` are the same schedules as the file has them."""
    for expression, text in zip(job.schedule, written, strict=False):
        if text != expression and _HASHED_VALUE.search(text):
            yield "info", "schedule", f"`{text}` is {expression} for this job", "write another time if you need one"
        weekday = text.split()[4] if text.startswith("cron(") else ""
        if _WEEKDAY_NUMBER.search(weekday):
            aws, unix = (_name_weekdays(weekday, first) for first in (1, 0))
            what = f"{weekday} in {text} is {aws} on AWS, which counts from 1 = SUN"
            yield "warning", "schedule", what, f"write {unix} if you mean the numbers of Unix cron, otherwise {aws}"


def _name_weekdays(text: str, first: int) -> str:
    """Return a field with names in place of its numbers; Sunday is `first`."""
    return _WEEKDAY_NUMBER.sub(lambda found: WEEKDAYS[(int(found[0]) - first) % 7], text)
