"""Build the calls of templated targets: the target's ARN decides the operation, the schedule provides the parameters.

The table contains all templated targets of AWS. A service that the engine does not implement is called at its
configured endpoint. See https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-targets-templated.html.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from lamplighter.base.arn import Arn
from lamplighter.base.errors import ValidationError
from lamplighter.base.json_text import Json, JsonError, dumps, loads

OBJECT: tuple[type, ...] = (dict,)
ANY: tuple[type, ...] = (object,)


@dataclass(frozen=True, slots=True)
class TargetInput:
    """The data from which a template builds the call of one slot."""

    arn: Arn
    """The ARN of the target."""
    target: Json
    """The Target object of the API."""
    input: str
    """The target's Input with its attributes inserted, or the default notification if the target has no Input."""
    given: bool
    """Whether the target has an Input."""
    name: str
    """The name of the schedule."""
    key: str
    """The slot's name for the target: at most 80 letters, digits, hyphens and underscores."""


@dataclass(frozen=True, slots=True)
class TargetTemplate:
    """How to call a target of one service."""

    service: str
    """The name of the service in botocore and on the bus."""
    operation: str
    params: Callable[[TargetInput], Json]
    resource: str
    """The prefix of the resource in the target's ARN."""
    needs: str | None = None
    """The Target member without which the target cannot be called."""
    input: tuple[type, ...] | None = None
    """The types that the Input may have as JSON; None accepts any text."""


def find_template(arn: Arn) -> TargetTemplate | None:
    """Return the template for a target's ARN, or None if AWS has none for its service."""
    return TEMPLATES.get(arn.service)


def check_target(template: TargetTemplate, arn: Arn, target: Json) -> None:
    """Raise ValidationError for a target that can never be called."""
    if not arn.resource.startswith(template.resource):
        raise ValidationError("Provided Arn is not in correct format.")
    if template.needs is not None and template.needs not in target:
        raise ValidationError(f"{template.needs} must be provided for a target of {arn.service}.")
    fifo = arn.service == "sqs" and arn.resource.endswith(".fifo")
    if fifo and "MessageGroupId" not in target.get("SqsParameters", {}):
        raise ValidationError("MessageGroupId must be provided for a target that is a FIFO queue.")
    if template.input is not None and "Input" in target and not holds(target["Input"], template.input):
        kind = "a JSON object" if template.input == OBJECT else "well-formed JSON"
        raise ValidationError(f"The Input of this target must be {kind}.")


def holds(text: str, kinds: tuple[type, ...]) -> bool:
    """Return whether a text is a JSON document of one of these types."""
    try:
        return isinstance(loads(text), kinds)
    except JsonError:
        return False


def _name(sending: TargetInput) -> str:
    """Return the last part of the ARN: the name of its resource."""
    return sending.arn.resource.replace(":", "/").rpartition("/")[2]


def _state_machine(sending: TargetInput) -> Json:
    return {"stateMachineArn": str(sending.arn), "input": sending.input, "name": sending.key}


def _queue(sending: TargetInput) -> Json:
    queue = sending.arn
    group = sending.target.get("SqsParameters", {}).get("MessageGroupId")
    url = f"https://sqs.{queue.region}.amazonaws.com/{queue.account}/{queue.resource}"
    return {"QueueUrl": url, "MessageBody": sending.input} | ({"MessageGroupId": group} if group else {})


def _topic(sending: TargetInput) -> Json:
    return {"TopicArn": str(sending.arn), "Message": sending.input}


def _event_bus(sending: TargetInput) -> Json:
    told = sending.target["EventBridgeParameters"]
    entry = {"Source": told["Source"], "DetailType": told["DetailType"], "Detail": sending.input}
    return {"Entries": [entry | {"EventBusName": str(sending.arn)}]}


_ECS = (
    "LaunchType", "NetworkConfiguration", "PlatformVersion", "Group", "CapacityProviderStrategy",
    "EnableECSManagedTags", "EnableExecuteCommand", "PlacementConstraints", "PlacementStrategy", "PropagateTags",
    "ReferenceId",
)  # fmt: skip


