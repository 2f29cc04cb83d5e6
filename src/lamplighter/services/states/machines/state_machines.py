"""Implement the operations on state machines."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from lamplighter.base.aws import arn
from lamplighter.base.json_text import Json, loads
from lamplighter.base.precompute import Precomputed, combine
from lamplighter.base.world import World
from lamplighter.bus import Bus, Caller, caller_of
from lamplighter.services.states import tags
from lamplighter.services.states.arns import PAGES, check_name, check_role
from lamplighter.services.states.errors import (
    MissingRequiredParameter,
    StateMachineAlreadyExists,
    StateMachineDeleting,
)
from lamplighter.services.states.lookup import find_execution
from lamplighter.services.states.machines.machine_role import check_machine_role
from lamplighter.services.states.machines.machine_settings import DEFAULTS, SETTINGS, merge_settings
from lamplighter.services.states.machines.resolve_arn import (
    ExecutionTarget,
    find_machine,
    find_target,
    possible_definitions,
    split_qualifier,
)
from lamplighter.services.states.machines.validate_definition import DefinitionValidator
from lamplighter.services.states.machines.variable_references import variable_references
from lamplighter.services.states.machines.versions import check_description, find_or_publish_version
from lamplighter.services.states.tables import aliases, versions
from lamplighter.services.states.tables import state_machines as rows
from lamplighter.services.states.tables.state_machines import Revision, StateMachine
from lamplighter.store.db import Reader, Tx

if TYPE_CHECKING:
    from aws_types import states as aws

NOTHING_TO_UPDATE = (
    "Either the definition, the role ARN, the LoggingConfiguration, or the TracingConfiguration must be specified"
)


class StateMachines:
    """The state machine operations of the API."""

    def __init__(self, bus: Bus, world: World, definitions: DefinitionValidator) -> None:
        self._bus = bus
        self._world = world
        self._definitions = definitions
        self._references = Precomputed(lambda definition: variable_references(loads(definition)))

    def prepare_create(self, _reader: Reader, _caller: Caller, params: Json) -> Callable[[], object] | None:
        """Return the check of the new definition as work for a thread, or None if the definition is small."""
        return self._definitions.check.work_for(params["definition"], params.get("type", "STANDARD"))

    def prepare_update(self, reader: Reader, _caller: Caller, params: Json) -> Callable[[], object] | None:
        """Return the check of the updated definition as work for a thread, or None if the definition is small."""
        machine = rows.get(reader, params["stateMachineArn"])
        if machine is None:
            return None
        return self._definitions.check.work_for(params.get("definition", machine.definition), machine.type)

    def prepare_describe(self, reader: Reader, _caller: Caller, params: Json) -> Callable[[], object] | None:
        """Return the search for variable references as work for a thread, or None if the definition is small."""
        return combine(*map(self._references.work_for, possible_definitions(reader, params["stateMachineArn"])))

    def prepare_describe_for_execution(
        self, reader: Reader, _caller: Caller, params: Json
    ) -> Callable[[], object] | None:
        """Return the search for variable references as work for a thread, or None if the definition is small."""
        found = rows.get_revision(reader, find_execution(reader, params["executionArn"]).revision)
        return None if found is None else self._references.work_for(found.definition)

    def create(self, tx: Tx, caller: Caller, params: "aws.CreateStateMachineInput") -> Json:
        """Handle CreateStateMachine: "an idempotent API", if name, definition, type and settings are the same."""
        name = check_name(params["name"])
        check_description(params)
        machine = self._new_machine(tx, caller, name, params)
        existing = rows.get(tx, machine.arn)
        if existing is None:
            rows.put(tx, machine)
        elif existing.deleting:
            raise StateMachineDeleting(machine.arn)
        elif not _is_same_machine(tx, existing, machine, params):
            raise StateMachineAlreadyExists(machine.arn)
        made = existing or machine
        answer = {"stateMachineArn": made.arn, "creationDate": made.created / 1000}
        return answer | self._publish(tx, made, params)

    def _new_machine(self, tx: Tx, caller: Caller, name: str, params: Json) -> StateMachine:
        role, kind = check_role(params["roleArn"]), params.get("type", "STANDARD")
        self._definitions.check(params["definition"], kind)
        machine = arn.build("states", caller.region, caller.account, f"stateMachine:{name}")
        check_machine_role(self._bus, tx, machine, role, params["definition"], params.get("loggingConfiguration"))
        return StateMachine(
            arn=machine,
            account=caller.account,
            region=caller.region,
            name=name,
            type=kind,
            created=tx.now,
            tags=tags.RULES.read(params.get("tags")),
            revision=self._world.uuid(),
            definition=params["definition"],
            role=role,
            settings=merge_settings(DEFAULTS, params, lambda group: self._log_group_exists(tx, group)),
        )

    def _log_group_exists(self, tx: Tx, group: str) -> bool:
        """Return whether a log group exists. If this engine does not serve logs, assume that the group exists."""
        if not self._bus.serves("logs", "DescribeLogGroups"):
            return True
        name = arn.parse_known(group).resource.split(":")[1]
        answer = self._bus.invoke(tx, caller_of(group), "logs", "DescribeLogGroups", {"logGroupNamePrefix": name})
        return any(each["logGroupName"] == name for each in answer["logGroups"])

    def _publish(self, tx: Tx, machine: StateMachine, params: Json) -> Json:
        if not params.get("publish"):
            return {}
        version = find_or_publish_version(tx, machine, params.get("versionDescription"))
        return {"stateMachineVersionArn": version.arn}

    def describe(self, reader: Reader, _caller: Caller, params: "aws.DescribeStateMachineInput") -> Json:
        """Handle DescribeStateMachine: describe the current revision, or that of a version."""
        target = find_target(reader, params["stateMachineArn"], self._world)
        machine = target.machine
        revision = machine.current_revision
        answer = self._describe_revision(machine.arn, machine.name, revision, params) | _version_fields(target)
        return answer | {"status": "DELETING" if machine.deleting else "ACTIVE", "type": machine.type}

    def list(self, reader: Reader, caller: Caller, params: "aws.ListStateMachinesInput") -> Json:
        """Handle ListStateMachines."""
        read = partial(rows.page, reader, caller.account, caller.region)
        return PAGES.page("stateMachines", params, "", read, _item, lambda machine: machine.name)

    def update(self, tx: Tx, _caller: Caller, params: "aws.UpdateStateMachineInput") -> Json:
        """Handle UpdateStateMachine; running executions keep the revision with which they began.

        The machine keeps its revision if the request changes nothing.
        """
        machine = find_machine(tx, params["stateMachineArn"])
        if machine.deleting:
            raise StateMachineDeleting(machine.arn)
        given = [name for name in ("definition", "roleArn", *SETTINGS) if name in params]
        if not given and not params.get("publish"):
            raise MissingRequiredParameter(NOTHING_TO_UPDATE)
        check_description(params)
        old, new = machine.current_revision, self._new_revision(tx, machine, params)
        if replace(old, id=new.id, created=new.created, initial=False) != new:
            rows.add_revision(tx, machine.arn, new)
        machine = find_machine(tx, machine.arn)
        answer: Json = {"updateDate": new.created / 1000}
        if not machine.initial:
            answer["revisionId"] = machine.revision
        return answer | self._publish(tx, machine, params)

    def _new_revision(self, tx: Tx, machine: StateMachine, params: Json) -> Revision:
        definition = params.get("definition", machine.definition)
        role = check_role(params["roleArn"]) if "roleArn" in params else machine.role
        self._definitions.check(definition, machine.type)
        changed = merge_settings(machine.settings, params, lambda group: self._log_group_exists(tx, group))
        check_machine_role(self._bus, tx, machine.arn, role, definition, changed.get("loggingConfiguration"))
        return Revision(self._world.uuid(), definition, role, changed, tx.now)

    def delete(self, tx: Tx, _caller: Caller, params: "aws.DeleteStateMachineInput") -> None:
        """Handle DeleteStateMachine: delete the machine with its versions and aliases; do nothing if it does not exist.

        "A state machine is deleted only when all its executions are completed. On the next state transition, the state
        machine's executions are terminated."
        """
        machine, qualifier = split_qualifier(params["stateMachineArn"])
        if not qualifier:
            aliases.delete_all(tx, machine)
            versions.delete_all(tx, machine)
            rows.delete(tx, machine)

    def describe_for_execution(
        self, reader: Reader, _caller: Caller, params: "aws.DescribeStateMachineForExecutionInput"
    ) -> Json:
        """Handle DescribeStateMachineForExecution: describe the revision with which the execution began."""
        record = find_execution(reader, params["executionArn"])
        found = rows.get_revision(reader, record.revision)
        assert found is not None
        name = record.machine.rpartition(":")[2]
        return self._describe_revision(record.machine, name, found, params) | {"updateDate": found.created / 1000}

    def _describe_revision(self, arn: str, name: str, revision: Revision, params: Json) -> Json:
        """Describe a revision. "If called with includedData = METADATA_ONLY, the returned definition will be {}"."""
        with_definition = params.get("includedData") != "METADATA_ONLY"
        description: Json = {
            "stateMachineArn": arn,
            "name": name,
            "definition": revision.definition if with_definition else "{}",
            "roleArn": revision.role,
        } | {setting: revision.settings[setting] for setting in SETTINGS}
        if not revision.initial:
            description["revisionId"] = revision.id
        references = self._references(revision.definition) if with_definition else {}
        return description | ({"variableReferences": references} if references else {})


def _item(machine: StateMachine) -> Json:
    return {
        "stateMachineArn": machine.arn,
        "name": machine.name,
        "type": machine.type,
        "creationDate": machine.created / 1000,
    }


def _is_same_machine(tx: Tx, one: StateMachine, other: StateMachine, params: Json) -> bool:
    """Return whether a repeated CreateStateMachine request matches the existing machine, apart from its role and tags.

    "If a following request has a different roleArn or tags, Step Functions will ignore these differences". "The check
    is also based on the publish and versionDescription parameters."
    """
    first = versions.get(tx, one.arn, 1)
    published_version = first if first and first.created == one.created else None
    return (
        (one.definition, one.type, one.settings) == (other.definition, other.type, other.settings)
        and (published_version is not None) == params.get("publish", False)
        and (published_version.description if published_version else None) == params.get("versionDescription")
    )


def _version_fields(target: ExecutionTarget) -> Json:
    """Return the fields of a description that depend on the version."""
    version = target.version
    if version is None:
        return {"creationDate": target.machine.created / 1000}
    fields = {"stateMachineArn": version.arn, "creationDate": version.created / 1000}
    return fields if version.description is None else fields | {"description": version.description}
