"""Store and show the permissions to put events on a bus.

They decide only if the engine enforces IAM. Otherwise a caller that reaches the engine may do anything.
See https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html.
"""

from typing import TYPE_CHECKING

from lamplighter.base.aws import arn
from lamplighter.base.errors import ValidationError
from lamplighter.base.json_text import Json, dumps, loads, loads_unique
from lamplighter.bus import Caller
from lamplighter.services.events.buses.buses import find_bus, put_policy
from lamplighter.services.events.errors import PolicyLengthExceeded, ResourceNotFound
from lamplighter.store.db import Reader, Tx

if TYPE_CHECKING:
    from aws_types import events as aws

MAX_POLICY_LENGTH = 10_240


def put_permission(tx: Tx, caller: Caller, params: "aws.PutPermissionInput") -> None:
    """Handle PutPermission: store a whole policy, or add one statement to it."""
    bus = find_bus(tx, caller, params.get("EventBusName"))
    if len(params.get("Policy", "")) > 16 * MAX_POLICY_LENGTH:  # white space does not count, but so much is refused
        raise PolicyLengthExceeded(MAX_POLICY_LENGTH)
    if "Policy" in params:
        policy = _parse_policy(params["Policy"])
        _check_resources(policy, bus.arn)
    else:
        policy = _parse_policy(bus.body.get("Policy", '{"Version":"2012-10-17","Statement":[]}'))
        statement = _statement(params, bus.arn)
        others = [each for each in policy["Statement"] if each.get("Sid") != statement["Sid"]]
        policy["Statement"] = [*others, statement]
    text = dumps(policy)
    if len(text.encode()) > MAX_POLICY_LENGTH:
        raise PolicyLengthExceeded(MAX_POLICY_LENGTH)
    put_policy(tx, bus, text)


def find_policy(reader: Reader, _caller: Caller, params: Json) -> Json:
    """Return the policies of a bus, as texts, for IAM's decisions; AWS has no such operation."""
    place = arn.parse_known(params["Resource"])
    if not place.resource.startswith("event-bus/"):
        return {"Policies": []}
    bus = find_bus(reader, Caller(place.account, place.region), params["Resource"])
    return {"Policies": [bus.body["Policy"]] if "Policy" in bus.body else []}


def remove_permission(tx: Tx, caller: Caller, params: "aws.RemovePermissionInput") -> None:
    """Handle RemovePermission."""
    bus = find_bus(tx, caller, params.get("EventBusName"))
    if params.get("RemoveAllPermissions"):
        put_policy(tx, bus, None)
        return
    if "StatementId" not in params:
        raise ValidationError("Parameter StatementId is required.")
    if "Policy" not in bus.body:
        raise ResourceNotFound("EventBus does not have a policy.")
    policy = loads(bus.body["Policy"])
    left = [each for each in policy["Statement"] if each.get("Sid") != params["StatementId"]]
    if len(left) == len(policy["Statement"]):
        raise ResourceNotFound("Statement with the provided id does not exist.")
    put_policy(tx, bus, dumps(policy | {"Statement": left}) if left else None)


def _parse_policy(text: str) -> Json:
    policy = loads_unique(text)
    if not isinstance(policy, dict) or "Statement" not in policy:
        raise ValidationError("This policy contains invalid Json")
    statements = policy["Statement"]
    policy["Statement"] = statements if isinstance(statements, list) else [statements]
    if not all(isinstance(statement, dict) for statement in policy["Statement"]):
        raise ValidationError("This policy contains invalid Json")
    return policy


def _check_resources(policy: Json, bus: str) -> None:
    """Raise ValidationException for a statement about another bus.

    See https://github.com/hashicorp/terraform-provider-aws/issues/27976.
    """
    for statement in policy["Statement"]:
        found = statement.get("Resource")
        for resource in found if isinstance(found, list) else [found]:
            place = arn.parse(resource) if isinstance(resource, str) else None
            is_bus = place is not None and place.resource.startswith("event-bus/") and "*" not in place.resource
            if place is not None and is_bus and resource != bus:
                raise ValidationError(f'The relative-id "{place.resource}" is invalid for ARN "{resource}"')


def _statement(params: Json, bus: str) -> Json:
    for name in ("Action", "Principal", "StatementId"):
        if name not in params:
            raise ValidationError(f"Parameter {name} is required.")
    if params["Action"] != "events:PutEvents":
        raise ValidationError("Provided value in parameter 'action' is not supported.")
    principal = params["Principal"]
    statement: Json = {
        "Sid": params["StatementId"],
        "Effect": "Allow",
        "Principal": principal if principal == "*" else {"AWS": f"arn:aws:iam::{principal}:root"},
        "Action": params["Action"],
        "Resource": bus,
    }
    if "Condition" in params:
        condition = params["Condition"]
        # "Currently the only supported value is StringEquals", and "the only supported key is aws:PrincipalOrgID".
        if (condition["Type"], condition["Key"]) != ("StringEquals", "aws:PrincipalOrgID"):
            raise ValidationError("Provided value in parameter 'condition' is not supported.")
        statement["Condition"] = {condition["Type"]: {condition["Key"]: condition["Value"]}}
    return statement
