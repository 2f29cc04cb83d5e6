"""What is sent when a slot fires: the target's call, with what AWS fills into its input.

See https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html and
https://docs.aws.amazon.com/scheduler/latest/UserGuide/configuring-schedule-dlq.html.
"""

import hashlib
from dataclasses import replace

from lamplighter.base import arn
from lamplighter.base.jsontext import Json, dumps, loads
from lamplighter.base.world import iso
from lamplighter.delivery.letter import Letter, Policy
from lamplighter.services.scheduler import naming, targets, universal
from lamplighter.services.scheduler.targets import Sending
from lamplighter.services.scheduler.universal import Models
from lamplighter.store.schedules import Schedule

ATTEMPT = "<aws.scheduler.attempt-number>"
LONGEST_NAME = 46
"""Characters of a schedule's name in the name of an execution, which has 80: the rest are time and digest."""


def letter_key(schedule: int, slot: int) -> str:
    """How a slot's letter is called; no other ever is."""
    return f"{schedule}/{slot}"


def read_key(key: str) -> tuple[int, int]:
    """The schedule and the slot of a letter."""
    schedule, _, slot = key.partition("/")
    return int(schedule), int(slot)


def written(schedule: Schedule, slot: int, born: int, models: Models) -> Letter:
    """The letter of a slot; `born`: from when its age counts."""
    target, time = schedule.body["Target"], moment(slot)
    digest = hashlib.sha256(f"{schedule.arn}/{letter_key(schedule.id, slot)}".encode()).hexdigest()[:16]
    key = f"{schedule.name[:LONGEST_NAME]}-{time.replace('-', '').replace(':', '')}-{digest}"
    service, operation, params = _call(schedule, target, time, digest, key, models)
    policy, dead_letter = target["RetryPolicy"], target.get("DeadLetterConfig", {}).get("Arn")
    return Letter(
        key=letter_key(schedule.id, slot),
        caller=naming.caller_of(schedule.arn),
        service=service,
        operation=operation,
        params=params,
        policy=Policy(policy["MaximumRetryAttempts"], policy["MaximumEventAgeInSeconds"]),
        dead_letter=dead_letter,
        body=dumps(params),
        attributes={
            "EXECUTION_ID": digest,
            "IS_PAYLOAD_TRUNCATED": "false",
            "SCHEDULED_TIME": time,
            "SCHEDULE_ARN": schedule.arn,
            "TARGET_ARN": target["Arn"],
        },
        born=born,
    )


def numbered(letter: Letter, attempt: int) -> Letter:
    """A letter as it is sent for the nth time."""
    if ATTEMPT not in letter.body:
        return letter
    body = letter.body.replace(ATTEMPT, str(attempt))
    return replace(letter, body=body, params=loads(body))


def moment(instant: int) -> str:
    """An instant as AWS fills it in: 2022-03-22T18:59:43Z."""
    return f"{iso(instant)[:19]}Z"


def _call(schedule: Schedule, target: Json, time: str, digest: str, key: str, models: Models) -> tuple[str, str, Json]:
    """The service, the operation and its parameters."""
    given = target.get("Input")
    owner = arn.parse(schedule.arn)
    assert owner is not None
    text = _filled(given, schedule, time, digest) if given is not None else targets.notification(owner, time, key)
    call = universal.read(target["Arn"]) if universal.is_universal(target["Arn"]) else None
    if call is not None:
        return call.service, *universal.params(call, text, models)
    where = arn.parse(target["Arn"])
    assert where is not None
    template = targets.TEMPLATES[where.service]
    sending = Sending(where, target, text, given is not None, schedule.name, key)
    return template.service, template.operation, template.params(sending)


def _filled(text: str, schedule: Schedule, time: str, digest: str) -> str:
    for word, value in (("schedule-arn", schedule.arn), ("scheduled-time", time), ("execution-id", digest)):
        text = text.replace(f"<aws.scheduler.{word}>", value)
    return text
