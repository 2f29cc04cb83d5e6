"""Convert Docker's description of a container into the types of `port.py`.

See https://docs.docker.com/reference/api/engine/version/v1.45/#tag/Container/operation/ContainerInspect. This module
makes no requests: the caller passes Docker's answer.
"""

from collections.abc import Mapping
from dataclasses import replace

from lamplighter.base.json_text import Json
from lamplighter.runtime.docker.log_stream import milliseconds
from lamplighter.runtime.port import OUT_OF_MEMORY, ContainerExit, ContainerSpec, Health, Port

_NEVER = "0001-01-01T00:00:00Z"
MAX_SHOWN_OUTPUT = 500
_HEALTH: Mapping[str | None, Health] = {"healthy": "HEALTHY", "unhealthy": "UNHEALTHY"}
_CANCELLED_START = "context canceled"
"""A part of Docker's error if a start was cancelled because its client had gone: the container has never run."""


def is_new(found: Json) -> bool:
    """Return whether the container was created and no start of it has succeeded or failed."""
    return bool(found["State"]["Status"] == "created" and start_failure(found) is None)


def start_failure(found: Json) -> str | None:
    """Return why the container could not start, or None if no start has failed."""
    state = found["State"]
    if state["Status"] != "created" or not state["Error"] or _CANCELLED_START in state["Error"]:
        return None
    return f"Error response from daemon: {state['Error']}"


def started_at(found: Json) -> int:
    """Return when the container started; meaningless if `is_new`."""
    return milliseconds(found["State"]["StartedAt"])


def has_reason_of_exit(found: Json | None) -> bool:
    """Return False if the ended container may have exceeded its memory although Docker does not report it yet."""
    if found is None:
        return True
    state = found["State"]
    return bool(state["ExitCode"] != 137 or state["OOMKilled"] or not found["HostConfig"]["Memory"])


def container_exit(found: Json, now: int) -> ContainerExit | None:
    """Return how the container ended, or None while it runs. One that never started has ended, with no code."""
    state = found["State"]
    if state["Status"] == "created":
        return ContainerExit(None, now, start_failure(found) or "the container was never started")
    if state["Status"] not in ("exited", "dead", "removing"):
        return None
    finished = now if state["FinishedAt"] == _NEVER else milliseconds(state["FinishedAt"])
    reason = OUT_OF_MEMORY if state["OOMKilled"] else None
    return ContainerExit(state["ExitCode"], finished, reason, milliseconds(state["StartedAt"]))


def failed_check(found: Json) -> str:
    """Return how the last health check ended, with the beginning of its output."""
    last = _last_check(found)
    output = str(last.get("Output", "")).strip()[:MAX_SHOWN_OUTPUT]
    return f"ended with {last.get('ExitCode')}" + (f": {output}" if output else "")


def is_check_killed(found: Json) -> bool:
    """Return whether the last health check may have been killed, or not begun, because the container is ending.

    The kernel kills all processes of a container whose first one ends, and only then can Docker learn of the end.
    Docker reports a check that took too long with the same code as one that could not begin, but in its own words.
    """
    last = _last_check(found)
    too_slow = str(last.get("Output", "")).startswith("Health check exceeded timeout")
    return last.get("ExitCode") in (137, -1) and not too_slow


def _last_check(found: Json) -> Json:
    """Return what Docker has recorded about the last health check; {} before the first one has ended."""
    return (found["State"]["Health"].get("Log") or [{}])[-1]


def health(found: Json) -> Health:
    """Return the health that Docker's last checks found."""
    return _HEALTH.get((found["State"].get("Health") or {}).get("Status"), "UNKNOWN")


def host_ports(container: ContainerSpec, found: Json) -> tuple[Port, ...]:
    """Return the ports of this machine that Docker has bound for the ports of the container."""
    bound = found["NetworkSettings"].get("Ports") or {}
    pairs = ((port, bound.get(f"{port.container}/{port.protocol}")) for port in container.ports)
    return tuple(_host_port(port, bindings) for port, bindings in pairs if bindings)


def _host_port(port: Port, bindings: Json) -> Port:
    """Return a port with its number on this machine: its own if it has one, else the one that Docker chose."""
    return port if port.host is not None else replace(port, host=int(bindings[0]["HostPort"]))
