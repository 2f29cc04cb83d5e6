"""Define the errors of EventBridge Scheduler.

See https://docs.aws.amazon.com/scheduler/latest/APIReference/CommonErrors.html.
"""

from lamplighter.base.errors import service_error

NotFound = service_error("ResourceNotFoundException", status=404)
Conflict = service_error("ConflictException", status=409)
QuotaExceeded = service_error("ServiceQuotaExceededException", status=402)
ScheduleNotFound = service_error("ResourceNotFoundException", "Schedule {} does not exist.", status=404)
UnreadableSchedule = service_error(
    "InternalServerException", "Schedule {} cannot be read; update it, or delete it.", status=500
)
GroupNotFound = service_error("ResourceNotFoundException", "Schedule group {} does not exist.", status=404)
