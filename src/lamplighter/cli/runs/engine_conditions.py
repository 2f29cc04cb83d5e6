"""What is wrong with an engine now, in a line each: Docker does not answer, alerts could not be delivered."""

from lamplighter.cli.engine_health import read_health


def engine_conditions(endpoint: str | None) -> list[str]:
    """Return the reasons that the engine behind an endpoint gives; none where there is no engine of ours."""
    said = read_health(endpoint) if endpoint is not None else None
    return [each["reason"] for each in (said or {}).get("conditions", [])]
