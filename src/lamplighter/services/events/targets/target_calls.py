"""Choose the call that sends an event to a target, by the service in the target's ARN.

See https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-targets.html.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from lamplighter.base.aws import arn
from lamplighter.base.aws.arn import Arn
from lamplighter.base.errors import UnknownOperation
from lamplighter.base.json_text import Json, dumps, loads_or
from lamplighter.lang.event_pattern.comparisons import is_number
from lamplighter.lang.input_transformer import is_constant, read_document
from lamplighter.runs.tasks.run_task_request import rule_tags, target_parameters
from lamplighter.runs.tasks.task_run import MAX_STARTED_BY, RULE_PREFIX
from lamplighter.services.events.arns import MAX_EVENT_TIME, derive_id, parse_instant
from lamplighter.services.events.targets.api_destination_calls import http_values

INTERNAL_SERVICE = "events.targets"
"""The bus's service name for the internal operations, such as forwarding an event to another bus or to a log."""

ALERTS = "alerts"
"""The service that composes the alerts of jobs."""


@dataclass(frozen=True, slots=True)
class TargetInput:
    """The data from which the call for a target is made."""

    key: str
    """The name of the delivery; always the same for the same event, rule and target."""
    rule: str
    """The rule's name."""
    target: Json
    input: str
    """The text that the target gets."""
    event: Json
    """The original event."""
    hops: int
    """The number of buses that have forwarded the event."""
    annotation: Json = None
    """The rule's annotation, if the rule is from a job file: the job and alert pattern that the rule reports."""


@dataclass(frozen=True, slots=True)
class TargetCall:
    """An operation with its parameters."""

    service: str
    operation: str
    params: Json


def target_call(target_input: TargetInput) -> TargetCall:
    """Return the call for a target. Raises `UnknownOperation` if no call exists for such a target."""
    place = arn.parse(target_input.target["Arn"])
    make = CALL_MAKERS.get(place.service) if place is not None else None
    found = make(target_input, place) if make is not None and place is not None else None
    if found is None:
        raise UnknownOperation(f"Targets of this kind are not supported: {target_input.target['Arn']}")
    return found


def _states(target_input: TargetInput, _place: Arn) -> TargetCall:
    """Return StartExecution; the execution's name is the event's id and an id derived from rule and target."""
    params = {
        "stateMachineArn": target_input.target["Arn"],
        "name": f"{target_input.event['id']}_{derive_id(target_input.key)}",
        "input": target_input.input,
    }
    return TargetCall("states", "StartExecution", params)


def _ecs(target_input: TargetInput, _place: Arn) -> TargetCall:
    """Return RunTask; the input is the document of overrides if the target defines its input."""
    given = target_input.target["EcsParameters"]
    params = target_parameters(given, target_input.target["Arn"]) | rule_tags(given)
    if is_constant(target_input.target):
        params["overrides"] = read_document(target_input.input)
    started_by = f"{RULE_PREFIX}{target_input.rule}"[:MAX_STARTED_BY]
    return TargetCall("ecs", "RunTask", params | {"startedBy": started_by, "clientToken": derive_id(target_input.key)})


def _sns(target_input: TargetInput, _place: Arn) -> TargetCall:
    if target_input.annotation is not None:
        params = {
            "Annotation": target_input.annotation,
            "Channel": target_input.target["Id"],
            "TopicArn": target_input.target["Arn"],
        }
        return TargetCall(ALERTS, "SendAlert", params | {"Message": target_input.input, "Event": target_input.event})
    return TargetCall("sns", "Publish", {"TopicArn": target_input.target["Arn"], "Message": target_input.input})


def _sqs(target_input: TargetInput, place: Arn) -> TargetCall:
    url = f"https://sqs.{place.region}.amazonaws.com/{place.account}/{place.resource}"
    group = target_input.target.get("SqsParameters", {}).get("MessageGroupId")
    grouped = {"MessageGroupId": group} if group is not None else {}
    return TargetCall("sqs", "SendMessage", {"QueueUrl": url, "MessageBody": target_input.input} | grouped)


def _logs(target_input: TargetInput, place: Arn) -> TargetCall | None:
    kind, _, rest = place.resource.partition(":")
    if kind != "log-group":
        return None
    time, message = _log_entry(target_input)
    params = {"group": rest.removesuffix(":*"), "stream": derive_id(target_input.key), "time": time, "message": message}
    return TargetCall(INTERNAL_SERVICE, "PutLogEvent", params)


def _log_entry(target_input: TargetInput) -> tuple[int, str]:
    """Return the time and message of a log entry.

    A target that defines its input can set both, in the form of a log event.
    See https://docs.aws.amazon.com/cdk/api/v2/docs/aws-cdk-lib.aws_events_targets.LogGroupTargetInputOptions.html.
    """
    event_time = parse_instant(target_input.event["time"])
    if is_constant(target_input.target):
        made = loads_or(target_input.input, None)
        if isinstance(made, dict) and made.keys() == {"timestamp", "message"}:
            message = made["message"]
            return _parse_time(made["timestamp"], event_time), message if isinstance(message, str) else dumps(message)
    return event_time, target_input.input


def _parse_time(given: Json, default: int) -> int:
    """Return a time that is given as text or in milliseconds; return `default` for anything else."""
    try:
        time = parse_instant(given) if isinstance(given, str) else given
    except (ValueError, OverflowError):
        return default
    return int(time) if is_number(time) and 0 <= time <= MAX_EVENT_TIME else default


def _events(target_input: TargetInput, place: Arn) -> TargetCall | None:
    kind, _, name = place.resource.partition("/")
    if kind == "event-bus":
        event = target_input.event
        if place.region != event["region"]:  # measured against AWS: an event has another id there
            event = event | {"id": derive_id(target_input.key)}
        return TargetCall(
            INTERNAL_SERVICE, "PutEventOnBus", {"bus": name, "event": event, "hops": target_input.hops + 1}
        )
    if kind != "api-destination":
        return None
    http = http_values(target_input.target, target_input.event)
    return TargetCall(
        INTERNAL_SERVICE,
        "InvokeApiDestination",
        {"destination": target_input.target["Arn"], "body": target_input.input, "http": http},
    )


def _lambda(target_input: TargetInput, _place: Arn) -> TargetCall:
    params = {"FunctionName": target_input.target["Arn"], "InvocationType": "Event", "Payload": target_input.input}
    return TargetCall("lambda", "Invoke", params)


CALL_MAKERS: Mapping[str, Callable[[TargetInput, Arn], TargetCall | None]] = {
    "states": _states,
    "ecs": _ecs,
    "sns": _sns,
    "sqs": _sqs,
    "logs": _logs,
    "events": _events,
    "lambda": _lambda,
}
