"""Name existing resources as their stacks name them: by the physical id and the attributes, without a call.

An import states the primary identifiers of AWS's registry; this module makes of them what the creation would have
returned. See https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/import-resources.html.
"""

from collections.abc import Callable, Mapping

from lamplighter.base.json_text import Json
from lamplighter.services.cloudformation.resource_types.resource_type import CreatedResource, ResourceRequest
from lamplighter.services.cloudformation.resource_types.schemas import read_schema

AttributesOf = Callable[[ResourceRequest], Mapping[str, Json]]
"""A function that returns the attributes of a resource whose physical id is known."""


def _last_name(request: ResourceRequest) -> str:
    return request.physical.rpartition("/")[2].rpartition(":")[2]


def _rule_attributes(request: ResourceRequest) -> Mapping[str, Json]:
    bus, _, name = request.physical.rpartition("|")
    return {"Arn": request.arn("events", f"rule/{f'{bus}/' if bus else ''}{name}"), "RuleName": name}


def _schedule_attributes(request: ResourceRequest) -> Mapping[str, Json]:
    group = request.get("GroupName", "default")
    return {"Arn": request.arn("scheduler", f"schedule/{group}/{request.physical}")}


ATTRIBUTES: Mapping[str, AttributesOf] = {
    "AWS::CloudWatch::Alarm": lambda request: {"Arn": request.arn("cloudwatch", f"alarm:{request.physical}")},
    "AWS::CloudWatch::CompositeAlarm": lambda request: {"Arn": request.arn("cloudwatch", f"alarm:{request.physical}")},
    "AWS::ECS::Cluster": lambda request: {"Arn": request.arn("ecs", f"cluster/{request.physical}")},
    "AWS::ECS::TaskDefinition": lambda request: {"TaskDefinitionArn": request.physical},
    "AWS::Events::Archive": lambda request: {
        "Arn": request.arn("events", f"archive/{request.physical}"),
        "ArchiveName": request.physical,
    },
    "AWS::Events::EventBus": lambda request: {
        "Arn": request.arn("events", f"event-bus/{request.physical}"),
        "Name": request.physical,
    },
    "AWS::Events::Rule": _rule_attributes,
    "AWS::Logs::LogGroup": lambda request: {"Arn": request.arn("logs", f"log-group:{request.physical}:*")},
    "AWS::Logs::LogStream": lambda _request: {},
    "AWS::Logs::MetricFilter": lambda _request: {},
    "AWS::SNS::Subscription": lambda request: {"Arn": request.physical},
    "AWS::SNS::Topic": lambda request: {"TopicArn": request.physical, "TopicName": _last_name(request)},
    "AWS::SQS::Queue": lambda request: {
        "Arn": request.arn("sqs", _last_name(request)),
        "QueueName": _last_name(request),
        "QueueUrl": request.physical,
    },
    "AWS::Scheduler::Schedule": _schedule_attributes,
    "AWS::Scheduler::ScheduleGroup": lambda request: {
        "Arn": request.arn("scheduler", f"schedule-group/{request.physical}")
    },
    "AWS::StepFunctions::Activity": lambda request: {"Arn": request.physical, "Name": _last_name(request)},
    "AWS::StepFunctions::StateMachine": lambda request: {"Arn": request.physical, "Name": _last_name(request)},
    "AWS::StepFunctions::StateMachineAlias": lambda request: {"Arn": request.physical},
}
"""The types whose resources can be imported."""


def physical_id(kind: str, identifier: Mapping[str, str]) -> str:
    """Return the physical id of a resource that is identified so; raise `KeyError` if a part is missing."""
    values = [identifier[name] for name in read_schema(kind).identifier]
    if kind != "AWS::Events::Rule":
        return values[-1]
    # The ARN is that of `rule/name` or `rule/bus/name`; Ref is `name` or `bus|name`.
    return "|".join(values[-1].partition(":rule/")[2].split("/"))


def imported_resource(request: ResourceRequest) -> CreatedResource:
    """Return a resource, whose physical id is known, as its creation would have returned it."""
    return CreatedResource(request.physical, ATTRIBUTES[request.type](request))
