"""Operations on tags."""

from lamplighter.base.jsontext import Json
from lamplighter.bus import Caller
from lamplighter.services.states.errors import ResourceNotFound
from lamplighter.store import machines
from lamplighter.store.db import Reader, Tx
from lamplighter.store.machines import Machine


def _find(reader: Reader, arn: str) -> Machine:
    machine = machines.get(reader, arn)
    if machine is None:
        raise ResourceNotFound(arn)
    return machine


def tag(tx: Tx, _caller: Caller, params: Json) -> Json:
    """TagResource"""
    machine = _find(tx, params["resourceArn"])
    machines.tag(tx, machine.arn, machine.tags | {tag["key"]: tag.get("value", "") for tag in params["tags"]})
    return {}


def untag(tx: Tx, _caller: Caller, params: Json) -> Json:
    """UntagResource"""
    machine = _find(tx, params["resourceArn"])
    machines.tag(tx, machine.arn, {key: value for key, value in machine.tags.items() if key not in params["tagKeys"]})
    return {}


def tags(reader: Reader, _caller: Caller, params: Json) -> Json:
    """ListTagsForResource"""
    machine = _find(reader, params["resourceArn"])
    return {"tags": [{"key": key, "value": value} for key, value in machine.tags.items()]}
