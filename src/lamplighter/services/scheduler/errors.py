"""EventBridge Scheduler's own errors: https://docs.aws.amazon.com/scheduler/latest/APIReference/CommonErrors.html."""

from lamplighter.base.errors import AwsError


class NotFound(AwsError):
    """What is named is not there."""

    code = "ResourceNotFoundException"
    status = 404


class Conflict(AwsError):
    """What is asked for does not go with what is there."""

    code = "ConflictException"
    status = 409


class QuotaExceeded(AwsError):
    """There are too many already."""

    code = "ServiceQuotaExceededException"
    status = 402


class ScheduleNotFound(NotFound):
    """There is no schedule of this name in the group."""

    def __init__(self, name: str) -> None:
        super().__init__(f"Schedule {name} does not exist.")


class UnreadableSchedule(AwsError):
    """What was kept of a schedule can't be read."""

    code = "InternalServerException"
    status = 500

    def __init__(self, name: str) -> None:
        super().__init__(f"Schedule {name} cannot be read; update it, or delete it.")


class GroupNotFound(NotFound):
    """There is no group of this name."""

    def __init__(self, name: str) -> None:
        super().__init__(f"Schedule group {name} does not exist.")
