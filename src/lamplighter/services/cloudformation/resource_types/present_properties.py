"""List the types whose resources can be compared with their template, and read those of most services.

AWS compares the properties that are named here, and no others. See
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/resource-import-supported-resources.html.
"""

from collections.abc import Mapping

from lamplighter.base.json_text import loads_or
from lamplighter.services.cloudformation.resource_types import (
    cloudwatch,
    ecs,
    events,
    present_roles,
    present_storage,
    scheduler,
    sns,
    sqs,
    states,
)
from lamplighter.services.cloudformation.resource_types.read_properties import (
    PresentProperties,
    ReadPlan,
    pick,
    read_tags,
)
from lamplighter.services.cloudformation.resource_types.resource_type import Plan, Properties, ResourceRequest, list_all

# --- SNS and SQS ------------------------------------------------------------------------------------------------------


def _queue(request: ResourceRequest) -> Plan[Properties | None]:
    answer = yield "GetQueueAttributes", {"QueueUrl": request.physical, "AttributeNames": ["All"]}
    found = answer.get("Attributes", {})
    tags = yield from read_tags("ListQueueTags", "QueueUrl", request.physical, "Tags")
    return {**found, "QueueName": request.physical.rpartition("/")[2], "Tags": tags}


def _topic(request: ResourceRequest) -> Plan[Properties | None]:
    found = (yield "GetTopicAttributes", {"TopicArn": request.physical})["Attributes"]
    tags = yield from read_tags("ListTagsForResource", "ResourceArn", request.physical, "Tags")
    listed = yield from list_all("ListSubscriptionsByTopic", {"TopicArn": request.physical}, "Subscriptions")
    present = [(each["Protocol"], each["Endpoint"]) for each in listed]
    # Other resources may subscribe to the topic, too: only a missing subscription is a difference.
    wanted = request.get("Subscription", [])
    kept = [each for each in wanted if (each.get("Protocol"), each.get("Endpoint")) in present]
    name = request.physical.rpartition(":")[2]
    return {**found, "TopicName": name, "Tags": tags, "Subscription": kept}


def _subscription(request: ResourceRequest) -> Plan[Properties | None]:
    found = yield "GetSubscriptionAttributes", {"SubscriptionArn": request.physical}
    attributes: Properties = found["Attributes"]
    return attributes


# --- EventBridge and its Scheduler ------------------------------------------------------------------------------------

RULE_NAMES = ("Name", "Description", "EventPattern", "RoleArn", "ScheduleExpression", "State", "Targets", "Tags")


def _rule(request: ResourceRequest) -> Plan[Properties | None]:
    name, bus = request.physical.rpartition("|")[2], request.pick("EventBusName")
    found = yield "DescribeRule", {"Name": name, **bus}
    targets = yield from list_all("ListTargetsByRule", {"Rule": name, **bus}, "Targets")
    tags = yield from read_tags("ListTagsForResource", "ResourceARN", found["Arn"], "Tags")
    return {**pick(found, RULE_NAMES), "Targets": targets, "Tags": tags}


def _described(operation: str, parameter: str, *properties: str, **renamed: str) -> ReadPlan:
    """Return a plan that describes a resource by its physical id and the given properties."""

    def plan(request: ResourceRequest) -> Plan[Properties | None]:
        found = yield operation, {parameter: request.physical, **request.pick(*properties)}
        return pick(found, tuple(found), **renamed)

    return plan


# --- Logs and CloudWatch ----------------------------------------------------------------------------------------------

GROUP_NAMES = ("LogGroupName", "RetentionInDays", "KmsKeyId", "LogGroupClass", "DeletionProtectionEnabled", "Tags")
FILTER_NAMES = ("FilterName", "LogGroupName", "FilterPattern", "MetricTransformations", "ApplyOnTransformedLogs")


def _log_group(request: ResourceRequest) -> Plan[Properties | None]:
    answer = yield "DescribeLogGroups", {"logGroupNamePrefix": request.physical}
    for found in answer["logGroups"]:
        if found["logGroupName"] == request.physical:
            tags = yield from read_tags("ListTagsForResource", "resourceArn", found["logGroupArn"], "tags")
            return {**pick(found, GROUP_NAMES), "Tags": tags}
    return None


def _metric_filter(request: ResourceRequest) -> Plan[Properties | None]:
    given = {**request.pick("LogGroupName"), "filterNamePrefix": request.physical}
    answer = yield "DescribeMetricFilters", given
    matching = [each for each in answer["metricFilters"] if each["filterName"] == request.physical]
    return pick(matching[0], FILTER_NAMES) if matching else None


def _alarm(request: ResourceRequest) -> Plan[Properties | None]:
    kinds = ["MetricAlarm", "CompositeAlarm"]
    answer = yield "DescribeAlarms", {"AlarmNames": [request.physical], "AlarmTypes": kinds}
    for found in [*answer.get("MetricAlarms", []), *answer.get("CompositeAlarms", [])]:
        tags = yield from read_tags("ListTagsForResource", "ResourceARN", found["AlarmArn"], "Tags")
        return {**found, "Tags": tags}
    return None


# --- Step Functions and ECS -------------------------------------------------------------------------------------------

MACHINE_NAMES = ("StateMachineName", "StateMachineType", *states.MACHINE_PROPERTIES, "Tags")


