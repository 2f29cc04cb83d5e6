"""Implement the operations on aliases of state machines.

"An alias is a pointer for up to two versions of the same state machine." See
https://docs.aws.amazon.com/step-functions/latest/dg/concepts-state-machine-alias.html.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from lamplighter.base.errors import require
from lamplighter.base.json_text import Json
from lamplighter.bus import Caller
from lamplighter.services.states.arns import PAGES
from lamplighter.services.states.errors import (
    AliasNotFound,
    Conflict,
    Invalid,
    MissingRequiredParameter,
    ResourceNotFound,
    ServiceQuotaExceeded,
    StateMachineDeleting,
    StateMachineDoesNotExist,
)
from lamplighter.services.states.machines.resolve_arn import find_alias, find_version, split_qualifier
from lamplighter.services.states.tables import aliases as rows
from lamplighter.services.states.tables import state_machines
from lamplighter.services.states.tables.aliases import Alias
from lamplighter.store.db import Reader, Tx

if TYPE_CHECKING:
    from aws_types import states as aws

MAX_ALIASES = 100
"""The most aliases of one state machine."""
ALIAS_EXISTS = (
    "Failed to create alias because an alias with the same name and a different routing configuration already exists."
)
NOTHING_TO_UPDATE = "Either the description or the RoutingConfiguration must be specified"


def create_alias(tx: Tx, _caller: Caller, params: "aws.CreateStateMachineAliasInput") -> Json:
    """Handle CreateStateMachineAlias; a repeated request with the same parameters returns the same answer."""
    routes, name, description = params["routingConfiguration"], params["name"], params.get("description")
    machine = check_routes(tx, routes)
    alias = rows.get(tx, machine, name)
    if alias is None:
        if len(rows.aliases_of_machine(tx, machine)) >= MAX_ALIASES:
            raise ServiceQuotaExceeded(f"The state machine already has {MAX_ALIASES} aliases; delete unused aliases.")
        alias = rows.put(tx, machine, name, description, routes, tx.now)
    elif (alias.routes, alias.description) != (routes, description):
        raise Conflict(ALIAS_EXISTS)
    return _item(alias)


def update_alias(
    tx: Tx, _caller: Caller, params: "aws.UpdateStateMachineAliasInput"
) -> "aws.UpdateStateMachineAliasOutput":
    """Handle UpdateStateMachineAlias."""
    alias = _find(tx, params["stateMachineAliasArn"])
    routes = params.get("routingConfiguration")
    if routes is None and "description" not in params:
        raise MissingRequiredParameter(NOTHING_TO_UPDATE)
    if routes is not None and check_routes(tx, routes) != alias.machine:
        raise Invalid(f"The routing configuration must name versions of {alias.machine}")
    now = tx.now
    description = params.get("description", alias.description)
    rows.update(tx, replace(alias, routes=routes or alias.routes, description=description, updated=now))
    return {"updateDate": now / 1000}


def describe_alias(reader: Reader, _caller: Caller, params: "aws.DescribeStateMachineAliasInput") -> Json:
    """Handle DescribeStateMachineAlias."""
    alias = _find(reader, params["stateMachineAliasArn"])
    answer = {
        "stateMachineAliasArn": alias.arn,
        "name": alias.name,
        "routingConfiguration": alias.routes,
        "creationDate": alias.created / 1000,
        "updateDate": alias.updated / 1000,
    }
    return answer if alias.description is None else answer | {"description": alias.description}


def delete_alias(tx: Tx, _caller: Caller, params: "aws.DeleteStateMachineAliasInput") -> None:
    """Handle DeleteStateMachineAlias; do nothing if the alias does not exist."""
    machine, name = split_qualifier(params["stateMachineAliasArn"])
    rows.delete(tx, machine, name)


def list_aliases(reader: Reader, _caller: Caller, params: "aws.ListStateMachineAliasesInput") -> Json:
    """Handle ListStateMachineAliases: list the aliases of a state machine, or those that lead to a version."""
    arn = params["stateMachineArn"]
    machine, qualifier = split_qualifier(arn)
    if state_machines.get(reader, machine) is None or (qualifier and find_version(reader, arn) is None):
        raise StateMachineDoesNotExist(arn)

    def read(after: int, _most: int) -> Iterable[Alias]:
        return (each for each in rows.aliases_of_machine(reader, machine, after) if not qualifier or each.leads_to(arn))

    return PAGES.page("stateMachineAliases", params, 0, read, _item, lambda alias: alias.id)


def _item(alias: Alias) -> Json:
    return {"stateMachineAliasArn": alias.arn, "creationDate": alias.created / 1000}


def check_routes(reader: Reader, routes: Json) -> str:
    """Check a routing configuration and return the ARN of the state machine whose versions it names."""
    names = [route["stateMachineVersionArn"] for route in routes]
    received = ", ".join(names)
    if not all(split_qualifier(name)[1].isdecimal() for name in names):
        raise Invalid(f"Routing configuration must contain state machine version ARNs. Received: [{received}]")
    owners = {split_qualifier(name)[0] for name in names}
    if len(owners) > 1:
        raise Invalid("Routing configuration must contain versions of the same state machine")
    if len(set(names)) < len(names):
        raise Invalid(f"Routing configuration must contain distinct state machine version ARNs. Received: [{received}]")
    weights = [route["weight"] for route in routes]
    if sum(weights) != 100:
        raise Invalid(f"Sum of routing configuration weights must equal 100. Received: {weights}")
    machine = owners.pop()
    owner = state_machines.get(reader, machine)
    if owner is not None and owner.deleting:
        raise StateMachineDeleting(machine)
    for name in names:
        if find_version(reader, name) is None:
            raise ResourceNotFound(name)
    return machine


def _find(reader: Reader, text: str) -> Alias:
    return require(find_alias(reader, text), AliasNotFound)
