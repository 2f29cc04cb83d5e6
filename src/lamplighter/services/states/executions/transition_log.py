"""Render state transitions for the engine's log, one readable line each."""

from collections.abc import Iterator, Sequence

from lamplighter.asl.execution.frame import Execution
from lamplighter.asl.execution.history import HistoryEvent
from lamplighter.base.json_text import Json, loads_or

UNLOGGED_TYPES = frozenset(
    {"TaskStarted", "ParallelStateStarted", "MapStateStarted", "ParallelStateSucceeded", "MapStateSucceeded"}
)

MAX_CAUSE_LENGTH = 200


def describe_events(execution: Execution, events: Sequence[HistoryEvent]) -> Iterator[str]:
    """Yield a line for each event, except for those that add no information."""
    prefix = f"{execution.machine_name} {execution.name}"
    for _, _, _, kind, details in events:
        if kind not in UNLOGGED_TYPES:
            yield f"{prefix}  {kind}{_describe_details(details or {})}"


def _describe_details(details: Json) -> str:
    parts = [str(details[name]) for name in ("name", "resource", "error") if details.get(name)]
    if "index" in details:
        parts.append(f"#{details['index']}")
    if details.get("cause"):
        parts.append(_shorten_cause(details["cause"]))
    return "".join(f"  {part}" for part in parts)


def _shorten_cause(cause: str) -> str:
    """Shorten a cause to one line; for a stopped task, show its stop reason and its containers' exit codes."""
    task = loads_or(cause, None)
    if isinstance(task, dict) and "StoppedReason" in task:
        exits = [f"{each['Name']} exited with {each['ExitCode']}" for each in task["Containers"] if "ExitCode" in each]
        return ", ".join([task["StoppedReason"], *exits])
    return cause if len(cause) <= MAX_CAUSE_LENGTH else f"{cause[:MAX_CAUSE_LENGTH]}…"
