"""Define the settings of an engine."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from lamplighter.base.aws import secret_references
from lamplighter.base.aws.event_sources import EventSource
from lamplighter.outbound.mail_server import MailServer
from lamplighter.services.ecs.capacity import NO_LIMITS, CapacityLimits
from lamplighter.wire.access.credentials import Credentials


class RuntimeChoice(StrEnum):
    """The runtimes that an engine can use."""

    AUTO = "auto"
    """Docker for containers with an image, plain processes for containers without one."""
    DOCKER = "docker"
    """Docker for all containers."""
    PROCESS = "process"
    """Plain processes for all containers: the image is not used."""


OTLP_ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
"""The environment variables of which one has to be set before traces are sent."""


@dataclass(frozen=True, slots=True)
class EngineConfig:
    """The settings of one engine."""

    data_directory: Path = field(default_factory=lambda: Path(".lamplighter"))
    start_empty: bool = False
    """Whether to start with an empty database and set aside the existing files of the directory."""
    runtime: RuntimeChoice = RuntimeChoice.AUTO
    remote_endpoints: Mapping[str, str] = field(default_factory=dict)
    """The endpoints of AWS services elsewhere (lambda, dynamodb, …), by service: a URL, or `aws`."""
    account: str = "123456789012"
    """The account of callers whose access key contains none."""
    public_url: str = "http://127.0.0.1:4566"
    """The engine's URL: the URLs of queues and the links in mails begin with it."""
    smtp: MailServer | None = None
    """The mail server; without one, mails are written to a folder."""
    confirm_mail: bool = False
    """Whether a subscribed mail address must confirm its subscription first, as on AWS."""
    certificate_problem: Callable[[int], str | None] | None = None
    """Returns what is wrong with the certificate of the TLS port at a time in milliseconds, in a sentence that names no
    file, or None; None if there is no such port."""
    task_credentials: Credentials | None = None
    """The credentials that tasks get to call this engine; None if the engine accepts any."""
    secrets: secret_references.SecretLookup = field(
        default_factory=lambda: secret_references.environment_secrets(os.environ)
    )
    """Returns the value of a container's secret, by the secret's name in the container and its reference."""
    allow_commands: bool = True
    """Whether a topic may have command lines as subscribers; `services/sns/subscriptions/protocols.py` explains the
    risk."""
    denied: frozenset[str] = frozenset()
    """What task definitions may not contain (`base/deny_rules.py`)."""
    enforce_iam: bool = False
    """Whether calls under a role of IAM are decided by the role's policies (`services/iam/access`)."""
    aws_limits: bool = False
    """Whether the engine has the limits of an AWS account where it has none of its own."""
    drop_events: frozenset[EventSource] = frozenset()
    """The sources of the events that are lost: no rule gets them."""
    capacity: CapacityLimits = NO_LIMITS
    """The most that all tasks may reserve together; it overrides the limits of a job file."""
    machine_capacity: CapacityLimits = NO_LIMITS
    """What the machine has for tasks: it limits what neither `capacity` nor a job file limits."""
    telemetry: Mapping[str, str] = field(default_factory=dict)
    """The environment variables of OpenTelemetry (`engine/traces/settings.py`)."""
    child_file_limit: int | None = None
    """The soft limit of open files for programs that the engine starts; None if the engine's own limit was not raised.
    """
