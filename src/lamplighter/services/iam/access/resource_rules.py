"""Say about which resources IAM decides, for each operation of the services.

The tables are AWS's Service Authorization Reference in short: an operation that is not listed has no resources, and
its action has its own name unless `ACTIONS` says otherwise. A test lists every operation with its rule.
See https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html.
"""

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from lamplighter.base.aws import arn
from lamplighter.base.json_text import Json
from lamplighter.bus import Caller
from lamplighter.services.iam.access.needed_permission import ANY, ResourceRule, named, no_resource, same
from lamplighter.services.iam.access.storage_rules import STORAGE_ACTIONS, STORAGE_RULES

QUEUE_PATH = re.compile(r"/([0-9]{12})/([^/]+)/?")
PREFIXES: Mapping[str, str] = {"monitoring": "cloudwatch"}
"""The prefixes of actions that are not the signing names of their services."""
ACTIONS: Mapping[str, Mapping[str, str]] = {
    "sqs": {
        "ChangeMessageVisibilityBatch": "ChangeMessageVisibility",
        "DeleteMessageBatch": "DeleteMessage",
        "SendMessageBatch": "SendMessage",
    },
    "sns": {"PublishBatch": "Publish"},
    **STORAGE_ACTIONS,
}
"""Actions that have other names than their operations."""


# --- Step Functions ---------------------------------------------------------------------------------------------------


def unqualified_machine(text: str) -> str:
    """Return a state machine's ARN without its version or alias."""
    return ":".join(text.split(":")[:7])


def _machine(params: Json, _caller: Caller) -> tuple[str, ...]:
    name = next(
        (each for each in ("stateMachineArn", "stateMachineAliasArn", "stateMachineVersionArn") if each in params), ""
    )
    return (unqualified_machine(str(params.get(name, ANY))),)


def _machine_of_alias(params: Json, _caller: Caller) -> tuple[str, ...]:
    routes = params.get("routingConfiguration") or [{"stateMachineVersionArn": ANY}]
    return (unqualified_machine(str(routes[0]["stateMachineVersionArn"])),)


def _machine_or_map_run(params: Json, caller: Caller) -> tuple[str, ...]:
    return (params["mapRunArn"],) if "mapRunArn" in params else _machine(params, caller)


_STATES: dict[str, ResourceRule] = {
    **same(
        "DeleteStateMachine DeleteStateMachineAlias DeleteStateMachineVersion DescribeStateMachine "
        "DescribeStateMachineAlias ListStateMachineAliases ListStateMachineVersions PublishStateMachineVersion "
        "StartExecution StartSyncExecution UpdateStateMachine UpdateStateMachineAlias",
        _machine,
    ),
    **same(
        "DescribeExecution DescribeStateMachineForExecution GetExecutionHistory ListMapRuns RedriveExecution "
        "StopExecution",
        named("states", "executionArn"),
    ),
    **same("DeleteActivity DescribeActivity GetActivityTask", named("states", "activityArn")),
    **same("ListTagsForResource TagResource UntagResource", named("states", "resourceArn")),
    **same("DescribeMapRun UpdateMapRun", named("states", "mapRunArn")),
    "CreateActivity": named("states", "name", "activity:{}"),
    "CreateStateMachine": named("states", "name", "stateMachine:{}"),
    "CreateStateMachineAlias": _machine_of_alias,
    "ListExecutions": _machine_or_map_run,
}

# --- ECS --------------------------------------------------------------------------------------------------------------


def cluster_arn(params: Json, caller: Caller) -> str:
    """Return the ARN of the cluster that a request names, or of the default one."""
    name = str(params.get("cluster", "default"))
    return name if name.startswith("arn:") else arn.build("ecs", caller.region, caller.account, f"cluster/{name}")


def _tasks(params: Json, caller: Caller) -> list[str]:
    cluster = cluster_arn(params, caller).replace(":cluster/", ":task/", 1)
    given = params["tasks"] if "tasks" in params else [params.get("task", "")]
    return [each if each.startswith("arn:") else f"{cluster}/{each}" for each in given]


