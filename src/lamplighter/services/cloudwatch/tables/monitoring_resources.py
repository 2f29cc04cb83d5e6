"""Store dashboards."""

import logging
from dataclasses import dataclass

from lamplighter.base.json_text import Json, loads_object
from lamplighter.store.rows import Table

PAGE = 100

log = logging.getLogger("lamplighter.cloudwatch")


@dataclass(frozen=True, slots=True)
class MonitoringResource:
    """A resource that is stored and shown."""

    kind: str
    account: str
    region: str
    name: str
    body: Json
    tags: dict[str, str]


RESOURCES = Table(
    "monitoring_resources",
    MonitoringResource,
    json={"body": loads_object, "tags": loads_object},
    damaged="the {kind} {name}",
)
_OWNED = "kind = ? AND account = ? AND region = ?"


get = RESOURCES.find_by("kind", "account", "region", "name")
"""Return a resource, or None if there is none; raise `DamagedData` if its row cannot be read."""
list_all = RESOURCES.walk_by("kind", "account", "region", "name", log=log)
"""Yield the readable resources of a kind whose names follow `after`, in order of name."""
put = RESOURCES.replace
"""Store a new or changed resource."""
delete = RESOURCES.delete_by("kind", "account", "region", "name")
"""Delete a resource and return whether it existed."""
