"""What is wrong with an engine now, in a line each: Docker does not answer, alerts could not be delivered."""

from lamplighter.base.jsontext import Json
from lamplighter.cli.health import health


def conditions(endpoint: str | None) -> list[str]:
    """Return the reasons that the engine behind an endpoint gives; none where there is no engine of ours."""
    return reasons(health(endpoint)) if endpoint is not None else []


def reasons(said: Json) -> list[str]:
    """Return the reasons in what an engine says of its health."""
    return [each["reason"] for each in (said or {}).get("conditions", [])]
