"""Handle the targets of rules: where the events that match a rule are sent.

See https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutTargets.html.
"""

from typing import TYPE_CHECKING

from lamplighter.base.aws import arn
from lamplighter.base.errors import ValidationError
from lamplighter.base.json_text import Json, JsonError, loads
from lamplighter.bus import Caller
from lamplighter.delivery.delivery import RetryPolicy
from lamplighter.lang.input_transformer import RESERVED_VARIABLES, fill_with_samples, variables
from lamplighter.lang.jackson_errors import read_first_value
from lamplighter.lang.jackson_location import inline_location
from lamplighter.lang.jsonpath.paths import PathError, compile_path
from lamplighter.services.events import paging
from lamplighter.services.events.errors import LimitExceeded, invalid_parameter
from lamplighter.services.events.rules.lookup import find_rule
from lamplighter.services.events.tables import targets as rows
from lamplighter.store.db import Reader, Tx

if TYPE_CHECKING:
    from aws_types import events as aws

MAX_TARGETS = 5
SERVICES_WITH_ROLE = ("states", "ecs", "batch", "codebuild", "codepipeline", "kinesis", "firehose")
"""The services that EventBridge calls in the target's role."""
INPUT_FIELDS = ("Input", "InputPath", "InputTransformer")


def retry_policy_of(target: Json) -> RetryPolicy:
    """Return the retry policy for deliveries to a target."""
    given = target.get("RetryPolicy", {})
    defaults = RetryPolicy()
    return RetryPolicy(
        given.get("MaximumRetryAttempts", defaults.attempts), given.get("MaximumEventAgeInSeconds", defaults.age)
    )


def put_targets(tx: Tx, caller: Caller, params: "aws.PutTargetsInput") -> "aws.PutTargetsOutput":
    """Handle PutTargets; a target replaces the target with the same id."""
    rule = find_rule(tx, caller, params["Rule"], params.get("EventBusName"))
    for target in params["Targets"]:
        _check_target(target)
        rows.put(tx, rule.arn, target)
    if rows.count(tx, rule.arn) > MAX_TARGETS:
        raise LimitExceeded
    return {"FailedEntryCount": 0, "FailedEntries": []}


def remove_targets(tx: Tx, caller: Caller, params: "aws.RemoveTargetsInput") -> "aws.RemoveTargetsOutput":
    """Handle RemoveTargets; targets that do not exist are ignored."""
    rule = find_rule(tx, caller, params["Rule"], params.get("EventBusName"))
    for each in params["Ids"]:
        rows.delete(tx, rule.arn, each)
    return {"FailedEntryCount": 0, "FailedEntries": []}


def list_targets(reader: Reader, caller: Caller, params: "aws.ListTargetsByRuleInput") -> Json:
    """Handle ListTargetsByRule."""
    rule = find_rule(reader, caller, params["Rule"], params.get("EventBusName"))

    def read(after: str, most: int) -> list[Json]:
        return rows.targets_of_rule(reader, rule.arn, after, most)

    found, more = paging.cut_page(params, read, lambda target: target["Id"])
    return {"Targets": found} | more


def _check_target(target: Json) -> None:
    name, place = target["Id"], arn.parse(target["Arn"])
    if place is None:
        raise invalid_parameter(target["Arn"], "Provided Arn is not in correct format.")
    if "RoleArn" not in target and (
        place.service in SERVICES_WITH_ROLE or place.resource.startswith("api-destination/")
    ):
        raise ValidationError(f"RoleArn is required for target {target['Arn']}.")
    if place.service == "ecs" and "EcsParameters" not in target:
        raise ValidationError(f"Parameter(s) EcsParameters must be specified for target: {name}.")
    if place.service == "sqs" and place.resource.endswith(".fifo") and "SqsParameters" not in target:
        raise ValidationError(f"Parameter(s) SqsParameters must be specified for target: {name}.")
    _check_dead_letters(target.get("DeadLetterConfig", {}).get("Arn"))
    if sum(field in target for field in INPUT_FIELDS) > 1:
        raise ValidationError(f"Only one of Input, InputPath, or InputTransformer must be provided for target {name}.")
    if "Input" in target:
        _check_json(target["Input"], f"JSON syntax error in input for target {name}")
    if "InputPath" in target:
        _check_path(target["InputPath"], f"InputPath for target {name}")
    if "InputTransformer" in target:
        _check_transformer(target["InputTransformer"], name)


def _check_dead_letters(text: str | None) -> None:
    queue = arn.parse(text) if text is not None else None
    if text is not None and (queue is None or queue.service != "sqs"):
        raise invalid_parameter("DeadLetterConfig.Arn", f"{text} is not the ARN of an Amazon SQS queue.")


def _check_transformer(transformer: Json, name: str) -> None:
    paths, template = transformer.get("InputPathsMap", {}), transformer["InputTemplate"]
    for variable, path in paths.items():
        if variable.lower().startswith("aws"):
            raise ValidationError(f"Invalid InputPathsMap for target {name} : {variable} is a reserved name.")
        _check_path(path, f"InputPathsMap for target {name}")
    unknown = [each for each in variables(template) if each not in paths and each not in RESERVED_VARIABLES]
    if unknown:
        raise ValidationError(f"Invalid InputTemplate for target {name} : <{unknown[0]}> is not in InputPathsMap.")
    if template.lstrip().startswith("{"):
        _check_json(fill_with_samples(template), f"Invalid InputTemplate for target {name} ")


def _check_path(path: str, what: str) -> None:
    try:
        valid = compile_path(path).root == "$"
    except PathError:
        valid = False
    if not valid:
        raise ValidationError(f"Invalid {what} : {path}.")


def _check_json(text: str, message: str) -> None:
    try:
        loads(text)
    except JsonError:
        reading = read_first_value(text)
        at = reading.fault.at if reading.fault is not None else reading.end
        raise ValidationError(f"{message}: {inline_location(text, at)}") from None
