"""Implement the operations on executions."""

from functools import partial
from typing import TYPE_CHECKING

from lamplighter.asl.execution.frame import Execution
from lamplighter.asl.execution.messages import StopRequested
from lamplighter.base.aws import arn
from lamplighter.base.errors import ValidationError
from lamplighter.base.json_text import Json, RawJson, loads
from lamplighter.base.world import World
from lamplighter.bus import Caller
from lamplighter.operations.pages import NEWEST
from lamplighter.runs.failures.repetition import is_repetition
from lamplighter.services.states.arns import PAGES, check_name
from lamplighter.services.states.errors import (
    ExecutionAlreadyExists,
    StateMachineDeleting,
    StateMachineTypeNotSupported,
)
from lamplighter.services.states.executions.driver import Driver
from lamplighter.services.states.executions.execution_input import read_input
from lamplighter.services.states.executions.execution_logging import DATA_FIELDS
from lamplighter.services.states.executions.express import ExpressExecutions
from lamplighter.services.states.executions.overlap import parse_rule
from lamplighter.services.states.lookup import find_execution, find_map_run
from lamplighter.services.states.machines.resolve_arn import find_target
from lamplighter.services.states.steps import redrive
from lamplighter.services.states.tables import execution_lists, history, map_runs, redrives
from lamplighter.services.states.tables import executions as rows
from lamplighter.services.states.tables.executions import ExecutionRecord
from lamplighter.store.db import Reader, Tx

if TYPE_CHECKING:
    from aws_types import states as aws

LIST_LIMIT = 1_000
"""The most executions or deleted state machines that a list returns."""


