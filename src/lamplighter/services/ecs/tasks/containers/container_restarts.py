"""Decide whether a container that has exited is restarted within its task; pure.

A restart is no new task and no new attempt: task and container keep their ids and their output. See
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/container-restart-policy.html.
"""

from dataclasses import dataclass

from lamplighter.base.json_text import Json
from lamplighter.runtime.port import ContainerExit

DEFAULT_PERIOD = 300
"""Seconds ("By default, a container must run for 300 seconds before it can be restarted.")."""


@dataclass(frozen=True, slots=True)
class RestartPolicy:
    """The restart policy of one container."""

    ignored_codes: frozenset[int]
    """Exit codes after which the container is not restarted."""
    period: int
    """The seconds that a run must last before the container is restarted."""


def restart_policy(given: Json) -> RestartPolicy | None:
    """Return the policy of a container definition, or None if the container is never restarted."""
    policy = given.get("restartPolicy") or {}
    if not policy.get("enabled"):
        return None
    return RestartPolicy(
        frozenset(policy.get("ignoredExitCodes") or ()), policy.get("restartAttemptPeriod") or DEFAULT_PERIOD
    )


def allows_restart(policy: RestartPolicy | None, ended: ContainerExit) -> bool:
    """Return whether a container with this policy is restarted after it has ended so."""
    if policy is None or ended.started_at is None or ended.code in policy.ignored_codes:
        return False
    return ended.finished_at - ended.started_at >= policy.period * 1000
