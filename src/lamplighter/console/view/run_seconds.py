"""Calculate how many seconds runs took, from what ListExecutions returns."""

from lamplighter.base.json_text import Json

IDLE = "idle"
"""The key for the seconds between the parts of a redriven run (`run_duration.py` reads it)."""


def run_seconds(execution: Json, now: float) -> float | None:
    """Return how many seconds an execution took, or has taken so far. None if that is not known."""
    idle = execution.get(IDLE) if execution.get("redriveCount") else 0
    if idle is None:
        return None
    return max(0.0, float(execution.get("stopDate") or now) - float(execution["startDate"]) - idle)
