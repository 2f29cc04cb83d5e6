"""List the calls that a state machine's definition makes on AWS, as IAM sees them.

Guarantees all calls of the integrations that the machines of jobs consist of, including the implicit ones:

- the roles that RunTask passes, and the tags that it adds,
- the rule that notifies `.sync`, and the calls that stop cancelled work,
- the runs that a distributed Map starts, and the objects of S3 that it reads and writes.

For other integrations it lists the call itself, with the resource `*` if an expression determines it.
See https://docs.aws.amazon.com/step-functions/latest/dg/service-integration-iam-templates.html.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from lamplighter.asl.definition.parse import parse_resource
from lamplighter.asl.definition.walk_states import walk_states
from lamplighter.base.json_text import Json
from lamplighter.lang.iam_policy.evaluate import IamCall

IAM_NAMES: Mapping[str, str] = {"sfn": "states", "cloudwatchlogs": "logs", "eventbridge": "events"}
"""Services that have other names in IAM than in AWS SDK integrations."""
IAM_ACTIONS: Mapping[str, str] = {
    "lambda:Invoke": "lambda:InvokeFunction",
    "http:Invoke": "states:InvokeHTTPEndpoint",
    "apigateway:Invoke": "execute-api:Invoke",
}
"""Calls that have other names in IAM."""
RESOURCE_PARAMETERS = (
    "StateMachineArn", "ExecutionArn", "TopicArn", "FunctionName", "QueueUrl", "TaskDefinition", "JobQueue",
)  # fmt: skip
"""Parameters that name the resource of a call."""
QUEUE_URL = re.compile(
    r"https?://(sqs\.(?P<region>[a-z0-9-]+)\.)?[^/]+/(?P<account>[0-9]{12})/(?P<name>[A-Za-z0-9_-]+(\.fifo)?)"
)
"""The pattern of a queue's URL: https://sqs.us-east-1.amazonaws.com/123456789012/name."""
NESTED_EXECUTION_RULE = "StepFunctionsGetEventsForStepFunctionsExecutionRule"
ECS_TASK_RULE = "StepFunctionsGetEventsForECSTaskRule"


@dataclass(frozen=True, slots=True)
class CallContext:
    """The facts about a state machine that its definition only references."""

    machine: str
    """The ARN of the state machine."""
    roles: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """The roles of its tasks, by the ARN of the task definition."""
    streams: Mapping[str, str] = field(default_factory=dict)
    """A log stream of its tasks, by the ARN of the task definition."""
    runs: tuple[str, ...] = ()
    """The ARNs of other machines' runs that it may read."""
    resource_tags: Mapping[str, str] = field(default_factory=dict)
    """The condition keys with the tags that the machine and its task definitions have."""

    @property
    def run(self) -> str:
        """The ARN of one of the machine's own runs."""
        return self.machine.replace(":stateMachine:", ":execution:") + ":a-run"

    def arn(self, service: str, resource: str) -> str:
        """Return an ARN in the machine's account and region."""
        _, partition, _, region, account, _ = self.machine.split(":", 5)
        return f"arn:{partition}:{service}:{region}:{account}:{resource}"


def required_calls(definition: Json, context: CallContext) -> list[IamCall]:
    """Return every call that a definition can lead to, without repeats."""
    found: list[IamCall] = []
    task_definitions = [each for _, state in walk_states(definition) for each in _task_definition(state)]
    for _, state in walk_states(definition):
        if state.get("Type") == "Task":
            found += [call for call in _task_calls(state, context, task_definitions) if call not in found]
        if (state.get("ItemProcessor") or {}).get("ProcessorConfig", {}).get("Mode") == "DISTRIBUTED":
            found += [call for call in (*_child_calls(context), *_s3_calls(state, context)) if call not in found]
    return found


def _task_definition(state: Json) -> Iterator[str]:
    """Yield the task definition that a state runs, if any."""
    given = state.get("Arguments", state.get("Parameters", {}))
    if isinstance(given, dict) and isinstance(given.get("TaskDefinition"), str):
        yield given["TaskDefinition"]


def _task_calls(state: Json, context: CallContext, task_definitions: list[str]) -> Iterator[IamCall]:
    resource = parse_resource(state["Resource"])
    given = state.get("Arguments", state.get("Parameters", {}))
    if resource is None or resource.kind in ("activity", "lambda"):
        if resource is not None and resource.kind == "lambda":
            yield IamCall("lambda:InvokeFunction", state["Resource"])
        return
    if (resource.service, resource.action) == ("ecs", "runTask"):
        yield from _run_task_calls(given, context, waits=resource.pattern.startswith("sync"))
        return
    service = IAM_NAMES.get(resource.service, resource.service)
    action = resource.action[:1].upper() + resource.action[1:]
    iam_action = IAM_ACTIONS.get(f"{service}:{action}", f"{service}:{action}")
    streams = [context.streams[each] for each in task_definitions if each in context.streams]
    if action == "GetLogEvents" and streams:
        yield from (IamCall("logs:GetLogEvents", stream) for stream in streams)
        return
    for about in _call_resources(given, context):
        yield IamCall(iam_action, about, context.resource_tags if about == context.machine else {})
    if iam_action == "states:StartExecution" and resource.pattern.startswith("sync"):
        yield from _nested_calls(given, context)


