"""Map Runs: starting the children of a distributed Map, counting how they end, and gathering what they came to.

A Map Run is rows; children are started a few in each turn, so that ten thousand items neither hold the loop nor fill
the memory, and a crash leaves nothing undone: what is left to start is read from the rows again.
See https://docs.aws.amazon.com/step-functions/latest/dg/concepts-examine-map-run.html.
"""

from collections.abc import Callable
from dataclasses import replace

from lamplighter.asl.distribute import inputs
from lamplighter.asl.faults import EXCEEDED
from lamplighter.asl.frame import Execution
from lamplighter.asl.messages import MapRunEnded, StartMapRun, StopRequested
from lamplighter.base import arn
from lamplighter.base.jsontext import Json, loads
from lamplighter.base.world import World
from lamplighter.bus import Bus, Caller
from lamplighter.services.states.driver import Driver
from lamplighter.services.states.lookup import find_map_run
from lamplighter.services.states.names import page_number, page_size, page_token, resource_arn
from lamplighter.store import mapruns as rows
from lamplighter.store.db import Reader, Tx
from lamplighter.store.frames import Work
from lamplighter.store.mapruns import MapRun

AT_ONCE = 1000
"""How many children run at once where the Map leaves it to us; AWS's own limit is 10,000."""
SLICE = 25
"""How many children are started, or stopped, in one turn."""
EXCEEDED_CAUSE = "The specified tolerated failure threshold was exceeded"
COUNTERS = {"SUCCEEDED": "succeeded", "FAILED": "failed", "TIMED_OUT": "timed_out", "ABORTED": "aborted"}


