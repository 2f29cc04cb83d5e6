"""The children of Map Runs: started, counted, stopped and redriven.

A Map Run is rows, and what is being done for it is one of its columns; children are started a few in each turn, so that
ten thousand items neither hold the loop nor fill the memory, and a crash leaves nothing undone: what is left to do is
read from the rows again. See https://docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html.
"""

import logging
import sqlite3
from collections.abc import Callable
from dataclasses import asdict, replace
from functools import partial

from lamplighter.asl.execution.distributed_map import ChildInput
from lamplighter.asl.execution.frame import Execution
from lamplighter.asl.execution.messages import Finish, MapRunEnded, RedriveMapRun, StartMapRun, StopRequested
from lamplighter.asl.execution.state_errors import EXCEEDED, RUNTIME, StateError
from lamplighter.base import arn
from lamplighter.base.json_text import Json, dumps, loads
from lamplighter.base.world import World
from lamplighter.bus import Bus
from lamplighter.isolation.port import Isolation
from lamplighter.services.states import outbox_rows
from lamplighter.services.states.executions import redrive
from lamplighter.services.states.executions.driver import Driver
from lamplighter.services.states.executions.isolated_steps import INTERNAL
from lamplighter.services.states.map_runs.child_results import child_result, pending_child_result, result_elements
from lamplighter.services.states.map_runs.item_selector import ChildInputs, InputsNotReady
from lamplighter.services.states.outbox_rows import ReadItems, WriteResults
from lamplighter.services.states.tables import executions
from lamplighter.services.states.tables import map_runs as rows
from lamplighter.services.states.tables.frames import Work
from lamplighter.services.states.tables.map_runs import ChildExecution, MapRun, Stage
from lamplighter.store.db import Tx

log = logging.getLogger("lamplighter.states")

AT_ONCE = 1000
"""How many children run at once where the Map leaves it to us; AWS's own limit is 10,000."""
SLICE = 25
"""How many children are started, or stopped, in one turn."""
PAGE = 1000
"""How many results are read at once."""
EXCEEDED_CAUSE = "The specified tolerated failure threshold was exceeded"
COUNTERS = {"SUCCEEDED": "succeeded", "FAILED": "failed", "TIMED_OUT": "timed_out", "ABORTED": "aborted"}


