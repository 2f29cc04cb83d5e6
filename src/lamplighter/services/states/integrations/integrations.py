"""Define the services that a Task can call: the operation, the event or poll that reports its end, and the cancelling
call.

See https://docs.aws.amazon.com/step-functions/latest/dg/connect-supported-services.html. An AWS SDK integration needs
no entry, because its resource names the service and the operation. To add a service, add an entry to `SERVICES`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from lamplighter.asl.definition.model import Resource
from lamplighter.base.aws.service_model import ServiceModel
from lamplighter.base.json_text import Json
from lamplighter.services.states.integrations.parameter_conversion import pascal_case
from lamplighter.services.states.integrations.sync_rules import (
    RUN_TASK,
    START_BUILD,
    START_EXECUTION,
    START_JOB_RUN,
    START_QUERY,
    SUBMIT_JOB,
    SyncRule,
)

Models = Callable[[str], ServiceModel]
"""Returns the model of a service by its name in the bus or in botocore."""
FindModel = Callable[[str], ServiceModel | None]
"""Returns the same, or None if AWS has no such service."""


@dataclass(frozen=True, slots=True)
class Integration:
    """An optimised integration of Step Functions."""

    operation: str
    sync: SyncRule | None = None


@dataclass(frozen=True, slots=True)
class IntegratedService:
    """A service with its names."""

    name: str
    """The service's name on the bus."""
    error: str
    """The prefix of the errors of its optimised integrations."""
    label: str
    """The service's name in the cause of an error."""
    actions: Mapping[str, Integration] = field(default_factory=dict)
    iso_times: bool = False
    """Whether times in its answers are ISO 8601 text, as recorded of nested executions; otherwise they are
    milliseconds."""


SERVICES: Mapping[str, IntegratedService] = {
    "ecs": IntegratedService("ecs", "ECS", "AmazonECS", {"runTask": Integration("RunTask", RUN_TASK)}),
    "states": IntegratedService(
        "states",
        "StepFunctions",
        "AWSStepFunctions",
        {"startExecution": Integration("StartExecution", START_EXECUTION)},
        iso_times=True,
    ),
    "sns": IntegratedService("sns", "SNS", "AmazonSNS", {"publish": Integration("Publish")}),
    "sqs": IntegratedService("sqs", "SQS", "AmazonSQS", {"sendMessage": Integration("SendMessage")}),
    "events": IntegratedService("events", "EventBridge", "AmazonEventBridge", {"putEvents": Integration("PutEvents")}),
    "lambda": IntegratedService("lambda", "Lambda", "AWSLambda", {"invoke": Integration("Invoke")}),
    "dynamodb": IntegratedService(
        "dynamodb",
        "DynamoDB",
        "AmazonDynamoDBv2",
        {name: Integration(pascal_case(name)) for name in ("getItem", "putItem", "updateItem", "deleteItem")},
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
    "eventbridge": "events",
    "cloudwatch": "monitoring",
    "cloudwatchlogs": "logs",
}
"""Services whose AWS SDK integrations have another name than botocore and the bus use."""


@dataclass(frozen=True, slots=True)
class CallBinding:
    """The call that a Resource means, with the names for its errors."""

    service: str
    operation: str
    error: str
    label: str
    optimised: bool
    sync: SyncRule | None
    iso_times: bool = True


@lru_cache(maxsize=256)
def bind_resource(resource: Resource) -> CallBinding | None:
    """Return the call that a Resource means, or None if it is unknown."""
    if resource.kind == "sdk":
        service_name = SDK_NAMES.get(resource.service, resource.service)
        return CallBinding(service_name, pascal_case(resource.action), "", "", optimised=False, sync=None)
    service = SERVICES.get(resource.service)
    action = service.actions.get(resource.action) if service else None
    if service is None or action is None:
        return None
    sync = action.sync if resource.pattern in ("sync", "sync:2") else None
    return CallBinding(
        service.name,
        action.operation,
        service.error,
        service.label,
        optimised=True,
        sync=sync,
        iso_times=service.iso_times,
    )


def added_parameters(resource: Resource) -> Mapping[str, Json]:
    """Return the parameters that an integration adds to those of the task."""
    binding = bind_resource(resource) if resource.kind != "activity" else None
    return binding.sync.added_parameters if binding and binding.sync else {}
