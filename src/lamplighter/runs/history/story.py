"""Read the history of a run as a story: which states it visited, and which attempts at which work it made there.

Guarantees to read any history that Step Functions returns, of jobs and of all other machines, also an incomplete one.
Separates the paths of Map and Parallel by each event's `previousEventId`. Pure.
See https://docs.aws.amazon.com/step-functions/latest/apireference/API_HistoryEvent.html.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal

from lamplighter.base.json_text import Json, loads_or
from lamplighter.runs.failures import failure_reasons
from lamplighter.runs.jobs.job_machine import ENDED_WELL, RUN_TASK, is_supporting_state, state_in_job

Outcome = Literal["running", "succeeded", "failed", "timed out", "aborted"]


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try at the work of a state."""

    event: int
    """The id of the event that scheduled the attempt."""
    state: str
    path: tuple[str, ...]
    """The iterations of Maps around the state, such as `Files[3]`."""
    number: int
    """The attempt's number, counted from 1 for this state on this path."""
    resource: str
    """The work's resource, such as `ecs:runTask.sync`; else `LambdaFunction`, `Activity` or `MapRun`."""
    began: int
    """Milliseconds since the epoch."""
    timeout: int | None = None
    """The state's TimeoutSeconds."""
    ended: int | None = None
    outcome: Outcome = "running"
    error: str | None = None
    reason: str | None = None
    task: str | None = None
    """The ARN of the ECS task."""
    definition: str | None = None
    """The ARN of its task definition."""
    exits: Mapping[str, int] = field(default_factory=dict)
    """Exit codes by container name."""
    map_run: str | None = None
    """The ARN of the Map Run, for a distributed Map."""
    containers_began: int | None = None
    container_milliseconds: int | None = None
    """When the task's containers began, and the milliseconds for which they ran, if the task states them."""
    waits_for_worker: bool = False
    """True for an activity whose work no worker has received."""
    latest_event: int = 0
    """The id of the attempt's latest event."""

    @property
    def duration(self) -> int | None:
        """The attempt's duration in milliseconds, by the containers' own times if they are known.

        Step Functions learns of an end late; on a single machine much later, if no engine was running then.
        """
        return (
            self.container_milliseconds
            if self.container_milliseconds is not None or self.ended is None
            else self.ended - self.began
        )

    @property
    def failed(self) -> bool:
        """True if the attempt is over and did not succeed."""
        return self.outcome not in ("running", "succeeded")

    @property
    def supporting(self) -> bool:
        """True for an attempt in a helper state. Judged by names, so it is valid only for a job file's machine."""
        return is_supporting_state(self.state, self.resource)


@dataclass(frozen=True, slots=True)
class Visit:
    """One visit of a state."""

    event: int
    state: str
    path: tuple[str, ...]
    kind: str
    """The state's type: Pass, Task, Choice, Wait, Succeed, Fail, Parallel or Map."""
    entered: int
    left: int | None = None
    previous: int | None = None
    """The index of the preceding visit on this path, among the story's visits."""
    around: int | None = None
    """The index of the visit of the Parallel or Map around it, among the story's visits; None if there is none."""
    exit: int | None = None
    """The id of the event that left the state."""
    error_caught: bool = False
    """Whether the branches of the Parallel, the items of the Map, or an expression failed, and the run continued."""
    attempts: tuple[int, ...] = ()
    """The indexes of its attempts among the story's attempts."""
    follower: str | None = None
    """The state that followed."""
    assigned: Mapping[str, Json] = field(default_factory=dict)
    """The variables that the state assigned."""


@dataclass(frozen=True, slots=True)
class Gap:
    """The time between the end of a run and its redrive, in which the run did nothing."""

    ended: int
    redriven: int
    event: int
    """The id of the event ExecutionRedriven."""


