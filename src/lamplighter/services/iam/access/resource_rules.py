"""Say about which resources IAM decides, for each operation of the services.

The tables are AWS's Service Authorization Reference in short. A parameter says which resource an operation is about:
`PARAMETER_RULES` has the parameters of each service, and the first one that a call has decides. `OPERATION_RULES` has
the operations that differ. An operation without such a parameter has no resources, and a test lists those. An action
has the name of its operation unless `ACTIONS` says otherwise.
See https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html.
"""

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from lamplighter.base import arn
from lamplighter.base.json_text import Json
from lamplighter.bus import Caller
from lamplighter.services.iam.access.needed_permission import ANY, ResourceRule, by_name, named, no_resource, same
from lamplighter.services.iam.access.storage_rules import STORAGE_ACTIONS, STORAGE_PARAMETERS, STORAGE_RULES

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


# --- ECS --------------------------------------------------------------------------------------------------------------


def cluster_arn(params: Json, caller: Caller) -> str:
    """Return the ARN of the cluster that a request names, or of the default one."""
    name = str(params.get("cluster", "default"))
    return name if name.startswith("arn:") else arn.build("ecs", caller.region, caller.account, f"cluster/{name}")


def _tasks(params: Json, caller: Caller) -> list[str]:
    cluster = cluster_arn(params, caller).replace(":cluster/", ":task/", 1)
    given = params["tasks"] if "tasks" in params else [params.get("task", "")]
    return [each if each.startswith("arn:") else f"{cluster}/{each}" for each in given]


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


def _schedule(params: Json, caller: Caller) -> tuple[str, ...]:
    place = f"schedule/{params.get('GroupName', 'default')}/{params.get('Name', '')}"
    return (arn.build("scheduler", caller.region, caller.account, place),)


# --- SNS and SQS ------------------------------------------------------------------------------------------------------


def _publish(params: Json, _caller: Caller) -> tuple[str, ...]:
    return (str(params.get("TopicArn") or params.get("TargetArn") or ANY),)


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


# --- Logs -------------------------------------------------------------------------------------------------------------


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


# --- the tables -------------------------------------------------------------------------------------------------------

