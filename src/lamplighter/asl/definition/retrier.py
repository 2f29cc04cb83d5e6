"""Read a retrier of a state, and compute the delay before each retry.

Imports nothing of the compiler, so that code that only shows runs loads quickly. See
https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html#error-handling-retrying-after-an-error.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from lamplighter.base.json_text import Json

MAX_SECONDS = 99_999_999
"""The most seconds that a state can wait or run: "If not specified, the default … is 99999999"."""


@dataclass(frozen=True, slots=True)
class Retrier:
    """A rule for retries: for which errors, how often and after which delay."""

    errors: tuple[str, ...]
    interval: float = 1
    """Seconds before the first retry."""
    attempts: int = 3
    backoff: float = 2.0
    max_delay: float | None = None
    jitter: bool = False

    def seconds(self, used: int) -> float:
        """Return the seconds to wait before retry number `used` + 1; with full jitter, the most seconds."""
        max_seconds = self.max_delay or MAX_SECONDS
        try:
            return min(self.interval * float(self.backoff) ** used, max_seconds)
        except OverflowError:
            return max_seconds if self.interval else 0

    def delay(self, used: int, random_fraction: float) -> int:
        """Return the milliseconds to wait before retry number `used` + 1.

        `random_fraction` is a random number from 0 to 1; with full jitter the delay is multiplied by it.
        """
        return int(self.seconds(used) * 1000 * (random_fraction if self.jitter else 1))


def read_retrier(source: Mapping[str, Json]) -> Retrier:
    """Read a retrier of a definition; AWS's defaults stand for absent fields."""
    return Retrier(
        errors=tuple(source["ErrorEquals"]),
        interval=source.get("IntervalSeconds", 1),
        attempts=source.get("MaxAttempts", 3),
        backoff=source.get("BackoffRate", 2.0),
        max_delay=source.get("MaxDelaySeconds"),
        jitter=source.get("JitterStrategy") == "FULL",
    )
