"""Drive Map Runs: read their items, start, redrive and stop their children, gather or write the results.

A Map Run is a row, and its column `stage` states what to do next. Each turn starts or stops a few children only, so
that ten thousand items neither block the loop nor fill the memory. After a crash the rows show what is left to do.
See https://docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html.
"""

import logging
import sqlite3
from collections.abc import Callable
from dataclasses import asdict, replace
from functools import partial

from lamplighter.asl.execution.frame import Execution
from lamplighter.asl.execution.messages import Finish, MapRunEnded, RedriveMapRun, StartMapRun, StopRequested
from lamplighter.asl.execution.state_errors import PERMISSIONS, RUNTIME, TOLERANCE_EXCEEDED, WRITER_FAILED, StateError
from lamplighter.base.json_text import Json, dumps, loads
from lamplighter.base.world import World
from lamplighter.bus import Bus
from lamplighter.services.states import outbox_rows
from lamplighter.services.states.map_runs.child_executions import ChildExecutions, count_child
from lamplighter.services.states.map_runs.child_inputs import ChildInputs, InputsNotReady
from lamplighter.services.states.map_runs.child_results import child_result, result_elements
from lamplighter.services.states.map_runs.map_run_role import denied_redrive, denied_start
from lamplighter.services.states.outbox_rows import ReadItems, WriteResults
from lamplighter.services.states.steps.isolated_steps import INTERNAL_ERROR
from lamplighter.services.states.steps.pending_work import PendingWork
from lamplighter.services.states.steps.port import ExecutionDriver
from lamplighter.services.states.tables import map_runs as rows
from lamplighter.services.states.tables.external_names import Work
from lamplighter.services.states.tables.map_runs import MapRun, Stage
from lamplighter.store.db import Tx

log = logging.getLogger("lamplighter.states")

DEFAULT_CONCURRENCY = 1000
"""The most children that run at once if the Map sets no MaxConcurrency; AWS's limit is 10,000."""
MAX_CHILDREN_PER_TURN = 25
"""The most children that one turn starts, redrives or stops."""
RESULT_PAGE_SIZE = 1000
"""The number of results that are read at once."""
EXCEEDED_CAUSE = "The specified tolerated failure threshold was exceeded"


