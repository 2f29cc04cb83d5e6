"""Choose the call that sends an event to a target, by the service in the target's ARN.

See https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-targets.html.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from lamplighter.base import arn
from lamplighter.base.arn import Arn
from lamplighter.base.errors import UnknownOperation
from lamplighter.base.json_text import Json, JsonError, dumps, loads
from lamplighter.lang.event_pattern.comparisons import is_number
from lamplighter.services.events.arns import LATEST, derive_id, parse_instant
from lamplighter.services.events.targets.api_destination_calls import http_values
from lamplighter.services.events.targets.input_transformer import is_constant, read_document

INSIDE = "events.targets"
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
    mark: Json = None
    """The rule's annotation, if the rule is from a job file: the job and alert pattern that the rule reports."""


@dataclass(frozen=True, slots=True)
class TargetCall:
    """An operation with its parameters."""

    service: str
    operation: str
    params: Json


def target_call(parcel: TargetInput) -> TargetCall:
    """Return the call for a target. Raises `UnknownOperation` if no call exists for such a target."""
    place = arn.parse(parcel.target["Arn"])
    make = MAKERS.get(place.service) if place is not None else None
    found = make(parcel, place) if make is not None and place is not None else None
    if found is None:
        raise UnknownOperation(f"Targets of this kind are not supported: {parcel.target['Arn']}")
    return found


def _states(parcel: TargetInput, _place: Arn) -> TargetCall:
    """Return StartExecution; the execution's name is the event's id and an id derived from rule and target."""
    params = {
        "stateMachineArn": parcel.target["Arn"],
        "name": f"{parcel.event['id']}_{derive_id(parcel.key)}",
        "input": parcel.input,
    }
    return TargetCall("states", "StartExecution", params)


NETWORK = (("Subnets", "subnets"), ("SecurityGroups", "securityGroups"), ("AssignPublicIp", "assignPublicIp"))
ECS = (
    ("TaskDefinitionArn", "taskDefinition"),
    ("LaunchType", "launchType"),
    ("PlatformVersion", "platformVersion"),
    ("Group", "group"),
    ("CapacityProviderStrategy", "capacityProviderStrategy"),
    ("EnableECSManagedTags", "enableECSManagedTags"),
    ("EnableExecuteCommand", "enableExecuteCommand"),
    ("PlacementConstraints", "placementConstraints"),
    ("PlacementStrategy", "placementStrategy"),
    ("PropagateTags", "propagateTags"),
    ("ReferenceId", "referenceId"),
)


def _ecs(parcel: TargetInput, _place: Arn) -> TargetCall:
    """Return RunTask; the input is the document of overrides if the target defines its input."""
    given = parcel.target["EcsParameters"]
    params: Json = {"cluster": parcel.target["Arn"], "count": given.get("TaskCount", 1)}
    params |= {ours: given[theirs] for theirs, ours in ECS if theirs in given}
    if "NetworkConfiguration" in given:
        vpc = given["NetworkConfiguration"].get("awsvpcConfiguration", {})
        params["networkConfiguration"] = {
            "awsvpcConfiguration": {ours: vpc[theirs] for theirs, ours in NETWORK if theirs in vpc}
        }
    if "Tags" in given:
        params["tags"] = [{"key": tag["Key"], "value": tag["Value"]} for tag in given["Tags"]]
    if is_constant(parcel.target):
        params["overrides"] = read_document(parcel.input)
    params |= {"startedBy": f"events-rule/{parcel.rule}"[:128], "clientToken": derive_id(parcel.key)}
    return TargetCall("ecs", "RunTask", params)


def _sns(parcel: TargetInput, _place: Arn) -> TargetCall:
    if parcel.mark is not None:
        params = {"Mark": parcel.mark, "Channel": parcel.target["Id"], "TopicArn": parcel.target["Arn"]}
        return TargetCall(ALERTS, "Tell", params | {"Message": parcel.input, "Event": parcel.event})
    return TargetCall("sns", "Publish", {"TopicArn": parcel.target["Arn"], "Message": parcel.input})


def _sqs(parcel: TargetInput, place: Arn) -> TargetCall:
    url = f"https://sqs.{place.region}.amazonaws.com/{place.account}/{place.resource}"
    group = parcel.target.get("SqsParameters", {}).get("MessageGroupId")
    grouped = {"MessageGroupId": group} if group is not None else {}
    return TargetCall("sqs", "SendMessage", {"QueueUrl": url, "MessageBody": parcel.input} | grouped)


def _logs(parcel: TargetInput, place: Arn) -> TargetCall | None:
    kind, _, rest = place.resource.partition(":")
    if kind != "log-group":
        return None
    time, message = _entry(parcel)
    params = {"group": rest.removesuffix(":*"), "stream": derive_id(parcel.key), "time": time, "message": message}
    return TargetCall(INSIDE, "Log", params)


def _entry(parcel: TargetInput) -> tuple[int, str]:
    """Return the time and message of a log entry.

    A target that defines its input can set both, in the form of a log event.
    See https://docs.aws.amazon.com/cdk/api/v2/docs/aws-cdk-lib.aws_events_targets.LogGroupTargetInputOptions.html.
    """
    usual = parse_instant(parcel.event["time"])
    if is_constant(parcel.target):
        try:
            made = loads(parcel.input)
        except JsonError:
            made = None
        if isinstance(made, dict) and made.keys() == {"timestamp", "message"}:
            message = made["message"]
            return _moment(made["timestamp"], usual), message if isinstance(message, str) else dumps(message)
    return usual, parcel.input


def _moment(given: Json, usual: int) -> int:
    """Return a time that is given as text or in milliseconds; return `usual` for anything else."""
    try:
        time = parse_instant(given) if isinstance(given, str) else given
    except (ValueError, OverflowError):
        return usual
    return int(time) if is_number(time) and 0 <= time <= LATEST else usual


def _events(parcel: TargetInput, place: Arn) -> TargetCall | None:
    kind, _, name = place.resource.partition("/")
    if kind == "event-bus":
        return TargetCall(INSIDE, "Forward", {"bus": name, "event": parcel.event, "hops": parcel.hops + 1})
    if kind != "api-destination":
        return None
    http = http_values(parcel.target, parcel.event)
    return TargetCall(INSIDE, "CallApi", {"destination": parcel.target["Arn"], "body": parcel.input, "http": http})


def _lambda(parcel: TargetInput, _place: Arn) -> TargetCall:
    params = {"FunctionName": parcel.target["Arn"], "InvocationType": "Event", "Payload": parcel.input}
    return TargetCall("lambda", "Invoke", params)


MAKERS: Mapping[str, Callable[[TargetInput, Arn], TargetCall | None]] = {
    "states": _states,
    "ecs": _ecs,
    "sns": _sns,
    "sqs": _sqs,
    "logs": _logs,
    "events": _events,
    "lambda": _lambda,
}
