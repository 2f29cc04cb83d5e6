"""How long Step Functions waits before it tries a state again: what a history does not say before the wait is over.

Promises the seconds of `Retry` as they are written: interval, backoff rate, longest delay, each retrier's own count.
With jitter they are the most that it may take. Refuses to guess where a retrier is computed by an expression. See
https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html#error-handling-retrying-after-an-error.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from lamplighter.asl.definition.walk_states import walk_states
from lamplighter.asl.execution.state_errors import matches_error
from lamplighter.base.json_text import Json

INTERVAL, BACKOFF, ATTEMPTS = 1, 2.0, 3
"""What holds where a retrier does not say."""


@dataclass(frozen=True, slots=True)
class RetryDelay:
    """A wait before another attempt."""

    seconds: float
    at_most: bool
    """With jitter: it takes anything from 0 on."""


def retry_delay(definition: Json, state: str, errors: Sequence[str]) -> RetryDelay | None:
    """The wait after the last of these errors, which the attempts of one visit failed with; None: there is no more."""
    written: Json = next((each for name, each in walk_states(definition) if name == state), {})
    retriers = written.get("Retry") or []
    counts = [0] * len(retriers)
    found: RetryDelay | None = None
    for error in errors:
        at = next((at for at, each in enumerate(retriers) if matches_error(tuple(each["ErrorEquals"]), error)), None)
        if at is None:
            return None
        found = _of(retriers[at], counts[at])
        counts[at] += 1
    return found


def _of(retrier: Json, before: int) -> RetryDelay | None:
    interval, backoff = retrier.get("IntervalSeconds", INTERVAL), retrier.get("BackoffRate", BACKOFF)
    if before >= retrier.get("MaxAttempts", ATTEMPTS):
        return None
    seconds = min(interval * backoff**before, retrier.get("MaxDelaySeconds", float("inf")))
    return RetryDelay(seconds, retrier.get("JitterStrategy") == "FULL")
