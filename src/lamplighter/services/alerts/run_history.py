"""Read from a run's history what an alert reports: the number of attempts, the last attempt, and how the run ended.

Reads the history backwards, as far as `AlertQueries.history_events` goes. The last event of a container task decides
which attempt the failure is attributed to.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import takewhile

from lamplighter.base.json_text import Json
from lamplighter.runs.failure_reasons import task_of_document
from lamplighter.services.alerts.queries import AlertQueries

RUN_TASK = "runTask"
ALERT_STATE, READ_LOG_STATE = "Tell {}", "Last lines"
"""The names of the states in generated machines that alert a channel, and that read a log."""
ATTEMPT_SUFFIX = ": Run"
"""The suffix in the name of a state that runs one attempt of a step. The name of the step precedes the suffix."""


@dataclass(frozen=True, slots=True)
class RunHistory:
    """The events of a run by their IDs, newest first."""

    events: Mapping[int, Json]

    @property
    def attempts(self) -> int:
        """The number of tasks that the run scheduled."""
        return sum(event["type"] == "TaskScheduled" and _is_container_task(event) for event in self.events.values())

    @property
    def last(self) -> "RunAttempt | None":
        """The last attempt of the run: the newest event of a container task and the events that led to it."""
        return next(
            (RunAttempt(self._up_to_entry(each)) for each in self.events.values() if _is_container_task(each)), None
        )

    def blamed_attempt(self, error: str | None) -> "RunAttempt | None":
        """Return the last attempt if it explains the end of the run: it has the run's error, or it had not ended."""
        last = self.last
        if last is None or last.error in (None, error):
            return None if last is not None and last.succeeded else last
        return None

    def attempt_of_task(self, task: str) -> "RunAttempt | None":
        """Return the attempt that submitted this task."""
        submitted = next((each for each in self.events.values() if _submitted_task(each) == task), None)
        if submitted is None:
            return None
        after = (each for each in self.events.values() if each.get("previousEventId") == submitted["id"])
        return RunAttempt(self._up_to_entry(next(filter(_is_container_task, after), submitted)))

    def has_alerted(self, channel: str) -> bool:
        """Return whether the run has alerted a channel itself."""
        return self._has_succeeded(ALERT_STATE.format(channel))

    @property
    def has_read_log(self) -> bool:
        """Return whether the run has read the end of a log itself."""
        return self._has_succeeded(READ_LOG_STATE)

    def _has_succeeded(self, title: str) -> bool:
        exits = (each for each in self.events.values() if each["type"] == "TaskStateExited" and _has_name(each, title))
        return any(self.events.get(each["previousEventId"], {}).get("type") == "TaskSucceeded" for each in exits)

    def _up_to_entry(self, event: Json) -> tuple[Json, ...]:
        """Return the event and its predecessors, newest first, back to the entry of its state."""
        return tuple(self._predecessors(event))

    def _predecessors(self, event: Json | None) -> Iterator[Json]:
        while event is not None:
            yield event
            if event["type"].endswith("StateEntered"):
                return
            event = self.events.get(event.get("previousEventId", 0))


@dataclass(frozen=True, slots=True)
class RunAttempt:
    """One attempt of a run: the events of its task from the last one back to the entry of the state."""

    events: tuple[Json, ...]

    @property
    def task(self) -> str | None:
        """The ARN of the attempt's task, or None if no task was started."""
        own = takewhile(lambda event: event["type"] != "TaskScheduled", self.events)
        return next(filter(None, map(_submitted_task, own)), None)

    @property
    def step(self) -> str | None:
        """The name of the workflow's step that the attempt belongs to."""
        entered = self.events[-1].get("stateEnteredEventDetails")
        return str(entered["name"]).removesuffix(ATTEMPT_SUFFIX) if entered else None

    @property
    def succeeded(self) -> bool:
        """Return whether the task succeeded."""
        return bool(self.events[0]["type"] == "TaskSucceeded")

    @property
    def error(self) -> str | None:
        """The error with which the attempt ended, or None if it did not fail."""
        found = _details(self.events[0]).get("error")
        return None if found is None else str(found)

    @property
    def timed_out(self) -> bool:
        """Return whether the attempt exceeded its timeout."""
        return bool(self.events[0]["type"] == "TaskTimedOut")


def read_history(queries: AlertQueries, run: str) -> RunHistory:
    """Read the history of a run."""
    return RunHistory({event["id"]: event for event in queries.history_events(run)})


def _details(event: Json) -> Json:
    name = event["type"]
    return event.get(f"{name[:1].lower()}{name[1:]}EventDetails") or {}


def _is_container_task(event: Json) -> bool:
    return event["type"].startswith("Task") and str(_details(event).get("resource", "")).startswith(RUN_TASK)


def _submitted_task(event: Json) -> str | None:
    """Return the ARN of the task that a TaskSubmitted event reports."""
    if event["type"] != "TaskSubmitted" or not _is_container_task(event):
        return None
    task: str | None = task_of_document(_details(event).get("output")).get("TaskArn")
    return task


def _has_name(event: Json, title: str) -> bool:
    """Return whether the exited state has this name.

    In a workflow, the names of helper states begin with the job's name.
    """
    name: str = event["stateExitedEventDetails"]["name"]
    return name == title or name.endswith(f": {title}")
