"""Universal targets: any call of any service, its parameters given as JSON.

"arn:aws:scheduler:::aws-sdk:service:apiAction". Promises to find a member by its name whatever the case of its first
delivery. Refuses calls that only read, at creation, as AWS does.
See https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-targets-universal.html.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from botocore.model import ListShape, MapShape, ServiceModel, Shape, StructureShape

from lamplighter.base.errors import ValidationError
from lamplighter.base.json_text import Json, loads
from lamplighter.services.scheduler.templated_targets import OBJECT, holds

BEGINNING = "arn:aws:scheduler:::aws-sdk:"

READING = (
    "get", "describe", "list", "poll", "receive", "search", "scan", "query", "select", "read", "lookup", "discover",
    "validate", "batchGet", "batchDescribe", "batchRead", "transactGet", "adminGet", "adminList", "testMigration",
    "retrieve", "testConnection", "translateDocument", "isAuthorized", "invokeModel",
)  # fmt: skip
"""What the names of actions begin with that only read: AWS's list, which has isAuthorizedWithToken as well."""


@dataclass(frozen=True, slots=True)
class AwsServices:
    """What is known of the services of AWS."""

    spelled: Callable[[str], str]
    """Their names, by the AWS SDKs' identifiers."""
    model: Callable[[str], ServiceModel | None]
    """By name."""


@dataclass(frozen=True, slots=True)
class UniversalCall:
    """What an ARN names."""

    service: str
    """As botocore and the bus call it."""
    action: str

    @property
    def operation(self) -> str:
        """The action as models spell it."""
        return f"{self.action[:1].upper()}{self.action[1:]}"


def is_universal(arn: str) -> bool:
    """Whether a target's ARN is of this kind."""
    return arn.startswith(BEGINNING)


def parse_target(arn: str, services: AwsServices) -> UniversalCall | None:
    """What an ARN names; None where it names nothing."""
    found = re.fullmatch(r"([a-z0-9-]+):([A-Za-z0-9]+)", arn.removeprefix(BEGINNING))
    return UniversalCall(services.spelled(found[1]), found[2]) if found else None


def check_target(target: Json, services: AwsServices) -> None:
    """Raise ValidationError for what AWS refuses at creation."""
    call = parse_target(target["Arn"], services)
    if call is None:
        raise ValidationError("Provided Arn is not in correct format.")
    model = services.model(call.service)
    if model is None:
        raise ValidationError(f"{target['Arn'].split(':')[6]} is not a supported service for a target.")
    action = f"{call.action[:1].lower()}{call.action[1:]}"
    if action.startswith(READING) or _operation(model, call) is None:
        raise ValidationError(f"{call.action} API is not supported.")
    if "Input" not in target:
        raise ValidationError("You must provide an input to set this target for your schedule.")
    if not holds(target["Input"], OBJECT):
        raise ValidationError("The Input of a universal target must be a JSON object with the parameters of the call.")


def call_parameters(call: UniversalCall, text: str, services: AwsServices) -> tuple[str, Json]:
    """The operation and its parameters, by the model's names; what the model does not know is left as it is."""
    model = services.model(call.service)
    name = _operation(model, call) if model is not None else None
    given = loads(text)
    if model is None or name is None:
        return call.operation, given
    return name, _named(model.operation_model(name).input_shape, given)


def _operation(model: ServiceModel, call: UniversalCall) -> str | None:
    """The model's name for an action: the documentation itself writes getQueueURL for GetQueueUrl."""
    if call.operation in model.operation_names:
        return call.operation
    return next((name for name in model.operation_names if name.lower() == call.action.lower()), None)


def _named(shape: Shape | None, value: Json) -> Json:
    if isinstance(shape, StructureShape) and isinstance(value, dict):
        return dict(_member(shape, key, inner) for key, inner in value.items())
    if isinstance(shape, ListShape) and isinstance(value, list):
        return [_named(shape.member, each) for each in value]
    if isinstance(shape, MapShape) and isinstance(value, dict):
        return {key: _named(shape.value, inner) for key, inner in value.items()}
    if shape is not None and shape.type_name == "timestamp" and isinstance(value, str):
        return _seconds(value)
    return value


def _member(shape: StructureShape, key: str, value: Json) -> tuple[str, Json]:
    turned = f"{key[:1].swapcase()}{key[1:]}"
    name = key if key in shape.members else turned
    return (name, _named(shape.members[name], value)) if name in shape.members else (key, value)


def _seconds(text: str) -> Json:
    """An instant in seconds since the epoch; the text itself where it names none."""
    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError:
        return text
