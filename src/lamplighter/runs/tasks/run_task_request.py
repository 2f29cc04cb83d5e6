"""Build the parameters of RunTask with which a schedule or a rule starts its tasks. Pure.

The engine's Scheduler and EventBridge use the first part; `person_request` builds the same call for a person who starts
the job by hand, now. See https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from lamplighter.base.aws import arn
from lamplighter.base.errors import LamplighterError
from lamplighter.base.json_text import Json, JsonError, convert_members, dumps, loads
from lamplighter.base.world import format_iso_time
from lamplighter.lang.input_transformer import InvalidInput, is_constant, read_document, transform
from lamplighter.runs.tasks.scheduled_tasks import DEFAULT_CLUSTER, TaskStarter, is_universal
from lamplighter.runs.tasks.task_run import started_by_person

COPIED_FIELDS = (
    "LaunchType", "PlatformVersion", "Group", "CapacityProviderStrategy", "EnableECSManagedTags",
    "EnableExecuteCommand", "PlacementConstraints", "PlacementStrategy", "PropagateTags", "ReferenceId",
)  # fmt: skip
"""The members of EcsParameters that RunTask has, too, under a name that begins with a small letter."""
NETWORK_FIELDS = ("Subnets", "SecurityGroups", "AssignPublicIp")


class BadTarget(LamplighterError):
    """The input of a schedule's or a rule's target is not what RunTask needs."""


@dataclass(frozen=True, slots=True)
class PersonStart:
    """A start by hand."""

    prefix: str
    """How `startedBy` begins: `task_run.COMMAND_PREFIX` or `CONSOLE_PREFIX`."""
    time: int
    """The present time in milliseconds since the epoch, which takes the place of the scheduled time."""
    id: str
    """A new unique name, or that of a repetition: the client token, so that a repeated call starts no second task."""


def target_parameters(parameters: Json, cluster: str) -> dict[str, Json]:
    """Return the parameters of RunTask in EcsParameters; without overrides, tags and what names the start."""
    params: dict[str, Json] = {
        "cluster": cluster,
        "taskDefinition": parameters["TaskDefinitionArn"],
        "count": parameters.get("TaskCount", 1),
        **{_small(field): parameters[field] for field in COPIED_FIELDS if field in parameters},
    }
    network = (parameters.get("NetworkConfiguration") or {}).get("awsvpcConfiguration")
    if network is None:
        return params
    vpc = {_small(field): network[field] for field in NETWORK_FIELDS if field in network}
    return params | {"networkConfiguration": {"awsvpcConfiguration": vpc}}


def schedule_tags(parameters: Json) -> dict[str, Json]:
    """Return the tags in a schedule's EcsParameters: a map is one tag with `key` and `value`, or each key is a tag."""
    if "Tags" not in parameters:
        return {}
    return {"tags": [tag for given in parameters["Tags"] for tag in _tags_of_map(given)]}


def rule_tags(parameters: Json) -> dict[str, Json]:
    """Return the tags in a rule's EcsParameters."""
    if "Tags" not in parameters:
        return {}
    return {"tags": [{"key": tag["Key"], "value": tag["Value"]} for tag in parameters["Tags"]]}


def person_request(starter: TaskStarter, start: PersonStart) -> dict[str, Json]:
    """Return the parameters with which a person starts what a schedule or a rule starts, now.

    Raises `BadTarget` if the target's input cannot be used, as each start by the schedule fails, too.
    """
    try:
        request = _request(starter, start)
    except (JsonError, InvalidInput) as error:
        raise BadTarget(f"the input of the {starter.kind} {starter.name} cannot be used: {error}") from None
    return {**request, "startedBy": started_by_person(start.prefix, starter.name, start.id), "clientToken": start.id}


def differing_starters(starters: Iterable[TaskStarter]) -> list[TaskStarter]:
    """Return one of all starters that start the same, enabled ones first: a person has to choose among several."""
    found: dict[str, TaskStarter] = {}
    for each in sorted(starters, key=lambda starter: not starter.timetable.enabled):
        found.setdefault(dumps(_what_is_started(each.target)), each)
    return [*found.values()]


def _what_is_started(target: Json) -> Json:
    return [target["Arn"], target.get("EcsParameters"), target.get("Input"), target.get("InputTransformer")]


def _request(starter: TaskStarter, start: PersonStart) -> dict[str, Json]:
    target = starter.target
    if is_universal(target):
        given = small_keys(read_document(_insert_attributes(target.get("Input") or "", starter, start)))
        return {**given, "cluster": given.get("cluster") or DEFAULT_CLUSTER}
    parameters = target["EcsParameters"]
    is_schedule = starter.kind == "schedule"
    tags = (schedule_tags if is_schedule else rule_tags)(parameters)
    overrides = (_schedule_overrides if is_schedule else _rule_overrides)(starter, start)
    return target_parameters(parameters, target["Arn"]) | tags | overrides


def _schedule_overrides(starter: TaskStarter, start: PersonStart) -> dict[str, Json]:
    given = starter.target.get("Input")
    return {} if given is None else {"overrides": loads(_insert_attributes(given, starter, start))}


def _rule_overrides(starter: TaskStarter, start: PersonStart) -> dict[str, Json]:
    if not is_constant(starter.target):
        return {}
    event = _scheduled_event(starter, start)
    text = transform(starter.target, event, "", (starter.arn, starter.name), event["time"])
    return {"overrides": read_document(text)}


def _scheduled_event(starter: TaskStarter, start: PersonStart) -> Json:
    """Return the event that EventBridge sends for a rule with a schedule."""
    place = arn.parse(starter.arn)
    assert place is not None
    return {
        "version": "0", "id": start.id, "detail-type": "Scheduled Event", "source": "aws.events",
        "account": place.account, "time": _second(start.time), "region": place.region, "resources": [starter.arn],
        "detail": {},
    }  # fmt: skip


def _insert_attributes(text: str, starter: TaskStarter, start: PersonStart) -> str:
    values = {
        "schedule-arn": starter.arn, "scheduled-time": _second(start.time), "execution-id": start.id,
        "attempt-number": "1",
    }  # fmt: skip
    for name, value in values.items():
        text = text.replace(f"<aws.scheduler.{name}>", value)
    return text


def _second(time: int) -> str:
    return f"{format_iso_time(time)[:19]}Z"


def _tags_of_map(given: Mapping[str, str]) -> list[Json]:
    if given.keys() <= {"key", "value"} and "key" in given:
        return [dict(given)]
    return [{"key": key, "value": value} for key, value in given.items()]


def _small(name: str) -> str:
    return f"{name[:1].lower()}{name[1:]}"


def small_keys(document: Json) -> Json:
    """Return a document of ECS, which has no maps with free keys, with members that begin with small letters."""
    if isinstance(document, dict):
        return {_small(name): small_keys(value) for name, value in document.items()}
    return convert_members(document, small_keys)
