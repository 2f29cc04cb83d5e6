"""Compute how long Step Functions waits before the next attempt, which a history does not state until the wait is over.

Uses the engine's own rule for the fields of `Retry`, and a separate count for each retrier. With jitter the result is
the longest possible wait. See
https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html#error-handling-retrying-after-an-error.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from lamplighter.asl.definition.retrier import Retrier, read_retrier
from lamplighter.asl.definition.walk_states import walk_states
from lamplighter.asl.execution.state_errors import matches_error
from lamplighter.base.json_text import Json


@dataclass(frozen=True, slots=True)
class RetryDelay:
    """The wait before another attempt."""

    seconds: float
    has_jitter: bool
    """True with jitter: the wait lasts from 0 to this many seconds."""


def retry_delay(definition: Json, state: str, errors: Sequence[str]) -> RetryDelay | None:
    """Return the wait after the last of these errors of one visit's attempts; None if no further attempt follows."""
    source: Json = next((each for name, each in walk_states(definition) if name == state), {})
    retriers = [read_retrier(each) for each in source.get("Retry") or ()]
    counts = [0] * len(retriers)
    found: RetryDelay | None = None
    for error in errors:
        at = next((at for at, each in enumerate(retriers) if matches_error(each.errors, error)), None)
        if at is None:
            return None
        found = _delay_of(retriers[at], counts[at])
        counts[at] += 1
    return found


def _delay_of(retrier: Retrier, used: int) -> RetryDelay | None:
    return RetryDelay(retrier.seconds(used), retrier.jitter) if used < retrier.attempts else None
