"""Define for how long this machine keeps what has ended. AWS has its own times, except for logs (`log-retention`)."""

from pydantic import Field, field_validator

from lamplighter.jobs.file.parsing.invalid_value import InvalidValue
from lamplighter.jobs.file.schedules import DAY_SECONDS
from lamplighter.jobs.file.strict_model import StrictModel
from lamplighter.jobs.file.values import Duration, WholeNumber


class Keep(StrictModel):
    """For how long, and how many of each thing, the engine on this machine keeps."""

    runs: Duration = Field(default=90 * DAY_SECONDS, description="Runs with their history, and tasks.")
    output: Duration = Field(default=30 * DAY_SECONDS, description="Files with the output of tasks.")
    mails: Duration = Field(default=90 * DAY_SECONDS, description="Mails that are files, without a mail server.")
    slots: WholeNumber = Field(default=1_000, ge=10, le=1_000_000, description="Scheduled times of each schedule.")
    audit: Duration = Field(default=400 * DAY_SECONDS, description="Entries of the audit log; at least 1d.")
    images: WholeNumber = Field(default=3, ge=1, le=1_000, description="Images that were built for each job.")

    @field_validator("audit")
    @classmethod
    def _check_audit(cls, seconds: int) -> int:
        if seconds < DAY_SECONDS:
            raise InvalidValue("the audit log is kept for at least a day", "write 1d or more, such as 400d")
        return seconds