PARAMETER_RULES: Mapping[str, Mapping[str, ResourceRule]] = {
    "states": {
        **by_name("states", {"mapRunArn": "{}", "executionArn": "{}", "activityArn": "{}", "resourceArn": "{}"}),
        **same("stateMachineArn stateMachineAliasArn stateMachineVersionArn", _machine),
    },
    "ecs": {"resourceArn": named("ecs", "resourceArn"), **same("tasks task", _tasks)},
    "events": {
        **by_name("events", {"ArchiveName": "archive/{}", "ReplayName": "replay/{}", "ResourceARN": "{}"}),
        "Rule": _rule("Rule"),
    },
    "scheduler": {"ResourceArn": named("scheduler", "ResourceArn")},
    "sns": by_name("sns", {"TopicArn": "{}", "ResourceArn": "{}"}),
    "sqs": {"QueueUrl": _queue, **by_name("sqs", {"QueueName": "{}", "SourceArn": "{}"})},
    "logs": {
        "logStreamName": _log_stream,
        **same("logGroupName logGroupIdentifier resourceIdentifier", _log_group),
        **by_name("logs", {"resourceArn": "{}", "id": "delivery:{}", "destinationName": "destination:{}"}),
        "deliverySourceName": _delivery_source,
        "deliveryDestinationName": named("logs", "deliveryDestinationName", "delivery-destination:{}"),
    },
    "monitoring": by_name(
        "cloudwatch",
        {
            **dict.fromkeys(("AlarmNames", "AlarmName"), "alarm:{}"),
            **dict.fromkeys(("DashboardNames", "DashboardName"), "dashboard/{}"),
            "ResourceARN": "{}",
        },
    ),
    "cloudformation": by_name("cloudformation", {"StackName": "stack/{}/*", "StackSetName": "stackset/{}:*"}),
    "sts": {},
    **STORAGE_PARAMETERS,
}
"""The rules by the services' names on the bus and by parameters, of which the first one that a call has decides."""
OPERATION_RULES: Mapping[str, Mapping[str, ResourceRule]] = {
    "states": {
        "CreateActivity": named("states", "name", "activity:{}"),
        "CreateStateMachine": named("states", "name", "stateMachine:{}"),
        "CreateStateMachineAlias": _machine_of_alias,
    },
    "ecs": {
        **same(
            "DeleteCluster PutClusterCapacityProviders UpdateCluster UpdateClusterSettings",
            named("ecs", "cluster", "cluster/{}"),
        ),
        **same(
            "DeleteCapacityProvider DescribeCapacityProviders UpdateCapacityProvider",
            named("ecs", "name", "capacity-provider/{}"),
        ),
        "CreateCluster": named("ecs", "clusterName", "cluster/{}", "default"),
        "DescribeClusters": named("ecs", "clusters", "cluster/{}", "default"),
        "DeleteTaskDefinitions": named("ecs", "taskDefinitions", "task-definition/{}"),
        "RegisterTaskDefinition": named("ecs", "family", "task-definition/{}:*"),
        "RunTask": named("ecs", "taskDefinition", "task-definition/{}"),
        "GetTaskProtection": _tasks,
    },
    "events": {
        **same("DeleteRule DescribeRule DisableRule EnableRule PutRule", _rule("Name")),
        **same("CreateEventBus DeleteEventBus UpdateEventBus", named("events", "Name", "event-bus/{}")),
        "DescribeEventBus": named("events", "Name", "event-bus/{}", "default"),
        **same("PutPermission RemovePermission", named("events", "EventBusName", "event-bus/{}", "default")),
        **same(
            "CreateConnection DeauthorizeConnection DeleteConnection DescribeConnection UpdateConnection",
            named("events", "Name", "connection/{}"),
        ),
        **same(
            "CreateApiDestination DeleteApiDestination DescribeApiDestination UpdateApiDestination",
            named("events", "Name", "api-destination/{}"),
        ),
        "PutEvents": _event_buses,
    },
    "scheduler": {
        **same("CreateSchedule DeleteSchedule GetSchedule UpdateSchedule", _schedule),
        **same(
            "CreateScheduleGroup DeleteScheduleGroup GetScheduleGroup",
            named("scheduler", "Name", "schedule-group/{}"),
        ),
    },
    "cloudformation": {"GetTemplateSummary": named("cloudformation", "StackName", "stack/{}/*")},
    "sns": {"CreateTopic": named("sns", "Name"), **same("Publish PublishBatch", _publish)},
    "logs": {
        **same(
            "AssociateKmsKey DescribeLogGroups DescribeLogStreams DescribeMetricFilters DisassociateKmsKey "
            "FilterLogEvents",
            _log_group,
        ),
        **same("GetDeliverySource DeleteDeliverySource PutDeliverySource", _delivery_source),
        **same(
            "DeleteDeliveryDestination GetDeliveryDestination PutDeliveryDestination",
            named("logs", "name", "delivery-destination:{}"),
        ),
        **same("DeleteResourcePolicy DescribeResourcePolicies PutResourcePolicy", no_resource),
    },
    "sts": {"AssumeRole": named("iam", "RoleArn")},
    **STORAGE_RULES,
}
"""The rules by the services' names on the bus. Those of IAM itself are in `iam_resources.py`: they need its tables."""


def resources_of(service: str, operation: str, params: Json, caller: Caller) -> list[str]:
    """Return the ARNs of the resources that a call's parameters name."""
    rule = OPERATION_RULES.get(service, {}).get(operation)
    if rule is None:
        rules = PARAMETER_RULES.get(service, {})
        rule = next((rules[each] for each in rules if each in params), no_resource)
    return list(rule(params, caller))
