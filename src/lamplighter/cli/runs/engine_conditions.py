"""List the present problems of an engine, one line each: Docker does not answer, alerts could not be delivered."""

from lamplighter.cli.engine_health import read_health


def engine_conditions(endpoint: str | None) -> list[str]:
    """Return the problems that the engine at an endpoint reports; none if no lamplighter engine answers there."""
    health = read_health(endpoint) if endpoint is not None else None
    return [each["reason"] for each in (health or {}).get("conditions", [])]
