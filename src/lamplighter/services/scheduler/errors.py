"""Define the errors of EventBridge Scheduler.

See https://docs.aws.amazon.com/scheduler/latest/APIReference/CommonErrors.html.
"""

from lamplighter.base.errors import ServiceError


class NotFound(ServiceError, code="ResourceNotFoundException", status=404):
    """The resource that the request names does not exist."""


class Conflict(ServiceError, code="ConflictException", status=409):
    """The request conflicts with the state of a resource."""


class QuotaExceeded(ServiceError, code="ServiceQuotaExceededException", status=402):
    """A quota is reached."""


class ScheduleNotFound(NotFound, template="Schedule {} does not exist."):
    """The group has no schedule of this name."""


class UnreadableSchedule(
    ServiceError,
    template="Schedule {} cannot be read; update it, or delete it.",
    code="InternalServerException",
    status=500,
):
    """The row of a schedule cannot be read."""


class GroupNotFound(NotFound, template="Schedule group {} does not exist."):
    """There is no group of this name."""
