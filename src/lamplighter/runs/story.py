"""Read the history of a run as a story: which states it visited, and which attempts at which work it made there.

Guarantees to read any history that Step Functions returns, of jobs and of all other machines, also an incomplete one.
Separates the paths of Map and Parallel by each event's `previousEventId`. Pure.
See https://docs.aws.amazon.com/step-functions/latest/apireference/API_HistoryEvent.html.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal

from lamplighter.base.json_text import Json, JsonError, loads
from lamplighter.runs import failure_reasons
from lamplighter.runs.job_machine import ENDED_WELL, is_supporting_state

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
    maprun: str | None = None
    """The ARN of the Map Run, for a distributed Map."""
    ran: int | None = None
    """The milliseconds for which the task's containers ran, if the task states them."""
    waits_for_worker: bool = False
    """True for an activity whose work no worker has received."""

    @property
    def took(self) -> int | None:
        """The attempt's duration in milliseconds, by the containers' own times if they are known.

        Step Functions learns of an end late; on a single machine much later, if no engine was running then.
        """
        return self.ran if self.ran is not None or self.ended is None else self.ended - self.began

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
    exit: int | None = None
    """The id of the event that left the state."""
    attempts: tuple[int, ...] = ()
    """The indexes of its attempts among the story's attempts."""
    follower: str | None = None
    """The state that followed."""
    assigned: Mapping[str, Json] = field(default_factory=dict)
    """The variables that the state assigned."""


@dataclass(frozen=True, slots=True)
class Retry:
    """A wait of Step Functions between two attempts."""

    failed: Attempt
    follower: Attempt | None
    """The attempt after the wait; None while the wait lasts."""


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
        """Return whether the last attempt of a visit failed and the run nevertheless continued."""
        return visit.left is not None and bool(visit.attempts) and self.attempts[visit.attempts[-1]].failed

    def retries(self, visit: Visit) -> list["Retry"]:
        """Return the waits of a visit before further attempts; the last one may not be over."""
        attempts = [self.attempts[at] for at in visit.attempts]
        followers: list[Attempt | None] = [*attempts[1:], None]
        pairs = zip(attempts, followers, strict=bool(attempts))
        return [Retry(failed, follower) for failed, follower in pairs if self._waits(visit, failed, follower)]

    def _waits(self, visit: Visit, failed: Attempt, follower: Attempt | None) -> bool:
        if not failed.failed or failed.ended is None:
            return False
        if follower is None:
            return self.outcome == "running" and visit.left is None
        return not any(failed.ended <= time <= follower.began for time in self.redriven)


