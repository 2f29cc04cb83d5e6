"""Compute the delays between delivery attempts from AWS's retry policies.

This module is pure: a policy is a document, its delays are numbers. AWS publishes the backoff functions only as a
graph. Here the delays rise from the least (the first retry of the phase) to the greatest (its last): linearly, by steps
that grow evenly (arithmetic), by a factor (geometric), or by doubling ("reaching the maximum delay the quickest":
exponential). AWS adds jitter so that many senders do not retry at the same time. The engine is a single sender and adds
none.
See https://docs.aws.amazon.com/sns/latest/dg/sns-message-delivery-retries.html.
"""

from collections.abc import Callable
from dataclasses import dataclass

from lamplighter.base.json_text import Json

SECOND = 1_000


@dataclass(frozen=True, slots=True)
class RetryDelays:
    """The retries of the four phases: immediate, at the least delay, rising, at the greatest delay.

    Delays are in seconds.
    """

    no_delay_retries: int
    min_delay_retries: int
    backoff_retries: int
    max_delay_retries: int
    min_delay: int
    max_delay: int
    backoff_function: str

    @property
    def count(self) -> int:
        """Return the number of retries."""
        return self.no_delay_retries + self.min_delay_retries + self.backoff_retries + self.max_delay_retries


SMTP = RetryDelays(0, 2, 10, 38, 10, 600, "exponential")
"""The retries of mails, as of AWS's "Customer managed endpoints": "50 attempts, over 6 hours"."""
MANAGED = RetryDelays(3, 2, 10, 100_000, 1, 20, "exponential")
"""The retries of AWS's "AWS managed endpoints": "100,015 times, over 23 days"."""

BACKOFF_FUNCTIONS: dict[str, Callable[[RetryDelays, int, int], float]] = {
    "linear": lambda delays, number, last: delays.min_delay + (delays.max_delay - delays.min_delay) * number / last,
    "arithmetic": lambda delays, number, last: (
        delays.min_delay + (delays.max_delay - delays.min_delay) * number * (number + 1) / (last * (last + 1))
    ),
    "geometric": lambda delays, number, last: (
        delays.min_delay * (delays.max_delay / delays.min_delay) ** (number / last)
    ),
    "exponential": lambda delays, number, last: (
        min(delays.min_delay * 2.0**number, delays.max_delay) if number < last else delays.max_delay
    ),
}
"""The delay of a retry in the rising phase, by the name of the backoff function."""


def delays_of_policy(policy: Json) -> RetryDelays:
    """Return the retries of a healthyRetryPolicy that has all members."""
    phases = [policy[name] for name in ("numNoDelayRetries", "numMinDelayRetries", "numMaxDelayRetries")]
    rising = policy["numRetries"] - sum(phases)
    delays = (policy["minDelayTarget"], policy["maxDelayTarget"], policy["backoffFunction"])
    return RetryDelays(phases[0], phases[1], rising, phases[2], *delays)


def retry_delay(retries: RetryDelays, number: int) -> int | None:
    """Return the milliseconds to wait before a retry (the first is 0), or None if there is no such retry."""
    if number < retries.no_delay_retries:
        return 0
    number -= retries.no_delay_retries
    if number < retries.min_delay_retries:
        return retries.min_delay * SECOND
    number -= retries.min_delay_retries
    if number < retries.backoff_retries:
        return round(_backoff_delay(retries, number) * SECOND)
    return retries.max_delay * SECOND if number - retries.backoff_retries < retries.max_delay_retries else None


def _backoff_delay(retries: RetryDelays, number: int) -> float:
    last = retries.backoff_retries - 1
    return BACKOFF_FUNCTIONS[retries.backoff_function](retries, number, last) if last > 0 else retries.min_delay


def total_seconds(retries: RetryDelays) -> float:
    """Return the sum of all delays in seconds."""
    return sum(retry_delay(retries, number) or 0 for number in range(retries.count)) / SECOND
