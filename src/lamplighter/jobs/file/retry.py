"""When a job is tried again: by what went wrong, how often, and after how long.

Promises a budget of its own to each class of trouble. What no class names falls to the simple form, if that is given.
"""

from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, field_validator, model_validator

from lamplighter.base.json_text import Json
from lamplighter.jobs.file.strict_model import IncompleteError, StrictModel
from lamplighter.jobs.file.values import Duration, Factor, Switch, Whole, format_value

Class = Literal["infra", "spot", "start-failure", "timeout", "exit", "any"]
MOST_ATTEMPTS = 1_000
LONGEST_INTERVAL = 31_622_400
"""Seconds, of MaxDelaySeconds: https://states-language.net/spec.html#errors"""


def _codes(value: Json) -> Json:
    return value if isinstance(value, (list, tuple)) else [value]


def _code(code: int) -> int:
    if not 1 <= code <= 255:
        raise ValueError(f"{code} is no exit code of a failure|write numbers from 1 to 255")
    return code


Code = Annotated[Whole, AfterValidator(_code)]
Longest = Annotated[Duration, Field(le=LONGEST_INTERVAL)]


class RetryLimits(StrictModel):
    """How often and after how long."""

    attempts: Whole = Field(ge=0, le=MOST_ATTEMPTS, description="How many times it is tried again after the first.")
    interval: Duration = Field(default=1, description="Before the first retry.")
    backoff: Factor = Field(default=2, ge=1, le=100, description="By what the wait grows from one retry to the next.")
    jitter: Switch = Field(default=False, description="Wait anything between nothing and the full time.")
    max_interval: Longest | None = Field(default=None, description="The longest wait, however often it failed.")


class ExitCodeRetry(RetryLimits):
    """The same, for some exit codes of the job's container."""

    codes: Annotated[tuple[Code, ...], BeforeValidator(_codes)] = Field(min_length=1, description="1 to 255.")


class Retry(StrictModel):
    """The simple form (attempts, interval, …) for everything, and the classes of trouble that have their own."""

    attempts: Whole | None = Field(
        default=None, ge=0, le=MOST_ATTEMPTS, description="How many times it is tried again, whatever went wrong."
    )
    interval: Duration = 1
    backoff: Factor = Field(default=2, ge=1, le=100)
    jitter: Switch = False
    max_interval: Longest | None = None
    infra: RetryLimits | None = Field(
        default=None, description="No capacity, no network interface, throttling, an error of AWS: before the job ran."
    )
    spot: RetryLimits | None = Field(default=None, description="Fargate Spot took its capacity back.")
    start_failure: RetryLimits | None = Field(default=None, description="The container could not be started.")
    timeout: RetryLimits | None = Field(default=None, description="The attempt took longer than `timeout`.")
    exit: tuple[ExitCodeRetry, ...] = Field(default=(), description="The container ended with one of these codes.")

    @field_validator("exit", mode="before")
    @classmethod
    def _one_or_more(cls, value: Json) -> Json:
        if not isinstance(value, (dict, list, tuple)):
            raise ValueError(f"{format_value(value)} does not say how often|write {{codes: [75], attempts: 2}}")
        return [value] if isinstance(value, dict) else value

    @model_validator(mode="after")
    def _says_how_often(self) -> "Retry":
        named = {"interval", "backoff", "jitter", "max_interval"} & self.model_fields_set
        if self.attempts is None and named:
            raise IncompleteError("this does not say how often to try again|add `attempts: 1`")
        codes = [code for each in self.exit for code in each.codes]
        twice = [code for at, code in enumerate(codes) if code in codes[:at]]
        if twice:
            raise ValueError(f"the exit code {twice[0]} is named twice|name it once, in one of the policies")
        return self

    @property
    def simple(self) -> RetryLimits | None:
        """The simple form."""
        if self.attempts is None:
            return None
        given = {name: getattr(self, name) for name in RetryLimits.model_fields}
        return RetryLimits.model_construct(None, **given)

    @property
    def limits_by_class(self) -> dict[str, RetryLimits]:
        """Each class that is given and what it may spend, the most special first; exit, exit2 … for codes."""
        classes = {"spot": self.spot, "infra": self.infra, "start-failure": self.start_failure, "timeout": self.timeout}
        codes = {f"exit{at or ''}": policy for at, policy in enumerate(self.exit)}
        return {name: found for name, found in {**classes, **codes, "any": self.simple}.items() if found is not None}

    @property
    def max_retries(self) -> int:
        """The most retries that there can be."""
        return sum(again.attempts for again in self.limits_by_class.values())

    @property
    def needs_cause(self) -> bool:
        """Whether the error's name does not tell its class, so that its cause has to be read."""
        return bool(self.infra or self.spot or self.start_failure or self.exit)