@dataclass(frozen=True, slots=True)
class Story:
    """The attempts, visits and outcome of a run so far."""

    attempts: tuple[Attempt, ...]
    visits: tuple[Visit, ...]
    began: int | None = None
    gaps: tuple[Gap, ...] = ()
    """The times between the parts of a run that was redriven."""
    ended: int | None = None
    outcome: Outcome = "running"
    error: str | None = None
    cause: str | None = None

    @property
    def container_attempts(self) -> Sequence[Attempt]:
        """The attempts that ran ECS tasks."""
        return [each for each in self.attempts if each.resource.startswith(RUN_TASK)]

    @property
    def redriven(self) -> tuple[int, ...]:
        """The times of its redrives, in milliseconds since the epoch."""
        return tuple(gap.redriven for gap in self.gaps)

    @property
    def idle(self) -> int:
        """The total length of its gaps in milliseconds."""
        return sum(gap.redriven - gap.ended for gap in self.gaps)

    def running_time(self, since: int, until: int) -> int:
        """Return the milliseconds from one instant to another without the gaps."""
        gaps = (min(until, gap.redriven) - max(since, gap.ended) for gap in self.gaps)
        return until - since - sum(max(0, gap) for gap in gaps)

    def caught(self, visit: Visit) -> bool:
        """Return whether the last attempt of a visit, its block or an expression failed, and the run continued."""
        last = self.last_attempt(visit)
        return visit.left is not None and (visit.error_caught or (last is not None and last.failed))

    def attempts_of(self, visit: Visit) -> Sequence[Attempt]:
        """Return the attempts of a visit in their order."""
        return [self.attempts[at] for at in visit.attempts]

    def last_attempt(self, visit: Visit) -> Attempt | None:
        """Return the last attempt of a visit so far, or None."""
        return self.attempts[visit.attempts[-1]] if visit.attempts else None

    def outcomes_of(self, state: str) -> list[Outcome]:
        """Return how the attempts of a state ended; a helper state is named without its workflow step."""
        return [each.outcome for each in self.attempts if state_in_job(each.state) == state]


