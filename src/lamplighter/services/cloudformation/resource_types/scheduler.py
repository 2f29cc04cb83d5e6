"""Define the resource types of EventBridge Scheduler.

A schedule's metadata may state what happens to slots that were missed because no engine ran, for which AWS has no
setting: `Metadata: {Lamplighter: {Missed: all | last | none, Within: SECONDS}}`. It may also name the job of the job
file that the schedule starts, and the topics that are notified of dropped slots: `{Job: …, Tell: {channel: topic}}`. If
a call pauses or resumes the schedule of a job, it stays so until its template changes State. See
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_Scheduler.html.
"""

from collections.abc import Mapping
from dataclasses import replace

from lamplighter.services.cloudformation.resource_types.read_properties import read_by_call
from lamplighter.services.cloudformation.resource_types.resource_type import (
    CreatedResource,
    NameRule,
    Plan,
    PresentProperties,
    Properties,
    ResourceRequest,
    ResourceType,
    call_with_id,
    exists_by_call,
    lamplighter_metadata,
    update_only_tags,
)

SCHEDULE_PROPERTIES = (
    *("GroupName", "Description", "ScheduleExpression", "ScheduleExpressionTimezone", "StartDate", "EndDate", "State"),
    *("FlexibleTimeWindow", "KmsKeyArn", "Target"),
)
KEEPS_STATE = "KeepsState"
"""A flag, stored as if it were a property: a call that paused or resumed a job's schedule stays in effect."""


def _apply_extensions(request: ResourceRequest, name: str) -> Plan[None]:
    schedule = {"Name": name, "GroupName": request.get("GroupName", "default")}
    extensions = lamplighter_metadata(request.metadata)
    missed = {key: extensions[key] for key in ("Missed", "Within") if key in extensions}
    if missed:
        yield "SetMissed", {**schedule, **missed}
    if "Job" in extensions:
        yield "SetAnnotation", {**schedule, "Job": extensions["Job"], "Tell": extensions.get("Tell")}


def _create_schedule(request: ResourceRequest) -> Plan[CreatedResource]:
    yield "CreateSchedule", {"Name": request.name, **request.pick(*SCHEDULE_PROPERTIES)}
    yield from _apply_extensions(request, request.name)
    return _identify_schedule(request, request.name)


def _identify_schedule(request: ResourceRequest, name: str) -> CreatedResource:
    group = request.get("GroupName", "default")
    return CreatedResource(name, {"Arn": request.arn("scheduler", f"schedule/{group}/{name}")})


def _with_kept_state(properties: Properties, extensions: Properties) -> Properties:
    return {**properties, KEEPS_STATE: True} if extensions.get("Job") else properties


def _update_schedule(request: ResourceRequest) -> Plan[CreatedResource]:
    given = request.pick(*SCHEDULE_PROPERTIES)
    if request.get(KEEPS_STATE) and request.before.get("State") == request.get("State"):
        # A call may have paused or resumed the schedule, and the job file has not changed State since.
        schedule = yield "GetSchedule", {"Name": request.physical, **request.pick("GroupName")}
        given["State"] = schedule["State"]
    yield "UpdateSchedule", {"Name": request.physical, **given}
    yield from _apply_extensions(request, request.physical)
    return request.unchanged


def _create_group(request: ResourceRequest) -> Plan[CreatedResource]:
    yield "CreateScheduleGroup", {"Name": request.name, **request.tag_parameter}
    group = yield "GetScheduleGroup", {"Name": request.name}
    attributes = {name: group[name] for name in ("CreationDate", "LastModificationDate", "State") if name in group}
    found = _identify_group(request, request.name)
    return replace(found, attributes={**found.attributes, **attributes})


def _identify_group(request: ResourceRequest, name: str) -> CreatedResource:
    return CreatedResource(name, {"Arn": request.arn("scheduler", f"schedule-group/{name}")})


KINDS: Mapping[str, ResourceType] = {
    "AWS::Scheduler::Schedule": ResourceType(
        _create_schedule,
        _update_schedule,
        call_with_id("DeleteSchedule", "Name", "GroupName"),
        NameRule("Name", 64),
        # UpdateSchedule finds the schedule by it: "You must provide this value … to find the schedule".
        ("GroupName",),
        adapt_properties=_with_kept_state,
        exists=exists_by_call("GetSchedule", "Name", "GroupName"),
        present=PresentProperties(("Name", *SCHEDULE_PROPERTIES), read_by_call("GetSchedule", "Name", "GroupName")),
        identify=_identify_schedule,
    ),
    "AWS::Scheduler::ScheduleGroup": ResourceType(
        _create_group,
        update_only_tags,
        call_with_id("DeleteScheduleGroup", "Name"),
        NameRule("Name", 64),
        exists=exists_by_call("GetScheduleGroup", "Name"),
        present=PresentProperties(("Name",), read_by_call("GetScheduleGroup", "Name")),
        identify=_identify_group,
    ),
}
