"""What a Task can call, as data: which operation, which event says that it is done, and how to call it off.

See https://docs.aws.amazon.com/step-functions/latest/dg/connect-supported-services.html. An AWS SDK integration needs
no entry: it is named by its service and its operation. Adding a service is adding a row.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from lamplighter.asl.definition.model import Resource
from lamplighter.base.json_text import Json
from lamplighter.services.states.calls.sync_rules import (
    RUN_TASK,
    START_BUILD,
    START_EXECUTION,
    START_JOB_RUN,
    START_QUERY,
    SUBMIT_JOB,
    SyncRule,
)


@dataclass(frozen=True, slots=True)
class Integration:
    """One action that is optimised for Step Functions."""

    operation: str
    sync: SyncRule | None = None


@dataclass(frozen=True, slots=True)
class IntegratedService:
    """A service, by its several names."""

    name: str
    """As the bus calls it."""
    error: str
    """What errors of its optimised integrations begin with."""
    label: str
    """How an error's cause names it."""
    actions: Mapping[str, Integration] = field(default_factory=dict)
    iso: bool = False
    """Instants in its answers are ISO 8601 text, as recorded of nested executions; else milliseconds."""


SERVICES: Mapping[str, IntegratedService] = {
    "ecs": IntegratedService("ecs", "ECS", "AmazonECS", {"runTask": Integration("RunTask", RUN_TASK)}),
    "states": IntegratedService(
        "states",
        "StepFunctions",
        "AWSStepFunctions",
        {"startExecution": Integration("StartExecution", START_EXECUTION)},
        iso=True,
    ),
    "sns": IntegratedService("sns", "SNS", "AmazonSNS", {"publish": Integration("Publish")}),
    "sqs": IntegratedService("sqs", "SQS", "AmazonSQS", {"sendMessage": Integration("SendMessage")}),
    "events": IntegratedService("events", "EventBridge", "AmazonEventBridge", {"putEvents": Integration("PutEvents")}),
    "lambda": IntegratedService("lambda", "Lambda", "AWSLambda", {"invoke": Integration("Invoke")}),
    "dynamodb": IntegratedService(
        "dynamodb",
        "DynamoDB",
        "AmazonDynamoDBv2",
        {
            name: Integration(f"{name[:1].upper()}{name[1:]}")
            for name in ("getItem", "putItem", "updateItem", "deleteItem")
        },
    ),
    "batch": IntegratedService("batch", "Batch", "AWSBatch", {"submitJob": Integration("SubmitJob", SUBMIT_JOB)}),
    "glue": IntegratedService("glue", "Glue", "AWSGlue", {"startJobRun": Integration("StartJobRun", START_JOB_RUN)}),
    "codebuild": IntegratedService(
        "codebuild", "CodeBuild", "AWSCodeBuild", {"startBuild": Integration("StartBuild", START_BUILD)}
    ),
    "http": IntegratedService("http", "States.Http", "Http", {"invoke": Integration("Invoke")}),
    "athena": IntegratedService(
        "athena",
        "Athena",
        "AmazonAthena",
        {
            "startQueryExecution": Integration("StartQueryExecution", START_QUERY),
            "stopQueryExecution": Integration("StopQueryExecution"),
            "getQueryExecution": Integration("GetQueryExecution"),
            "getQueryResults": Integration("GetQueryResults"),
        },
    ),
}
"""The optimised integrations, by the service's name in a Resource."""

SDK_NAMES: Mapping[str, str] = {
    "sfn": "states",
    "ecs": "ecs",
    "sns": "sns",
    "sqs": "sqs",
    "eventbridge": "events",
    "scheduler": "scheduler",
    "cloudwatch": "monitoring",
    "cloudwatchlogs": "logs",
    "cloudformation": "cloudformation",
}
"""Services of AWS SDK integrations that botocore and the bus call by other names."""


@dataclass(frozen=True, slots=True)
class CallBinding:
    """What a Resource comes to: where to call, and how to speak of it."""

    service: str
    operation: str
    error: str
    label: str
    optimised: bool
    sync: SyncRule | None
    iso: bool = True


def bind_resource(resource: Resource) -> CallBinding | None:
    """Find what a Resource calls; None where it calls nothing that is known."""
    if resource.kind == "sdk":
        service_name = SDK_NAMES.get(resource.service, resource.service)
        operation = resource.action[:1].upper() + resource.action[1:]
        label = resource.service[:1].upper() + resource.service[1:]
        return CallBinding(service_name, operation, label, label, optimised=False, sync=None)
    service = SERVICES.get(resource.service)
    action = service.actions.get(resource.action) if service else None
    if service is None or action is None:
        return None
    sync = action.sync if resource.pattern in ("sync", "sync:2") else None
    return CallBinding(
        service.name, action.operation, service.error, service.label, optimised=True, sync=sync, iso=service.iso
    )


def added_parameters(resource: Resource) -> Mapping[str, Json]:
    """What an integration adds to a task's parameters."""
    binding = bind_resource(resource) if resource.kind != "activity" else None
    return binding.sync.additions if binding and binding.sync else {}