class Executions:
    """The execution operations of the API."""

    def __init__(self, world: World, driver: Driver, express: ExpressExecutions) -> None:
        self._world = world
        self._driver = driver
        self._express = express

    def start(self, tx: Tx, caller: Caller, params: "aws.StartExecutionInput") -> Json:
        """Handle StartExecution.

        "StartExecution is idempotent for STANDARD workflows … if you call it with the same name and input as a running
        execution, the call succeeds and returns the same response as the original request. If the execution is closed
        or if the input is different, it returns a 400 ExecutionAlreadyExists error."
        """
        target = find_target(tx, params["stateMachineArn"], self._world)
        machine = target.machine
        if machine.deleting:
            raise StateMachineDeleting(machine.arn)
        if machine.type == "EXPRESS":
            return self._express.start(tx, machine, params)
        name = check_name(params["name"]) if "name" in params else self._world.uuid()
        document, text = read_input(params)
        key = arn.sibling(machine.arn, f"execution:{machine.name}:{name}")
        existing = rows.get(tx, key)
        if existing is not None:
            if existing.status != "RUNNING" or existing.input != text:
                raise ExecutionAlreadyExists(key)
            return {"executionArn": key, "startDate": existing.start / 1000}
        if is_repetition(name) and execution_lists.find_other_repetition(tx, key) is not None:
            raise ExecutionAlreadyExists(key)  # a person has redriven the run that this one repeats
        now = tx.now
        execution = Execution(key, name, machine.role, machine.arn, machine.name, document, text, now)
        rule = parse_rule(machine.tags) if machine.tags else None
        if rule is None:
            self._driver.start(tx, execution, machine.revision)
        else:
            self._driver.queues.start(tx, execution, machine.revision, rule)
        rows.set_version_and_alias(tx, key, *target.qualified)
        if caller.origin or caller.person:
            rows.set_origin(tx, key, caller.origin, caller.person)
        return {"executionArn": key, "startDate": now / 1000}

    def describe(self, reader: Reader, _caller: Caller, params: "aws.DescribeExecutionInput") -> Json:
        """Handle DescribeExecution."""
        record = find_execution(reader, params["executionArn"])
        description: Json = {
            "executionArn": record.arn,
            "stateMachineArn": record.machine,
            "name": record.name,
            "status": record.status,
            "startDate": record.start / 1000,
        } | redrive.redrive_description(reader, record, self._world.now())
        if record.stop is not None:
            description["stopDate"] = record.stop / 1000
        run = map_runs.run_of_child(reader, record.id)
        if run is not None:
            description["mapRunArn"] = run
        with_data = params.get("includedData") != "METADATA_ONLY"
        for field, text in (("input", record.input), ("output", record.output)):
            if text is not None:
                description |= {field: text} if with_data else {}
                description[f"{field}Details"] = {"included": with_data}
        description |= _qualifiers(record)
        for field, value in (("error", record.error), ("cause", record.cause)):
            if value is not None:
                description[field] = value
        return description

    def list(self, reader: Reader, _caller: Caller, params: "aws.ListExecutionsInput") -> Json:
        """Handle ListExecutions; the list begins with the newest."""
        redriven = {"REDRIVEN": True, "NOT_REDRIVEN": False}.get(params.get("redriveFilter", ""))
        criteria = partial(rows.ExecutionFilter, params.get("statusFilter"), redriven)
        if ("mapRunArn" in params) == ("stateMachineArn" in params):
            raise ValidationError("Either stateMachineArn or mapRunArn must be specified")
        if "mapRunArn" in params:
            run = find_map_run(reader, params["mapRunArn"])
            return PAGES.page(
                "executions",
                params,
                NEWEST,
                lambda before, most: rows.page_of_run(reader, run.id, criteria(before), most),
                partial(_child, reader, run.arn),
                lambda child: child[0].id,
            )
        target = find_target(reader, params["stateMachineArn"], self._world)
        if target.machine.type == "EXPRESS":
            raise StateMachineTypeNotSupported
        return PAGES.page(
            "executions",
            params,
            NEWEST,
            lambda before, most: rows.page(reader, target.owner, criteria(before), most),
            partial(_item, reader),
            lambda record: record.id,
        )

    def list_kept(self, reader: Reader, caller: Caller, params: Json) -> Json:
        """Handle ListKeptExecutions: list the newest executions, even those of a deleted state machine.

        Not an AWS operation.
        """
        machine = arn.build("states", caller.region, caller.account, f"stateMachine:{params['name']}")
        found = rows.page(reader, ("machine", machine), rows.ExecutionFilter(), LIST_LIMIT)
        return {"executions": [_item(reader, each) for each in found]}

    def list_removed_machines(self, reader: Reader, caller: Caller, _params: Json) -> Json:
        """Handle ListRemovedMachines: list deleted state machines that still have executions.

        Not an AWS operation.
        """
        found = rows.removed_machines(reader, caller.account, caller.region, LIST_LIMIT)
        return {"stateMachines": [{"stateMachineArn": each, "name": each.rpartition(":")[2]} for each in found]}

    def stop(self, tx: Tx, _caller: Caller, params: "aws.StopExecutionInput") -> "aws.StopExecutionOutput":
        """Handle StopExecution; do nothing if the execution has ended."""
        record = find_execution(tx, params["executionArn"])
        self._driver.send_event(tx, record.id, StopRequested(params.get("error"), params.get("cause")))
        stopped = find_execution(tx, params["executionArn"]).stop
        assert stopped is not None
        return {"stopDate": stopped / 1000}

    def history(self, reader: Reader, _caller: Caller, params: "aws.GetExecutionHistoryInput") -> Json:
        """Handle GetExecutionHistory."""
        record = find_execution(reader, params["executionArn"])
        size, last = PAGES.most(params), history.last_event(reader, record.id)
        if params.get("reverseOrder"):
            top = PAGES.start(params, last)
            first = max(1, top - size + 1)
            lines = history.read(reader, record.id, first, top - first + 1)[::-1]
            following = first - 1 if first > 1 else None
        else:
            first = PAGES.start(params, 1)
            lines = history.read(reader, record.id, first, size)
            following = first + size if first + size <= last else None
        return {"events": _events(lines, data=params.get("includeExecutionData", True)), **PAGES.more(following)}


def _item(reader: Reader, record: ExecutionRecord) -> Json:
    """Describe an execution as an item of a list."""
    count = redrive.redrive_count(record)
    item = {
        "executionArn": record.arn,
        "stateMachineArn": record.machine,
        "name": record.name,
        "status": record.status,
        "startDate": record.start / 1000,
        "redriveCount": count,
    } | _qualifiers(record)
    last = redrives.last_redrive(reader, record.id) if count else None
    item |= {} if last is None else {"redriveDate": last.date / 1000}
    return item if record.stop is None else item | {"stopDate": record.stop / 1000}


def _child(reader: Reader, run: str, child: tuple[ExecutionRecord, int]) -> Json:
    """Describe an execution of a Map Run as an item of a list."""
    record, items = child
    return _item(reader, record) | {"mapRunArn": run, "itemCount": items}


def _qualifiers(record: ExecutionRecord) -> Json:
    """Return the version and the alias with which an execution was started."""
    names = (("stateMachineVersionArn", record.version), ("stateMachineAliasArn", record.alias))
    return {field: value for field, value in names if value is not None}


def _events(lines: list[str], *, data: bool) -> Json:
    """Return stored events; without `data`, remove the execution data."""
    if data:
        return [RawJson(line) for line in lines]
    events = [loads(line) for line in lines]
    for event in events:
        for details in event.values():
            if isinstance(details, dict):
                for name in DATA_FIELDS:
                    details.pop(name, None)
    return events