class MapRunDriver:
    """The driver of one engine's Map Runs."""

    def __init__(
        self, bus: Bus, world: World, driver: ExecutionDriver, pending_work: PendingWork, inputs: ChildInputs
    ) -> None:
        self._bus = bus
        self._store = bus.store
        self._driver = driver
        self._pending_work = pending_work
        self.inputs = inputs
        self.children = ChildExecutions(world, driver, pending_work, inputs)
        self._stages: dict[Stage, Callable[[Tx, MapRun], None]] = {
            "RUN": self._start_children,
            "REDRIVE": self._redrive_children,
            "STOP": self._stop_children,
        }

    # --- a Map Run starts, continues and ends -------------------------------------------------------------------------

    def start(self, tx: Tx, key: int, execution: Execution, command: StartMapRun) -> None:
        """Insert a Map Run; its items are read, or its first children start, in a later turn."""
        run = MapRun(
            id=0,
            arn=command.arn,
            execution=key,
            frame=command.frame,
            number=command.number,
            parent=execution.arn,
            label=command.label,
            block=command.block,
            express=command.express,
            start=tx.now,
            total=command.total,
            concurrency=command.concurrency,
            tolerated_count=command.tolerated_count,
            tolerated_percentage=command.tolerated_percentage,
            stage="READ" if command.reading else "RUN",
            reading=dumps(asdict(command.reading)) if command.reading else None,
            writing=dumps(asdict(command.writing)),
        )
        self._read_or_continue(tx, replace(run, id=rows.insert(tx, run)))

    def redrive(self, tx: Tx, command: RedriveMapRun) -> None:
        """Continue a Map Run that had ended without success."""
        run = rows.get(tx, command.arn)
        assert run is not None
        redriven = replace(
            run,
            number=command.number,
            status="RUNNING",
            stop=None,
            stage="READ" if run.reading else "REDRIVE",
            outcome=None,
            written=0,
            redrives=run.redrives + 1,
            redriven=tx.now,
        )
        rows.update(tx, redriven)
        self._read_or_continue(tx, redriven)

    def _read_or_continue(self, tx: Tx, run: MapRun) -> None:
        if run.stage == "READ":
            outbox_rows.put(tx, ReadItems(run.execution, run.id))
        else:
            self.continue_soon(tx, run.id)

    def resume_all(self) -> None:
        """Continue every Map Run that the last engine left unfinished."""
        for key in rows.unfinished_runs(self._store.reader):
            self._continue_in_background(key)

    def continue_soon(self, tx: Tx, key: int) -> None:
        """Continue a Map Run in a turn after this one."""
        tx.after_commit.append(partial(self._continue_in_background, key))

    async def stop(self) -> None:
        """Cancel the evaluation of inputs in other processes; the next engine evaluates them anew."""
        await self.inputs.stop()

    def _continue_in_background(self, key: int) -> None:
        self._store.write_in_background(partial(self._continue, key))

    def _continue(self, key: int, tx: Tx) -> None:
        run = rows.get_by_id(tx, key)
        if run is None or run.stage not in self._stages:
            return
        if run.status == "RUNNING" and not self._pending_work.waits_for(tx, run.work):
            self._abort(tx, run)
            return
        try:
            with tx.nested():
                self._stages[run.stage](tx, run)
        except InputsNotReady as missing:
            self._make_inputs(tx, key, missing)
        except StateError as fault:
            self._end_run(tx, run, "FAILED", fault.error, fault.cause)
        except sqlite3.Error:
            raise
        except Exception:
            log.exception("Map Run %s cannot continue; the Map Run fails", run.arn)
            if run.status == "RUNNING":
                self._end_run(tx, run, "FAILED", RUNTIME, INTERNAL_ERROR)

    def _make_inputs(self, tx: Tx, key: int, missing: InputsNotReady) -> None:
        """Evaluate the inputs of the next children in another process, then continue."""
        tx.after_commit.append(
            lambda: self.inputs.evaluate_in_background(missing, partial(self._continue_in_background, key))
        )

    def _start_children(self, tx: Tx, run: MapRun) -> None:
        """Start the next children, or end the Map Run."""
        if _exceeds_tolerance(run):
            self._end_run(tx, run, "FAILED", TOLERANCE_EXCEEDED, EXCEEDED_CAUSE)
        elif run.taken < run.total:
            startable = self._startable_children(run)
            if startable > 0 and not self._is_denied(tx, run, denied_start(self._bus, tx, run)):
                self.children.start_next(tx, run, startable)
                self.continue_soon(tx, run.id)
        elif run.ended == run.started:
            self._end_run(tx, run, "SUCCEEDED")

    def _is_denied(self, tx: Tx, run: MapRun, why: str | None) -> bool:
        """End a Map Run whose role may not start its children; return whether this is so."""
        if why is not None:
            self._end_run(tx, run, "FAILED", PERMISSIONS, why)
        return why is not None

    def _startable_children(self, run: MapRun) -> int:
        return min((run.concurrency or DEFAULT_CONCURRENCY) - (run.started - run.ended), MAX_CHILDREN_PER_TURN)

    def _end_run(self, tx: Tx, run: MapRun, status: str, error: str | None = None, cause: str | None = None) -> None:
        """Stop the children that still run; end now, or after the ResultWriter has written the results."""
        writing = loads(run.writing)
        if writing["parameters"] is not None:
            rows.update(tx, replace(run, outcome=dumps([status, error, cause]), stage="STOP"))
        else:
            output = self._gather_results(tx, run, writing["transformation"]) if status == "SUCCEEDED" else None
            self._report_end(tx, replace(run, stage="STOP"), status, output, error, cause)
        self.continue_soon(tx, run.id)

    def _report_end(
        self, tx: Tx, run: MapRun, status: str, output: str | None, error: str | None, cause: str | None
    ) -> None:
        if status == "SUCCEEDED":
            rows.delete_results(tx, run.id)
            rows.delete_items(tx, run.id)
        rows.update(tx, replace(run, status=status, stop=tx.now))
        self._driver.send_event(tx, run.execution, MapRunEnded(run.frame, run.number, output, error, cause))

    def _gather_results(self, tx: Tx, run: MapRun, transformation: str) -> str:
        parts: list[str] = []
        last = -1
        while page := rows.results_of_run(tx, run.id, last, RESULT_PAGE_SIZE):
            parts += [part for _, status, body in page for part in result_elements(transformation, status, body)]
            last = page[-1][0]
        return f"[{','.join(parts)}]"

    def cancel(self, tx: Tx, work: Work) -> None:
        """Abort the Map Run of a state that no longer waits for it."""
        run = rows.run_of_work(tx, work)
        if run is not None and run.status == "RUNNING":
            self._abort(tx, run)

    def _abort(self, tx: Tx, run: MapRun) -> None:
        stage: Stage = run.stage if run.stage == "WRITE" else "STOP"
        rows.update(tx, replace(run, status="ABORTED", stop=tx.now, stage=stage, outcome=None))
        self.continue_soon(tx, run.id)

    def _stop_children(self, tx: Tx, run: MapRun) -> None:
        """Stop the next running children; when none is left, queue the writing of the results."""
        running = rows.running_children(tx, run.id, MAX_CHILDREN_PER_TURN)
        for child in running:
            self._driver.send_event(tx, child, StopRequested())
        if running:
            self.continue_soon(tx, run.id)
            return
        has_writer = loads(run.writing)["parameters"] is not None and run.reading is None
        if has_writer:
            outbox_rows.put(tx, WriteResults(run.execution, run.id))
        rows.update(tx, replace(run, stage="WRITE" if has_writer else "DONE"))

    # --- ItemReader and ResultWriter ----------------------------------------------------------------------------------

    def wants_items(self, tx: Tx, key: int) -> bool:
        """Return whether a Map Run still waits for its items; abort it if its state no longer waits."""
        run = rows.get_by_id(tx, key)
        if run is None or run.stage != "READ":
            return False
        if self._pending_work.waits_for(tx, run.work):
            return True
        self._abort(tx, run)
        return False

    def on_items_read(self, tx: Tx, key: int, total: int) -> None:
        """Start the children after all items are stored."""
        run = rows.get_by_id(tx, key)
        if run is not None and self.wants_items(tx, key):
            rows.update(tx, replace(run, stage="RUN", reading=None, total=total))
            self.continue_soon(tx, key)

    def on_reading_failed(self, tx: Tx, key: int, error: str | None, cause: str | None) -> None:
        """End a Map Run whose items cannot be read."""
        run = rows.get_by_id(tx, key)
        if run is not None and self.wants_items(tx, key):
            self._report_end(tx, replace(run, stage="DONE"), "FAILED", None, error, cause)

    def on_writing_ended(self, tx: Tx, key: int, output: str | None, failure: str | None) -> None:
        """End a Map Run after its results were written, or could not be for the cause `failure`.

        `output` is the state's output if the run succeeded. An earlier error of the run comes before the failure.
        """
        run = rows.get_by_id(tx, key)
        if run is None or run.stage != "WRITE":
            return
        done = replace(run, stage="DONE", written=int(failure is None))
        if run.outcome is None:
            rows.update(tx, done)
            return
        status, error, cause = loads(run.outcome)
        if failure is not None and status != "FAILED":
            status, error, cause = "FAILED", WRITER_FAILED, failure
        self._report_end(tx, done, status, output if status == "SUCCEEDED" else None, error, cause)

    # --- children -----------------------------------------------------------------------------------------------------

    def on_child_ended(self, tx: Tx, key: int, execution: Execution, finish: Finish, stop: int) -> None:
        """Store the result of a child and continue its Map Run."""
        child = rows.get_child(tx, key)
        run = rows.get_by_id(tx, child.run) if child else None
        if child is None or run is None:
            return
        writing: Json = loads(run.writing)
        body = child_result(execution, finish, stop, writing["transformation"])
        rows.store_result(tx, run.id, child.position, finish.status, body)
        rows.set_child(tx, replace(child, status=finish.status))
        failed = 0 if finish.status == "SUCCEEDED" else child.items
        rows.update(tx, count_child(run, finish.status, 1, failed))
        self.continue_soon(tx, run.id)

    def _redrive_children(self, tx: Tx, run: MapRun) -> None:
        """Redrive the next unsuccessful children; when none is left, start those that were never started."""
        startable = self._startable_children(run)
        if startable <= 0 or self._is_denied(tx, run, denied_redrive(self._bus, tx, run)):
            return
        if not self.children.redrive_next(tx, run, startable):
            rows.update(tx, replace(run, stage="RUN"))
        self.continue_soon(tx, run.id)


def _exceeds_tolerance(run: MapRun) -> bool:
    """Return whether more items failed than a threshold allows; without a threshold, none may fail."""
    if run.items_failed == 0:
        return False
    bounds = []
    if run.tolerated_count is not None:
        bounds.append(run.items_failed > run.tolerated_count)
    if run.tolerated_percentage is not None:
        bounds.append(run.items_failed * 100 > run.tolerated_percentage * run.total)
    return any(bounds) if bounds else True
