"""Reads what Docker says about one container.

See https://docs.docker.com/reference/api/engine/version/v1.45/#tag/Container/operation/ContainerInspect. Promises the
port's words for Docker's. Refuses to ask: whoever calls has asked.
"""

from lamplighter.base.json_text import Json
from lamplighter.runtime.docker.log_stream import milliseconds
from lamplighter.runtime.port import OUT_OF_MEMORY, ContainerExit

_NEVER = "0001-01-01T00:00:00Z"
_BROKEN_OFF = "context canceled"
"""In Docker's word on a start whose caller was gone before it was done: it was given up, and nothing has run."""


def is_new(found: Json) -> bool:
    """Tell whether it has been made and no start of it was seen through."""
    return bool(found["State"]["Status"] == "created" and start_failure(found) is None)


def start_failure(found: Json) -> str | None:
    """Say why it could not start, if a start of it was tried in vain."""
    state = found["State"]
    if state["Status"] != "created" or not state["Error"] or _BROKEN_OFF in state["Error"]:
        return None
    return f"Error response from daemon: {state['Error']}"


def started_at(found: Json) -> int:
    """Return when it began; meaningless if it is new."""
    return milliseconds(found["State"]["StartedAt"])


def is_killed_for_unknown_reason(found: Json) -> bool:
    """Tell whether it may yet turn out to have outgrown its memory."""
    state = found["State"]
    return bool(state["ExitCode"] == 137 and not state["OOMKilled"] and found["HostConfig"]["Memory"])


def ended(found: Json, now: int) -> ContainerExit | None:
    """Return how it ended; None while it runs. One that never began has ended, with no code."""
    state = found["State"]
    if state["Status"] == "created":
        return ContainerExit(None, now, start_failure(found) or "the container was never started")
    if state["Status"] not in ("exited", "dead", "removing"):
        return None
    finished = now if state["FinishedAt"] == _NEVER else milliseconds(state["FinishedAt"])
    return ContainerExit(state["ExitCode"], finished, OUT_OF_MEMORY if state["OOMKilled"] else None)
