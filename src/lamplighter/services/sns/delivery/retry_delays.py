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

    immediate: int
    before: int
    rising: int
    after: int
    least: int
    greatest: int
    function: str

    @property
    def count(self) -> int:
        """Return the number of retries."""
        return self.immediate + self.before + self.rising + self.after


SMTP = RetryDelays(0, 2, 10, 38, 10, 600, "exponential")
"""The retries of mails, as of AWS's "Customer managed endpoints": "50 attempts, over 6 hours"."""
MANAGED = RetryDelays(3, 2, 10, 100_000, 1, 20, "exponential")
"""The retries of AWS's "AWS managed endpoints": "100,015 times, over 23 days"."""

RISES: dict[str, Callable[[RetryDelays, int, int], float]] = {
    "linear": lambda it, at, last: it.least + (it.greatest - it.least) * at / last,
    "arithmetic": lambda it, at, last: it.least + (it.greatest - it.least) * at * (at + 1) / (last * (last + 1)),
    "geometric": lambda it, at, last: it.least * (it.greatest / it.least) ** (at / last),
    "exponential": lambda it, at, last: min(it.least * 2.0**at, it.greatest) if at < last else it.greatest,
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
    if number < retries.immediate:
        return 0
    number -= retries.immediate
    if number < retries.before:
        return retries.least * SECOND
    number -= retries.before
    if number < retries.rising:
        return round(_risen(retries, number) * SECOND)
    return retries.greatest * SECOND if number - retries.rising < retries.after else None


def _risen(retries: RetryDelays, number: int) -> float:
    last = retries.rising - 1
    return RISES[retries.function](retries, number, last) if last > 0 else retries.least


def total_seconds(retries: RetryDelays) -> float:
    """Return the sum of all delays in seconds."""
    return sum(retry_delay(retries, number) or 0 for number in range(retries.count)) / SECOND
