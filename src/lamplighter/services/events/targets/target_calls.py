"""Which call brings an event to a target, by the target's ARN: data, as far as that goes.

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
"""What the bus calls the operations of ours that no customer has: an event goes on to another bus, or into a log."""

ALERTS = "alerts"
"""The service that composes what people are told of a job."""


@dataclass(frozen=True, slots=True)
class TargetInput:
    """What a target is to get."""

    key: str
    """Names the delivery; the same each time for the same event, rule and target."""
    rule: str
    """The name of the rule."""
    target: Json
    input: str
    """What the target gets."""
    event: Json
    """The event as it came."""
    hops: int
    """How many buses it has come from."""
    mark: Json = None
    """Of which job and pattern the rule tells, where it is one of a job file's."""


@dataclass(frozen=True, slots=True)
class TargetCall:
    """An operation with its params."""

    service: str
    operation: str
    params: Json


def target_call(parcel: TargetInput) -> TargetCall:
    """The call; UnknownOperation where there is none for such a target."""
    place = arn.parse(parcel.target["Arn"])
    make = MAKERS.get(place.service) if place is not None else None
    found = make(parcel, place) if make is not None and place is not None else None
    if found is None:
        raise UnknownOperation(f"Nothing here brings events to {parcel.target['Arn']}")
    return found


def _states(parcel: TargetInput, _place: Arn) -> TargetCall:
    """The execution's name is the event's id with something that stands for rule and target."""
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
    """RunTask; what the target gets as its own, and not the event, is the document of overrides."""
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
    """What is logged, and at which time: a target that makes its input says both, in the form of a log event.

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
    """A time as text or in milliseconds; the usual one where it is neither."""
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
