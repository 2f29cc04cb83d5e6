"""Implement the operations on versions of state machines.

"A version is a numbered, immutable snapshot of a state machine that you can run." See
https://docs.aws.amazon.com/step-functions/latest/dg/concepts-state-machine-version.html. A revision has at most one
version: to publish the revision again returns the existing version.
"""

from functools import partial
from typing import TYPE_CHECKING

from lamplighter.base.json_text import Json
from lamplighter.bus import Caller
from lamplighter.operations.pages import NEWEST
from lamplighter.services.states.arns import PAGES
from lamplighter.services.states.errors import Conflict, Invalid, ServiceQuotaExceeded, StateMachineDeleting
from lamplighter.services.states.machines.resolve_arn import find_machine, find_version, split_qualifier
from lamplighter.services.states.tables import aliases
from lamplighter.services.states.tables import versions as rows
from lamplighter.services.states.tables.state_machines import StateMachine
from lamplighter.services.states.tables.versions import Version
from lamplighter.store.db import Reader, Tx

if TYPE_CHECKING:
    from aws_types import states as aws

MAX_VERSIONS = 1000
"""The most versions of one state machine."""
INITIAL_REVISION = "INITIAL"
"""The API's name for the revision with which a state machine was created; that revision has no id."""
STALE_REVISION = (
    "Failed to publish the State Machine version for revision {}. The current State Machine revision is {}."
)
VERSION_IN_USE = (
    "Version to be deleted must not be referenced by an alias. Current list of aliases referencing this version: [{}]"
)
NO_DESCRIPTION = "Version description can only be set when publish is true"


def publish_version(tx: Tx, _caller: Caller, params: "aws.PublishStateMachineVersionInput") -> Json:
    """Handle PublishStateMachineVersion."""
    machine = find_machine(tx, params["stateMachineArn"])
    if machine.deleting:
        raise StateMachineDeleting(machine.arn)
    current = INITIAL_REVISION if machine.initial else machine.revision
    requested = params.get("revisionId", current)
    if requested != current:
        raise Conflict(STALE_REVISION.format(requested, current))
    return _item(find_or_publish_version(tx, machine, params.get("description")))


def list_versions(reader: Reader, _caller: Caller, params: "aws.ListStateMachineVersionsInput") -> Json:
    """Handle ListStateMachineVersions: newest first; the list is empty if the state machine does not exist."""
    arn, _ = split_qualifier(params["stateMachineArn"])
    read = partial(rows.page, reader, arn)
    return PAGES.page("stateMachineVersions", params, NEWEST, read, _item, lambda version: version.number)


def delete_version(tx: Tx, _caller: Caller, params: "aws.DeleteStateMachineVersionInput") -> None:
    """Handle DeleteStateMachineVersion; do nothing if the version does not exist."""
    version = find_version(tx, params["stateMachineVersionArn"])
    if version is None:
        return
    users = [alias.name for alias in aliases.aliases_of_machine(tx, version.machine) if alias.leads_to(version.arn)]
    if users:
        raise Conflict(VERSION_IN_USE.format(", ".join(users)))
    rows.delete(tx, version.machine, version.number)


def _item(version: Version) -> Json:
    return {"stateMachineVersionArn": version.arn, "creationDate": version.created / 1000}


def find_or_publish_version(tx: Tx, machine: StateMachine, description: str | None) -> Version:
    """Return the version of the machine's current revision; publish one if the revision has none."""
    found = rows.version_of_revision(tx, machine.revision)
    if found is not None:
        return found
    if rows.count(tx, machine.arn) >= MAX_VERSIONS:
        raise ServiceQuotaExceeded(f"The state machine already has {MAX_VERSIONS} versions; delete unused versions.")
    return rows.publish(tx, machine.arn, machine.revision, description, tx.now)


def check_description(params: Json) -> None:
    """Reject a version description in a request that publishes no version."""
    if "versionDescription" in params and not params.get("publish"):
        raise Invalid(NO_DESCRIPTION)
