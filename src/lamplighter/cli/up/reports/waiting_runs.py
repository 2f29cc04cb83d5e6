"""Say in the log of `up` that a run waits, and that it has started after all.

A run waits for its turn (`overlap: queue`), or its task waits for room on the machine. Guarantees that a run is not
called started before its first container runs, also if the engine was killed meanwhile, and that the words are those of
`ps` and `history`; if many tasks wait, a line says that instead of the reason.

The ARN identifies a run, because a name is unique only within one state machine.
"""

from collections.abc import Callable, Iterator

from lamplighter.base.engine_rules import QUEUE_FULL
from lamplighter.base.json_text import Json
from lamplighter.bus import Caller
from lamplighter.cli.up.reports.newest_entries import NewestEntries
from lamplighter.engine.engine import Engine
from lamplighter.runs.history.waiting import WAITS_FOR_TURN, cluster_of_task, reasons_by_task
from lamplighter.runs.jobs.job_machine import ATTEMPT_VARIABLE
from lamplighter.runs.tasks.ecs_tasks import container_variable, run_of_task
from lamplighter.services.ecs.tables import waiting_tasks
from lamplighter.services.states.tables import executions, queued_executions

STARTED = "started"
MAX_EXPLAINED = 100
"""The most waiting tasks with which the log explains why a task waits: the reason counts the tasks before it."""
MANY_WAIT = f"waits for its turn: more than {MAX_EXPLAINED} tasks wait"


class WaitingRuns:
    """The runs and tasks of one engine that wait; `label_of` returns the label of a state machine's name, if any."""

    def __init__(self, engine: Engine, label_of: Callable[[str], str | None]) -> None:
        self._engine = engine
        self._label_of = label_of
        reader = engine.store.reader
        self._queued = NewestEntries[bool]()
        """The runs that wait for their turn."""
        for run in queued_executions.all_waiting(reader):
            self._queued.put(run, value=True)
        self._tasks = NewestEntries[bool]()
        """The tasks that wait for room."""
        for task in waiting_tasks.all_waiting(reader):
            self._tasks.put(task, value=True)
        self._runs = NewestEntries[str]()
        """The runs whose first task waits for room, with the label of that task."""

    def describe_begin(self, label: str, run: Json) -> str | None:
        """Return what a run that has begun does; None if another line says it.

        That is the line about its first task, if that waits, or about its end, if it was refused.
        """
        found = executions.get(self._engine.store.reader, run["executionArn"])
        if found is not None and found.error == QUEUE_FULL:
            return None
        if queued_executions.is_waiting(self._engine.store.reader, run["executionArn"]):
            self._queued.put(run["executionArn"], value=True)
            return WAITS_FOR_TURN
        return None if self._runs.get(run["executionArn"]) == label else STARTED

    def describe_task(self, label: str, task: Json) -> Iterator[tuple[str, str]]:
        """Yield the label and the text of each line about a task that waits, or that runs after something waited."""
        arn, run, attempt = task["taskArn"], find_run(task), container_variable(task, ATTEMPT_VARIABLE)
        is_first = attempt in (None, "1")
        what = "" if is_first else f"attempt {attempt} "
        if task["lastStatus"] == "PROVISIONING" and (reason := self._read_reason(arn)) is not None:
            self._tasks.put(arn, value=True)
            if run and is_first:
                self._runs.put(run, label)
            yield label, f"{what}{reason}"
        elif task["lastStatus"] in ("RUNNING", "STOPPED"):
            queued = self._label_of(run.split(":")[6]) if run and self._queued.take(run) else None
            waited = self._tasks.take(arn)
            self._runs.take(run)
            if task["lastStatus"] == "RUNNING":
                if queued is not None and queued != label:
                    yield queued, STARTED
                if waited or queued == label:
                    yield label, f"{what}{STARTED}"

    def forget(self, run: str) -> None:
        """Forget the run of an ARN, which has ended."""
        self._queued.take(run)
        self._runs.take(run)

    def _read_reason(self, arn: str) -> str | None:
        """Return why a task waits, or None if it does not; takes as long with many waiting tasks as with few."""
        parts, engine = arn.split(":"), self._engine
        if not waiting_tasks.is_waiting(engine.store.reader, arn):
            return None
        if waiting_tasks.are_more_than(engine.store.reader, MAX_EXPLAINED):
            return MANY_WAIT
        given = {"cluster": cluster_of_task(arn), "tasks": [arn]}
        found = engine.bus.read(engine.store.reader, Caller(parts[4], parts[3]), "ecs", "DescribeTasks", given)
        return reasons_by_task(found["tasks"]).get(arn)


def find_run(task: Json) -> str | None:
    """Return the ARN of the run that a task belongs to, or None."""
    parts = task["taskArn"].split(":")
    return run_of_task(task, parts[3], parts[4])
