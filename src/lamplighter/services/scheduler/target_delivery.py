"""Build the delivery of a slot: the target's call, with the attributes that AWS inserts into its input.

See https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html and
https://docs.aws.amazon.com/scheduler/latest/UserGuide/configuring-schedule-dlq.html.
"""

import hashlib
from dataclasses import dataclass, replace

from lamplighter.base.aws import arn
from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json, dumps, loads
from lamplighter.base.world import format_iso_time
from lamplighter.bus import caller_of
from lamplighter.delivery.delivery import Delivery, RetryPolicy
from lamplighter.runs.jobs.schedules import slot_name
from lamplighter.services.scheduler import templated_targets, universal_targets
from lamplighter.services.scheduler.tables.schedules import Schedule
from lamplighter.services.scheduler.templated_targets import TargetInput
from lamplighter.services.scheduler.universal_targets import AwsServices

ATTEMPT_PLACEHOLDER = "<aws.scheduler.attempt-number>"
SDK_NAMES = {"states": "sfn", "events": "eventbridge"}
"""Services of templated targets to which the AWS SDKs give another name."""


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
        return f"{slot_name(self.schedule.name, self.time)}{self.digest}"


def make_delivery(schedule: Schedule, slot: int, created: int, services: AwsServices) -> Delivery:
    """Return the delivery of a slot; its age counts from `created`."""
    target, key = schedule.body["Target"], delivery_key(schedule.id, slot)
    digest = hashlib.sha256(f"{schedule.arn}/{key}".encode()).hexdigest()[:16]
    scheduled_slot = ScheduledSlot(schedule, format_instant(slot), digest)
    service, operation, params = _target_call(scheduled_slot, target, services)
    policy = target["RetryPolicy"]
    return Delivery(
        key=key,
        caller=replace(caller_of(schedule.arn), origin=schedule.arn),
        service=service,
        operation=operation,
        params=params,
        policy=RetryPolicy(policy["MaximumRetryAttempts"], policy["MaximumEventAgeInSeconds"]),
        dead_letter=target.get("DeadLetterConfig", {}).get("Arn"),
        body=dumps(params),
        attributes={
            "EXECUTION_ID": digest,
            "IS_PAYLOAD_TRUNCATED": "false",
            "SCHEDULED_TIME": scheduled_slot.time,
            "SCHEDULE_ARN": schedule.arn,
            "TARGET_ARN": _invoked_arn(target["Arn"], service, operation),
        },
        created=created,
        role=target.get("RoleArn", ""),
    )


def with_attempt_number(delivery: Delivery, attempt: int) -> Delivery:
    """Return the delivery with the attempt's number inserted, if its text contains the placeholder."""
    if ATTEMPT_PLACEHOLDER not in delivery.body:
        return delivery
    body = delivery.body.replace(ATTEMPT_PLACEHOLDER, str(attempt))
    return replace(delivery, body=body, params=loads(body))


def error_code(error: AwsError) -> str:
    """Return the code of an error for the dead-letter queue.

    "If the schedule fails to invoke a target due to an issue with EventBridge Scheduler, you'll see the following error
    code instead: AWS.Scheduler.InternalServerError."
    """
    return "AWS.Scheduler.InternalServerError" if error.code == "InternalFailure" else error.code


def format_instant(instant: int) -> str:
    """Return a time as AWS inserts it: 2022-03-22T18:59:43Z."""
    return f"{format_iso_time(instant)[:19]}Z"


def _target_call(scheduled_slot: ScheduledSlot, target: Json, services: AwsServices) -> tuple[str, str, Json]:
    """Return the service, the operation and its parameters."""
    given = target.get("Input")
    text = _default_input(scheduled_slot) if given is None else _insert_attributes(given, scheduled_slot)
    call = (
        universal_targets.parse_target(target["Arn"], services)
        if universal_targets.is_universal(target["Arn"])
        else None
    )
    if call is not None:
        return call.service, *universal_targets.call_parameters(call, text, services)
    target_arn = arn.parse(target["Arn"])
    assert target_arn is not None
    template = templated_targets.TEMPLATES[target_arn.service]
    target_input = TargetInput(
        target_arn, target, text, given is not None, scheduled_slot.schedule.name, scheduled_slot.name
    )
    return template.service, template.operation, template.params(target_input)


def _invoked_arn(target: str, service: str, operation: str) -> str:
    """Return the ARN of what a schedule invokes.

    It is "in the following service ARN format: arn:aws:scheduler:::aws-sdk:service:apiAction".
    """
    if universal_targets.is_universal(target):
        return target
    return f"{universal_targets.ARN_PREFIX}{SDK_NAMES.get(service, service)}:{operation[:1].lower()}{operation[1:]}"


def _default_input(scheduled_slot: ScheduledSlot) -> str:
    owner = arn.parse(scheduled_slot.schedule.arn)
    assert owner is not None
    return templated_targets.default_notification(owner, scheduled_slot.time, scheduled_slot.name)


def _insert_attributes(text: str, scheduled_slot: ScheduledSlot) -> str:
    values = {
        "schedule-arn": scheduled_slot.schedule.arn,
        "scheduled-time": scheduled_slot.time,
        "execution-id": scheduled_slot.digest,
    }
    for word, value in values.items():
        text = text.replace(f"<aws.scheduler.{word}>", value)
    return text
