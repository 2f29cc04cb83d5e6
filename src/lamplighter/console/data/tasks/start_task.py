"""Start what a schedule or a rule starts without a state machine, because a person asks for it."""

from collections.abc import Sequence

from lamplighter.base.errors import AwsError, ServiceError
from lamplighter.console.calls import Calls
from lamplighter.runs.tasks.run_task_request import BadTarget, PersonStart, person_request
from lamplighter.runs.tasks.scheduled_tasks import TaskStarter

STARTED_ALREADY = "ConflictException"
"""The error code of RunTask for a client token that was used with other parameters."""


class CannotStart(ServiceError, code="Cannot start", template="{}", status=409):
    """A task cannot be started as its schedule or rule would; the message says why."""


async def start_task(calls: Calls, starter: TaskStarter, start: PersonStart) -> Sequence[str]:
    """Start tasks as a schedule or rule would, and return their ARNs.

    Returns none if an earlier call with the same `start.id` started them at another time. Raises CannotStart.
    """
    try:
        answer = await calls.call("ecs", "RunTask", **person_request(starter, start))
    except BadTarget as error:
        raise CannotStart(str(error)) from None
    except AwsError as error:
        if error.code != STARTED_ALREADY:
            raise
        return ()  # the input contains the time, so the repeated call differs from the first one
    if answer.get("failures"):
        raise CannotStart("; ".join(dict.fromkeys(str(each.get("reason")) for each in answer["failures"])))
    return [each["taskArn"] for each in answer["tasks"]]
