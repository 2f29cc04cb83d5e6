"""EventBridge Scheduler's own errors: https://docs.aws.amazon.com/scheduler/latest/APIReference/CommonErrors.html."""

from lamplighter.base.errors import ServiceError


class NotFound(ServiceError, code="ResourceNotFoundException", status=404):
    """What is named is not there."""


class Conflict(ServiceError, code="ConflictException", status=409):
    """What is asked for does not go with what is there."""


class QuotaExceeded(ServiceError, code="ServiceQuotaExceededException", status=402):
    """There are too many already."""


class ScheduleNotFound(NotFound, template="Schedule {} does not exist."):
    """There is no schedule of this name in the group."""


class UnreadableSchedule(
    ServiceError,
    template="Schedule {} cannot be read; update it, or delete it.",
    code="InternalServerException",
    status=500,
):
    """What was kept of a schedule can't be read."""


class GroupNotFound(NotFound, template="Schedule group {} does not exist."):
    """There is no group of this name."""
