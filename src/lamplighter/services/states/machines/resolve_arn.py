"""Resolve the ARN of a state machine, a version or an alias to the definition that runs.

"The following qualified state machine ARN refers to an alias named PROD: arn:…:stateMachine:myStateMachine:PROD". See
https://docs.aws.amazon.com/step-functions/latest/dg/concepts-cd-aliasing-versioning.html.
"""

from dataclasses import dataclass, replace

from lamplighter.base.errors import require
from lamplighter.base.world import World
from lamplighter.services.states.arns import resource_arn
from lamplighter.services.states.errors import LabelledArn, StateMachineDoesNotExist
from lamplighter.services.states.machines.choose_version import choose_version
from lamplighter.services.states.tables import aliases, state_machines, versions
from lamplighter.services.states.tables.aliases import Alias
from lamplighter.services.states.tables.executions import Owner
from lamplighter.services.states.tables.state_machines import StateMachine
from lamplighter.services.states.tables.versions import Version
from lamplighter.store.db import Reader


@dataclass(frozen=True, slots=True)
class ExecutionTarget:
    """A state machine with the definition, role and settings of the revision to which an ARN leads."""

    machine: StateMachine
    version: Version | None = None
    alias: Alias | None = None

    @property
    def owner(self) -> tuple[Owner, str]:
        """Return the column and the ARN by which the target's executions are listed."""
        if self.alias is not None:
            return "alias", self.alias.arn
        return ("machine", self.machine.arn) if self.version is None else ("version", self.version.arn)

    @property
    def qualified(self) -> tuple[str | None, str | None]:
        """Return the ARNs of version and alias: an alias has both, a version its own, a machine itself none."""
        return self.version.arn if self.version else None, self.alias.arn if self.alias else None


def split_qualifier(text: str) -> tuple[str, str]:
    """Split an ARN into the ARN of the state machine and the qualifier, which is empty if there is none."""
    head, kind, rest = resource_arn(text, "stateMachine").partition(":stateMachine:")
    name, _, qualifier = rest.partition(":")
    if "/" in name:
        raise LabelledArn
    return f"{head}{kind}{name}", qualifier


def find_machine(reader: Reader, text: str) -> StateMachine:
    """Return the state machine of an ARN without qualifier. Raises `StateMachineDoesNotExist`."""
    arn, qualifier = split_qualifier(text)
    return require(None if qualifier else state_machines.get(reader, arn), lambda: StateMachineDoesNotExist(text))


def find_version(reader: Reader, text: str) -> Version | None:
    """Return the version that an ARN names, or None."""
    arn, qualifier = split_qualifier(text)
    return versions.get(reader, arn, int(qualifier)) if qualifier.isdecimal() else None


def find_alias(reader: Reader, text: str) -> Alias | None:
    """Return the alias that an ARN names, or None."""
    arn, qualifier = split_qualifier(text)
    return aliases.get(reader, arn, qualifier) if qualifier else None


def find_target(reader: Reader, text: str, world: World) -> ExecutionTarget:
    """Resolve an ARN. For an alias, choose one of its versions at random by their weights."""
    arn, qualifier = split_qualifier(text)
    machine = require(state_machines.get(reader, arn), lambda: StateMachineDoesNotExist(text))
    if not qualifier:
        return ExecutionTarget(machine)
    alias = find_alias(reader, text)
    version = find_version(reader, choose_version(alias.routes, world.random()) if alias else text)
    if version is None:
        raise StateMachineDoesNotExist(text)
    return ExecutionTarget(_machine_at_version(reader, machine, version), version, alias)


def possible_definitions(reader: Reader, text: str) -> list[str]:
    """Return every definition to which an ARN can lead; the list is empty if the ARN leads to none."""
    arn, qualifier = split_qualifier(text)
    machine = state_machines.get(reader, arn)
    if machine is None or not qualifier:
        return [] if machine is None else [machine.definition]
    alias = find_alias(reader, text)
    names = [route["stateMachineVersionArn"] for route in alias.routes] if alias else [text]
    found = [find_version(reader, name) for name in names]
    return [_machine_at_version(reader, machine, version).definition for version in found if version is not None]


def _machine_at_version(reader: Reader, machine: StateMachine, version: Version) -> StateMachine:
    then = state_machines.get_revision(reader, version.revision)
    assert then is not None
    return replace(
        machine,
        revision=then.id,
        definition=then.definition,
        role=then.role,
        settings=then.settings,
        initial=then.initial,
    )