_ECS: dict[str, ResourceRule] = {
    **same("DescribeTasks StopTask", _tasks),
    **same("ListTagsForResource TagResource UntagResource", named("ecs", "resourceArn")),
    **same(
        "DeleteCluster PutClusterCapacityProviders UpdateCluster UpdateClusterSettings",
        named("ecs", "cluster", "cluster/{}"),
    ),
    **same(
        "DeleteCapacityProvider DescribeCapacityProviders UpdateCapacityProvider",
        named("ecs", "name", "capacity-provider/{}"),
    ),
    **same("ExecuteCommand GetTaskProtection UpdateTaskProtection", _tasks),
    "CreateCapacityProvider": no_resource,
    "CreateCluster": named("ecs", "clusterName", "cluster/{}", "default"),
    "DescribeClusters": named("ecs", "clusters", "cluster/{}", "default"),
    "DeleteTaskDefinitions": named("ecs", "taskDefinitions", "task-definition/{}"),
    "RegisterTaskDefinition": named("ecs", "family", "task-definition/{}:*"),
    "RunTask": named("ecs", "taskDefinition", "task-definition/{}"),
}

# --- EventBridge and its Scheduler ------------------------------------------------------------------------------------


def _rule(parameter: str) -> ResourceRule:
    def rule(params: Json, caller: Caller) -> tuple[str, ...]:
        bus = str(params.get("EventBusName", "default")).rpartition("/")[2]
        place = "" if bus == "default" else f"{bus}/"
        return (arn.build("events", caller.region, caller.account, f"rule/{place}{params.get(parameter, '')}"),)

    return rule


def _event_buses(params: Json, caller: Caller) -> list[str]:
    """Return the buses of PutEvents's entries, each once."""
    given = [str(each.get("EventBusName", "default")) for each in params.get("Entries", [])]
    return list(dict.fromkeys(_bus_arn(each, caller) for each in given)) or [ANY]


def _bus_arn(name: str, caller: Caller) -> str:
    return name if name.startswith("arn:") else arn.build("events", caller.region, caller.account, f"event-bus/{name}")


_EVENTS: dict[str, ResourceRule] = {
    **same("DeleteRule DescribeRule DisableRule EnableRule PutRule", _rule("Name")),
    **same("ListTargetsByRule PutTargets RemoveTargets", _rule("Rule")),
    **same("CreateEventBus DeleteEventBus UpdateEventBus", named("events", "Name", "event-bus/{}")),
    "DescribeEventBus": named("events", "Name", "event-bus/{}", "default"),
    **same("PutPermission RemovePermission", named("events", "EventBusName", "event-bus/{}", "default")),
    **same("CreateArchive DeleteArchive DescribeArchive UpdateArchive", named("events", "ArchiveName", "archive/{}")),
    **same("CancelReplay DescribeReplay StartReplay", named("events", "ReplayName", "replay/{}")),
    **same(
        "CreateConnection DeauthorizeConnection DeleteConnection DescribeConnection UpdateConnection",
        named("events", "Name", "connection/{}"),
    ),
    **same(
        "CreateApiDestination DeleteApiDestination DescribeApiDestination UpdateApiDestination",
        named("events", "Name", "api-destination/{}"),
    ),
    **same("ListTagsForResource TagResource UntagResource", named("events", "ResourceARN")),
    "PutEvents": _event_buses,
}


def _schedule(params: Json, caller: Caller) -> tuple[str, ...]:
    place = f"schedule/{params.get('GroupName', 'default')}/{params.get('Name', '')}"
    return (arn.build("scheduler", caller.region, caller.account, place),)


_SCHEDULER: dict[str, ResourceRule] = {
    **same("CreateSchedule DeleteSchedule GetSchedule UpdateSchedule", _schedule),
    **same("CreateScheduleGroup DeleteScheduleGroup GetScheduleGroup", named("scheduler", "Name", "schedule-group/{}")),
    **same("ListTagsForResource TagResource UntagResource", named("scheduler", "ResourceArn")),
}

