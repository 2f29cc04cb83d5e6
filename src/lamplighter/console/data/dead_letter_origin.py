"""Find out where a dead letter came from, and send it there again.

A message from a queue returns to that queue. An event that a rule could not deliver is delivered to the rule's target
again. A call that a schedule could not make is contained in its dead letter, and is made exactly so. The last two are
sent before the dead letter is deleted, so that a crash between the two keeps the dead letter. An execution that a
schedule starts is named after the slot, so it does not start twice.
See https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html and
https://docs.aws.amazon.com/scheduler/latest/UserGuide/configuring-schedule-dlq.html.
"""

from dataclasses import dataclass

from lamplighter.base.errors import ValidationError
from lamplighter.base.json_text import Json, loads_or
from lamplighter.console.page import Page
from lamplighter.console.ports.port import place_of_arn
from lamplighter.console.view import links
from lamplighter.console.view.subject import Subject, find_subject, subject_of_arn

UNIVERSAL_TARGET_PREFIX = "arn:aws:scheduler:::aws-sdk:"
SIGNING_NAMES = {"sfn": "states", "eventbridge": "events"}
"""The signing names of services that the SDKs name differently."""
DESCRIBED_ATTRIBUTES = frozenset({"RULE_ARN", "SCHEDULE_ARN", "TARGET_ARN", "ERROR_CODE", "ERROR_MESSAGE"})
"""Attributes of a dead letter that the page describes in words."""


@dataclass(frozen=True, slots=True)
class DeadLetterOrigin:
    """The queue, rule or schedule that moved a message to the dead-letter queue."""

    kind: str
    """queue, rule or schedule"""
    name: str
    url: str | None
    destination: str
    """The destination if the message is sent again."""
    error: str


def find_origin(message: Json) -> DeadLetterOrigin | None:
    """Return the origin of a message from PeekMessages, or None if a client sent the message to this queue."""
    if message["Source"]:
        name = message["Source"].rpartition(":")[2]
        return DeadLetterOrigin("queue", name, links.resource_path(message["Source"]), name, "")
    attributes = {name: str(value.get("StringValue", "")) for name, value in message["Attributes"].items()}
    target = attributes.get("TARGET_ARN", "")
    error = ": ".join(filter(None, (attributes.get("ERROR_CODE"), attributes.get("ERROR_MESSAGE"))))
    if target and "RULE_ARN" in attributes:
        name = attributes["RULE_ARN"].rpartition("/")[2]
        return DeadLetterOrigin(
            "rule", name, links.resource_path(attributes["RULE_ARN"]), links.resource_name(target), error
        )
    if target.startswith(UNIVERSAL_TARGET_PREFIX) and "SCHEDULE_ARN" in attributes:
        return DeadLetterOrigin(
            "schedule",
            attributes["SCHEDULE_ARN"].rpartition("/")[2],
            None,
            target.removeprefix(UNIVERSAL_TARGET_PREFIX),
            error,
        )
    return None


def find_message_subject(message: Json) -> Subject | None:
    """Return what a message from PeekMessages is about, or else the schedule that could not make the call in it."""
    found = find_subject(message["Body"])
    schedule = str(message["Attributes"].get("SCHEDULE_ARN", {}).get("StringValue", ""))
    return found or (subject_of_arn(schedule) if schedule else None)


async def send_again(page: Page, message: Json) -> bool:
    """Send the dead letter of a rule or schedule again and return True; return False for one of a queue."""
    found = find_origin(message)
    if found is None:
        raise ValidationError("This message cannot be sent again: no queue, rule or schedule moved it here.")
    attributes = {name: str(value.get("StringValue", "")) for name, value in message["Attributes"].items()}
    if found.kind == "rule":
        rule, target = attributes["RULE_ARN"], attributes["TARGET_ARN"]
        await page.call_internal("events", "RedriveDeadLetter", RuleArn=rule, TargetArn=target, Event=message["Body"])
    elif found.kind == "schedule":
        await _repeat_call(page, attributes, message["Body"])
    return found.kind != "queue"


async def _repeat_call(page: Page, attributes: dict[str, str], body: str) -> None:
    """Make the call that the schedule could not make."""
    service, _, action = attributes["TARGET_ARN"].removeprefix(UNIVERSAL_TARGET_PREFIX).partition(":")
    place = place_of_arn(attributes["SCHEDULE_ARN"])
    params = loads_or(body, None)
    if place is None or not isinstance(params, dict) or not action:
        raise ValidationError("This dead letter does not contain a valid call.")
    operation = f"{action[:1].upper()}{action[1:]}"
    await page.port.call(place, SIGNING_NAMES.get(service, service), operation, params)
