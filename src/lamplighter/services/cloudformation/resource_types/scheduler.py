"""Resources of EventBridge Scheduler.

A schedule's metadata may say what is done with its slots that come while no engine runs, which AWS has no word for:
`Metadata: {Lamplighter: {Missed: all | last | none, Within: SECONDS}}`; and which job of a job file it starts, and the
topics that hear of slots that are dropped: `{Job: …, Tell: {channel: topic}}`. A schedule of a job that was paused, or
resumed, by a call stays so until its template says another State than before. See
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_Scheduler.html.
"""

from collections.abc import Generator, Mapping

from lamplighter.base.json_text import Json
from lamplighter.services.cloudformation.resource_types.resource_type import (
    Asked,
    Call,
    Kind,
    Made,
    Plan,
    found,
    gone,
    own_words,
    retag,
)

SCHEDULE = (
    *("GroupName", "Description", "ScheduleExpression", "ScheduleExpressionTimezone", "StartDate", "EndDate", "State"),
    *("FlexibleTimeWindow", "KmsKeyArn", "Target"),
)

KEEPS = "KeepsState"
"""A word of ours, as if it were a property: what paused a schedule of a job beside the file holds."""


def _set_own(asked: Asked, name: str) -> Generator[Call, Json, None]:
    own = own_words(asked.metadata)
    said = {key: own[key] for key in ("Missed", "Within") if key in own}
    if said:
        group = asked.get("GroupName", "default")
        yield Call("scheduler", "SetMissed", {"Name": name, "GroupName": group, **said})
    if "Job" in own:
        mark = {"Job": own["Job"], "Tell": own.get("Tell")}
        yield Call("scheduler", "SetMark", {"Name": name, "GroupName": asked.get("GroupName", "default"), **mark})


def _create_schedule(asked: Asked) -> Plan:
    answer = yield Call("scheduler", "CreateSchedule", {"Name": asked.name, **asked.taken(*SCHEDULE)})
    yield from _set_own(asked, asked.name)
    return Made(asked.name, {"Arn": answer["ScheduleArn"]})


def _get_schedule(asked: Asked) -> Call:
    return Call("scheduler", "GetSchedule", {"Name": asked.physical, "GroupName": asked.get("GroupName")})


def _kept_paused(properties: Mapping[str, Json], own: Mapping[str, Json]) -> Mapping[str, Json]:
    return {**properties, KEEPS: True} if own.get("Job") else properties


def _update_schedule(asked: Asked) -> Plan:
    given = asked.taken(*SCHEDULE)
    if asked.get(KEEPS) and asked.before.get("State") == asked.get("State"):
        # Who paused it, or let it go on, did so beside the file, which has not said anything else since.
        given["State"] = (yield _get_schedule(asked))["State"]
    yield Call("scheduler", "UpdateSchedule", {"Name": asked.physical, **given})
    yield from _set_own(asked, asked.physical)
    return Made(asked.physical, asked.attributes)


def _create_group(asked: Asked) -> Plan:
    tags = {"Tags": list(asked.tags)} if asked.tags else {}
    answer = yield Call("scheduler", "CreateScheduleGroup", {"Name": asked.name, **tags})
    group = yield Call("scheduler", "GetScheduleGroup", {"Name": asked.name})
    attributes = {name: group[name] for name in ("CreationDate", "LastModificationDate", "State") if name in group}
    return Made(asked.name, {"Arn": answer["ScheduleGroupArn"], **attributes})


def _update_group(asked: Asked) -> Plan:
    yield from retag("scheduler", asked, {"ResourceArn": asked.attributes["Arn"]}, "TagKeys")
    return Made(asked.physical, asked.attributes)


KINDS: Mapping[str, Kind] = {
    "AWS::Scheduler::Schedule": Kind(
        _create_schedule,
        _update_schedule,
        gone(
            lambda asked: Call(
                "scheduler", "DeleteSchedule", {"Name": asked.physical, "GroupName": asked.get("GroupName")}
            )
        ),
        name="Name",
        longest=64,
        replaces=frozenset({"Name", "GroupName"}),
        attributes=frozenset({"Arn"}),
        look=found(_get_schedule),
        here=_kept_paused,
    ),
    "AWS::Scheduler::ScheduleGroup": Kind(
        _create_group,
        _update_group,
        gone(lambda asked: Call("scheduler", "DeleteScheduleGroup", {"Name": asked.physical})),
        name="Name",
        longest=64,
        replaces=frozenset({"Name"}),
        look=found(lambda asked: Call("scheduler", "GetScheduleGroup", {"Name": asked.physical})),
        attributes=frozenset({"Arn", "CreationDate", "LastModificationDate", "State"}),
    ),
}