# --- SNS and SQS ------------------------------------------------------------------------------------------------------


def _publish(params: Json, _caller: Caller) -> tuple[str, ...]:
    return (str(params.get("TopicArn") or params.get("TargetArn") or ANY),)


_SNS: dict[str, ResourceRule] = {
    **same(
        "AddPermission ConfirmSubscription DeleteTopic GetTopicAttributes ListSubscriptionsByTopic RemovePermission "
        "SetTopicAttributes Subscribe",
        named("sns", "TopicArn"),
    ),
    **same(
        "GetDataProtectionPolicy ListTagsForResource PutDataProtectionPolicy TagResource UntagResource",
        named("sns", "ResourceArn"),
    ),
    **same("Publish PublishBatch", _publish),
    "CreateTopic": named("sns", "Name"),
    **same(
        "CheckIfPhoneNumberIsOptedOut CreatePlatformApplication CreatePlatformEndpoint "
        "DeleteEndpoint DeletePlatformApplication GetEndpointAttributes "
        "GetPlatformApplicationAttributes GetSMSAttributes "
        "ListEndpointsByPlatformApplication ListOriginationNumbers ListPhoneNumbersOptedOut "
        "ListPlatformApplications OptInPhoneNumber SetEndpointAttributes "
        "SetPlatformApplicationAttributes SetSMSAttributes",
        no_resource,
    ),
}


def _queue(params: Json, caller: Caller) -> tuple[str, ...]:
    """Return the queue of a URL as SQS reads it: only the path counts."""
    found = QUEUE_PATH.fullmatch(_path(str(params.get("QueueUrl", ""))))
    account, name = (caller.account, str(params.get("QueueUrl", ""))) if found is None else found.groups()
    return (arn.build("sqs", caller.region, account, name),)


def _path(url: str) -> str:
    try:
        return urlsplit(url).path
    except ValueError:
        return ""


_SQS: dict[str, ResourceRule] = {
    **same(
        "AddPermission ChangeMessageVisibility ChangeMessageVisibilityBatch DeleteMessage DeleteMessageBatch "
        "DeleteQueue GetQueueAttributes ListDeadLetterSourceQueues ListQueueTags PurgeQueue ReceiveMessage "
        "RemovePermission SendMessage SendMessageBatch SetQueueAttributes TagQueue UntagQueue",
        _queue,
    ),
    **same("CreateQueue GetQueueUrl", named("sqs", "QueueName")),
    **same("ListMessageMoveTasks StartMessageMoveTask", named("sqs", "SourceArn")),
}

# --- CloudWatch and its Logs ------------------------------------------------------------------------------------------


def _log_group(params: Json, caller: Caller) -> tuple[str, ...]:
    """Return the resource of a log group as IAM sees it: policies name it with `:*` at the end."""
    given = params.get("logGroupName") or params.get("logGroupIdentifier") or params.get("resourceIdentifier")
    if given is None:
        return (arn.build("logs", caller.region, caller.account, "log-group::log-stream:"),)
    return (f"{group_arn(str(given), caller)}:log-stream:",)


def _log_stream(params: Json, caller: Caller) -> tuple[str, ...]:
    group = str(params.get("logGroupName") or params.get("logGroupIdentifier", ""))
    return (f"{group_arn(group, caller)}:log-stream:{params.get('logStreamName', '')}",)


def group_arn(name: str, caller: Caller) -> str:
    """Return the ARN of a log group, whose name may already be an ARN."""
    if name.startswith("arn:"):
        return name.removesuffix(":*")
    return arn.build("logs", caller.region, caller.account, f"log-group:{name}")


def _delivery_source(params: Json, caller: Caller) -> tuple[str, ...]:
    name = params.get("deliverySourceName") or params.get("name", "")
    return (arn.build("logs", caller.region, caller.account, f"delivery-source:{name}"),)


