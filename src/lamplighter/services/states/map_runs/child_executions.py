"""Start and redrive the child executions of Map Runs.

See https://docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html.
"""

from dataclasses import replace

from lamplighter.asl.execution.distributed_map import ChildInput
from lamplighter.asl.execution.frame import Execution
from lamplighter.asl.execution.state_errors import StateError
from lamplighter.base.aws import arn
from lamplighter.base.json_text import Json, loads
from lamplighter.base.world import World
from lamplighter.services.states.map_runs.child_inputs import ChildInputs
from lamplighter.services.states.map_runs.child_results import pending_child_result
from lamplighter.services.states.steps import redrive
from lamplighter.services.states.steps.pending_work import PendingWork
from lamplighter.services.states.steps.port import ExecutionDriver
from lamplighter.services.states.tables import executions
from lamplighter.services.states.tables import map_runs as rows
from lamplighter.services.states.tables.map_runs import ChildExecution, MapRun
from lamplighter.store.db import Tx

COUNTER_COLUMNS = {"SUCCEEDED": "succeeded", "FAILED": "failed", "TIMED_OUT": "timed_out", "ABORTED": "aborted"}
"""The column of a Map Run that counts its children of each status."""
MAX_PENDING_RESULTS = 25
"""The most children that `pending_results` returns at once."""


class ChildExecutions:
    """The child executions of one engine's Map Runs."""

    def __init__(self, world: World, driver: ExecutionDriver, pending_work: PendingWork, inputs: ChildInputs) -> None:
        self._world = world
        self._driver = driver
        self._pending_work = pending_work
        self._inputs = inputs

    def start_next(self, tx: Tx, run: MapRun, most: int) -> None:
        """Start the next children, at most `most`; raises `InputsNotReady`."""
        given = self._inputs.take(tx, run, run.taken, most)
        taken = given[-1].first + given[-1].items
        rows.update(tx, replace(run, taken=taken, started=run.started + len(given)))
        for at, each in enumerate(given):
            self._start_child(tx, run, each, run.started + at)

    def _start_child(self, tx: Tx, run: MapRun, given: ChildInput, position: int) -> None:
        revision, parent = self._pending_work.running(tx, run.execution)

        def insert_child(key: int) -> None:
            rows.add_child(tx, ChildExecution(key, run.id, position, given.first, given.items, redrives=run.redrives))

        self._driver.start(tx, self._new_child(parent, run, given.text), revision, insert_child)

    def _new_child(self, parent: Execution, run: MapRun, text: str) -> Execution:
        name = self._world.uuid()
        machine = f"{parent.machine_name}/{run.label}"
        resource = f"express:{machine}:{name}:{self._world.uuid()}" if run.express else f"execution:{machine}:{name}"
        return Execution(
            arn=arn.sibling(parent.arn, resource),
            name=name,
            role=parent.role,
            machine=f"{parent.machine}/{run.label}",
            machine_name=machine,
            input=loads(text),
            text=text,
            start=self._world.now(),
            block=run.block,
        )

    def redrive_next(self, tx: Tx, run: MapRun, most: int) -> int:
        """Redrive the next unsuccessful children, at most `most`; return how many. Raises `InputsNotReady`."""
        found = rows.unsuccessful_children(tx, run, most)
        for child in found:
            self._redrive_child(tx, child)
        return len(found)

    def _redrive_child(self, tx: Tx, child: ChildExecution) -> None:
        """Continue a standard child execution from its failed state; run an express one, of which nothing is stored,
        again.
        """
        run = rows.get_by_id(tx, child.run)
        assert run is not None
        record = executions.get_by_id(tx, child.execution)
        if record is not None and redrive.not_redrivable_reason(record, tx.now) is not None:
            rows.set_child(tx, replace(child, redrives=run.redrives))
            return
        rows.update(tx, count_child(run, child.status, -1, -child.items))
        if record is None:
            given = self._inputs.take(tx, run, child.first, 1)
            rows.delete_child(tx, child.execution)
            self._start_child(tx, run, given[0], child.position)
            return
        rows.set_child(tx, replace(child, status="RUNNING", redrives=run.redrives))
        if not redrive.redrive_execution(tx, self._driver, record, tx.now, None):
            rows.set_child(tx, replace(child, redrives=run.redrives))
            rows.update(tx, run)

    def pending_results(self, tx: Tx, key: int, first: int) -> tuple[list[str], int]:
        """Return children that were never started, as the ResultWriter lists them, and the first item after them.

        Raises `InputsNotReady`.
        """
        run = rows.get_by_id(tx, key)
        if run is None or first >= run.total or not self._pending_work.waits_for(tx, run.work):
            return [], first
        try:
            given = self._inputs.take(tx, run, first, MAX_PENDING_RESULTS)
        except StateError:
            return [], first  # the inputs cannot be made: that is why the run failed
        return [pending_child_result(each.text) for each in given], given[-1].first + given[-1].items


def count_child(run: MapRun, status: str, by: int, items: int) -> MapRun:
    """Return the run with `by` more children of this status and `items` more failed items."""
    counter = COUNTER_COLUMNS[status]
    changed: dict[str, Json] = {counter: getattr(run, counter) + by}
    return replace(run, items_failed=run.items_failed + items, **changed)