class MapRuns:
    """Map Runs, at work and as the API has them."""

    def __init__(self, bus: Bus, world: World, driver: Driver) -> None:
        self._bus = bus
        self._world = world
        self._driver = driver
        driver.on_map_run = self.begin
        driver.on_map_run_cancelled = self.cancel
        driver.on_child_ended = self.child_ended

    def begin(self, tx: Tx, key: int, execution: Execution, command: StartMapRun) -> None:
        """Keep a new Map Run, and start its first children soon."""
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
        )
        self._go_on(tx, rows.insert(tx, run))

    def resume(self) -> None:
        """Go on with the Map Runs that the last engine left."""
        for key in rows.running(self._bus.store.reader):
            self._bus.store.keep(self._job(key))

    def _go_on(self, tx: Tx, key: int) -> None:
        tx.after.append(lambda: self._bus.store.keep(self._job(key)))

    def _job(self, key: int) -> Callable[[Tx], None]:
        return lambda tx: self._work(tx, key)

    def _work(self, tx: Tx, key: int) -> None:
        """Start the next children, or end the run."""
        run = rows.by_id(tx, key)
        if run is None or run.status != "RUNNING":
            return
        if not self._driver.awaits(tx, run.work):
            self._abort(tx, run)
            return
        if _exceeded(run):
            self._end(tx, run, "FAILED", MapRunEnded(run.frame, run.number, None, EXCEEDED, EXCEEDED_CAUSE))
            return
        room = min((run.concurrency or AT_ONCE) - (run.started - run.ended), SLICE)
        if run.taken < run.total and room > 0:
            self._start(tx, run, room)
            self._go_on(tx, key)
        elif run.taken == run.total and run.ended == run.started:
            output = f"[{','.join(rows.results(tx, key))}]"
            self._end(tx, run, "SUCCEEDED", MapRunEnded(run.frame, run.number, output))

    def _start(self, tx: Tx, run: MapRun, most: int) -> None:
        """Start a few children."""
        parent, revision = self._driver.state_of(tx, run.execution)
        definition = self._driver.definition(tx, revision)
        texts, taken = inputs(definition, parent, run.frame, self._world, run.taken, most)
        rows.update(tx, replace(run, taken=run.taken + taken, started=run.started + len(texts)))
        for at, text in enumerate(texts):
            child = self._child(parent, run, text)
            items = 1 if taken == len(texts) else len(loads(text)["Items"])
            self._driver.begin_child(
                tx,
                child,
                revision,
                lambda key, at=at, items=items: rows.add_child(tx, run.id, key, run.started + at, items),  # type: ignore[misc]
            )

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

    def child_ended(self, tx: Tx, key: int, status: str, output: str | None) -> None:
        """A child has ended."""
        found = rows.child(tx, key)
        run = rows.by_id(tx, found[0]) if found else None
        if found is None or run is None:
            return
        _, position, items = found
        if output is not None and run.status == "RUNNING":
            rows.keep_result(tx, run.id, position, output)
        counter = COUNTERS[status]
        failed = 0 if status == "SUCCEEDED" else items
        counted = replace(run, **{counter: getattr(run, counter) + 1}, items_failed=run.items_failed + failed)
        rows.update(tx, counted)
        self._go_on(tx, run.id)

    def _end(self, tx: Tx, run: MapRun, status: str, event: MapRunEnded) -> None:
        rows.forget_results(tx, run.id)
        rows.update(tx, replace(run, status=status, stop=self._world.now()))
        self._stop_children(run.id)(tx)
        self._driver.tell(tx, run.execution, event)

    def cancel(self, tx: Tx, work: Work) -> None:
        """Nobody waits for a Map Run any more."""
        run = rows.of_work(tx, work)
        if run is not None and run.status == "RUNNING":
            self._abort(tx, run)

    def _abort(self, tx: Tx, run: MapRun) -> None:
        rows.forget_results(tx, run.id)
        rows.update(tx, replace(run, status="ABORTED", stop=self._world.now()))
        tx.after.append(lambda: self._bus.store.keep(self._stop_children(run.id)))

    def _stop_children(self, key: int) -> Callable[[Tx], None]:
        """The job that stops a few children of a run that has ended, and then the next."""

        def job(tx: Tx) -> None:
            children = rows.running_children(tx, key, SLICE)
            for child in children:
                self._driver.tell(tx, child, StopRequested())
            if children:
                tx.after.append(lambda: self._bus.store.keep(job))

        return job

    def describe(self, reader: Reader, _caller: Caller, params: Json) -> Json:
        """DescribeMapRun"""
        run = find_map_run(reader, params["mapRunArn"])
        counts = _counts(run)
        description: Json = {
            "mapRunArn": run.arn,
            "executionArn": run.parent,
            "status": run.status,
            "startDate": run.start / 1000,
            "maxConcurrency": run.concurrency,
            "toleratedFailurePercentage": run.tolerated_percentage or 0,
            "toleratedFailureCount": run.tolerated_count or 0,
            "itemCounts": counts["items"],
            "executionCounts": counts["executions"],
            "redriveCount": 0,
        }
        return description if run.stop is None else description | {"stopDate": run.stop / 1000}

    def list(self, reader: Reader, _caller: Caller, params: Json) -> Json:
        """ListMapRuns"""
        parent = resource_arn(params["executionArn"], "execution")
        size = page_size(params)
        found = rows.of_execution(reader, parent, page_number(params.get("nextToken")) or 0, size + 1)
        answer: Json = {"mapRuns": [_item(run) for run in found[:size]]}
        if len(found) > size:
            answer["nextToken"] = page_token(found[size - 1].id)
        return answer

    def update(self, tx: Tx, _caller: Caller, params: Json) -> Json:
        """UpdateMapRun: "updates an in-progress Map Run's configuration"."""
        run = find_map_run(tx, params["mapRunArn"])
        changed = replace(
            run,
            concurrency=params.get("maxConcurrency", run.concurrency),
            tolerated_count=params.get("toleratedFailureCount", run.tolerated_count),
            tolerated_percentage=params.get("toleratedFailurePercentage", run.tolerated_percentage),
        )
        rows.update(tx, changed)
        self._go_on(tx, run.id)
        return {}


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


def _counts(run: MapRun) -> dict[str, Json]:
    ended = {
        "succeeded": run.succeeded,
        "failed": run.failed,
        "timedOut": run.timed_out,
        "aborted": run.aborted,
        "resultsWritten": 0,
        "failuresNotRedrivable": 0,
        "pendingRedrive": 0,
    }
    return {
        "executions": {"pending": 0, "running": run.started - run.ended, "total": run.started, **ended},
        "items": {
            **ended,
            "pending": run.total - run.taken,
            "running": run.taken - (run.total and run.ended * run.taken // max(1, run.started)),
            "total": run.total,
        },
    }


def _item(run: MapRun) -> Json:
    item = {
        "executionArn": run.parent,
        "mapRunArn": run.arn,
        "stateMachineArn": run.parent.replace(":execution:", ":stateMachine:").rpartition(":")[0],
        "startDate": run.start / 1000,
    }
    return item if run.stop is None else item | {"stopDate": run.stop / 1000}