_LOGS: dict[str, ResourceRule] = {
    **same(
        "AssociateKmsKey CreateLogGroup DeleteLogGroup DeleteMetricFilter DeleteRetentionPolicy "
        "DeleteSubscriptionFilter DescribeLogGroups DescribeLogStreams DescribeMetricFilters "
        "DescribeSubscriptionFilters DisassociateKmsKey FilterLogEvents ListTagsLogGroup PutLogGroupDeletionProtection "
        "PutMetricFilter PutRetentionPolicy PutSubscriptionFilter TagLogGroup UntagLogGroup",
        _log_group,
    ),
    **same("CreateLogStream DeleteLogStream GetLogEvents PutLogEvents", _log_stream),
    **same("ListTagsForResource TagResource UntagResource", named("logs", "resourceArn")),
    **same("CreateDelivery GetDeliverySource DeleteDeliverySource PutDeliverySource", _delivery_source),
    **same("DeleteDelivery GetDelivery UpdateDeliveryConfiguration", named("logs", "id", "delivery:{}")),
    **same(
        "DeleteDeliveryDestination GetDeliveryDestination PutDeliveryDestination",
        named("logs", "name", "delivery-destination:{}"),
    ),
    **same(
        "DeleteDeliveryDestinationPolicy GetDeliveryDestinationPolicy PutDeliveryDestinationPolicy",
        named("logs", "deliveryDestinationName", "delivery-destination:{}"),
    ),
    **same("DeleteDestination PutDestination PutDestinationPolicy", named("logs", "destinationName", "destination:{}")),
    **same("DescribeDeliveries DescribeDeliveryDestinations DescribeDeliverySources DescribeDestinations", no_resource),
}


_MONITORING: dict[str, ResourceRule] = {
    **same(
        "DeleteAlarms DescribeAlarms DisableAlarmActions EnableAlarmActions",
        named("cloudwatch", "AlarmNames", "alarm:{}"),
    ),
    **same(
        "DescribeAlarmHistory PutCompositeAlarm PutMetricAlarm SetAlarmState",
        named("cloudwatch", "AlarmName", "alarm:{}"),
    ),
    **same("ListTagsForResource TagResource UntagResource", named("cloudwatch", "ResourceARN")),
}

# --- CloudFormation ---------------------------------------------------------------------------------------------------

_CLOUDFORMATION: dict[str, ResourceRule] = {
    **same(
        "CancelUpdateStack ContinueUpdateRollback CreateChangeSet CreateStack DeleteStack DescribeEvents "
        "DescribeStackEvents DescribeStackResource DescribeStackResourceDrifts DescribeStackResources DescribeStacks "
        "DetectStackDrift DetectStackResourceDrift GetStackPolicy GetTemplate GetTemplateSummary ListChangeSets "
        "ListStackResources RollbackStack SetStackPolicy SignalResource UpdateStack UpdateTerminationProtection "
        "DeleteChangeSet DescribeChangeSet ExecuteChangeSet",
        named("cloudformation", "StackName", "stack/{}/*"),
    ),
    **same(
        "CreateStackInstances CreateStackSet DeleteStackInstances DeleteStackSet DescribeStackInstance "
        "DescribeStackSet DescribeStackSetOperation DetectStackSetDrift ImportStacksToStackSet "
        "ListStackInstanceResourceDrifts ListStackInstances ListStackSetAutoDeploymentTargets "
        "ListStackSetOperationResults ListStackSetOperations StopStackSetOperation UpdateStackInstances "
        "UpdateStackSet",
        named("cloudformation", "StackSetName", "stackset/{}:*"),
    ),
    **same("DescribeStackDriftDetectionStatus ListStackSets", no_resource),
}

RESOURCE_RULES: Mapping[str, Mapping[str, ResourceRule]] = {
    "states": _STATES,
    "ecs": _ECS,
    "events": _EVENTS,
    "scheduler": _SCHEDULER,
    "sns": _SNS,
    "sqs": _SQS,
    "logs": _LOGS,
    "monitoring": _MONITORING,
    "cloudformation": _CLOUDFORMATION,
    "sts": {"AssumeRole": named("iam", "RoleArn")},
    **STORAGE_RULES,
}
"""The rules by the services' names on the bus. Those of IAM itself are in `iam_resources.py`: they need its tables."""
