"""Define for how long this machine keeps what has ended. AWS has its own times, except for logs (`log-retention`)."""

from pydantic import Field, field_validator

from lamplighter.jobs.file.parsing.invalid_value import InvalidValue
from lamplighter.jobs.file.schedules import DAY_SECONDS
from lamplighter.jobs.file.strict_model import StrictModel
from lamplighter.jobs.file.values import Duration, WholeNumber
from lamplighter.store.retention import RetentionSettings

_DEFAULTS = RetentionSettings()


class Keep(StrictModel):
    """For how long, and how many of each thing, the engine on this machine keeps."""

    runs: Duration = Field(default=_DEFAULTS.runs // 1000, description="Runs with their history, and tasks.")
    output: Duration = Field(default=_DEFAULTS.output // 1000, description="Files with the output of tasks.")
    mails: Duration = Field(default=_DEFAULTS.mails // 1000, description="Mails that are files, without a mail server.")
    slots: WholeNumber = Field(
        default=_DEFAULTS.slots, ge=10, le=1_000_000, description="Scheduled times of each schedule."
    )
    audit: Duration = Field(default=_DEFAULTS.audit // 1000, description="Entries of the audit log; at least 1d.")
    images: WholeNumber = Field(default=3, ge=1, le=1_000, description="Images that were built for each job.")

    @field_validator("audit")
    @classmethod
    def _check_audit(cls, seconds: int) -> int:
        if seconds < DAY_SECONDS:
            raise InvalidValue("the audit log is kept for at least a day", "write 1d or more, such as 400d")
        return seconds
