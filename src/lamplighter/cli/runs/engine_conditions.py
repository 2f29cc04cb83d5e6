"""List the present problems of an engine, one line each: Docker does not answer, alerts could not be delivered."""

from lamplighter.base.json_text import Json
from lamplighter.cli.engine_health import HEALTH_PATH, parse_health, read_health
from lamplighter.cli.target import Target


def engine_conditions(target: Target) -> list[str]:
    """Return the problems that the engine of a target reports; none if no lamplighter engine answers there."""
    health = _read_health(target)
    return [each["reason"] for each in (health or {}).get("conditions", [])]


def _read_health(target: Target) -> Json:
    if target.stopped is not None:
        return parse_health(target.stopped.get(HEALTH_PATH))
    return read_health(target.endpoint) if target.endpoint is not None else None
