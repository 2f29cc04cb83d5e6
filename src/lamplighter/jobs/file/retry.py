"""Define when a job is retried: after which errors, how often, and after how long.

Guarantees each class of errors its own number of retries. An error that no class covers uses the simple form, if that
is given.
"""

from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, field_validator, model_validator

from lamplighter.base.json_text import Json
from lamplighter.jobs.file.channels import as_list
from lamplighter.jobs.file.parsing.invalid_value import IncompleteValue, InvalidValue
from lamplighter.jobs.file.strict_model import StrictModel
from lamplighter.jobs.file.values import Boolean, Duration, Factor, WholeNumber, format_value

MAX_ATTEMPTS = 1_000
MAX_INTERVAL_SECONDS = 31_622_400
"""The longest wait in seconds that MaxDelaySeconds accepts: https://states-language.net/spec.html#errors"""


def _check_code(code: int) -> int:
    if not 1 <= code <= 255:
        raise InvalidValue(f"{code} is not an exit code of a failure", "write numbers from 1 to 255")
    return code


Code = Annotated[WholeNumber, AfterValidator(_check_code)]
MaxInterval = Annotated[Duration, Field(le=MAX_INTERVAL_SECONDS)]


class RetryLimits(StrictModel):
    """How often to retry, and how long to wait."""

    attempts: WholeNumber = Field(ge=0, le=MAX_ATTEMPTS, description="The number of retries after the first attempt.")
    interval: Duration = Field(default=1, description="The wait before the first retry.")
    backoff: Factor = Field(
        default=2, ge=1, le=100, description="The factor by which the wait grows from one retry to the next."
    )
    jitter: Boolean = Field(default=False, description="Wait for a random time between zero and the full wait.")
    max_interval: MaxInterval | None = Field(default=None, description="The longest wait between two attempts.")


class ExitCodeRetry(RetryLimits):
    """How often to retry after some exit codes of the job's container, and how long to wait."""

    codes: Annotated[tuple[Code, ...], BeforeValidator(as_list)] = Field(
        min_length=1, description="Exit codes, from 1 to 255."
    )


class Retry(StrictModel):
    """The simple form (attempts, interval, …) for all errors, and classes of errors that have their own limits."""

    attempts: WholeNumber | None = Field(
        default=None, ge=0, le=MAX_ATTEMPTS, description="The most retries for all failures that no class below covers."
    )
    interval: Duration = Field(default=1, description="The wait before the first retry.")
    backoff: Factor = Field(
        default=2, ge=1, le=100, description="The factor by which the wait grows from one retry to the next."
    )
    jitter: Boolean = Field(default=False, description="Wait for a random time between zero and the full wait.")
    max_interval: MaxInterval | None = Field(default=None, description="The longest wait between two attempts.")
    infra: RetryLimits | None = Field(
        default=None,
        description="AWS could not start the task: no capacity, no network interface, throttling or an internal error.",
    )
    spot: RetryLimits | None = Field(default=None, description="Fargate Spot reclaimed the capacity.")
    start_failure: RetryLimits | None = Field(default=None, description="The container could not be started.")
    timeout: RetryLimits | None = Field(default=None, description="The attempt took longer than `timeout`.")
    exit: tuple[ExitCodeRetry, ...] = Field(default=(), description="The container exited with one of these codes.")

    @field_validator("exit", mode="before")
    @classmethod
    def _read_exit(cls, value: Json) -> Json:
        if not isinstance(value, (dict, list, tuple)):
            raise InvalidValue(
                f"{format_value(value)} does not say how many retries to make", "write {codes: [75], attempts: 2}"
            )
        return [value] if isinstance(value, dict) else value

    @model_validator(mode="after")
    def _check_attempts(self) -> "Retry":
        named = {"interval", "backoff", "jitter", "max_interval"} & self.model_fields_set
        if self.attempts is None and named:
            raise IncompleteValue("this does not say how many retries to make", "add `attempts: 1`")
        codes = [code for each in self.exit for code in each.codes]
        twice = [code for at, code in enumerate(codes) if code in codes[:at]]
        if twice:
            raise InvalidValue(f"the exit code {twice[0]} is listed twice", "list it once, in one of the policies")
        return self

    @property
    def simple(self) -> RetryLimits | None:
        """The limits of the simple form, or None if `attempts` is not given."""
        if self.attempts is None:
            return None
        given = {name: getattr(self, name) for name in RetryLimits.model_fields}
        return RetryLimits.model_construct(None, **given)

    @property
    def limits_by_class(self) -> dict[str, RetryLimits]:
        """The limits of each class that is given, the most specific class first; exit, exit1, … for exit codes."""
        classes = {"spot": self.spot, "infra": self.infra, "start-failure": self.start_failure, "timeout": self.timeout}
        codes = {f"exit{at or ''}": policy for at, policy in enumerate(self.exit)}
        return {name: found for name, found in {**classes, **codes, "any": self.simple}.items() if found is not None}

    @property
    def max_retries(self) -> int:
        """The most retries that one run can need."""
        return sum(again.attempts for again in self.limits_by_class.values())

    @property
    def needs_cause(self) -> bool:
        """Whether some class depends on the error's cause, because the error's name alone does not identify it."""
        return bool(self.infra or self.spot or self.start_failure or self.exit)
