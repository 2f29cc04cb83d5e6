"""What a Task can call, as data: which operation, which event says that it is done, and how to call it off.

See https://docs.aws.amazon.com/step-functions/latest/dg/connect-supported-services.html. An AWS SDK integration needs
no entry: it is named by its service and its operation. Adding a service is adding a row.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from lamplighter.asl.model import Resource
from lamplighter.base.jsontext import Json

Call = tuple[str, Json]
"""An operation and its parameters, in the service's own words."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How work that went on elsewhere ended."""

    failed: bool
    output: Json
    """In the service's own words."""


@dataclass(frozen=True, slots=True)
class Sync:
    """How to follow work that goes on after the call (.sync)."""

    additions: Mapping[str, Json]
    """What the call says of itself beyond the machine's parameters."""
    refused: Callable[[Json], bool]
    """Whether an answer says that nothing was begun."""
    names: Callable[[Json], list[str]]
    """From the call's answer, what the work is called."""
    source: str
    """Whose events tell of it."""
    ended: Callable[[Json], bool]
    """Whether an event's detail says that it has ended."""
    describe: Callable[[list[str]], Call]
    """How to ask for its state."""
    details: Callable[[Json], list[Call]]
    """What else must be known to judge it, from the state."""
    judge: Callable[[Json, list[Json]], Outcome | None]
    """From the state and the details, how it ended; None while it goes on."""
    shape: tuple[str, str]
    """Where the shape of the outcome is found: an operation and a member of its output."""
    cancel: Callable[[str, str], Call]
    """From its name and the execution's ARN, how to stop it."""


@dataclass(frozen=True, slots=True)
class Integration:
    """One action that is optimised for Step Functions."""

    operation: str
    sync: Sync | None = None


@dataclass(frozen=True, slots=True)
class Service:
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


# ECS: https://docs.aws.amazon.com/step-functions/latest/dg/connect-ecs.html

ABORTED = "The Task state in AWS Step Functions execution [{}] which was managing this resource was aborted"


def _judge_tasks(described: Json, definitions: list[Json]) -> Outcome | None:
    """Done when all tasks have stopped; failed when one did not start or an essential container did not exit with 0."""
    tasks = described["tasks"]
    if not tasks or any(task["lastStatus"] != "STOPPED" for task in tasks):
        return None
    essential = {
        (found["taskDefinition"]["taskDefinitionArn"], container["name"])
        for found in definitions
        for container in found["taskDefinition"]["containerDefinitions"]
        if container.get("essential", True)
    }
    failed = any(
        task.get("stopCode") != "EssentialContainerExited"
        or any(
            container.get("exitCode") != 0
            for container in task["containers"]
            if (task["taskDefinitionArn"], container["name"]) in essential
        )
        for task in tasks
    )
    return Outcome(failed, tasks[0] if len(tasks) == 1 else tasks)


def _cluster_of(task: str) -> str:
    return task.split("/")[1]


RUN_TASK = Sync(
    additions={"StartedBy": "AWS Step Functions"},
    refused=lambda answer: bool(answer.get("failures")),
    names=lambda answer: [task["taskArn"] for task in answer["tasks"]],
    source="aws.ecs",
    ended=lambda detail: detail.get("lastStatus") == "STOPPED",
    describe=lambda names: ("DescribeTasks", {"cluster": _cluster_of(names[0]), "tasks": names, "include": ["TAGS"]}),
    details=lambda described: [
        ("DescribeTaskDefinition", {"taskDefinition": name})
        for name in sorted({task["taskDefinitionArn"] for task in described["tasks"]})
    ],
    judge=_judge_tasks,
    shape=("DescribeTasks", "tasks"),
    cancel=lambda name, execution: (
        "StopTask",
        {"cluster": _cluster_of(name), "task": name, "reason": ABORTED.format(execution)},
    ),
)

# Step Functions: https://docs.aws.amazon.com/step-functions/latest/dg/connect-stepfunctions.html

START_EXECUTION = Sync(
    additions={},
    refused=lambda _answer: False,
    names=lambda answer: [answer["executionArn"]],
    source="aws.states",
    ended=lambda detail: detail.get("status") != "RUNNING",
    describe=lambda names: ("DescribeExecution", {"executionArn": names[0]}),
    details=lambda _described: [],
    judge=lambda described, _details: (
        None if described["status"] == "RUNNING" else Outcome(described["status"] != "SUCCEEDED", described)
    ),
    shape=("DescribeExecution", ""),
    cancel=lambda name, _execution: ("StopExecution", {"executionArn": name}),
)

SERVICES: Mapping[str, Service] = {
    "ecs": Service("ecs", "ECS", "AmazonECS", {"runTask": Integration("RunTask", RUN_TASK)}),
    "states": Service(
        "states",
        "StepFunctions",
        "AWSStepFunctions",
        {"startExecution": Integration("StartExecution", START_EXECUTION)},
        iso=True,
    ),
    "sns": Service("sns", "SNS", "AmazonSNS", {"publish": Integration("Publish")}),
    "sqs": Service("sqs", "SQS", "AmazonSQS", {"sendMessage": Integration("SendMessage")}),
    "events": Service("events", "EventBridge", "AmazonEventBridge", {"putEvents": Integration("PutEvents")}),
    "lambda": Service("lambda", "Lambda", "AWSLambda", {"invoke": Integration("Invoke")}),
    "dynamodb": Service(
        "dynamodb",
        "DynamoDB",
        "AmazonDynamoDBv2",
        {
            name: Integration(f"{name[:1].upper()}{name[1:]}")
            for name in ("getItem", "putItem", "updateItem", "deleteItem")
        },
    ),
    "batch": Service("batch", "Batch", "AWSBatch", {"submitJob": Integration("SubmitJob")}),
    "glue": Service("glue", "Glue", "AWSGlue", {"startJobRun": Integration("StartJobRun")}),
    "codebuild": Service("codebuild", "CodeBuild", "AWSCodeBuild", {"startBuild": Integration("StartBuild")}),
}
"""The optimised integrations, by the service's name in a Resource."""

SDK_NAMES: Mapping[str, str] = {
    "sfn": "states",
    "ecs": "ecs",
    "sns": "sns",
    "sqs": "sqs",
    "eventbridge": "events",
    "scheduler": "scheduler",
    "cloudwatchlogs": "logs",
    "cloudformation": "cloudformation",
}
"""Services of AWS SDK integrations that botocore and the bus call by other names."""


@dataclass(frozen=True, slots=True)
class Binding:
    """What a Resource comes to: where to call, and how to speak of it."""

    service: str
    operation: str
    error: str
    label: str
    optimised: bool
    sync: Sync | None
    iso: bool = True


def bind(resource: Resource) -> Binding | None:
    """Find what a Resource calls; None where it calls nothing that is known."""
    if resource.kind == "sdk":
        service_name = SDK_NAMES.get(resource.service, resource.service)
        operation = resource.action[:1].upper() + resource.action[1:]
        label = resource.service[:1].upper() + resource.service[1:]
        return Binding(service_name, operation, label, label, optimised=False, sync=None)
    service = SERVICES.get(resource.service)
    action = service.actions.get(resource.action) if service else None
    if service is None or action is None:
        return None
    sync = action.sync if resource.pattern in ("sync", "sync:2") else None
    return Binding(
        service.name, action.operation, service.error, service.label, optimised=True, sync=sync, iso=service.iso
    )


def additions(resource: Resource) -> Mapping[str, Json]:
    """What an integration adds to a task's parameters."""
    binding = bind(resource) if resource.kind != "activity" else None
    return binding.sync.additions if binding and binding.sync else {}
