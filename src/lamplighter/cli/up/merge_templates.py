"""Merge templates: the valid units of a new template with units of the one before. Pure.

A unit is a job, with all resources that belong only to it, or a single resource that jobs share. Guarantees that every
reference in the result resolves: a unit that refers to a missing unit is held back as well.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping

from lamplighter.base.json_text import Json
from lamplighter.jobs import names
from lamplighter.jobs.stack.own_metadata import read_own
from lamplighter.lang.template.references import find_references

STATE_MACHINE, SCHEDULE = "AWS::StepFunctions::StateMachine", "AWS::Scheduler::Schedule"
SNS_PREFIX, TOPIC = "AWS::SNS::", "AWS::SNS::Topic"
ALARM, LOG_GROUP, QUEUE = "AWS::CloudWatch::Alarm", "AWS::Logs::LogGroup", "AWS::SQS::Queue"
_JOB_RESOURCE_SUFFIX = re.compile(
    "(Execution|Task|Machine)Role|Log|Task|Machine|Schedule[0-9]*|DidNotStart|AttemptFailed|RunFailed"
)
"""The endings of the logical IDs of a job's own resources."""

TemplateWithout = Callable[[frozenset[str]], Json | None]
"""A function that builds the new template without some jobs and the jobs that run them; it returns None if no job is
left."""


def jobs_of(document: Json) -> list[str]:
    """Return the names of a template's jobs."""
    found = (resource_job(each) for each in document.get("Resources", {}).values() if each["Type"] == STATE_MACHINE)
    return [name for name in found if name]


def resource_units(document: Json) -> dict[str, str]:
    """Return the unit of each resource by logical ID: the resource's job, or the logical ID itself."""
    jobs = {names.logical_id(name): name for name in jobs_of(document)}
    return {title: _resource_unit(title, each, jobs) for title, each in document.get("Resources", {}).items()}


def _resource_unit(title: str, resource: Json, jobs: Mapping[str, str]) -> str:
    job = resource_job(resource)
    if job in jobs.values():
        return job
    fits = (
        name
        for start, name in jobs.items()
        if title.startswith(start) and _JOB_RESOURCE_SUFFIX.fullmatch(title, len(start))
    )
    return next(fits, title)


def resource_job(resource: Json) -> str:
    """Return the job that a resource names in its metadata, or ""."""
    return str(read_own(resource, "Job") or "")


def hold_back_units(build_without: TemplateWithout, before: Json, held: frozenset[str]) -> tuple[Json, frozenset[str]]:
    """Return the new template with the held units as they were, or left out if they are new; and all held units.

    A unit that refers to a missing resource is held as well. While a new job is left out, resources that the new
    template no longer has stay, because the new job may be an old one with another name.
    """
    full = build_without(frozenset()) or {}
    jobs, known = set(jobs_of(full)), resource_units(full) | resource_units(before)
    while True:
        base = build_without(held & jobs) or {}
        held |= jobs - set(jobs_of(base))
        # Queues stay while all jobs that need them are held: SQS reserves the name of a deleted queue for a minute.
        wanted = {title: each for title, each in full["Resources"].items() if base and each["Type"] == QUEUE}
        wanted |= base.get("Resources", {})
        resources = {title: each for title, each in wanted.items() if known[title] not in held}
        renamed = bool(held & jobs - set(jobs_of(before)))
        units = set(resource_units(full).values())
        stays = {unit for unit in resource_units(before).values() if unit in held or (renamed and unit not in units)}
        document = merge_units({**base, "Resources": resources}, before, stays)
        incomplete = {known[title] for title, missing in _missing_references(document, known) if missing}
        if incomplete <= held:
            return _without_broken_outputs(document), held
        held |= incomplete


def merge_units(base: Json, before: Json, units: Iterable[str], *, triggers: bool = True) -> Json:
    """Add units of the template before, and all resources that these refer to, to a template.

    `triggers`: include the schedules of the jobs, and the alarms for runs that did not start.
    """
    old, resources, chosen = before.get("Resources", {}), dict(base.get("Resources", {})), set(units)
    if not chosen:
        return base
    waiting = [title for title, unit in resource_units(before).items() if unit in chosen]
    if not triggers:
        waiting = [title for title in waiting if old[title]["Type"] not in (SCHEDULE, ALARM)]
    while waiting:
        title = waiting.pop()
        if title not in resources:
            resources[title] = old[title]
            waiting += [each for each in _references(old[title]) if each in old]
            waiting += _topic_dependents(old, title)
    return _without_broken_outputs({**base, **_merge_sections(base, before), "Resources": resources})


def _topic_dependents(resources: Json, title: str) -> list[str]:
    """Return the subscriptions and the policy of a topic; without them, it notifies no subscriber."""
    if resources[title]["Type"] != TOPIC:
        return []
    return [
        name for name, each in resources.items() if each["Type"].startswith(SNS_PREFIX) and title in _references(each)
    ]


def _merge_sections(base: Json, before: Json) -> Json:
    merged = {name: {**before.get(name, {}), **base.get(name, {})} for name in ("Parameters", "Conditions", "Outputs")}
    kept = {name: base.get(name) or before.get(name) for name in ("Description", "Metadata")}
    return {name: value for name, value in {**merged, **kept}.items() if value}


def without_triggers(document: Json) -> Json:
    """Return a template without schedules and alarms, whose log groups stay when the stack is deleted."""
    resources = {
        title: {**each, "DeletionPolicy": "Retain"} if each["Type"] == LOG_GROUP else each
        for title, each in document["Resources"].items()
        if each["Type"] not in (SCHEDULE, ALARM)
    }
    return _without_broken_outputs({**document, "Resources": resources})


def _references(resource: Json) -> set[str]:
    depends = resource.get("DependsOn", [])
    return {*find_references(resource.get("Properties", {})), *([depends] if isinstance(depends, str) else depends)}


def _missing_references(document: Json, known: Mapping[str, str]) -> Iterator[tuple[str, set[str]]]:
    """Yield each resource with the resources of `known` that it refers to and that the document does not have."""
    existing = document["Resources"].keys()
    for title, resource in document["Resources"].items():
        yield title, {each for each in _references(resource) if each in known and each not in existing}


def _without_broken_outputs(document: Json) -> Json:
    """Return a template without the outputs that refer to missing resources."""
    existing = {*document["Resources"], *document.get("Parameters", {})}
    outputs = {
        name: each
        for name, each in document.get("Outputs", {}).items()
        if all(other in existing or other.startswith("AWS::") for other in find_references(each))
    }
    rest = {name: section for name, section in document.items() if name != "Outputs"}
    return {**rest, **({"Outputs": outputs} if outputs else {})}


def without_incomplete_units(document: Json, existing: Iterable[str]) -> Json:
    """Return a template without the units of which a resource does not exist; `existing` has the resources that
    exist.
    """
    exists, known = set(existing), resource_units(document)
    missing = {unit for title, unit in known.items() if title not in exists}
    resources = {title: each for title, each in document.get("Resources", {}).items() if known[title] not in missing}
    return {**document, "Resources": resources}