def _task(sending: TargetInput) -> Json:
    """Return the parameters of RunTask; the Input is its overrides."""
    told = sending.target["EcsParameters"]
    params = {f"{field[0].lower()}{field[1:]}": told[field] for field in _ECS if field in told}
    network = told.get("NetworkConfiguration", {}).get("awsvpcConfiguration")
    if network is not None:
        vpc = {f"{field[0].lower()}{field[1:]}": value for field, value in network.items()}
        params["networkConfiguration"] = {"awsvpcConfiguration": vpc}
    if "Tags" in told:
        params["tags"] = [tag for tags in told["Tags"] for tag in _tags(tags)]
    if sending.given:
        params["overrides"] = loads(sending.input)
    return params | {
        "cluster": str(sending.arn),
        "taskDefinition": told["TaskDefinitionArn"],
        "count": told.get("TaskCount", 1),
        "startedBy": f"chronos-schedule/{sending.name}",
        "clientToken": sending.key[-64:],
    }


def _tags(tags: Mapping[str, str]) -> list[Json]:
    """Return the tags of a map in EcsParameters.Tags: either one tag with `key` and `value`, or each key is a tag."""
    if tags.keys() <= {"key", "value"} and "key" in tags:
        return [dict(tags)]
    return [{"key": key, "value": value} for key, value in tags.items()]


def _function(sending: TargetInput) -> Json:
    return {"FunctionName": str(sending.arn), "InvocationType": "Event", "Payload": sending.input}


def _stream(sending: TargetInput) -> Json:
    key = sending.target["KinesisParameters"]["PartitionKey"]
    return {"StreamName": _name(sending), "Data": sending.input, "PartitionKey": key}


def _delivery_stream(sending: TargetInput) -> Json:
    return {"DeliveryStreamName": _name(sending), "Record": {"Data": sending.input}}


def _build(sending: TargetInput) -> Json:
    return {**(loads(sending.input) if sending.given else {}), "projectName": _name(sending)}


def _pipeline(sending: TargetInput) -> Json:
    return {"name": _name(sending), "clientRequestToken": sending.key}


def _model_pipeline(sending: TargetInput) -> Json:
    told = sending.target.get("SageMakerPipelineParameters", {}).get("PipelineParameterList", [])
    return {"PipelineName": _name(sending), "PipelineParameters": told, "ClientRequestToken": sending.key}


def _assessment(sending: TargetInput) -> Json:
    return {"assessmentTemplateArn": str(sending.arn)}


TEMPLATES: Mapping[str, TargetTemplate] = {
    "states": TargetTemplate("states", "StartExecution", _state_machine, "stateMachine:", input=ANY),
    "ecs": TargetTemplate("ecs", "RunTask", _task, "cluster/", "EcsParameters", OBJECT),
    "sqs": TargetTemplate("sqs", "SendMessage", _queue, ""),
    "sns": TargetTemplate("sns", "Publish", _topic, ""),
    "events": TargetTemplate("events", "PutEvents", _event_bus, "event-bus/", "EventBridgeParameters", OBJECT),
    "lambda": TargetTemplate("lambda", "Invoke", _function, "function:", input=ANY),
    "kinesis": TargetTemplate("kinesis", "PutRecord", _stream, "stream/", "KinesisParameters"),
    "firehose": TargetTemplate("firehose", "PutRecord", _delivery_stream, "deliverystream/"),
    "codebuild": TargetTemplate("codebuild", "StartBuild", _build, "project/", input=OBJECT),
    "codepipeline": TargetTemplate("codepipeline", "StartPipelineExecution", _pipeline, ""),
    "sagemaker": TargetTemplate("sagemaker", "StartPipelineExecution", _model_pipeline, "pipeline/"),
    "inspector": TargetTemplate("inspector", "StartAssessmentRun", _assessment, "target/"),
}
"""The templates by the service in the target's ARN."""


def default_notification(arn: Arn, time: str, key: str) -> str:
    """Return the "default notification" that a target without an Input gets; `arn` is the schedule's."""
    return dumps(
        {
            "version": "0",
            "id": key,
            "detail-type": "Scheduled Event",
            "source": "aws.scheduler",
            "account": arn.account,
            "time": time,
            "region": arn.region,
            "resources": [str(arn)],
            "detail": "{}",
        }
    )
