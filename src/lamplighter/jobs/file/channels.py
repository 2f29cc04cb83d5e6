"""Ways to tell somebody, and who is told of what.

Promises that a channel is one thing, and that nobody is told twice of the same.
"""

from typing import Annotated, Literal, get_args

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from lamplighter.base.json_text import Json
from lamplighter.jobs.file.strict_model import IncompleteError, StrictModel
from lamplighter.jobs.file.text_formats import Email, Name, QueueArn, TopicArn, Url
from lamplighter.jobs.file.values import Command

Pattern = Literal["attempt-failed", "run-failed", "caught", "did-not-start", "late"]
PATTERNS: tuple[Pattern, ...] = get_args(Pattern)
DEFAULT_PATTERNS: tuple[Pattern, ...] = ("run-failed", "did-not-start", "late")
"""What `notify: CHANNEL` means: one alert for a run, whatever happens to it."""


class Channel(StrictModel):
    """One way to tell somebody."""

    email: Email | None = Field(default=None, description="An address.")
    webhook: Url | None = Field(default=None, description="Where to POST.")
    sqs: QueueArn | None = Field(default=None, description="The ARN of a queue.")
    sns: TopicArn | None = Field(default=None, description="The ARN of a topic that exists.")
    command: Command | None = Field(default=None, description="What to run on this box; AWS cannot.")

    @model_validator(mode="after")
    def _is_one(self) -> "Channel":
        if len(self.model_fields_set) != 1:
            raise IncompleteError(
                "a channel is one thing|write email, webhook, sqs, sns or command, and only one of them"
            )
        return self


def as_list(value: Json) -> Json:
    """A list, where one item may stand alone."""
    return value if isinstance(value, (list, tuple)) else [value]


def _differ(channels: tuple[str, ...]) -> tuple[str, ...]:
    twice = [each for at, each in enumerate(channels) if each in channels[:at]]
    if twice:
        raise ValueError(f"the channel `{twice[0]}` is named twice|name it once")
    return channels


Channels = Annotated[tuple[Name, ...], BeforeValidator(as_list), AfterValidator(_differ), Field(max_length=5)]
"""A rule of EventBridge has no more than five targets."""


class Notify(StrictModel):
    """Who is told of what."""

    attempt_failed: Channels = Field(default=(), description="Pattern 1: each attempt that fails.")
    run_failed: Channels = Field(default=(), description="Pattern 2: a run that failed or took too long.")
    caught: Channels = Field(default=(), description="Pattern 3: from inside the run, with all that is known.")
    did_not_start: Channels = Field(default=(), description="A time came and no run began.")
    late: Channels = Field(default=(), description="A run takes longer than the job's `late`.")

    def channels_of(self, pattern: Pattern) -> tuple[str, ...]:
        """The channels of a pattern."""
        channels: tuple[str, ...] = getattr(self, pattern.replace("-", "_"))
        return channels
