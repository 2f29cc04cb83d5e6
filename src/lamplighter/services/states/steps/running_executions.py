"""Load running executions, and cache those that were used last."""

from collections import OrderedDict
from dataclasses import replace
from typing import NamedTuple

from lamplighter.asl.execution.frame import Execution
from lamplighter.base.errors import LamplighterError
from lamplighter.base.json_text import JsonError, loads
from lamplighter.services.states.machines.compiled_definitions import CompiledDefinitions
from lamplighter.services.states.tables import executions, frames, history
from lamplighter.services.states.tables.executions import ExecutionRecord
from lamplighter.store.db import DamagedData, Tx

CACHE_SIZE = 128
"""The most executions in memory. An execution that only waits does not need to be there."""


class RunningExecution(NamedTuple):
    """An execution that runs, and the revision of the state machine that it runs."""

    revision: str
    execution: Execution


class DamagedExecution(LamplighterError):
    """The error that the rows of a running execution cannot be read."""

    def __init__(self, record: ExecutionRecord, cause: str) -> None:
        super().__init__(cause)
        self.record = record


class RunningExecutions:
    """The running executions of one engine."""

    def __init__(self, definitions: CompiledDefinitions) -> None:
        self._definitions = definitions
        self._cache: OrderedDict[int, RunningExecution] = OrderedDict()

    def find(self, tx: Tx, key: int) -> RunningExecution | None:
        """Return a running execution, or None if it has ended; raises `DamagedExecution`."""
        cached = self._cache.get(key)
        if cached is not None:
            self._cache.move_to_end(key)
            return cached
        record = executions.get_by_id(tx, key)
        if record is None or record.status != "RUNNING":
            return None
        try:
            execution = frames.load(tx, key, execution_of_record(record), record.counters)
            self._definitions.definition(tx, record.revision)
        except DamagedData as error:
            raise DamagedExecution(record, str(error)) from error
        running = RunningExecution(record.revision, execution)
        self.cache(key, running)
        return running

    def cache(self, key: int, running: RunningExecution) -> None:
        """Store the state of an execution in memory."""
        self._cache[key] = running
        self._cache.move_to_end(key)
        if len(self._cache) > CACHE_SIZE:
            self._cache.popitem(last=False)

    def remove(self, key: int) -> None:
        """Remove an execution from memory."""
        self._cache.pop(key, None)

    def clear(self) -> None:
        """Remove all executions from memory."""
        self._cache.clear()


def execution_of_record(record: ExecutionRecord) -> Execution:
    """Build an execution from the columns that never change; raises `DamagedData`."""
    try:
        document = loads(record.input)
    except JsonError as error:
        raise DamagedData(f"the input cannot be read: {error}") from error
    return Execution(
        arn=record.arn,
        name=record.name,
        role=record.role,
        machine=record.machine,
        machine_name=record.machine.rpartition(":")[2],
        input=document,
        text=record.input,
        start=record.start,
    )


def damaged_execution(tx: Tx, record: ExecutionRecord) -> Execution:
    """Build an execution whose rows cannot be read, with the number of its last history event and without frames."""
    fixed = execution_of_record(replace(record, input=executions.repair_input(tx, record)))
    return replace(fixed, event=history.last_event(tx, record.id))
