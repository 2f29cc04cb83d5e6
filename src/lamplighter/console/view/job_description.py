"""Describe a job for people: its containers, its limits and retries, and the channels that get its alerts.

Pure. Secrets are masked: values of variables whose names look secret, and addresses of channels but for their hosts.
"""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lamplighter.base.aws.task_definition_metadata import MEMORY_LABEL, UNLIMITED
from lamplighter.base.chat_services import CHAT_SERVICES
from lamplighter.base.engine_rules import OVERLAP_TAG
from lamplighter.base.json_text import Json
from lamplighter.base.masking import MASK, mask_secrets
from lamplighter.base.public_address import public_address
from lamplighter.console.data.jobs.job_sources import JobSources
from lamplighter.console.view import links
from lamplighter.console.view.image_name import short_image
from lamplighter.runs.history.durations import format_limit
from lamplighter.runs.history.retry_rules import join_words
from lamplighter.runs.jobs.job_alerts import AlertChannel
from lamplighter.runs.jobs.job_definition import JobDefinition, Step
from lamplighter.runs.jobs.job_machine import own_comment

MAX_STEPS = 20
"""The most steps that are described; the graph shows all."""
OWNER_TAG = "owner"
OWN_TAG_PREFIXES = ("lamplighter:", "aws:")
CPU_UNITS, GIBIBYTE = 1024, 1024
OVERLAP_WORDS: Mapping[str, str] = {
    "allow": "runs may overlap",
    "skip": "a run is skipped while another one is running",
    "queue": "a run waits until the earlier ones have ended",
    "cancel-previous": "a new run stops the earlier one",
}
KIND_WORDS: Mapping[str, str] = {
    "email": "mail", "slack": "Slack", "teams": "Teams", "discord": "Discord", "pagerduty": "PagerDuty", "post": "JSON",
    "webhook": "webhook", "sqs": "queue", "sns": "topic", "command": "command",
}  # fmt: skip
"""The words for the kinds of channels."""


@dataclass(frozen=True, slots=True)
class ContainerDescription:
    """A container of a step."""

    name: str
    image: str
    """The short name of the image, or an empty text for a plain process."""
    reference: str
    """The whole reference of the image, with registry and digest."""
    command: str
    environment: Sequence[tuple[str, str]]
    """The names of the variables with their values, or where a secret comes from."""


@dataclass(frozen=True, slots=True)
class StepDescription:
    """A step of the job."""

    name: str
    """The state's name; empty for a job with a single step."""
    resource: str
    target: str
    url: str | None
    """The page of what it calls."""
    containers: Sequence[ContainerDescription]
    size: str
    time_limit: str
    retries: Sequence[tuple[str, str]]
    """For each class of failures: its words, and how often and after how long the step is tried again."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a channel's alerts go."""

    text: str
    is_confirmed: bool
    """False if a person has not confirmed the subscription, so that nothing arrives."""


@dataclass(frozen=True, slots=True)
class Recipient:
    """A channel, and the alerts that it gets."""

    name: str
    kind: str
    addresses: Sequence[Address]
    url: str
    """The page of its topic."""
    occasions: str


@dataclass(frozen=True, slots=True)
class JobDescription:
    """What people want to know about a job before they look at its runs."""

    text: str
    """The job's own description, or an empty text."""
    steps: Sequence[StepDescription]
    more_steps: int
    deadline: str
    overlap: str
    """What happens if runs overlap; empty for a machine that was not made from a job file."""
    owner: str
    tags: Sequence[tuple[str, str]]
    recipients: Sequence[Recipient] | None
    """The channels that get its alerts, or None if they are unknown."""
    late: str
    has_heartbeat: bool


