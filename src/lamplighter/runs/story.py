"""The history of an execution as a story: which states were visited, and which attempts of which work were made there.

Promises to read any history that Step Functions gives, of jobs and of machines of all kinds, also one that is still
being written, and to keep paths of Map and Parallel apart by the ids that events name as their forerunners. Pure.
See https://docs.aws.amazon.com/step-functions/latest/apireference/API_HistoryEvent.html.
"""

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
    """One try of the work of a state."""

    event: int
    """The id of the event that scheduled it."""
    state: str
    path: tuple[str, ...]
    """The iterations around the state, such as `Files[3]`."""
    number: int
    """Of this state on this path, from 1."""
    resource: str
    """What does the work: `ecs:runTask.sync`, `lambda`, `activity`."""
    began: int
    """Milliseconds since the epoch."""
    timeout: int | None = None
    """Seconds."""
    ended: int | None = None
    outcome: Outcome = "running"
    error: str | None = None
    reason: str | None = None
    task: str | None = None
    """The ARN of the container task."""
    definition: str | None = None
    """The ARN of its task definition."""
    exits: Mapping[str, int] = field(default_factory=dict)
    """Exit codes by the names of containers."""
    maprun: str | None = None
    """The ARN of the Map Run, of a distributed Map."""
    ran: int | None = None
    """For how many milliseconds its containers ran, where the task says so."""
    waits_for_worker: bool = False
    """Whether it is an activity's that no worker has taken up."""

    @property
    def took(self) -> int | None:
        """Milliseconds that it took: its containers' own time where it is known.

        Step Functions hears of an end later than it was: on one box, much later if no engine ran then.
        """
        return self.ran if self.ran is not None or self.ended is None else self.ended - self.began

    @property
    def failed(self) -> bool:
        """Whether it is over and did not succeed."""
        return self.outcome not in ("running", "succeeded")

    @property
    def supporting(self) -> bool:
        """Whether it was made in a supporting state; asks only by names, so the job file must have made the machine."""
        return is_supporting_state(self.state, self.resource)


@dataclass(frozen=True, slots=True)
class Visit:
    """One stay in a state."""

    event: int
    state: str
    path: tuple[str, ...]
    kind: str
    """Pass, Task, Choice, Wait, Succeed, Fail, Parallel or Map."""
    entered: int
    left: int | None = None
    previous: int | None = None
    """Where the visit is among those of the story that led here."""
    exit: int | None = None
    """The id of the event that it was left with."""
    attempts: tuple[int, ...] = ()
    """Where its attempts are among those of the story."""
    follower: str | None = None
    """The state that came next."""
    assigned: Mapping[str, Json] = field(default_factory=dict)
    """The variables that it assigned."""


@dataclass(frozen=True, slots=True)
class Retry:
    """A wait between two attempts, as Step Functions itself makes it."""

    failed: Attempt
    follower: Attempt | None
    """None while it goes on."""


@dataclass(frozen=True, slots=True)
class Gap:
    """The time from an end of a run to its redrive, in which nothing of it ran."""

    ended: int
    redriven: int
    event: int
    """The id of the event that tells of the redrive."""


@dataclass(frozen=True, slots=True)
class Story:
    """All that happened so far."""

    attempts: tuple[Attempt, ...]
    visits: tuple[Visit, ...]
    began: int | None = None
    gaps: tuple[Gap, ...] = ()
    """Between its parts, where it was redriven."""
    ended: int | None = None
    outcome: Outcome = "running"
    error: str | None = None
    cause: str | None = None

    @property
    def redriven(self) -> tuple[int, ...]:
        """When it was redriven."""
        return tuple(gap.redriven for gap in self.gaps)

    @property
    def idle(self) -> int:
        """Milliseconds between its parts."""
        return sum(gap.redriven - gap.ended for gap in self.gaps)

    def running_time(self, since: int, until: int) -> int:
        """Milliseconds from one instant to another, without those between parts: how long what lasted so long ran."""
        gaps = (min(until, gap.redriven) - max(since, gap.ended) for gap in self.gaps)
        return until - since - sum(max(0, gap) for gap in gaps)

    def caught(self, visit: Visit) -> bool:
        """Whether the last attempt of a visit failed and the execution went on all the same."""
        return visit.left is not None and bool(visit.attempts) and self.attempts[visit.attempts[-1]].failed

    def retries(self, visit: Visit) -> list["Retry"]:
        """The waits of a visit for another attempt; the last of them may go on."""
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
"""What the end of an event's type means; the longer one counts."""
WORK = ("Task", "LambdaFunction", "Activity", "MapRun")


@dataclass(frozen=True, slots=True)
class _Here:
    """Where the path of control is after an event."""

    path: tuple[str, ...] = ()
    visit: int | None = None
    attempt: int | None = None
    outer: "_Here | None" = None


def read_story(events: Iterable[Json]) -> Story:
    """Read the events of a history, in their order."""
    reader = _Reader()
    for event in events:
        reader.take(event)
    for visit in reader.visits:
        if visit.state.rpartition(": ")[2] == ENDED_WELL:
            reader.forgive(visit)
    return replace(reader.story, attempts=tuple(reader.attempts), visits=tuple(reader.visits))


def to_milliseconds(time: datetime | float) -> int:
    """An instant of a history: as boto3 tells it, or as the wire does."""
    return round((time.timestamp() if isinstance(time, datetime) else time) * 1000)


class _Reader:
    def __init__(self) -> None:
        self.story = Story((), ())
        self.attempts: list[Attempt] = []
        self.visits: list[Visit] = []
        self._after: dict[int, _Here] = {}
        self._tries: dict[tuple[tuple[str, ...], str], int] = {}

    def forgive(self, visit: Visit) -> None:
        """The last attempt before this visit did not fail by itself: Step Functions only took it so."""
        before = visit.previous
        while before is not None and not self.visits[before].attempts:
            before = self.visits[before].previous
        if before is not None:
            at = self.visits[before].attempts[-1]
            self.attempts[at] = replace(self.attempts[at], outcome="succeeded", error=None, reason=None)

    def take(self, event: Json) -> None:
        """Read one event."""
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
        """What still went on when the execution ended has ended with it."""
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
        """The place in the nearest visit around that is meant."""
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
        """Where an execution that was redriven goes on, if its events do not say so: in the state that failed last."""
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
    if not described:
        return attempt
    return replace(attempt, task=described["TaskArn"], definition=described.get("TaskDefinitionArn"))


def _details(event: Json) -> Json:
    return next((value for name, value in event.items() if name.endswith("EventDetails")), {})


def _value(text: str) -> Json:
    try:
        return loads(text)
    except JsonError:
        return text