class ChildExecutions:
    """Map Runs at work."""

    def __init__(self, bus: Bus, world: World, driver: Driver, isolation: Isolation) -> None:
        self._bus = bus
        self._world = world
        self._driver = driver
        self.selections = ChildInputs(bus.store, world, driver, isolation)
        self._stages: dict[Stage, Callable[[Tx, MapRun], None]] = {
            "RUN": self._run,
            "REDRIVE": self._redrive,
            "STOP": self._stop,
        }
        driver.on_map_run = self.begin
        driver.on_map_run_redriven = self.redrive
        driver.on_map_run_cancelled = self.cancel
        driver.on_child_ended = self.child_ended

    # --- a run begins, goes on and ends -------------------------------------------------------------------------------

    def begin(self, tx: Tx, key: int, execution: Execution, command: StartMapRun) -> None:
        """Keep a new Map Run, and start its first children soon, or have its items read."""
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
            status="RUNNING",
            start=self._world.now(),
            stop=None,
            total=command.total,
            taken=0,
            started=0,
            succeeded=0,
            failed=0,
            timed_out=0,
            aborted=0,
            items_failed=0,
            concurrency=command.concurrency,
            tolerated_count=command.tolerated_count,
            tolerated_percentage=command.tolerated_percentage,
            stage="READ" if command.reading else "RUN",
            reading=dumps(asdict(command.reading)) if command.reading else None,
            writing=dumps(asdict(command.writing)),
        )
        run = replace(run, id=rows.insert(tx, run))
        self._set_out(tx, run)

    def redrive(self, tx: Tx, command: RedriveMapRun) -> None:
        """Have a Map Run go on that had ended without success."""
        run = rows.get(tx, command.arn)
        assert run is not None
        again = replace(
            run,
            number=command.number,
            status="RUNNING",
            stop=None,
            stage="READ" if run.reading else "REDRIVE",
            outcome=None,
            written=0,
            redrives=run.redrives + 1,
            redriven=self._world.now(),
        )
        rows.update(tx, again)
        self._set_out(tx, again)

    def _set_out(self, tx: Tx, run: MapRun) -> None:
        if run.stage == "READ":
            outbox_rows.put(tx, ReadItems(run.execution, run.id))
        else:
            self.go_on(tx, run.id)

    def resume(self) -> None:
        """Go on with what the last engine left."""
        for key in rows.unfinished_runs(self._bus.store.reader):
            self._bus.store.write_in_background(partial(self._work, key))

    def go_on(self, tx: Tx, key: int) -> None:
        """Do what is to be done for a Map Run in a turn to come."""
        tx.after.append(lambda: self._bus.store.write_in_background(partial(self._work, key)))

    def _work(self, key: int, tx: Tx) -> None:
        run = rows.by_id(tx, key)
        if run is None or run.stage not in self._stages:
            return
        if run.status == "RUNNING" and not self._driver.waits_for(tx, run.work):
            self._abort(tx, run)
            return
        try:
            with tx.nested():
                self._stages[run.stage](tx, run)
        except InputsNotReady as wanted:
            self._select(tx, key, wanted)
        except StateError as fault:
            self._end(tx, run, "FAILED", fault.error, fault.cause)
        except sqlite3.Error:
            raise
        except Exception:
            log.exception("Map Run %s cannot go on; it is ended", run.arn)
            if run.status == "RUNNING":
                self._end(tx, run, "FAILED", RUNTIME, INTERNAL)

    def _select(self, tx: Tx, key: int, wanted: InputsNotReady) -> None:
        """Go on when the inputs of the next children are there."""

        def go_on() -> None:
            self._bus.store.write_in_background(partial(self._work, key))

        tx.after.append(lambda: self.selections.make_soon(wanted, go_on))

    def _run(self, tx: Tx, run: MapRun) -> None:
        """Start the next children, or end the run."""
        if _exceeded(run):
            self._end(tx, run, "FAILED", EXCEEDED, EXCEEDED_CAUSE)
        elif run.taken < run.total:
            room = self._room(run)
            if room > 0:
                self._start(tx, run, room)
                self.go_on(tx, run.id)
        elif run.ended == run.started:
            self._end(tx, run, "SUCCEEDED")

    def _room(self, run: MapRun) -> int:
        return min((run.concurrency or AT_ONCE) - (run.started - run.ended), SLICE)

    def _end(self, tx: Tx, run: MapRun, status: str, error: str | None = None, cause: str | None = None) -> None:
        """All that can be done is done: stop what still runs; the results are told, or written first."""
        writing = loads(run.writing)
        if writing["parameters"] is not None:
            rows.update(tx, replace(run, outcome=dumps([status, error, cause]), stage="STOP"))
        else:
            output = self._gather(tx, run, writing["transformation"]) if status == "SUCCEEDED" else None
            self._close(
                tx, replace(run, stage="STOP"), status, MapRunEnded(run.frame, run.number, output, error, cause)
            )
        self.go_on(tx, run.id)

    def _close(self, tx: Tx, run: MapRun, status: str, event: MapRunEnded) -> None:
        if status == "SUCCEEDED":
            rows.forget_results(tx, run.id)
            rows.forget_items(tx, run.id)
        rows.update(tx, replace(run, status=status, stop=self._world.now()))
        self._driver.send_event(tx, run.execution, event)

    def _gather(self, tx: Tx, run: MapRun, transformation: str) -> str:
        parts: list[str] = []
        last = -1
        while page := rows.results_of_run(tx, run.id, last, PAGE):
            parts += [part for _, status, body in page for part in result_elements(transformation, status, body)]
            last = page[-1][0]
        return f"[{','.join(parts)}]"

    def cancel(self, tx: Tx, work: Work) -> None:
        """Nobody waits for a Map Run any more."""
        run = rows.run_of_work(tx, work)
        if run is not None and run.status == "RUNNING":
            self._abort(tx, run)

    def _abort(self, tx: Tx, run: MapRun) -> None:
        stage: Stage = run.stage if run.stage == "WRITE" else "STOP"
        rows.update(tx, replace(run, status="ABORTED", stop=self._world.now(), stage=stage, outcome=None))
        self.go_on(tx, run.id)

    def _stop(self, tx: Tx, run: MapRun) -> None:
        """Stop a few children of a run that ends, and at last have the results written."""
        running = rows.running_children(tx, run.id, SLICE)
        for child in running:
            self._driver.send_event(tx, child, StopRequested())
        if running:
            self.go_on(tx, run.id)
            return
        writes = loads(run.writing)["parameters"] is not None and run.reading is None
        if writes:
            outbox_rows.put(tx, WriteResults(run.execution, run.id))
        rows.update(tx, replace(run, stage="WRITE" if writes else "DONE"))

    # --- items are read, results are written --------------------------------------------------------------------------

    def wants_items(self, tx: Tx, key: int) -> bool:
        """Whether a Map Run still waits for its items."""
        run = rows.by_id(tx, key)
        if run is None or run.stage != "READ":
            return False
        if self._driver.waits_for(tx, run.work):
            return True
        self._abort(tx, run)
        return False

    def items_read(self, tx: Tx, key: int, total: int) -> None:
        """All items are there: begin."""
        run = rows.by_id(tx, key)
        if run is not None and self.wants_items(tx, key):
            rows.update(tx, replace(run, stage="RUN", reading=None, total=total))
            self.go_on(tx, key)

    def reading_failed(self, tx: Tx, key: int, error: str | None, cause: str | None) -> None:
        """The items cannot be read."""
        run = rows.by_id(tx, key)
        if run is not None and self.wants_items(tx, key):
            self._close(
                tx, replace(run, stage="DONE"), "FAILED", MapRunEnded(run.frame, run.number, None, error, cause)
            )

    def results_written(self, tx: Tx, key: int, output: str) -> None:
        """The results are where the ResultWriter says: tell how the run ended."""
        run = rows.by_id(tx, key)
        if run is None or run.stage != "WRITE":
            return
        done = replace(run, stage="DONE", written=1)
        if run.outcome is None:
            rows.update(tx, done)
            return
        status, error, cause = loads(run.outcome)
        told = output if status == "SUCCEEDED" else None
        self._close(tx, done, status, MapRunEnded(run.frame, run.number, told, error, cause))

    def writing_failed(self, tx: Tx, key: int, error: str, cause: str) -> None:
        """The results cannot be written: the run fails by this, if not by something else."""
        run = rows.by_id(tx, key)
        if run is None or run.stage != "WRITE":
            return
        done = replace(run, stage="DONE")
        if run.outcome is None:
            rows.update(tx, done)
            return
        status, *before = loads(run.outcome)
        told = before if status == "FAILED" else [error, cause]
        self._close(tx, done, "FAILED", MapRunEnded(run.frame, run.number, None, *told))

    def pending(self, tx: Tx, key: int, first: int) -> tuple[list[str], int]:
        """Some of the children that were not begun, as the ResultWriter tells them, and the first item after them.

        Raises NotSelected.
        """
        run = rows.by_id(tx, key)
        if run is None or first >= run.total or not self._driver.waits_for(tx, run.work):
            return [], first
        try:
            given = self.selections.take(tx, run, first, SLICE)
        except StateError:
            return [], first  # the run failed because nobody can say what they would have been given
        return [pending_child_result(each.text) for each in given], given[-1].first + given[-1].items

    # --- children -----------------------------------------------------------------------------------------------------

    def _start(self, tx: Tx, run: MapRun, most: int) -> None:
        """Start a few children."""
        given = self.selections.take(tx, run, run.taken, most)
        taken = given[-1].first + given[-1].items
        rows.update(tx, replace(run, taken=taken, started=run.started + len(given)))
        for at, each in enumerate(given):
            self._start_child(tx, run, each, run.started + at)

    def _start_child(self, tx: Tx, run: MapRun, given: ChildInput, position: int) -> None:
        parent, revision = self._driver.state_of(tx, run.execution)

        def enter(key: int) -> None:
            rows.add_child(tx, ChildExecution(key, run.id, position, given.first, given.items, redrives=run.redrives))

        self._driver.start(tx, self._child(parent, run, given.text), revision, enter)

    def _child(self, parent: Execution, run: MapRun, text: str) -> Execution:
        owner = arn.parse(parent.arn)
        assert owner is not None
        name = self._world.uuid()
        machine = f"{parent.machine_name}/{run.label}"
        resource = f"express:{machine}:{name}:{self._world.uuid()}" if run.express else f"execution:{machine}:{name}"
        return Execution(
            arn=arn.build("states", owner.region, owner.account, resource),
            name=name,
            role=parent.role,
            machine=f"{parent.machine}/{run.label}",
            machine_name=machine,
            input=loads(text),
            text=text,
            start=self._world.now(),
            block=run.block,
        )

    def child_ended(self, tx: Tx, key: int, execution: Execution, finish: Finish, stop: int) -> None:
        """A child has ended."""
        child = rows.get_child(tx, key)
        run = rows.by_id(tx, child.run) if child else None
        if child is None or run is None:
            return
        writing: Json = loads(run.writing)
        body = child_result(execution, finish, stop, writing["transformation"])
        rows.keep_result(tx, run.id, child.position, finish.status, body)
        rows.set_child(tx, replace(child, status=finish.status))
        failed = 0 if finish.status == "SUCCEEDED" else child.items
        rows.update(tx, _counted(run, finish.status, 1, failed))
        self.go_on(tx, run.id)

    def _redrive(self, tx: Tx, run: MapRun) -> None:
        """Run a few children again that did not succeed; then those that were not begun."""
        room = self._room(run)
        found = rows.unsuccessful_children(tx, run, room) if room > 0 else []
        for child in found:
            self._redrive_child(tx, child)
        if found:
            self.go_on(tx, run.id)
        elif room > 0:
            rows.update(tx, replace(run, stage="RUN"))
            self.go_on(tx, run.id)

    def _redrive_child(self, tx: Tx, child: ChildExecution) -> None:
        """A standard child goes on from where it failed; an express one, of which nothing is left, begins anew."""
        run = rows.by_id(tx, child.run)
        assert run is not None
        record = executions.get_by_id(tx, child.execution)
        if record is not None and redrive.why_not_redrivable(record, self._world.now()) is not None:
            rows.set_child(tx, replace(child, redrives=run.redrives))
            return
        rows.update(tx, _counted(run, child.status, -1, -child.items))
        if record is None:
            given = self.selections.take(tx, run, child.first, 1)
            rows.drop_child(tx, child.execution)
            self._start_child(tx, run, given[0], child.position)
            return
        rows.set_child(tx, replace(child, status="RUNNING", redrives=run.redrives))
        if not redrive.redrive_execution(tx, self._driver, record, self._world.now(), None):
            rows.set_child(tx, replace(child, redrives=run.redrives))
            rows.update(tx, run)


def _counted(run: MapRun, status: str, by: int, items: int) -> MapRun:
    counter = COUNTERS[status]
    changed: dict[str, Json] = {counter: getattr(run, counter) + by}
    return replace(run, items_failed=run.items_failed + items, **changed)


def _exceeded(run: MapRun) -> bool:
    """Whether more items failed than may: none, where nothing is said; where both bounds are given, either counts."""
    if run.items_failed == 0:
        return False
    bounds = []
    if run.tolerated_count is not None:
        bounds.append(run.items_failed > run.tolerated_count)
    if run.tolerated_percentage is not None:
        bounds.append(run.items_failed * 100 > run.tolerated_percentage * run.total)
    return any(bounds) if bounds else True
