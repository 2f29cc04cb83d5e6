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

SCHEDULE_PROPERTIES = (
    *("GroupName", "Description", "ScheduleExpression", "ScheduleExpressionTimezone", "StartDate", "EndDate", "State"),
    *("FlexibleTimeWindow", "KmsKeyArn", "Target"),
)

KEEPS_STATE = "KeepsState"
"""A flag, stored as if it were a property: a call that paused or resumed a job's schedule stays in effect."""


def _apply_extensions(request: ResourceRequest, name: str) -> Generator[ServiceCall, Json, None]:
    extensions = lamplighter_metadata(request.metadata)
    missed = {key: extensions[key] for key in ("Missed", "Within") if key in extensions}
    if missed:
        group = request.get("GroupName", "default")
        yield ServiceCall("scheduler", "SetMissed", {"Name": name, "GroupName": group, **missed})
    if "Job" in extensions:
        annotation = {"Job": extensions["Job"], "Tell": extensions.get("Tell")}
        yield ServiceCall(
            "scheduler", "SetMark", {"Name": name, "GroupName": request.get("GroupName", "default"), **annotation}
        )


def _create_schedule(request: ResourceRequest) -> CreatePlan:
    answer = yield ServiceCall(
        "scheduler", "CreateSchedule", {"Name": request.name, **request.pick(*SCHEDULE_PROPERTIES)}
    )
    yield from _apply_extensions(request, request.name)
    return CreatedResource(request.name, {"Arn": answer["ScheduleArn"]})


def _get_schedule(request: ResourceRequest) -> ServiceCall:
    return ServiceCall("scheduler", "GetSchedule", {"Name": request.physical, "GroupName": request.get("GroupName")})


def _with_kept_state(properties: Mapping[str, Json], extensions: Mapping[str, Json]) -> Mapping[str, Json]:
    return {**properties, KEEPS_STATE: True} if extensions.get("Job") else properties


def _update_schedule(request: ResourceRequest) -> CreatePlan:
    given = request.pick(*SCHEDULE_PROPERTIES)
    if request.get(KEEPS_STATE) and request.before.get("State") == request.get("State"):
        # A call may have paused or resumed the schedule, and the job file has not changed State since.
        given["State"] = (yield _get_schedule(request))["State"]
    yield ServiceCall("scheduler", "UpdateSchedule", {"Name": request.physical, **given})
    yield from _apply_extensions(request, request.physical)
    return CreatedResource(request.physical, request.attributes)


def _create_group(request: ResourceRequest) -> CreatePlan:
    tags = {"Tags": list(request.tags)} if request.tags else {}
    answer = yield ServiceCall("scheduler", "CreateScheduleGroup", {"Name": request.name, **tags})
    group = yield ServiceCall("scheduler", "GetScheduleGroup", {"Name": request.name})
    attributes = {name: group[name] for name in ("CreationDate", "LastModificationDate", "State") if name in group}
    return CreatedResource(request.name, {"Arn": answer["ScheduleGroupArn"], **attributes})


def _update_group(request: ResourceRequest) -> CreatePlan:
    yield from update_tags("scheduler", request, {"ResourceArn": request.attributes["Arn"]}, "TagKeys")
    return CreatedResource(request.physical, request.attributes)


KINDS: Mapping[str, ResourceType] = {
    "AWS::Scheduler::Schedule": ResourceType(
        _create_schedule,
        _update_schedule,
        delete_by_calls(
            lambda asked: ServiceCall(
                "scheduler", "DeleteSchedule", {"Name": asked.physical, "GroupName": asked.get("GroupName")}
            )
        ),
        name_property="Name",
        max_name_length=64,
        replacement_properties=frozenset({"Name", "GroupName"}),
        attributes=frozenset({"Arn"}),
        exists=exists_by_call(_get_schedule),
        adapt_properties=_with_kept_state,
    ),
    "AWS::Scheduler::ScheduleGroup": ResourceType(
        _create_group,
        _update_group,
        delete_by_calls(lambda asked: ServiceCall("scheduler", "DeleteScheduleGroup", {"Name": asked.physical})),
        name_property="Name",
        max_name_length=64,
        replacement_properties=frozenset({"Name"}),
        exists=exists_by_call(lambda asked: ServiceCall("scheduler", "GetScheduleGroup", {"Name": asked.physical})),
        attributes=frozenset({"Arn", "CreationDate", "LastModificationDate", "State"}),
    ),
}