OUTCOMES: Mapping[str, Outcome] = {
    "Succeeded": "succeeded", "StartFailed": "failed", "SubmitFailed": "failed", "ScheduleFailed": "failed",
    "Failed": "failed", "TimedOut": "timed out", "Aborted": "aborted",
}  # fmt: skip
"""The outcome of an attempt or run, by the end of the event's type: `Failed` in `TaskFailed`."""
WORK = ("Task", "LambdaFunction", "Activity", "MapRun")
_TASK = re.compile(r"arn:[\w-]+:ecs:[\w-]+:\w*:task/[\w/-]+", re.ASCII)
_DEFINITION = re.compile(r"arn:[\w-]+:ecs:[\w-]+:\w*:task-definition/[\w-]+:[0-9]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class _Here:
    """The position of a path of control after an event."""

    path: tuple[str, ...] = ()
    visit: int | None = None
    attempt: int | None = None
    outer: "_Here | None" = None


def read_story(events: Iterable[Json]) -> Story:
    """Read the events of a history in their order and return the story."""
    reader = _Reader()
    for event in events:
        reader.take(event)
    for visit in reader.visits:
        if visit.state.rpartition(": ")[2] == ENDED_WELL:
            reader.forgive(visit)
    return replace(reader.story, attempts=tuple(reader.attempts), visits=tuple(reader.visits))


def to_milliseconds(time: datetime | float) -> int:
    """Convert an instant of a history, from boto3 (datetime) or the wire (seconds), to milliseconds since the epoch."""
    return round((time.timestamp() if isinstance(time, datetime) else time) * 1000)


class _Reader:
    def __init__(self) -> None:
        self.story = Story((), ())
        self.attempts: list[Attempt] = []
        self.visits: list[Visit] = []
        self._after: dict[int, _Here] = {}
        self._tries: dict[tuple[tuple[str, ...], str], int] = {}

    def forgive(self, visit: Visit) -> None:
        """Count the last attempt before this visit as succeeded: only Step Functions judged it a failure."""
        before = visit.previous
        while before is not None and not self.visits[before].attempts:
            before = self.visits[before].previous
        if before is not None:
            at = self.visits[before].attempts[-1]
            self.attempts[at] = replace(self.attempts[at], outcome="succeeded", error=None, reason=None)

    def take(self, event: Json) -> None:
        """Add one event to the story."""
        here = self._after.get(event["previousEventId"], _Here())
        self._after[event["id"]] = self._follow(event, event["type"], here)

    def _follow(self, event: Json, kind: str, here: _Here) -> _Here:
        time = to_milliseconds(event["timestamp"])
        if kind.startswith("Execution"):
            self._execution(event, kind, time)
            return here
        if kind.endswith("StateEntered"):
            return self._enter(event, kind, time, here)
        if kind.endswith("StateExited"):
            return self._leave(event, time, here)
        if kind.startswith("MapIteration"):
            details = _details(event)
            around = self._outward(here, lambda visit: visit.state == details["name"]) or here
            step = f"{details['name']}[{details['index']}]"
            return _Here((*around.path, step), outer=around) if kind == "MapIterationStarted" else around
        if kind.startswith(("MapState", "ParallelState")):
            fan = kind.partition("State")[0]
            around = self._outward(here, lambda visit: visit.kind == fan and visit.left is None) or here
            return _Here(around.path, outer=around) if kind == "ParallelStateStarted" else around
        work = next((each for each in WORK if kind.startswith(each)), None)
        if kind == "TaskStateAborted":
            return self._abort(time, here)
        return here if work is None else self._work(event, kind, work, time, here)

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
            self._close(time)

    def _close(self, time: int) -> None:
        """End the attempts that were still running when the run ended."""
        for at, each in enumerate(self.attempts):
            if each.ended is None:
                self.attempts[at] = replace(each, ended=time, outcome="aborted")

    def _enter(self, event: Json, kind: str, time: int, here: _Here) -> _Here:
        name = event["stateEnteredEventDetails"]["name"]
        if here.visit is not None and self.visits[here.visit].left is not None:
            self.visits[here.visit] = replace(self.visits[here.visit], follower=name)
        kind = kind.removesuffix("StateEntered")
        self.visits.append(Visit(event["id"], name, here.path, kind, time, previous=here.visit))
        return _Here(here.path, len(self.visits) - 1, outer=here.outer)

    def _leave(self, event: Json, time: int, here: _Here) -> _Here:
        details = event["stateExitedEventDetails"]
        found = self._outward(here, lambda visit: visit.state == details["name"])
        if found is None or found.visit is None:
            return here
        assigned = {name: _value(text) for name, text in (details.get("assignedVariables") or {}).items()}
        self.visits[found.visit] = replace(self.visits[found.visit], left=time, exit=event["id"], assigned=assigned)
        return found

    def _outward(self, here: _Here, is_meant: Callable[[Visit], bool]) -> _Here | None:
        """Return the position in the nearest surrounding visit that satisfies `is_meant`, or None."""
        found: _Here | None = here
        while found is not None and (found.visit is None or not is_meant(self.visits[found.visit])):
            found = found.outer
        return None if found is None else _Here(found.path, found.visit, outer=found.outer)

    def _work(self, event: Json, kind: str, work: str, time: int, here: _Here) -> _Here:
        rest = kind.removeprefix(work)
        details = _details(event)
        if rest in ("Scheduled", "Redriven") or (work == "MapRun" and rest == "Started"):
            return self._schedule(event, details, work, time, here)
        if here.attempt is None:
            return here
        attempt = self.attempts[here.attempt]
        if rest in OUTCOMES:
            attempt = _ended(attempt, time, OUTCOMES[rest], details)
        elif (work, rest) == ("Activity", "Started"):
            attempt = replace(attempt, waits_for_worker=False)
        elif rest == "Submitted":
            attempt = _at_work(attempt, failure_reasons.task_of_document(details.get("output")))
        self.attempts[here.attempt] = attempt
        return here

    def _schedule(self, event: Json, details: Json, work: str, time: int, here: _Here) -> _Here:
        here = here if here.visit is not None else self._resumed()
        if here.visit is None:
            return here
        visit = self.visits[here.visit]
        key = (visit.path, visit.state)
        self._tries[key] = self._tries.get(key, 0) + 1
        service = details.get("resourceType")
        resource = f"{service}:{details['resource']}" if service else work
        self.attempts.append(
            Attempt(
                event["id"],
                visit.state,
                visit.path,
                self._tries[key],
                resource,
                time,
                timeout=details.get("timeoutInSeconds"),
                maprun=details.get("mapRunArn"),
                waits_for_worker=work == "Activity",
            )
        )
        at = len(self.attempts) - 1
        self.visits[here.visit] = replace(visit, attempts=(*visit.attempts, at))
        return replace(here, attempt=at)

    def _resumed(self) -> _Here:
        """Return where a redriven run continues if its events do not state it: in the last visit that was not left."""
        failed = next((at for at in range(len(self.visits) - 1, -1, -1) if self.visits[at].left is None), None)
        return _Here() if failed is None else _Here(self.visits[failed].path, failed)

    def _abort(self, time: int, here: _Here) -> _Here:
        if here.attempt is not None and self.attempts[here.attempt].ended is None:
            self.attempts[here.attempt] = replace(self.attempts[here.attempt], ended=time, outcome="aborted")
        return here


def _ended(attempt: Attempt, time: int, outcome: Outcome, details: Json) -> Attempt:
    cause = details.get("cause")
    described = failure_reasons.task_of_document(details.get("output") if outcome == "succeeded" else cause)
    return replace(
        _at_work(attempt, described),
        ended=time,
        outcome=outcome,
        error=details.get("error"),
        reason=failure_reasons.failure_reason(cause),
        exits=failure_reasons.exit_codes(described),
        ran=failure_reasons.run_milliseconds(described),
    )


def _at_work(attempt: Attempt, described: Json) -> Attempt:
    """Return the attempt with its task, if a document describes one. A user can write a document of any content."""
    task, definition = (described.get(name) for name in ("TaskArn", "TaskDefinitionArn"))
    if not isinstance(task, str) or not _TASK.fullmatch(task):
        return attempt
    known = isinstance(definition, str) and _DEFINITION.fullmatch(definition) is not None
    return replace(attempt, task=task, definition=definition if known else None)


def _details(event: Json) -> Json:
    return next((value for name, value in event.items() if name.endswith("EventDetails")), {})


def _value(text: str) -> Json:
    try:
        return loads(text)
    except JsonError:
        return text
