"""Check that Scheduler can assume the role of a schedule's target, if the engine enforces IAM.

See https://docs.aws.amazon.com/scheduler/latest/UserGuide/setting-up.html#setting-up-execution-role.
"""

from lamplighter.base.aws.role_session import RoleSession
from lamplighter.base.errors import AwsError, ValidationError
from lamplighter.base.json_text import Json
from lamplighter.bus import Bus
from lamplighter.store.db import Reader

SERVICE_PRINCIPAL = "scheduler.amazonaws.com"


def check_target_role(bus: Bus, reader: Reader, schedule: str, target: Json) -> None:
    """Raise ValidationException unless Scheduler can assume the target's role for a schedule."""
    if bus.guard is None:
        return
    session = RoleSession(target["RoleArn"], "create", service=SERVICE_PRINCIPAL, source=schedule)
    try:
        bus.guard.check_role(reader, "scheduler", session)
    except AwsError:
        raise ValidationError(
            "The execution role you provide must allow AWS EventBridge Scheduler to assume the role."
        ) from None
