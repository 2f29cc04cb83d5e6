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
from lamplighter.jobs.iam.policy_evaluation import IamCall

IAM_NAMES: Mapping[str, str] = {"sfn": "states", "cloudwatchlogs": "logs", "eventbridge": "events"}
"""Services that have other names in IAM than in AWS SDK integrations."""
IAM_ACTIONS: Mapping[str, str] = {
    "lambda:Invoke": "lambda:InvokeFunction",
    "http:Invoke": "states:InvokeHTTPEndpoint",
    "apigateway:Invoke": "execute-api:Invoke",
}
"""Calls that have other names in IAM."""
ABOUT = ("StateMachineArn", "ExecutionArn", "TopicArn", "FunctionName", "QueueUrl", "TaskDefinition", "JobQueue")
"""Parameters that name the resource of a call."""
QUEUE = re.compile(
    r"https?://(sqs\.(?P<region>[a-z0-9-]+)\.)?[^/]+/(?P<account>[0-9]{12})/(?P<name>[A-Za-z0-9_-]+(\.fifo)?)"
)
"""The pattern of a queue's URL: https://sqs.us-east-1.amazonaws.com/123456789012/name."""
NESTED_RULE = "StepFunctionsGetEventsForStepFunctionsExecutionRule"
RULE = "StepFunctionsGetEventsForECSTaskRule"


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

    @property
    def run(self) -> str:
        """The ARN of one of the machine's own runs."""
        return self.machine.replace(":stateMachine:", ":execution:") + ":a-run"

    def arn(self, service: str, resource: str) -> str:
        """Return an ARN in the machine's account and region."""
        _, partition, _, region, account, _ = self.machine.split(":", 5)
        return f"arn:{partition}:{service}:{region}:{account}:{resource}"


def required_calls(definition: Json, situation: CallContext) -> list[IamCall]:
    """Return every call that a definition can lead to, without repeats."""
    found: list[IamCall] = []
    run = [each for _, state in walk_states(definition) for each in _defined(state)]
    for _, state in walk_states(definition):
        if state.get("Type") == "Task":
            found += [call for call in _task(state, situation, run) if call not in found]
        if (state.get("ItemProcessor") or {}).get("ProcessorConfig", {}).get("Mode") == "DISTRIBUTED":
            found += [call for call in (*_distributed(situation), *_objects(state, situation)) if call not in found]
    return found


def _defined(state: Json) -> Iterator[str]:
    """Yield the task definition that a state runs, if any."""
    given = state.get("Arguments", state.get("Parameters", {}))
    if isinstance(given, dict) and isinstance(given.get("TaskDefinition"), str):
        yield given["TaskDefinition"]


def _task(state: Json, situation: CallContext, run: list[str]) -> Iterator[IamCall]:
    resource = parse_resource(state["Resource"])
    given = state.get("Arguments", state.get("Parameters", {}))
    if resource is None or resource.kind in ("activity", "lambda"):
        if resource is not None and resource.kind == "lambda":
            yield IamCall("lambda:InvokeFunction", state["Resource"])
        return
    if (resource.service, resource.action) == ("ecs", "runTask"):
        yield from _run_task(given, situation, waits=resource.pattern.startswith("sync"))
        return
    service = IAM_NAMES.get(resource.service, resource.service)
    action = resource.action[:1].upper() + resource.action[1:]
    named = IAM_ACTIONS.get(f"{service}:{action}", f"{service}:{action}")
    streams = [situation.streams[each] for each in run if each in situation.streams]
    if action == "GetLogEvents" and streams:
        yield from (IamCall("logs:GetLogEvents", stream) for stream in streams)
        return
    for about in _about(given, situation):
        yield IamCall(named, about)
    if named == "states:StartExecution" and resource.pattern.startswith("sync"):
        yield from _nested(given, situation)


