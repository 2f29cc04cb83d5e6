"""Store dashboards."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass

from lamplighter.base.json_text import Json, loads_object
from lamplighter.store.db import Reader, Tx
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


def get(reader: Reader, kind: str, account: str, region: str, name: str) -> MonitoringResource | None:
    """Return a resource, or None if there is none; raise `DamagedData` if its row cannot be read."""
    return RESOURCES.find(reader, f"{_OWNED} AND name = ?", kind, account, region, name)


def list_all(reader: Reader, kind: str, account: str, region: str, after: str = "") -> Iterator[MonitoringResource]:
    """Yield the readable resources of a kind whose names follow `after`, in order of name."""
    sql = f"{RESOURCES.query} WHERE {_OWNED} AND name > ? ORDER BY name LIMIT ?"
    while found := reader.rows(sql, (kind, account, region, after, PAGE)):
        yield from RESOURCES.readable(found, log)
        after = found[-1][3]


put = RESOURCES.replace
"""Store a new or changed resource."""


def delete(tx: Tx, kind: str, account: str, region: str, name: str) -> bool:
    """Delete a resource and return whether it existed."""
    sql = f"DELETE FROM monitoring_resources WHERE {_OWNED} AND name = ?"  # noqa: S608
    return tx.execute(sql, (kind, account, region, name)) > 0
