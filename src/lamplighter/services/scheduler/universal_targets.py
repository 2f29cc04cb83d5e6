"""Build the calls of universal targets: any operation of any service, with its parameters as JSON.

"arn:aws:scheduler:::aws-sdk:service:apiAction". Guarantees that a parameter is found whatever the case of its first
letter. Rejects operations that only read when the schedule is created, as AWS does.
See https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-targets-universal.html.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from lamplighter.base.aws.service_model import ListShape, MapShape, ServiceModel, Shape, StructureShape
from lamplighter.base.errors import ValidationError
from lamplighter.base.json_text import Json, loads
from lamplighter.services.scheduler.templated_targets import JSON_OBJECT, is_json_of

ARN_PREFIX = "arn:aws:scheduler:::aws-sdk:"

READ_ONLY_PREFIXES = (
    "get", "describe", "list", "poll", "receive", "search", "scan", "query", "select", "read", "lookup", "discover",
    "validate", "batchGet", "batchDescribe", "batchRead", "transactGet", "adminGet", "adminList", "testMigration",
    "retrieve", "testConnection", "translateDocument", "isAuthorized", "invokeModel",
)  # fmt: skip
"""The prefixes of the actions that only read: AWS's list, which contains isAuthorizedWithToken as well."""


@dataclass(frozen=True, slots=True)
class AwsServices:
    """Access to the names and models of AWS's services."""

    botocore_name: Callable[[str], str]
    """Return botocore's name for an AWS SDK's service identifier."""
    model: Callable[[str], ServiceModel | None]
    """Return the model of a service by botocore's name, or None."""


@dataclass(frozen=True, slots=True)
class UniversalCall:
    """The operation that a universal target's ARN names."""

    service: str
    action: str

    @property
    def operation(self) -> str:
        """Return the action with a capital first letter, as in the models."""
        return f"{self.action[:1].upper()}{self.action[1:]}"


def is_universal(arn: str) -> bool:
    """Return whether the ARN is that of a universal target."""
    return arn.startswith(ARN_PREFIX)


def parse_target(arn: str, services: AwsServices) -> UniversalCall | None:
    """Return the operation that an ARN names, or None if the ARN is malformed."""
    found = re.fullmatch(r"([a-z0-9-]+):([A-Za-z0-9]+)", arn.removeprefix(ARN_PREFIX))
    return UniversalCall(services.botocore_name(found[1]), found[2]) if found else None


def check_target(target: Json, services: AwsServices) -> None:
    """Raise ValidationError for a target that AWS refuses when the schedule is created."""
    call = parse_target(target["Arn"], services)
    if call is None:
        raise ValidationError("Provided Arn is not in correct format.")
    model = services.model(call.service)
    if model is None:
        raise ValidationError(f"{target['Arn'].split(':')[6]} is not a supported service for a target.")
    action = f"{call.action[:1].lower()}{call.action[1:]}"
    if action.startswith(READ_ONLY_PREFIXES) or _operation(model, call) is None:
        raise ValidationError(f"{call.action} API is not supported.")
    if "Input" not in target:
        raise ValidationError("You must provide an input to set this target for your schedule.")
    if not is_json_of(target["Input"], JSON_OBJECT):
        raise ValidationError("The Input of a universal target must be a JSON object with the parameters of the call.")


def call_parameters(call: UniversalCall, text: str, services: AwsServices) -> tuple[str, Json]:
    """Return the operation and its parameters under the model's names; unknown parameters stay as they are."""
    model = services.model(call.service)
    name = _operation(model, call) if model is not None else None
    given = loads(text)
    if model is None or name is None:
        return call.operation, given
    return name, _with_model_names(model.operation_model(name).input_shape, given)


def _operation(model: ServiceModel, call: UniversalCall) -> str | None:
    """Return the model's name for an action; AWS's documentation writes getQueueURL for GetQueueUrl."""
    if call.operation in model.operation_names:
        return call.operation
    return next((name for name in model.operation_names if name.lower() == call.action.lower()), None)


def _with_model_names(shape: Shape | None, value: Json) -> Json:
    if isinstance(shape, StructureShape) and isinstance(value, dict):
        return dict(_member(shape, key, inner) for key, inner in value.items())
    if isinstance(shape, ListShape) and isinstance(value, list):
        return [_with_model_names(shape.member, each) for each in value]
    if isinstance(shape, MapShape) and isinstance(value, dict):
        return {key: _with_model_names(shape.value, inner) for key, inner in value.items()}
    if shape is not None and shape.type_name == "timestamp" and isinstance(value, str):
        return _seconds(value)
    return value


def _member(shape: StructureShape, key: str, value: Json) -> tuple[str, Json]:
    other_case = f"{key[:1].swapcase()}{key[1:]}"
    name = key if key in shape.members else other_case
    return (name, _with_model_names(shape.members[name], value)) if name in shape.members else (key, value)


def _seconds(text: str) -> Json:
    """Return a time in seconds since the epoch, or the text itself if it is no time."""
    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError:
        return text
