"""Operations on state machines."""

from lamplighter.asl.check import SCHEMA, Diagnostic
from lamplighter.asl.model import Definition, Resource, Task
from lamplighter.asl.parse import InvalidDefinition, parse
from lamplighter.base import arn
from lamplighter.base.jsontext import Json
from lamplighter.base.world import World
from lamplighter.bus import Bus, Caller
from lamplighter.services.states.driver import Driver
from lamplighter.services.states.errors import MissingRequiredParameter, StateMachineAlreadyExists
from lamplighter.services.states.integrations import additions, bind
from lamplighter.services.states.lookup import find_execution, find_machine
from lamplighter.services.states.names import (
    check_name,
    check_role,
    page_size,
    page_token,
    read_page_token,
    resource_arn,
)
from lamplighter.store import machines as rows
from lamplighter.store.db import Reader, Tx
from lamplighter.store.machines import Machine

DEFAULTS: Json = {
    "loggingConfiguration": {"level": "OFF", "includeExecutionData": False},
    "tracingConfiguration": {"enabled": False},
    "encryptionConfiguration": {"type": "AWS_OWNED_KEY"},
}
UNKNOWN = (
    "The resource provided {} is not recognized. The value is not a valid resource ARN, or the resource is not "
    "available in this region."
)
NOTHING_TO_UPDATE = (
    "Either the definition, the role ARN, the LoggingConfiguration, or the TracingConfiguration must be specified"
)


class Machines:
    """State machines, as the API has them."""

    def __init__(self, bus: Bus, world: World, driver: Driver) -> None:
        self._bus = bus
        self._world = world
        self._driver = driver

    def create(self, tx: Tx, caller: Caller, params: Json) -> Json:
        """CreateStateMachine: "an idempotent API", as far as name, definition, type and settings are the same."""
        name = check_name(params["name"])
        role = check_role(params["roleArn"])
        self.compile(params["definition"])
        key = arn.build("states", caller.region, caller.account, f"stateMachine:{name}")
        machine = Machine(
            arn=key,
            account=caller.account,
            region=caller.region,
            name=name,
            type=params.get("type", "STANDARD"),
            revision=self._world.uuid(),
            created=self._world.now(),
            settings=_settings(DEFAULTS, params),
            tags={tag["key"]: tag.get("value", "") for tag in params.get("tags", [])},
            definition=params["definition"],
            role=role,
        )
        existing = rows.get(tx, key)
        if existing is None:
            rows.put(tx, machine)
        elif not _same(existing, machine):
            raise StateMachineAlreadyExists(key)
        created = existing.created if existing else machine.created
        return {"stateMachineArn": key, "creationDate": created / 1000}

    def compile(self, definition: str) -> Definition:
        """Check a definition, to the last call that it makes."""
        compiled = parse(definition, additions)
        calls = [state for state in compiled.states.values() if isinstance(state, Task)]
        faults = [
            Diagnostic(SCHEMA, UNKNOWN.format(state.resource.text), f"/States/{state.name}/Resource")
            for state in calls
            if not self._known(state.resource)
        ]
        if faults:
            raise InvalidDefinition(faults)
        return compiled

    def _known(self, resource: Resource) -> bool:
        if resource.kind == "activity":
            return True
        binding = bind(resource)
        if binding is None or not self._bus.serves(binding.service, binding.operation):
            return False
        return binding.sync is not None or not resource.pattern.startswith("sync")

    def describe(self, reader: Reader, _caller: Caller, params: Json) -> Json:
        """DescribeStateMachine"""
        machine = find_machine(reader, params["stateMachineArn"])
        return _description(machine) | {
            "status": "ACTIVE",
            "type": machine.type,
            "creationDate": machine.created / 1000,
        }

    def list(self, reader: Reader, caller: Caller, params: Json) -> Json:
        """ListStateMachines"""
        size = page_size(params)
        after = read_page_token(params.get("nextToken")) or ""
        found = rows.page(reader, caller.account, caller.region, after, size + 1)
        answer: Json = {
            "stateMachines": [
                {
                    "stateMachineArn": machine.arn,
                    "name": machine.name,
                    "type": machine.type,
                    "creationDate": machine.created / 1000,
                }
                for machine in found[:size]
            ]
        }
        if len(found) > size:
            answer["nextToken"] = page_token(found[size - 1].name)
        return answer

    def update(self, tx: Tx, _caller: Caller, params: Json) -> Json:
        """UpdateStateMachine: executions that run keep the revision that they began with."""
        machine = find_machine(tx, params["stateMachineArn"])
        given = [name for name in ("definition", "roleArn", *DEFAULTS) if name in params]
        if not given and not params.get("publish"):
            raise MissingRequiredParameter(NOTHING_TO_UPDATE)
        definition = params.get("definition", machine.definition)
        role = check_role(params["roleArn"]) if "roleArn" in params else machine.role
        self.compile(definition)
        revision, now = self._world.uuid(), self._world.now()
        rows.revise(tx, machine.arn, revision, definition, role, now)
        rows.update(tx, machine.arn, revision, _settings(machine.settings, params) | {"revised": True})
        return {"updateDate": now / 1000, "revisionId": revision}

    def delete(self, tx: Tx, _caller: Caller, params: Json) -> Json:
        """DeleteStateMachine: what runs, runs on to its end; a machine that is not there is deleted already."""
        rows.delete(tx, resource_arn(params["stateMachineArn"], "stateMachine"))
        return {}

    def describe_for_execution(self, reader: Reader, _caller: Caller, params: Json) -> Json:
        """DescribeStateMachineForExecution: as it was when the execution began."""
        record = find_execution(reader, params["executionArn"])
        found = rows.revision(reader, record.revision)
        machine = rows.get(reader, record.machine)
        assert found is not None
        definition, role, created = found
        settings = machine.settings if machine else DEFAULTS
        return {
            "stateMachineArn": record.machine,
            "name": record.machine.rpartition(":")[2],
            "definition": definition,
            "roleArn": role,
            "updateDate": created / 1000,
        } | {name: settings[name] for name in DEFAULTS}


def _settings(base: Json, params: Json) -> Json:
    return base | {name: params[name] for name in DEFAULTS if name in params}


def _same(one: Machine, other: Machine) -> bool:
    """Whether a second creation means the machine that is there; the role and the tags are not compared.

    "If a following request has a different roleArn or tags, Step Functions will ignore these differences".
    """
    return (one.definition, one.type, _settings(one.settings, {})) == (other.definition, other.type, other.settings)


def _description(machine: Machine) -> Json:
    description = {
        "stateMachineArn": machine.arn,
        "name": machine.name,
        "definition": machine.definition,
        "roleArn": machine.role,
    } | {name: machine.settings[name] for name in DEFAULTS}
    if machine.settings.get("revised"):
        description["revisionId"] = machine.revision
    return description