def describe_job(sources: JobSources) -> JobDescription:
    """Describe a job by what AWS's APIs answer about it."""
    definition, tags, alerts = sources.definition, sources.tags, sources.alerts
    return JobDescription(
        own_comment(definition.comment, tags),
        [_describe_step(each, sources.task_definitions) for each in definition.steps[:MAX_STEPS]],
        max(0, len(definition.steps) - MAX_STEPS),
        "" if definition.deadline is None else format_limit(definition.deadline),
        _describe_overlap(definition, tags.get(OVERLAP_TAG, "")),
        next((value for key, value in tags.items() if key.lower() == OWNER_TAG), ""),
        [
            (key, value)
            for key, value in sorted(tags.items())
            if not key.startswith(OWN_TAG_PREFIXES) and key.lower() != OWNER_TAG
        ],
        None
        if alerts is None
        else [_describe_channel(each, sources.subscriptions.get(each.name, ())) for each in alerts.channels],
        format_limit(alerts.late) if alerts is not None and alerts.late is not None else "",
        alerts is not None and alerts.heartbeat,
    )


def _describe_overlap(definition: JobDefinition, tag: str) -> str:
    """Describe the rule for runs that overlap: the engine's tag states it, or the states of the machine."""
    if not definition.from_job_file:
        return ""
    rule, _, length = tag.partition(":")
    words = OVERLAP_WORDS.get(rule, OVERLAP_WORDS[definition.overlap])
    return f"{words}; at most {length} wait" if length else words


def _describe_step(step: Step, task_definitions: Mapping[str, Json]) -> StepDescription:
    found = task_definitions.get(step.task_definition or "")
    target = found["taskDefinitionArn"] if found else step.target
    return StepDescription(
        step.name,
        step.resource,
        links.resource_name(target).removeprefix("task-definition/"),
        links.resource_path(target),
        [_describe_container(each) for each in found["containerDefinitions"]] if found else (),
        _describe_size(found) if found else "",
        format_limit(int(step.time_limit)) if step.time_limit.isdecimal() else step.time_limit,
        [(rule.failures, rule.words) for rule in step.retries],
    )


def _describe_container(container: Json) -> ContainerDescription:
    image = container.get("image") or ""
    words = [*(container.get("entryPoint") or ()), *(container.get("command") or ())]
    variables = mask_secrets(container.get("environment") or [])
    secrets = [(each["name"], f"{MASK} from {each['valueFrom']}") for each in container.get("secrets") or ()]
    return ContainerDescription(
        container["name"],
        short_image(image),
        image,
        _describe_command(words),
        [*((each["name"], str(each.get("value", ""))) for each in variables), *secrets],
    )


def _describe_command(words: Sequence[str]) -> str:
    """Return a command as a person would type it, without the shell that runs a line."""
    return words[2] if len(words) == 3 and list(words[:2]) == ["sh", "-c"] else shlex.join(words)


def _describe_size(definition: Json) -> str:
    """Describe processors and memory: 0.25 vCPU, 512 MiB."""
    cpu, memory = definition.get("cpu"), definition.get("memory")
    labels = (each.get("dockerLabels") or {} for each in definition["containerDefinitions"])
    unlimited = any(each.get(MEMORY_LABEL) == UNLIMITED for each in labels)
    parts = [
        f"{int(cpu) / CPU_UNITS:g} vCPU" if cpu and str(cpu).isdecimal() else "",
        "memory without a limit" if unlimited else _describe_memory(memory),
    ]
    return ", ".join(filter(None, parts))


def _describe_memory(memory: Json) -> str:
    if not memory or not str(memory).isdecimal():
        return ""
    mebibytes = int(memory)
    return f"{mebibytes // GIBIBYTE} GiB" if mebibytes % GIBIBYTE == 0 else f"{mebibytes} MiB"


def _describe_channel(channel: AlertChannel, subscriptions: Sequence[Json]) -> Recipient:
    return Recipient(
        channel.name,
        KIND_WORDS.get(channel.kind, channel.kind),
        [each for each in (_describe_address(channel, sub) for sub in subscriptions) if each.text],
        links.resource_path(channel.topic) or "",
        join_words(channel.occasions),
    )


def _describe_address(channel: AlertChannel, subscription: Json) -> Address:
    """Describe a subscription. On AWS, a chat service's one is a queue of the stack, which tells people nothing."""
    protocol, endpoint = subscription["Protocol"], subscription["Endpoint"]
    is_queue_to_chat = channel.kind in CHAT_SERVICES and protocol == "sqs"
    text = "" if is_queue_to_chat else links.resource_name(public_address(protocol, endpoint))
    return Address(text, subscription["SubscriptionArn"].startswith("arn:"))
