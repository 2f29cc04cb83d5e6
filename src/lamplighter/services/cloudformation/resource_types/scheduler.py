"""Define the resource types of EventBridge Scheduler.

A schedule's metadata may state what happens to slots that were missed because no engine ran, for which AWS has no
setting: `Metadata: {Lamplighter: {Missed: all | last | none, Within: SECONDS}}`. It may also name the job of the job
file that the schedule starts, and the topics that are notified of dropped slots: `{Job: …, Tell: {channel: topic}}`. If
a call pauses or resumes the schedule of a job, it stays so until its template changes State. See
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_Scheduler.html.
"""

from collections.abc import Generator, Mapping

from lamplighter.base.json_text import Json
from lamplighter.services.cloudformation.resource_types.resource_type import (
    CreatedResource,
    CreatePlan,
    ResourceRequest,
    ResourceType,
    ServiceCall,
    delete_by_calls,
    exists_by_call,
    lamplighter_metadata,
    update_tags,
)

SCHEDULE = (
    *("GroupName", "Description", "ScheduleExpression", "ScheduleExpressionTimezone", "StartDate", "EndDate", "State"),
    *("FlexibleTimeWindow", "KmsKeyArn", "Target"),
)

KEEPS = "KeepsState"
"""A flag, stored as if it were a property: a call that paused or resumed a job's schedule stays in effect."""


def _set_own(asked: ResourceRequest, name: str) -> Generator[ServiceCall, Json, None]:
    own = lamplighter_metadata(asked.metadata)
    said = {key: own[key] for key in ("Missed", "Within") if key in own}
    if said:
        group = asked.get("GroupName", "default")
        yield ServiceCall("scheduler", "SetMissed", {"Name": name, "GroupName": group, **said})
    if "Job" in own:
        mark = {"Job": own["Job"], "Tell": own.get("Tell")}
        yield ServiceCall(
            "scheduler", "SetMark", {"Name": name, "GroupName": asked.get("GroupName", "default"), **mark}
        )


def _create_schedule(asked: ResourceRequest) -> CreatePlan:
    answer = yield ServiceCall("scheduler", "CreateSchedule", {"Name": asked.name, **asked.pick(*SCHEDULE)})
    yield from _set_own(asked, asked.name)
    return CreatedResource(asked.name, {"Arn": answer["ScheduleArn"]})


def _get_schedule(asked: ResourceRequest) -> ServiceCall:
    return ServiceCall("scheduler", "GetSchedule", {"Name": asked.physical, "GroupName": asked.get("GroupName")})


def _kept_paused(properties: Mapping[str, Json], own: Mapping[str, Json]) -> Mapping[str, Json]:
    return {**properties, KEEPS: True} if own.get("Job") else properties


def _update_schedule(asked: ResourceRequest) -> CreatePlan:
    given = asked.pick(*SCHEDULE)
    if asked.get(KEEPS) and asked.before.get("State") == asked.get("State"):
        # A call may have paused or resumed the schedule, and the job file has not changed State since.
        given["State"] = (yield _get_schedule(asked))["State"]
    yield ServiceCall("scheduler", "UpdateSchedule", {"Name": asked.physical, **given})
    yield from _set_own(asked, asked.physical)
    return CreatedResource(asked.physical, asked.attributes)


def _create_group(asked: ResourceRequest) -> CreatePlan:
    tags = {"Tags": list(asked.tags)} if asked.tags else {}
    answer = yield ServiceCall("scheduler", "CreateScheduleGroup", {"Name": asked.name, **tags})
    group = yield ServiceCall("scheduler", "GetScheduleGroup", {"Name": asked.name})
    attributes = {name: group[name] for name in ("CreationDate", "LastModificationDate", "State") if name in group}
    return CreatedResource(asked.name, {"Arn": answer["ScheduleGroupArn"], **attributes})


def _update_group(asked: ResourceRequest) -> CreatePlan:
    yield from update_tags("scheduler", asked, {"ResourceArn": asked.attributes["Arn"]}, "TagKeys")
    return CreatedResource(asked.physical, asked.attributes)


KINDS: Mapping[str, ResourceType] = {
    "AWS::Scheduler::Schedule": ResourceType(
        _create_schedule,
        _update_schedule,
        delete_by_calls(
            lambda asked: ServiceCall(
                "scheduler", "DeleteSchedule", {"Name": asked.physical, "GroupName": asked.get("GroupName")}
            )
        ),
        name="Name",
        longest=64,
        replaces=frozenset({"Name", "GroupName"}),
        attributes=frozenset({"Arn"}),
        look=exists_by_call(_get_schedule),
        here=_kept_paused,
    ),
    "AWS::Scheduler::ScheduleGroup": ResourceType(
        _create_group,
        _update_group,
        delete_by_calls(lambda asked: ServiceCall("scheduler", "DeleteScheduleGroup", {"Name": asked.physical})),
        name="Name",
        longest=64,
        replaces=frozenset({"Name"}),
        look=exists_by_call(lambda asked: ServiceCall("scheduler", "GetScheduleGroup", {"Name": asked.physical})),
        attributes=frozenset({"Arn", "CreationDate", "LastModificationDate", "State"}),
    ),
}