def _machine(request: ResourceRequest) -> Plan[Properties | None]:
    found = yield "DescribeStateMachine", {"stateMachineArn": request.physical}
    tags = yield from read_tags("ListTagsForResource", "resourceArn", request.physical, "tags")
    wanted = yield from states.definition_text(request)
    is_same = loads_or(found["definition"], None) == loads_or(wanted, wanted)
    # A definition is written as text, as an object or in a bucket, and with substitutions.
    given = [name for name in ("DefinitionString", "Definition") if name in request.properties]
    definition = {name: request.properties[name] if is_same else found["definition"] for name in given}
    names = {"StateMachineName": "name", "StateMachineType": "type"}
    return {**pick(found, MACHINE_NAMES, **names), **definition, "Tags": tags}


def _activity(request: ResourceRequest) -> Plan[Properties | None]:
    found = yield "DescribeActivity", {"activityArn": request.physical}
    tags = yield from read_tags("ListTagsForResource", "resourceArn", request.physical, "tags")
    return {"Name": found["name"], "Tags": tags}


CLUSTER_NAMES = (
    "ClusterName", "ClusterSettings", *ecs.CAPACITY_PROPERTIES, *ecs.CHANGEABLE_PROPERTIES, "Tags"
)  # fmt: skip


def _cluster(request: ResourceRequest) -> Plan[Properties | None]:
    parts = ["SETTINGS", "CONFIGURATIONS", "TAGS"]
    answer = yield "DescribeClusters", {"clusters": [request.physical], "include": parts}
    active = [each for each in answer["clusters"] if each["status"] == "ACTIVE"]
    return pick(active[0], CLUSTER_NAMES, ClusterSettings="settings") if active else None


TASK_NAMES = (
    *("ContainerDefinitions", "Cpu", "Family", "Memory", "NetworkMode", "RequiresCompatibilities", "TaskRoleArn"),
    *("ExecutionRoleArn", "Volumes", "Tags"),
)


def _task_definition(request: ResourceRequest) -> Plan[Properties | None]:
    answer = yield "DescribeTaskDefinition", {"taskDefinition": request.physical, "include": ["TAGS"]}
    found = answer["taskDefinition"]
    return {**pick(found, TASK_NAMES), "Tags": answer.get("tags", [])} if found["status"] == "ACTIVE" else None


PRESENT_PROPERTIES: Mapping[str, PresentProperties] = {
    **present_storage.KINDS,
    **present_roles.KINDS,
    "AWS::SQS::Queue": PresentProperties((*sqs.QUEUE_PROPERTIES, "QueueName", "Tags"), _queue),
    "AWS::SNS::Topic": PresentProperties((*sns.TOPIC_PROPERTIES, "TopicName", "Subscription", "Tags"), _topic),
    "AWS::SNS::Subscription": PresentProperties((*sns.SUBSCRIPTION_PROPERTIES, "TopicArn", "Protocol"), _subscription),
    "AWS::Events::Rule": PresentProperties(RULE_NAMES, _rule),
    "AWS::Events::EventBus": PresentProperties(
        ("Name", *events.BUS_PROPERTIES), _described("DescribeEventBus", "Name")
    ),
    "AWS::Events::Archive": PresentProperties(
        ("ArchiveName", "SourceArn", *events.ARCHIVE_PROPERTIES),
        _described("DescribeArchive", "ArchiveName", SourceArn="EventSourceArn"),
    ),
    "AWS::Events::Connection": PresentProperties(
        ("Name", "Description", "AuthorizationType"), _described("DescribeConnection", "Name")
    ),
    "AWS::Events::ApiDestination": PresentProperties(
        ("Name", *events.DESTINATION_PROPERTIES), _described("DescribeApiDestination", "Name")
    ),
    "AWS::Scheduler::Schedule": PresentProperties(
        ("Name", *scheduler.SCHEDULE_PROPERTIES), _described("GetSchedule", "Name", "GroupName")
    ),
    "AWS::Scheduler::ScheduleGroup": PresentProperties(("Name",), _described("GetScheduleGroup", "Name")),
    "AWS::Logs::LogGroup": PresentProperties(GROUP_NAMES, _log_group),
    "AWS::Logs::MetricFilter": PresentProperties(FILTER_NAMES, _metric_filter),
    "AWS::CloudWatch::Alarm": PresentProperties(("AlarmName", *cloudwatch.ALARM_PROPERTIES, "Tags"), _alarm),
    "AWS::CloudWatch::CompositeAlarm": PresentProperties(
        ("AlarmName", *cloudwatch.COMPOSITE_PROPERTIES, "Tags"), _alarm
    ),
    "AWS::StepFunctions::StateMachine": PresentProperties((*MACHINE_NAMES, "DefinitionString", "Definition"), _machine),
    "AWS::StepFunctions::StateMachineAlias": PresentProperties(
        ("Name", "Description", "RoutingConfiguration"),
        _described("DescribeStateMachineAlias", "stateMachineAliasArn"),
    ),
    "AWS::StepFunctions::Activity": PresentProperties(("Name", "Tags"), _activity),
    "AWS::ECS::Cluster": PresentProperties(CLUSTER_NAMES, _cluster),
    "AWS::ECS::TaskDefinition": PresentProperties(TASK_NAMES, _task_definition),
}
"""The types whose drift is detected."""
