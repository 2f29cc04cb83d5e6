"""Build the calls of templated targets: the target's ARN decides the operation, the schedule provides the parameters.

The table contains all templated targets of AWS. A service that the engine does not implement is called at its
configured endpoint. See https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-targets-templated.html.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from lamplighter.base.aws.arn import Arn, parse
from lamplighter.base.errors import ValidationError, require
from lamplighter.base.json_text import Json, JsonError, dumps, loads
from lamplighter.runs.tasks.run_task_request import schedule_tags, target_parameters
from lamplighter.runs.tasks.task_run import SCHEDULE_PREFIX

JSON_OBJECT: tuple[type, ...] = (dict,)
ANY_JSON: tuple[type, ...] = (object,)


@dataclass(frozen=True, slots=True)
class TargetInput:
    """The data from which a template builds the call of one slot."""

    arn: Arn
    target: Json
    input: str
    """The target's Input with its attributes inserted, or the default notification if the target has no Input."""
    given: bool
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
    required_member: str | None = None
    """The Target member without which the target cannot be called."""
    input_types: tuple[type, ...] | None = None
    """The types that the Input may have as JSON; None accepts any text."""


def check_target(target: Json) -> None:
    """Raise ValidationError for a target that can never be called."""
    arn = require(parse(target["Arn"]), lambda: ValidationError("Provided Arn is not in correct format."))
    template = TEMPLATES.get(arn.service)
    if template is None:
        raise ValidationError(f"{arn.service} is not a supported service for a target.")
    if not arn.resource.startswith(template.resource):
        raise ValidationError("Provided Arn is not in correct format.")
    if template.required_member is not None and template.required_member not in target:
        raise ValidationError(f"{template.required_member} must be provided for a target of {arn.service}.")
    fifo = arn.service == "sqs" and arn.resource.endswith(".fifo")
    if fifo and "MessageGroupId" not in target.get("SqsParameters", {}):
        raise ValidationError("MessageGroupId must be provided for a target that is a FIFO queue.")
    if template.input_types is not None and "Input" in target and not is_json_of(target["Input"], template.input_types):
        kind = "a JSON object" if template.input_types == JSON_OBJECT else "well-formed JSON"
        raise ValidationError(f"The Input of this target must be {kind}.")


def is_json_of(text: str, kinds: tuple[type, ...]) -> bool:
    """Return whether a text is a JSON document of one of these types."""
    try:
        return isinstance(loads(text), kinds)
    except JsonError:
        return False


def _resource_name(target_input: TargetInput) -> str:
    """Return the last part of the ARN: the name of its resource."""
    return target_input.arn.resource.replace(":", "/").rpartition("/")[2]


def _state_machine(target_input: TargetInput) -> Json:
    return {"stateMachineArn": str(target_input.arn), "input": target_input.input, "name": target_input.key}


def _queue(target_input: TargetInput) -> Json:
    queue = target_input.arn
    group = target_input.target.get("SqsParameters", {}).get("MessageGroupId")
    url = f"https://sqs.{queue.region}.amazonaws.com/{queue.account}/{queue.resource}"
    return {"QueueUrl": url, "MessageBody": target_input.input} | ({"MessageGroupId": group} if group else {})


def _topic(target_input: TargetInput) -> Json:
    return {"TopicArn": str(target_input.arn), "Message": target_input.input}


def _event_bus(target_input: TargetInput) -> Json:
    parameters = target_input.target["EventBridgeParameters"]
    entry = {"Source": parameters["Source"], "DetailType": parameters["DetailType"], "Detail": target_input.input}
    return {"Entries": [entry | {"EventBusName": str(target_input.arn)}]}


def _task(target_input: TargetInput) -> Json:
    """Return the parameters of RunTask; the Input is its overrides."""
    parameters = target_input.target["EcsParameters"]
    return {
        **target_parameters(parameters, str(target_input.arn)),
        **schedule_tags(parameters),
        **({"overrides": loads(target_input.input)} if target_input.given else {}),
        "startedBy": f"{SCHEDULE_PREFIX}{target_input.name}",
        "clientToken": target_input.key[-64:],
    }


def _function(target_input: TargetInput) -> Json:
    return {"FunctionName": str(target_input.arn), "InvocationType": "Event", "Payload": target_input.input}


def _stream(target_input: TargetInput) -> Json:
    key = target_input.target["KinesisParameters"]["PartitionKey"]
    return {"StreamName": _resource_name(target_input), "Data": target_input.input, "PartitionKey": key}


def _delivery_stream(target_input: TargetInput) -> Json:
    return {"DeliveryStreamName": _resource_name(target_input), "Record": {"Data": target_input.input}}


def _build(target_input: TargetInput) -> Json:
    return {**(loads(target_input.input) if target_input.given else {}), "projectName": _resource_name(target_input)}


def _pipeline(target_input: TargetInput) -> Json:
    return {"name": _resource_name(target_input), "clientRequestToken": target_input.key}


def _model_pipeline(target_input: TargetInput) -> Json:
    parameters = target_input.target.get("SageMakerPipelineParameters", {}).get("PipelineParameterList", [])
    return {
        "PipelineName": _resource_name(target_input),
        "PipelineParameters": parameters,
        "ClientRequestToken": target_input.key,
    }


def _assessment(target_input: TargetInput) -> Json:
    return {"assessmentTemplateArn": str(target_input.arn)}


TEMPLATES: Mapping[str, TargetTemplate] = {
    "states": TargetTemplate("states", "StartExecution", _state_machine, "stateMachine:", input_types=ANY_JSON),
    "ecs": TargetTemplate("ecs", "RunTask", _task, "cluster/", "EcsParameters", JSON_OBJECT),
    "sqs": TargetTemplate("sqs", "SendMessage", _queue, ""),
    "sns": TargetTemplate("sns", "Publish", _topic, ""),
    "events": TargetTemplate("events", "PutEvents", _event_bus, "event-bus/", "EventBridgeParameters", JSON_OBJECT),
    "lambda": TargetTemplate("lambda", "Invoke", _function, "function:", input_types=ANY_JSON),
    "kinesis": TargetTemplate("kinesis", "PutRecord", _stream, "stream/", "KinesisParameters"),
    "firehose": TargetTemplate("firehose", "PutRecord", _delivery_stream, "deliverystream/"),
    "codebuild": TargetTemplate("codebuild", "StartBuild", _build, "project/", input_types=JSON_OBJECT),
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
