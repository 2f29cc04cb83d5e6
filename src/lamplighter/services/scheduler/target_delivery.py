"""Build the delivery of a slot: the target's call, with the attributes that AWS inserts into its input.

See https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html and
https://docs.aws.amazon.com/scheduler/latest/UserGuide/configuring-schedule-dlq.html.
"""

import hashlib
from dataclasses import dataclass, replace

from lamplighter.base import arn
from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json, dumps, loads
from lamplighter.base.world import iso
from lamplighter.delivery.delivery import Delivery, RetryPolicy
from lamplighter.services.scheduler import arns, templated_targets, universal_targets
from lamplighter.services.scheduler.tables.schedules import Schedule
from lamplighter.services.scheduler.templated_targets import TargetInput
from lamplighter.services.scheduler.universal_targets import AwsServices

ATTEMPT = "<aws.scheduler.attempt-number>"
SDK = {"states": "sfn", "events": "eventbridge"}
"""Services of templated targets to which the AWS SDKs give another name."""
LONGEST_NAME = 46
"""The most characters of a schedule's name in an execution's name, which may have 80: the rest is time and digest."""


def delivery_key(schedule: int, slot: int) -> str:
    """Return the key of a slot's delivery, which no other delivery has."""
    return f"{schedule}/{slot}"


def read_key(key: str) -> tuple[int, int]:
    """Return the schedule's id and the slot of a delivery's key."""
    schedule, _, slot = key.partition("/")
    return int(schedule), int(slot)


@dataclass(frozen=True, slots=True)
class ScheduledSlot:
    """A slot of a schedule, with the names derived from it."""

    schedule: Schedule
    time: str
    digest: str
    """Sixteen hexadecimal digits that identify the slot among all schedules."""

    @property
    def name(self) -> str:
        """Return the name that the slot's execution gets."""
        return f"{self.schedule.name[:LONGEST_NAME]}-{self.time.replace('-', '').replace(':', '')}-{self.digest}"


def make_delivery(schedule: Schedule, slot: int, born: int, services: AwsServices) -> Delivery:
    """Return the delivery of a slot; its age counts from `born`."""
    target, key = schedule.body["Target"], delivery_key(schedule.id, slot)
    digest = hashlib.sha256(f"{schedule.arn}/{key}".encode()).hexdigest()[:16]
    occasion = ScheduledSlot(schedule, format_instant(slot), digest)
    service, operation, params = _call(occasion, target, services)
    policy = target["RetryPolicy"]
    return Delivery(
        key=key,
        caller=arns.caller_of(schedule.arn),
        service=service,
        operation=operation,
        params=params,
        policy=RetryPolicy(policy["MaximumRetryAttempts"], policy["MaximumEventAgeInSeconds"]),
        dead_letter=target.get("DeadLetterConfig", {}).get("Arn"),
        body=dumps(params),
        attributes={
            "EXECUTION_ID": digest,
            "IS_PAYLOAD_TRUNCATED": "false",
            "SCHEDULED_TIME": occasion.time,
            "SCHEDULE_ARN": schedule.arn,
            "TARGET_ARN": _called(target["Arn"], service, operation),
        },
        created=born,
    )


def with_attempt_number(delivery: Delivery, attempt: int) -> Delivery:
    """Return the delivery with the attempt's number inserted, if its text contains the placeholder."""
    if ATTEMPT not in delivery.body:
        return delivery
    body = delivery.body.replace(ATTEMPT, str(attempt))
    return replace(delivery, body=body, params=loads(body))


def error_code(error: AwsError) -> str:
    """Return the code of an error for the dead-letter queue.

    "If the schedule fails to invoke a target due to an issue with EventBridge Scheduler, you'll see the following error
    code instead: AWS.Scheduler.InternalServerError."
    """
    return "AWS.Scheduler.InternalServerError" if error.code == "InternalFailure" else error.code


def format_instant(instant: int) -> str:
    """Return a time as AWS inserts it: 2022-03-22T18:59:43Z."""
    return f"{iso(instant)[:19]}Z"


def _call(occasion: ScheduledSlot, target: Json, services: AwsServices) -> tuple[str, str, Json]:
    """Return the service, the operation and its parameters."""
    given = target.get("Input")
    text = _notification(occasion) if given is None else _filled(given, occasion)
    call = (
        universal_targets.parse_target(target["Arn"], services)
        if universal_targets.is_universal(target["Arn"])
        else None
    )
    if call is not None:
        return call.service, *universal_targets.call_parameters(call, text, services)
    where = arn.parse(target["Arn"])
    assert where is not None
    template = templated_targets.TEMPLATES[where.service]
    sending = TargetInput(where, target, text, given is not None, occasion.schedule.name, occasion.name)
    return template.service, template.operation, template.params(sending)


def _called(target: str, service: str, operation: str) -> str:
    """Return the ARN of what a schedule invokes.

    It is "in the following service ARN format: arn:aws:scheduler:::aws-sdk:service:apiAction".
    """
    if universal_targets.is_universal(target):
        return target
    return f"{universal_targets.BEGINNING}{SDK.get(service, service)}:{operation[:1].lower()}{operation[1:]}"


def _notification(occasion: ScheduledSlot) -> str:
    owner = arn.parse(occasion.schedule.arn)
    assert owner is not None
    return templated_targets.default_notification(owner, occasion.time, occasion.name)


def _filled(text: str, occasion: ScheduledSlot) -> str:
    values = {
        "schedule-arn": occasion.schedule.arn,
        "scheduled-time": occasion.time,
        "execution-id": occasion.digest,
    }
    for word, value in values.items():
        text = text.replace(f"<aws.scheduler.{word}>", value)
    return text
