"""What an engine is told from outside."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from lamplighter.base import secret_references
from lamplighter.outbound.mail import MailServer
from lamplighter.wire.access.credentials import Credentials


class RuntimeChoice(StrEnum):
    """What runs containers."""

    AUTO = "auto"
    """Docker for containers with an image, plain processes for those without."""
    DOCKER = "docker"
    """Docker, for all."""
    PROCESS = "process"
    """Plain processes, for all: the image is not used."""


@dataclass(frozen=True, slots=True)
class EngineConfig:
    """One engine's settings."""

    data: Path = field(default_factory=lambda: Path(".lamplighter"))
    new: bool = False
    """Whether to begin with an empty database, and set aside what is in the directory."""
    runtime: RuntimeChoice = RuntimeChoice.AUTO
    endpoints: Mapping[str, str] = field(default_factory=dict)
    """By AWS service (lambda, s3, …), where it is called that is not served here: a URL, or `aws`."""
    account: str = "123456789012"
    """The account of callers whose access key names none."""
    url: str = "http://127.0.0.1:4566"
    """Where the engine is reached: what the URLs of queues begin with, and the links in mails."""
    smtp: MailServer | None = None
    """The mail server; without one, mails are kept in a folder."""
    confirm_mail: bool = False
    """Whether a mail address that is subscribed is asked first, as on AWS."""
    holder: Credentials | None = None
    """Whose credentials tasks are given that call the engine back; None where it takes any."""
    secrets: secret_references.Held = field(default_factory=lambda: secret_references.environment_secrets(os.environ))
    """What containers are given as their secrets: what is held for the places that they name."""
    commands: bool = True
    """Whether a command line may be subscribed to a topic (services/sns/subscriptions/protocols.py says why it may)."""
    deny: frozenset[str] = frozenset()
    """What task definitions may not ask for (base/deny_rules.py)."""
    files: int | None = None
    """The soft limit of open files that programs get which the engine starts; None where its own was not raised."""
