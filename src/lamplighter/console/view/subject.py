"""Find out what an event or a message is about: the run, the task, the rule, the schedule or another resource. Pure.

Reads events as EventBridge delivers them, notifications of SNS that contain one, and any other text that names an ARN.
See https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-events-structure.html.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from lamplighter.base.json_text import Json, loads_or
from lamplighter.console.view import links
from lamplighter.runs.named_execution import named_execution
from lamplighter.runs.tasks.ecs_tasks import run_of_task, task_family

SHORT_ID = 12
"""The characters of a task's id that are enough beside its family."""
MAX_ENVELOPES = 3
"""The most messages within messages that are opened."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What an event or a message is about."""

    kind: str
    """run, task, rule, schedule, stack or resource"""
    name: str
    arn: str

    @property
    def url(self) -> str | None:
        """The path of its page, or None if it has none."""
        return links.resource_path(self.arn)


def find_subject(text: str, depth: int = MAX_ENVELOPES) -> Subject | None:
    """Return what a message is about, or None if it names nothing that has a page."""
    document = loads_or(text, None) if text[:1] == "{" else None
    if isinstance(document, dict):
        if "detail-type" in document and (found := subject_of_event(document)) is not None:
            return found
        inner = document.get("Message")
        if isinstance(inner, str) and depth > 0:
            return find_subject(inner, depth - 1)
        if isinstance(arn := document.get("stateMachineArn", document.get("StateMachineArn")), str):
            return subject_of_arn(arn)
    run = named_execution(text)
    return None if run is None else subject_of_arn(run)


def subject_of_event(event: Json) -> Subject | None:
    """Return what an event of EventBridge is about: the most telling resource that it names, or None."""
    found = next((found for each in _named_arns(event) if (found := subject_of_arn(each)) is not None), None)
    family = task_family(_detail(event))
    if found is not None and found.kind == "task" and family:
        return replace(found, name=f"{family} {found.name[:SHORT_ID]}")
    return found


def job_of_event(event: Json) -> str:
    """Return the name of the job that an event is about, or an empty string."""
    detail = _detail(event)
    if isinstance(arn := detail.get("executionArn"), str) and arn.count(":") > 6:
        return arn.split(":")[6].partition("/")[0]
    return task_family(detail) if "taskArn" in detail else ""


def status_of_event(event: Json) -> str:
    """Return the status that an event reports, such as FAILED, or an empty string."""
    detail = _detail(event)
    nested = (detail.get("status-details"), "status"), (detail.get("state"), "value")
    inner = (each.get(name) for each, name in nested if isinstance(each, dict))
    found = (detail.get("status"), detail.get("lastStatus"), *inner)
    return next((each for each in found if isinstance(each, str)), "")


def subject_of_arn(arn: str) -> Subject | None:
    """Return a resource as a subject, or None if it has no page here and is no schedule."""
    parts = arn.split(":")
    if ":execution:" in arn and len(parts) > 7:
        return Subject("run", f"{parts[6].partition('/')[0]} {parts[7]}", arn)
    if arn.startswith("arn:") and ":scheduler:" in arn and ":schedule/" in arn:
        return Subject("schedule", arn.rpartition("/")[2], arn)
    if links.resource_path(arn) is None:
        return None
    kinds = {"task": ":task/", "rule": ":rule/", "stack": ":stack/", "job": ":stateMachine:"}
    kind = next((each for each, mark in kinds.items() if mark in arn), "resource")
    name = arn.split("/")[1] if kind == "stack" else re.split("[:/]", arn)[-1]
    return Subject(kind, name, arn)


def _named_arns(event: Json) -> Iterator[str]:
    """Yield the ARNs that an event names, the most telling one first."""
    detail = _detail(event)
    if isinstance(arn := detail.get("executionArn"), str):
        yield arn
    if isinstance(task := detail.get("taskArn"), str):
        if run := run_of_task(detail, str(event.get("region")), str(event.get("account"))):
            yield run
        yield task
    if isinstance(stack := detail.get("stack-id"), str):
        yield stack
    resources = event.get("resources")
    yield from (each for each in (resources if isinstance(resources, list) else ()) if isinstance(each, str))


def _detail(event: Json) -> Json:
    found = event.get("detail")
    return found if isinstance(found, dict) else {}