def _nested(given: Json, situation: CallContext) -> Iterator[IamCall]:
    """Yield the calls that observe and stop a run of another machine."""
    child = _literal(given, "StateMachineArn").replace(":stateMachine:", ":execution:")
    for action in ("DescribeExecution", "StopExecution"):
        yield IamCall(f"states:{action}", child if child == "*" else f"{child}:a-run")
    for action in ("PutTargets", "PutRule", "DescribeRule"):
        yield IamCall(f"events:{action}", situation.arn("events", f"rule/{NESTED_RULE}"))


def _about(given: Json, situation: CallContext) -> Iterator[str]:
    name = next((name for name in ABOUT if isinstance(given, dict) and isinstance(given.get(name), str)), "")
    text = given[name] if name else "*"
    if "context.StateMachine.Id" in text:
        yield situation.machine
    elif text.startswith("{%"):
        # An expression may evaluate to any run in the context.
        yield from situation.runs or ((situation.run,) if "ExecutionArn" in given else ("*",))
    else:
        yield _as_arn(name, text, situation)


def _as_arn(name: str, text: str, situation: CallContext) -> str:
    """Return the ARN of a call's resource, which the call may name otherwise: IAM accepts ARNs only."""
    queue = QUEUE.fullmatch(text)
    if queue is not None:
        partition, region = situation.machine.split(":")[1], queue["region"] or situation.machine.split(":")[3]
        return f"arn:{partition}:sqs:{region}:{queue['account']}:{queue['name']}"
    if name == "FunctionName" and not text.startswith("arn:"):
        return situation.arn("lambda", f"function:{text}")
    return text if text.startswith("arn:") else "*"


def _run_task(given: Json, situation: CallContext, *, waits: bool) -> Iterator[IamCall]:
    definition, cluster = given["TaskDefinition"], given.get("Cluster", "default")
    where = cluster if cluster.startswith("arn:") else situation.arn("ecs", f"cluster/{cluster}")
    task = where.replace(":cluster/", ":task/") + "/0123456789abcdef0123456789abcdef"
    there = {"ecs:cluster": where}
    revision = definition if definition.startswith("arn:") else situation.arn("ecs", f"task-definition/{definition}")
    yield IamCall("ecs:RunTask", revision, there)
    for role in situation.roles.get(definition, ()):
        yield IamCall("iam:PassRole", role, {"iam:PassedToService": "ecs-tasks.amazonaws.com"})
    if "PropagateTags" in given or "Tags" in given:
        yield IamCall("ecs:TagResource", task, {"ecs:CreateAction": "RunTask", **there})
    if waits:
        yield IamCall("ecs:DescribeTasks", task, there)
        yield IamCall("ecs:StopTask", task, there)
        for action in ("PutTargets", "PutRule", "DescribeRule"):
            yield IamCall(f"events:{action}", situation.arn("events", f"rule/{RULE}"))


def _objects(state: Json, situation: CallContext) -> Iterator[IamCall]:
    """Yield the calls with which a distributed Map reads from S3 and writes to it."""
    partition = situation.machine.split(":", 2)[1]
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
        there = f"arn:{partition}:s3:::{_literal(given, 'Bucket')}/{_literal(given, 'Prefix')}"
        for action in ("PutObject", "GetObject", "ListMultipartUploadParts", "AbortMultipartUpload"):
            yield IamCall(f"s3:{action}", f"{there.rstrip('/*')}/a-run/manifest.json")


def _literal(given: Json, name: str) -> str:
    """Return a literal value of a definition, or * if an expression determines it."""
    value = given.get(name) if isinstance(given, dict) else None
    return value if isinstance(value, str) and not value.startswith("{%") else "*"


def _distributed(situation: CallContext) -> Iterator[IamCall]:
    yield IamCall("states:StartExecution", situation.machine)
    child = situation.machine.replace(":stateMachine:", ":execution:") + "/label:a-run"
    for action in ("DescribeExecution", "StopExecution"):
        yield IamCall(f"states:{action}", child)
        yield IamCall(f"states:{action}", situation.run)
    yield IamCall("states:RedriveExecution", child)
