"""Read what AWS's APIs answer about a job: its tags, task definitions, the stack's metadata, and the subscriptions of
its alert channels.

Guarantees that a call that fails or is not allowed leaves out its facts, never the page. The calls run at the same
time, and their number depends on the job alone, not on its runs.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lamplighter.base.json_text import Json
from lamplighter.console.data.machine_tags import read_tags
from lamplighter.console.data.stack_metadata import read_machine_metadata
from lamplighter.console.page import Page
from lamplighter.runs.jobs.job_alerts import JobAlerts, read_job_alerts
from lamplighter.runs.jobs.job_definition import JobDefinition, read_job_definition

MAX_TASK_DEFINITIONS = 20
"""The most task definitions that are read for a machine with many steps."""


@dataclass(frozen=True, slots=True)
class JobSources:
    """The answers about a job."""

    definition: JobDefinition
    tags: Mapping[str, str]
    task_definitions: Mapping[str, Json]
    """The task definitions by the names that the machine's definition uses."""
    alerts: JobAlerts | None
    """The channels that get its alerts, or None if they are unknown."""
    subscriptions: Mapping[str, Sequence[Json]]
    """The subscriptions of each channel's topic, by the name of the channel."""


async def read_job_sources(page: Page, about: Json) -> JobSources:
    """Read all that is known about the state machine that DescribeStateMachine describes."""
    definition = read_job_definition(about["definition"])
    tags = await read_tags(page, page.arn)
    task_definitions, metadata = await asyncio.gather(
        _read_task_definitions(page, definition), read_machine_metadata(page, tags)
    )
    alerts = read_job_alerts(page.arn, metadata)
    return JobSources(
        definition,
        tags,
        task_definitions,
        alerts,
        {} if alerts is None else await _read_subscriptions(page, alerts),
    )


async def _read_task_definitions(page: Page, definition: JobDefinition) -> Mapping[str, Json]:
    named = list(dict.fromkeys(each.task_definition for each in definition.steps if each.task_definition))
    calls = (
        page.call_or_none("ecs", "DescribeTaskDefinition", taskDefinition=each) for each in named[:MAX_TASK_DEFINITIONS]
    )
    found = zip(named, await asyncio.gather(*calls), strict=False)
    return {name: answer["taskDefinition"] for name, answer in found if answer is not None}


async def _read_subscriptions(page: Page, alerts: JobAlerts) -> Mapping[str, Sequence[Json]]:
    topics = [each.topic for each in alerts.channels]
    calls = (page.at(each).call_or_none("sns", "ListSubscriptionsByTopic", TopicArn=each) for each in topics)
    found = zip(alerts.channels, await asyncio.gather(*calls), strict=True)
    return {channel.name: answer["Subscriptions"] for channel, answer in found if answer is not None}
