"""One readable line for each transition, for the engine's log."""

from collections.abc import Iterator, Sequence

from lamplighter.asl.frame import Execution
from lamplighter.base.jsontext import Json

QUIET = frozenset(
    {"TaskStarted", "ParallelStateStarted", "MapStateStarted", "ParallelStateSucceeded", "MapStateSucceeded"}
)


def describe(execution: Execution, notes: Sequence[tuple[str, Json]]) -> Iterator[str]:
    """What happened, a line each."""
    who = f"{execution.machine_name} {execution.name}"
    for kind, details in notes:
        if kind not in QUIET:
            yield f"{who}  {kind}{_what(details or {})}"


def _what(details: Json) -> str:
    parts = [str(details[name]) for name in ("name", "resource", "error") if details.get(name)]
    if "index" in details:
        parts.append(f"#{details['index']}")
    if details.get("cause"):
        cause = details["cause"]
        parts.append(cause if len(cause) <= 200 else f"{cause[:200]}…")
    return "".join(f"  {part}" for part in parts)