def _nested_calls(given: Json, context: CallContext) -> Iterator[IamCall]:
    """Yield the calls that observe and stop a run of another machine."""
    child = _literal(given, "StateMachineArn").replace(":stateMachine:", ":execution:")
    for action in ("DescribeExecution", "StopExecution"):
        yield IamCall(f"states:{action}", child if child == "*" else f"{child}:a-run")
    for action in ("PutTargets", "PutRule", "DescribeRule"):
        yield IamCall(f"events:{action}", context.arn("events", f"rule/{NESTED_EXECUTION_RULE}"))


def _call_resources(given: Json, context: CallContext) -> Iterator[str]:
    name = next(
        (name for name in RESOURCE_PARAMETERS if isinstance(given, dict) and isinstance(given.get(name), str)), ""
    )
    text = given[name] if name else "*"
    if "context.StateMachine.Id" in text:
        yield context.machine
    elif text.startswith("{%"):
        # An expression may evaluate to any run in the context.
        yield from context.runs or ((context.run,) if "ExecutionArn" in given else ("*",))
    else:
        yield _as_arn(name, text, context)


def _as_arn(name: str, text: str, context: CallContext) -> str:
    """Return the ARN of a call's resource, which the call may name otherwise: IAM accepts ARNs only."""
    queue = QUEUE_URL.fullmatch(text)
    if queue is not None:
        partition, region = context.machine.split(":")[1], queue["region"] or context.machine.split(":")[3]
        return f"arn:{partition}:sqs:{region}:{queue['account']}:{queue['name']}"
    if name == "FunctionName" and not text.startswith("arn:"):
        return context.arn("lambda", f"function:{text}")
    return text if text.startswith("arn:") else "*"


def _run_task_calls(given: Json, context: CallContext, *, waits: bool) -> Iterator[IamCall]:
    definition, cluster = given["TaskDefinition"], given.get("Cluster", "default")
    cluster_arn = cluster if cluster.startswith("arn:") else context.arn("ecs", f"cluster/{cluster}")
    task = cluster_arn.replace(":cluster/", ":task/") + "/0123456789abcdef0123456789abcdef"
    condition = {"ecs:cluster": cluster_arn}
    revision = definition if definition.startswith("arn:") else context.arn("ecs", f"task-definition/{definition}")
    yield IamCall("ecs:RunTask", revision, {**condition, **context.resource_tags})
    for role in context.roles.get(definition, ()):
        yield IamCall("iam:PassRole", role, {"iam:PassedToService": "ecs-tasks.amazonaws.com"})
    if "PropagateTags" in given or "Tags" in given:
        yield IamCall("ecs:TagResource", task, {"ecs:CreateAction": "RunTask", **condition})
    if waits:
        yield IamCall("ecs:DescribeTasks", task, condition)
        yield IamCall("ecs:StopTask", task, condition)
        for action in ("PutTargets", "PutRule", "DescribeRule"):
            yield IamCall(f"events:{action}", context.arn("events", f"rule/{ECS_TASK_RULE}"))


def _s3_calls(state: Json, context: CallContext) -> Iterator[IamCall]:
    """Yield the calls with which a distributed Map reads from S3 and writes to it."""
    partition = context.machine.split(":", 2)[1]
    reader, writer = state.get("ItemReader"), state.get("ResultWriter")
    if isinstance(reader, dict):
        given = reader.get("Arguments", reader.get("Parameters", {}))
        bucket = f"arn:{partition}:s3:::{_literal(given, 'Bucket')}"
        if str(reader.get("Resource", "")).endswith(":listObjectsV2"):
            yield IamCall("s3:ListBucket", bucket)
        else:
            yield IamCall("s3:GetObject", f"{bucket}/{_literal(given, 'Key')}")
    if isinstance(writer, dict) and "Resource" in writer:
        given = writer.get("Arguments", writer.get("Parameters", {}))
        objects = f"arn:{partition}:s3:::{_literal(given, 'Bucket')}/{_literal(given, 'Prefix')}"
        for action in ("PutObject", "GetObject", "ListMultipartUploadParts", "AbortMultipartUpload"):
            yield IamCall(f"s3:{action}", f"{objects.rstrip('/*')}/a-run/manifest.json")


def _literal(given: Json, name: str) -> str:
    """Return a literal value of a definition, or * if an expression determines it."""
    value = given.get(name) if isinstance(given, dict) else None
    return value if isinstance(value, str) and not value.startswith("{%") else "*"


def _child_calls(context: CallContext) -> Iterator[IamCall]:
    yield IamCall("states:StartExecution", context.machine)
    child = context.machine.replace(":stateMachine:", ":execution:") + "/label:a-run"
    for action in ("DescribeExecution", "StopExecution"):
        yield IamCall(f"states:{action}", child)
        yield IamCall(f"states:{action}", context.run)
    yield IamCall("states:RedriveExecution", child)
