"""What a run's history tells an alert: how many attempts there were, which came last, and how it ended.

Read from its end, as far as `AlertQueries.history` goes back. The last event that is about a container decides whose
failure it was: what failed is told of what was done last.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import takewhile

from lamplighter.base.json_text import Json, JsonError, loads
from lamplighter.services.alerts.queries import AlertQueries

RUN_TASK = "runTask"
TELLING, READING = "Tell {}", "Last lines"
"""States of a machine of ours that tell a channel, and that read a log."""
ATTEMPT = ": Run"
"""How the name of a state ends that makes one attempt of a step; the step's own name is before it."""


@dataclass(frozen=True, slots=True)
class RunHistory:
    """The events of a run by their ids, the last first."""

    events: Mapping[int, Json]

    @property
    def attempts(self) -> int:
        """How many tasks it asked for."""
        return sum(event["type"] == "TaskScheduled" and _runs_task(event) for event in self.events.values())

    @property
    def last(self) -> "RunAttempt | None":
        """What was done last of containers."""
        return next((RunAttempt(self._back(each)) for each in self.events.values() if _runs_task(each)), None)

    def blamed_attempt(self, error: str | None) -> "RunAttempt | None":
        """What was done last of containers, if the run ended by that: with its error, or in the middle of it."""
        last = self.last
        if last is None or last.error in (None, error):
            return None if last is not None and last.succeeded else last
        return None

    def attempt_of_task(self, task: str) -> "RunAttempt | None":
        """The attempt whose task this is."""
        begun = next((each for each in self.events.values() if _submitted(each) == task), None)
        if begun is None:
            return None
        after = (each for each in self.events.values() if each.get("previousEventId") == begun["id"])
        return RunAttempt(self._back(next(filter(_runs_task, after), begun)))

    def has_told(self, channel: str) -> bool:
        """Whether the run has told a channel itself."""
        return self._succeeded(TELLING.format(channel))

    @property
    def has_read_log(self) -> bool:
        """Whether the run has read the end of a log itself."""
        return self._succeeded(READING)

    def _succeeded(self, title: str) -> bool:
        left = (each for each in self.events.values() if each["type"] == "TaskStateExited" and _is_called(each, title))
        return any(self.events.get(each["previousEventId"], {}).get("type") == "TaskSucceeded" for each in left)

    def _back(self, event: Json) -> tuple[Json, ...]:
        """An event and those that led to it, up to the state that it happened in."""
        return tuple(self._forerunners(event))

    def _forerunners(self, event: Json | None) -> Iterator[Json]:
        while event is not None:
            yield event
            if event["type"].endswith("StateEntered"):
                return
            event = self.events.get(event.get("previousEventId", 0))


@dataclass(frozen=True, slots=True)
class RunAttempt:
    """One task that a run asked for: the events from its end back to its state."""

    events: tuple[Json, ...]

    @property
    def task(self) -> str | None:
        """The ARN of its task; None where none was begun."""
        own = takewhile(lambda event: event["type"] != "TaskScheduled", self.events)
        return next(filter(None, map(_submitted, own)), None)

    @property
    def step(self) -> str | None:
        """The state of the workflow that it belongs to."""
        entered = self.events[-1].get("stateEnteredEventDetails")
        return str(entered["name"]).removesuffix(ATTEMPT) if entered else None

    @property
    def succeeded(self) -> bool:
        """Whether it ended well."""
        return bool(self.events[0]["type"] == "TaskSucceeded")

    @property
    def error(self) -> str | None:
        """The error with which it ended; None where it did not fail."""
        found = _details(self.events[0]).get("error")
        return None if found is None else str(found)

    @property
    def was_slow(self) -> bool:
        """Whether it took longer than its timeout."""
        return bool(self.events[0]["type"] == "TaskTimedOut")


def read_history(facts: AlertQueries, run: str) -> RunHistory:
    """The history of a run."""
    return RunHistory({event["id"]: event for event in facts.history(run)})


def parse_document(text: str) -> Json:
    """A JSON document; None where the text is none."""
    try:
        return loads(text) if text.startswith("{") else None
    except JsonError:
        return None


def _details(event: Json) -> Json:
    name = event["type"]
    return event.get(f"{name[:1].lower()}{name[1:]}EventDetails") or {}


def _runs_task(event: Json) -> bool:
    return event["type"].startswith("Task") and str(_details(event).get("resource", "")).startswith(RUN_TASK)


def _submitted(event: Json) -> str | None:
    """The ARN of the task that an event says was begun."""
    if event["type"] != "TaskSubmitted" or not _runs_task(event):
        return None
    answer = parse_document(_details(event).get("output", ""))
    found = answer.get("Tasks") if isinstance(answer, dict) else None
    return found[0].get("TaskArn") if found else None


def _is_called(event: Json, title: str) -> bool:
    """In a workflow the names of our own states begin with the job's."""
    name: str = event["stateExitedEventDetails"]["name"]
    return name == title or name.endswith(f": {title}")
