"""Define alert channels, and which channels receive which alerts.

Guarantees that a channel has exactly one kind and that no list names a channel twice.
"""

from typing import Annotated, Literal, get_args

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from lamplighter.base.chat_services import CHAT_SERVICES
from lamplighter.base.json_text import Json
from lamplighter.jobs.file.parsing.invalid_value import IncompleteValue, InvalidValue
from lamplighter.jobs.file.secrets import PostAddress, RoutingKey, WebhookAddress
from lamplighter.jobs.file.strict_model import StrictModel
from lamplighter.jobs.file.text_formats import Email, Name, QueueArn, TopicArn, Url
from lamplighter.jobs.file.values import Command

Pattern = Literal["attempt-failed", "run-failed", "caught", "did-not-start", "late", "recovered"]
PATTERNS: tuple[Pattern, ...] = get_args(Pattern)
DEFAULT_PATTERNS: tuple[Pattern, ...] = ("run-failed", "did-not-start", "late")
"""The patterns that `notify: CHANNEL` means: one alert for a run that fails, does not start or is late."""


class Channel(StrictModel):
    """A channel: one way to send alerts."""

    email: Email | None = Field(default=None, description="An email address.")
    webhook: Url | None = Field(default=None, description="The URL that receives SNS's signed document.")
    post: PostAddress | None = Field(
        default=None, description="The URL that receives each alert as plain JSON, or its secret."
    )
    sqs: QueueArn | None = Field(default=None, description="The ARN of a queue.")
    sns: TopicArn | None = Field(default=None, description="The ARN of an existing topic.")
    command: Command | None = Field(default=None, description="A command that gets the alert on its standard input.")
    slack: WebhookAddress | None = Field(
        default=None, description="The URL of an incoming webhook of Slack, or its secret."
    )
    teams: WebhookAddress | None = Field(
        default=None, description="The URL of a Teams workflow with a webhook, or its secret."
    )
    discord: WebhookAddress | None = Field(default=None, description="The URL of a webhook of Discord, or its secret.")
    pagerduty: RoutingKey | None = Field(
        default=None, description="The routing key of PagerDuty's Events API v2, or its secret."
    )

    @model_validator(mode="after")
    def _check_one_kind(self) -> "Channel":
        if len(self.model_fields_set) != 1:
            raise IncompleteValue(
                "a channel must have exactly one target",
                "write email, slack, teams, discord, pagerduty, post, webhook, sqs, sns or command, and only one",
            )
        return self

    @property
    def kind(self) -> str:
        """The kind of its target: email, webhook, sqs, sns, command or a service of CHAT_SERVICES."""
        return next(iter(self.model_fields_set))

    @property
    def chat(self) -> tuple[str, str] | None:
        """The chat service of the channel and its address, or None."""
        found = ((service, getattr(self, service)) for service in CHAT_SERVICES)
        return next(((service, address) for service, address in found if address is not None), None)

    @property
    def works_on_aws(self) -> bool:
        """Whether the channel works on AWS, which runs no commands."""
        return self.command is None


def as_list(value: Json) -> Json:
    """Return the value as a list; a single item becomes a list of one."""
    return value if isinstance(value, (list, tuple)) else [value]


def _check_distinct(channels: tuple[str, ...]) -> tuple[str, ...]:
    repeated = [each for at, each in enumerate(channels) if each in channels[:at]]
    if repeated:
        raise InvalidValue(f"the channel `{repeated[0]}` is listed twice", "list it once")
    return channels


Channels = Annotated[tuple[Name, ...], BeforeValidator(as_list), AfterValidator(_check_distinct), Field(max_length=5)]
"""Up to five channels, because a rule of EventBridge has no more than five targets."""


class Notify(StrictModel):
    """The channels for each kind of alert."""

    attempt_failed: Channels = Field(default=(), description="Pattern 1: an attempt failed.")
    run_failed: Channels = Field(default=(), description="Pattern 2: a run failed or took too long.")
    caught: Channels = Field(
        default=(), description="Pattern 3: the state machine itself reports the error, with all details."
    )
    did_not_start: Channels = Field(default=(), description="No run started at a scheduled time.")
    late: Channels = Field(default=(), description="A run takes longer than the job's `late`.")
    recovered: Channels = Field(
        default=(),
        description="A run succeeded after failed runs or attempts, or runs that did not start or were late.",
    )

    def channels_of(self, pattern: Pattern) -> tuple[str, ...]:
        """Return the channels of a pattern."""
        channels: tuple[str, ...] = getattr(self, pattern.replace("-", "_"))
        return channels
