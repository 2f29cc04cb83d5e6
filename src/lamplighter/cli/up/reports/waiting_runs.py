"""Say in the log of `up` that a run waits, and that it has started after all.

A run waits for its turn (`overlap: queue`), or its task waits for room on the machine. Guarantees that a run is not
called started before its first container runs, also if the engine was killed meanwhile, and that the words are those of
`ps` and `history`.
"""

from collections.abc import Callable, Iterator

from lamplighter.base.json_text import Json
from lamplighter.bus import Caller
from lamplighter.engine.engine import Engine
from lamplighter.runs.ecs_tasks import container_variable
from lamplighter.runs.job_machine import ATTEMPT_VARIABLE, RUN_VARIABLE
from lamplighter.runs.waiting import WAITS_FOR_TURN, cluster_of_task, reasons_by_task
from lamplighter.services.ecs.tables import waiting_tasks
from lamplighter.services.states.tables import queued_executions

STARTED = "started"


class WaitingRuns:
    """The runs and tasks of one engine that wait; `label_of` returns the label of a state machine's name, if any."""

    def __init__(self, engine: Engine, label_of: Callable[[str], str | None]) -> None:
        self._engine = engine
        self._label_of = label_of
        reader = engine.store.reader
        self._queued = {arn.split(":")[7]: arn.split(":")[6] for arn in queued_executions.all_waiting(reader)}
        """The names of the runs that wait for their turn, and of their state machines."""
        self._tasks = set(waiting_tasks.all_waiting(reader))
        """The tasks that wait for room."""
        self._runs: set[tuple[str, str]] = set()
        """The labels and names of the runs whose first task waits for room."""

    def describe_begin(self, label: str, run: Json) -> str | None:
        """Return what a run that has begun does; None if its first task waits, because the log has said that."""
        if queued_executions.is_waiting(self._engine.store.reader, run["executionArn"]):
            self._queued[run["name"]] = run["executionArn"].split(":")[6]
            return WAITS_FOR_TURN
        return None if (label, run["name"]) in self._runs else STARTED

    def describe_task(self, label: str, task: Json) -> Iterator[tuple[str, str]]:
        """Yield the label and the text of each line about a task that waits, or that runs after something waited."""
        arn, run, attempt = (
            task["taskArn"],
            container_variable(task, RUN_VARIABLE),
            container_variable(task, ATTEMPT_VARIABLE),
        )
        is_first = attempt in (None, "1")
        what = "" if is_first else f"attempt {attempt} "
        if task["lastStatus"] == "PROVISIONING" and (reason := self._read_reason(arn)) is not None:
            self._tasks.add(arn)
            if run and is_first:
                self._runs.add((label, run))
            yield label, f"{what}{reason}"
        elif task["lastStatus"] in ("RUNNING", "STOPPED"):
            queued = self._label_of(self._queued.pop(run or "", ""))
            waited = arn in self._tasks
            self._tasks.discard(arn)
            self._runs.discard((label, run or ""))
            if task["lastStatus"] == "RUNNING":
                if queued is not None and queued != label:
                    yield queued, STARTED
                if waited or queued == label:
                    yield label, f"{what}{STARTED}"

    def forget(self, label: str, run: str) -> None:
        """Forget a run that has ended."""
        self._queued.pop(run, None)
        self._runs.discard((label, run))

    def _read_reason(self, arn: str) -> str | None:
        """Return why a task waits, or None if it does not."""
        parts, engine = arn.split(":"), self._engine
        given = {"cluster": cluster_of_task(arn), "tasks": [arn]}
        found = engine.bus.read(engine.store.reader, Caller(parts[4], parts[3]), "ecs", "DescribeTasks", given)
        return reasons_by_task(found["tasks"]).get(arn)
