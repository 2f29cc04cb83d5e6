"""Derive the health of a task from that of its containers; pure.

A task that no service runs "will continue its lifecycle regardless of its health status", so health decides nothing
here but dependencies on HEALTHY. See https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_HealthCheck.html.
"""

from collections.abc import Sequence

from lamplighter.base.json_text import Json
from lamplighter.runtime.port import Health


def health_changes(containers: Json, healths: Sequence[Health], essential: Sequence[bool]) -> Json:
    """Return the members of a task that show the health of its containers, which are in the API's form."""
    pairs = zip(containers, healths, strict=True)
    return {
        "containers": [container | {"healthStatus": health} for container, health in pairs],
        "healthStatus": task_health([health for health, counts in zip(healths, essential, strict=True) if counts]),
    }


def task_health(essential: Sequence[Health]) -> Health:
    """Return the health of a task whose essential containers have these healths."""
    if "UNHEALTHY" in essential:
        return "UNHEALTHY"
    return "UNKNOWN" if "UNKNOWN" in essential else "HEALTHY"


def with_health(shown: Json) -> Json:
    """Return a task in the API's form with the health UNKNOWN where it states none, as DescribeTasks shows it."""
    containers = [{"healthStatus": "UNKNOWN"} | container for container in shown["containers"]]
    return {"healthStatus": "UNKNOWN"} | shown | {"containers": containers}
