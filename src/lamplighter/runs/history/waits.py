"""Find out when and how long a run waits: before another attempt, and in Wait states.

A history does not state how long a wait lasts until the wait is over; the definition does. Uses the engine's own rule
for the fields of `Retry`, and a separate count for each retrier. See
https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html#error-handling-retrying-after-an-error.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lamplighter.asl.definition.retrier import MAX_SECONDS, Retrier, read_retrier
from lamplighter.asl.definition.walk_states import walk_states
from lamplighter.asl.execution.state_errors import matches_error
from lamplighter.base.json_text import Json
from lamplighter.runs.history.story import Attempt, Story, Visit, latest_with_attempts

PAUSE_VARIABLE = "pause"
"""The variable in which a job's state machine stores the seconds of its next wait."""


@dataclass(frozen=True, slots=True)
class Wait:
    """A wait between two attempts of one visit, or the visit of a Wait state."""

    event: int
    """The id of the event that scheduled the failed attempt, or that entered the Wait state."""
    visit: Visit
    began: int
    ended: int | None
    attempt: int | None
    """The number of the attempt that follows, or None if a Wait state is not one of a job between two attempts."""

    @property
    def is_retry(self) -> bool:
        """Whether Step Functions itself waits before it repeats the work of a state."""
        return self.visit.kind != "Wait"


@dataclass(frozen=True, slots=True)
class WaitLength:
    """How long a wait lasts."""

    seconds: float
    has_jitter: bool = False
    """True with jitter: the wait lasts from 0 to this many seconds."""


def waits_of_visit(story: Story, visit: Visit) -> Iterator[Wait]:
    """Yield the waits of one visit in their order; the last one may not be over."""
    if visit.kind == "Wait":
        attempt = None if _pause(story, visit) is None else _awaited_attempt(story, visit)
        yield Wait(visit.event, visit, visit.entered, visit.left, attempt)
    attempts = story.attempts_of(visit)
    for failed, follower in zip(attempts, (*attempts[1:], None), strict=bool(attempts)):
        if failed.failed and failed.ended is not None and _is_retried(story, visit, failed.ended, follower):
            until = None if follower is None else follower.began
            yield Wait(failed.event, visit, failed.ended, until, failed.number + 1)


def _is_retried(story: Story, visit: Visit, ended: int, follower: Attempt | None) -> bool:
    """Return whether a retry follows an attempt that failed at `ended`, rather than nothing or a redrive."""
    if follower is None:
        return story.outcome == "running" and visit.left is None
    return not any(ended <= time <= follower.began for time in story.redriven)


def pending_retry(story: Story, definition: Json) -> tuple[Wait, WaitLength] | None:
    """Return the wait before a retry in which the run is now, if its length is known."""
    for wait in (wait for visit in reversed(story.visits) for wait in waits_of_visit(story, visit)):
        length = planned_length(story, wait, definition) if wait.is_retry and wait.ended is None else None
        if length is not None:
            return wait, length
    return None


def planned_length(story: Story, wait: Wait, definition: Json) -> WaitLength | None:
    """Return how long a wait lasts, or None if this is unknown."""
    if not wait.is_retry:
        return _pause(story, wait.visit)
    errors = [each.error or "" for each in story.attempts_of(wait.visit) if each.event <= wait.event]
    return retry_delay(definition, wait.visit.state, errors)


def retry_delay(definition: Json, state: str, errors: Sequence[str]) -> WaitLength | None:
    """Return the wait after the last of these errors of one visit's attempts; None if no further attempt follows."""
    source: Json = next((each for name, each in walk_states(definition) if name == state), {})
    retriers = [read_retrier(each) for each in source.get("Retry") or ()]
    counts = [0] * len(retriers)
    found: WaitLength | None = None
    for error in errors:
        at = next((at for at, each in enumerate(retriers) if matches_error(each.errors, error)), None)
        if at is None:
            return None
        found = _delay_of(retriers[at], counts[at])
        counts[at] += 1
    return found


def _delay_of(retrier: Retrier, used: int) -> WaitLength | None:
    return WaitLength(retrier.seconds(used), retrier.jitter) if used < retrier.attempts else None


def _pause(story: Story, visit: Visit) -> WaitLength | None:
    """Return the seconds of a job's generated Wait state, from the variable that the previous state assigned, or
    None.
    """
    found = None if visit.previous is None else story.visits[visit.previous].assigned.get(PAUSE_VARIABLE)
    # A user's state machine can have a variable of the same name, with any value.
    if isinstance(found, bool) or not isinstance(found, int | float) or not 0 <= found <= MAX_SECONDS:
        return None
    return WaitLength(int(found))


def _awaited_attempt(story: Story, visit: Visit) -> int | None:
    """Return the number of the attempt that follows a Wait state of a job, or None."""
    before = latest_with_attempts(story.visits, visit)
    last = None if before is None else story.last_attempt(before)
    return last.number + 1 if last is not None and last.failed else None