OUTCOMES: Mapping[str, Outcome] = {
    "Succeeded": "succeeded", "StartFailed": "failed", "SubmitFailed": "failed", "ScheduleFailed": "failed",
    "Failed": "failed", "TimedOut": "timed out", "Aborted": "aborted",
}  # fmt: skip
"""The outcome of an attempt or run, by the end of the event's type: `Failed` in `TaskFailed`."""
WORK_EVENT_PREFIXES = ("Task", "LambdaFunction", "Activity", "MapRun")
_TASK = re.compile(r"arn:[\w-]+:ecs:[\w-]+:\w*:task/[\w/-]+", re.ASCII)
_DEFINITION = re.compile(r"arn:[\w-]+:ecs:[\w-]+:\w*:task-definition/[\w-]+:[0-9]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class _Position:
    """The position of a path of control after an event."""

    path: tuple[str, ...] = ()
    visit: int | None = None
    attempt: int | None = None
    outer: "_Position | None" = None
    is_cut_off: bool = False
    """Whether the events that led here are not known, because the history begins later."""


def read_story(events: Iterable[Json]) -> Story:
    """Read the events of a history in their order and return the story.

    If the first events are missing, a state that was entered before them has the name "".
    """
    reader = _StoryReader()
    for event in events:
        reader.add_event(event)
    for visit in reader.visits:
        if state_in_job(visit.state) == ENDED_WELL:
            reader.count_as_succeeded(visit)
    return replace(reader.story, attempts=tuple(reader.attempts), visits=tuple(reader.visits))


def to_milliseconds(time: datetime | float) -> int:
    """Convert an instant of a history, from boto3 (datetime) or the wire (seconds), to milliseconds since the epoch."""
    return round((time.timestamp() if isinstance(time, datetime) else time) * 1000)


def latest_with_attempts(visits: Sequence[Visit], visit: Visit) -> Visit | None:
    """Return the latest visit before this one that had attempts, on the same path, or None."""
    at = visit.previous
    while at is not None and not visits[at].attempts:
        at = visits[at].previous
    return None if at is None else visits[at]


class _StoryReader:
    def __init__(self) -> None:
        self.story = Story((), ())
        self.attempts: list[Attempt] = []
        self.visits: list[Visit] = []
        self._positions: dict[int, _Position] = {}
        self._attempt_counts: dict[tuple[tuple[str, ...], str], int] = {}
        self._failures: set[int] = set()
        """The ids of the events with which a Parallel, a Map or an expression failed."""

    def count_as_succeeded(self, visit: Visit) -> None:
        """Count the last attempt before this visit as succeeded: only Step Functions judged it a failure."""
        before = latest_with_attempts(self.visits, visit)
        if before is not None:
            index = before.attempts[-1]
            self.attempts[index] = replace(self.attempts[index], outcome="succeeded", error=None, reason=None)

    def add_event(self, event: Json) -> None:
        """Add one event to the story."""
        previous = event["previousEventId"]
        position = self._positions.get(previous, _Position(is_cut_off=bool(previous)))
        self._positions[event["id"]] = self._follow(event, event["type"], position)

    def _follow(self, event: Json, kind: str, position: _Position) -> _Position:
        time = to_milliseconds(event["timestamp"])
        if kind.startswith("Execution"):
            self._execution(event, kind, time)
            return position
        if kind.endswith("StateEntered"):
            return self._enter(event, kind, time, position)
        if kind.endswith("StateExited"):
            return self._leave(event, time, position)
        if kind.startswith("MapIteration"):
            return self._iterate(event, kind, position)
        if kind.startswith(("MapState", "ParallelState")):
            return self._follow_block(event, kind, position)
        if kind == "EvaluationFailed":
            return self._fail_evaluation(event, position)
        work = next((each for each in WORK_EVENT_PREFIXES if kind.startswith(each)), None)
        if kind == "TaskStateAborted":
            return self._abort(time, position)
        return position if work is None else self._work(event, kind, work, time, position)

    def _iterate(self, event: Json, kind: str, position: _Position) -> _Position:
        details = _details(event)
        around = self._surrounding_visit(position, lambda visit: visit.state == details["name"]) or position
        step = f"{details['name']}[{details['index']}]"
        return _Position((*around.path, step), outer=around) if kind == "MapIterationStarted" else around

    def _follow_block(self, event: Json, kind: str, position: _Position) -> _Position:
        state_type, _, what = kind.partition("State")
        around = (
            self._surrounding_visit(position, lambda visit: visit.kind == state_type and visit.left is None) or position
        )
        if what == "Failed":
            self._failures.add(event["id"])
        return _Position(around.path, outer=around) if kind == "ParallelStateStarted" else around

    def _fail_evaluation(self, event: Json, position: _Position) -> _Position:
        """Return the position in the state that an expression failed: the event may follow the state before it."""
        self._failures.add(event["id"])
        state = _details(event).get("state")
        for at in range(len(self.visits) - 1, -1, -1):
            visit = self.visits[at]
            if visit.state == state and visit.path == position.path and visit.left is None:
                return replace(position, visit=at)
        return position

    def _execution(self, event: Json, kind: str, time: int) -> None:
        if kind == "ExecutionStarted":
            self.story = replace(self.story, began=time)
        elif kind == "ExecutionRedriven":
            before = time if self.story.ended is None else self.story.ended
            gaps = (*self.story.gaps, Gap(before, time, event["id"]))
            self.story = replace(self.story, gaps=gaps, ended=None, outcome="running", error=None, cause=None)
        else:
            outcome = OUTCOMES[kind.removeprefix("Execution")]
            details = _details(event)
            self.story = replace(
                self.story, ended=time, outcome=outcome, error=details.get("error"), cause=details.get("cause")
            )
            self._abort_running(time)

    def _abort_running(self, time: int) -> None:
        """End the attempts that were still running when the run ended."""
        for at, each in enumerate(self.attempts):
            if each.ended is None:
                self.attempts[at] = replace(each, ended=time, outcome="aborted")

    def _enter(self, event: Json, kind: str, time: int, position: _Position) -> _Position:
        name = event["stateEnteredEventDetails"]["name"]
        if position.visit is not None and self.visits[position.visit].left is not None:
            self.visits[position.visit] = replace(self.visits[position.visit], follower=name)
        kind = kind.removesuffix("StateEntered")
        around = None if position.outer is None else position.outer.visit
        self.visits.append(Visit(event["id"], name, position.path, kind, time, previous=position.visit, around=around))
        return _Position(position.path, len(self.visits) - 1, outer=position.outer)

    def _leave(self, event: Json, time: int, position: _Position) -> _Position:
        details = event["stateExitedEventDetails"]
        found = self._surrounding_visit(position, lambda visit: visit.state == details["name"])
        if found is None or found.visit is None:
            return position
        assigned = {name: loads_or(text, text) for name, text in (details.get("assignedVariables") or {}).items()}
        self.visits[found.visit] = replace(
            self.visits[found.visit],
            left=time,
            exit=event["id"],
            error_caught=event["previousEventId"] in self._failures,
            assigned=assigned,
        )
        return found

    def _surrounding_visit(self, position: _Position, matches: Callable[[Visit], bool]) -> _Position | None:
        """Return the position in the nearest surrounding visit that satisfies `matches`, or None."""
        found: _Position | None = position
        while found is not None and (found.visit is None or not matches(self.visits[found.visit])):
            found = found.outer
        return None if found is None else _Position(found.path, found.visit, outer=found.outer)

    def _work(self, event: Json, kind: str, work: str, time: int, position: _Position) -> _Position:
        rest = kind.removeprefix(work)
        details = _details(event)
        if rest in ("Scheduled", "Redriven") or (work == "MapRun" and rest == "Started"):
            return self._schedule(event, details, work, time, position)
        if position.attempt is None and position.is_cut_off:
            position = self._schedule(event, details, work, time, position)
        if position.attempt is None:
            return position
        attempt = replace(self.attempts[position.attempt], latest_event=event["id"])
        if rest in OUTCOMES:
            attempt = _ended(attempt, time, OUTCOMES[rest], details)
        elif (work, rest) == ("Activity", "Started"):
            attempt = replace(attempt, waits_for_worker=False)
        elif rest == "Submitted":
            attempt = _with_task(attempt, failure_reasons.task_of_document(details.get("output")))
        self.attempts[position.attempt] = attempt
        return position

    def _schedule(self, event: Json, details: Json, work: str, time: int, position: _Position) -> _Position:
        if position.visit is None:
            position = self._unknown_position(event, time) if position.is_cut_off else self._resumed_position()
        if position.visit is None:
            return position
        visit = self.visits[position.visit]
        key = (visit.path, visit.state)
        self._attempt_counts[key] = self._attempt_counts.get(key, 0) + 1
        service = details.get("resourceType")
        attempt = Attempt(
            event["id"],
            visit.state,
            visit.path,
            self._attempt_counts[key],
            f"{service}:{details['resource']}" if service else work,
            time,
            timeout=details.get("timeoutInSeconds"),
            map_run=details.get("mapRunArn"),
            waits_for_worker=work == "Activity",
            latest_event=event["id"],
        )
        self.attempts.append(attempt)
        index = len(self.attempts) - 1
        self.visits[position.visit] = replace(visit, attempts=(*visit.attempts, index))
        return replace(position, attempt=index)

    def _unknown_position(self, event: Json, time: int) -> _Position:
        """Return a position in a state whose name is unknown, because it was entered before the first event."""
        self.visits.append(Visit(event["id"], "", (), "Task", time))
        return _Position((), len(self.visits) - 1)

    def _resumed_position(self) -> _Position:
        """Return where a redriven run continues if its events do not state it: in the last visit that was not left."""
        failed = next((at for at in range(len(self.visits) - 1, -1, -1) if self.visits[at].left is None), None)
        return _Position() if failed is None else _Position(self.visits[failed].path, failed)

    def _abort(self, time: int, position: _Position) -> _Position:
        if position.attempt is not None and self.attempts[position.attempt].ended is None:
            self.attempts[position.attempt] = replace(self.attempts[position.attempt], ended=time, outcome="aborted")
        return position


def _ended(attempt: Attempt, time: int, outcome: Outcome, details: Json) -> Attempt:
    cause = details.get("cause")
    described = failure_reasons.task_of_document(details.get("output") if outcome == "succeeded" else cause)
    began, length = failure_reasons.run_times(described) or (None, None)
    return replace(
        _with_task(attempt, described),
        ended=time,
        outcome=outcome,
        error=details.get("error"),
        reason=failure_reasons.failure_reason(cause),
        exits=failure_reasons.exit_codes(described),
        containers_began=began,
        container_milliseconds=length,
    )


def _with_task(attempt: Attempt, described: Json) -> Attempt:
    """Return the attempt with its task, if a document describes one. A user can write a document of any content."""
    task, definition = (described.get(name) for name in ("TaskArn", "TaskDefinitionArn"))
    if not isinstance(task, str) or not _TASK.fullmatch(task):
        return attempt
    known = isinstance(definition, str) and _DEFINITION.fullmatch(definition) is not None
    return replace(attempt, task=task, definition=definition if known else None)


def _details(event: Json) -> Json:
    return next((value for name, value in event.items() if name.endswith("EventDetails")), {})
