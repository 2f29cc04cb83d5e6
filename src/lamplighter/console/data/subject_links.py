"""Link what events and messages are about to pages. A schedule has no page of its own: the page of its job shows it."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from lamplighter.console.page import Page
from lamplighter.console.view import links
from lamplighter.console.view.subject import Subject
from lamplighter.runs.jobs.schedules import started_arn


@dataclass(frozen=True, slots=True)
class SubjectLink:
    """A subject in words, and the path of its page."""

    text: str
    url: str


async def link_subjects(page: Page, subjects: Iterable[Subject | None]) -> Mapping[str, SubjectLink]:
    """Return the links to those subjects that have a page, by ARN; each is looked up once."""
    known = {each.arn: each for each in subjects if each is not None}
    urls = await asyncio.gather(*(_find_url(page, each) for each in known.values()))
    return {
        each.arn: SubjectLink(_text(page, each), url)
        for each, url in zip(known.values(), urls, strict=True)
        if url is not None
    }


def _text(page: Page, subject: Subject) -> str:
    if subject.kind not in ("run", "job"):
        return f"{subject.kind} {subject.name}"
    return " ".join([subject.kind, page.names.of(subject.arn), *subject.arn.split(":")[7:]])


async def _find_url(page: Page, subject: Subject) -> str | None:
    if subject.kind != "schedule":
        return subject.url
    group, name = subject.arn.split("/")[-2:]
    schedule = await page.call_or_none("scheduler", "GetSchedule", GroupName=group, Name=name)
    return links.resource_path(started_arn(schedule["Target"])) if schedule else None
