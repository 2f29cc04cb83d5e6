"""Store EventBridge's named resources: buses, rules, archives, replays, connections, API destinations.

All kinds share one table, because their operations are alike; the fields of each kind are in the body.
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice

from lamplighter.base.json_text import Json, loads_object
from lamplighter.store.db import DamagedData, Reader, Tx
from lamplighter.store.rows import Table

PAGE_SIZE = 100

log = logging.getLogger("lamplighter.events")


@dataclass(frozen=True, slots=True)
class Resource:
    """A named resource."""

    kind: str
    account: str
    region: str
    scope: str
    """The bus of a rule; empty for all other kinds."""
    name: str
    arn: str
    created: int
    """Milliseconds since the epoch."""
    modified: int
    body: Json
    tags: dict[str, str]


RESOURCES = Table("event_resources", Resource, json={"body": loads_object, "tags": loads_object}, damaged="{arn}")
OF_KIND = "kind = ? AND account = ? AND region = ? AND scope = ?"


def get(reader: Reader, kind: str, account: str, region: str, name: str, scope: str = "") -> Resource | None:
    """Return a resource by its name, or None."""
    return RESOURCES.find(reader, f"{OF_KIND} AND name = ?", kind, account, region, scope, name)


def get_if_readable(reader: Reader, kind: str, account: str, region: str, name: str, scope: str) -> Resource | None:
    """Return a resource by its name; None, too, if its row cannot be read, so that it can be replaced."""
    try:
        return get(reader, kind, account, region, name, scope)
    except DamagedData as error:
        log.error("%s", error)
        return None


def get_by_arn(reader: Reader, arn: str) -> Resource | None:
    """Return a resource by its ARN, or None."""
    return RESOURCES.find(reader, "arn = ?", arn)


def page(
    reader: Reader, kind: str, account: str, region: str, after: str, most: int, *, scope: str = "", prefix: str = ""
) -> list[Resource]:
    """Return the readable resources whose names begin with `prefix` and follow `after`, in order of their names."""
    return list(islice(_readable_resources(reader, (kind, account, region, scope), after, prefix), most))


def _readable_resources(
    reader: Reader, owner: tuple[str, str, str, str], after: str, prefix: str
) -> Iterator[Resource]:
    where = f"{OF_KIND} AND name > ? AND name >= ? AND substr(name, 1, length(?)) = ? ORDER BY name LIMIT ?"
    sql = f"{RESOURCES.query} WHERE {where}"
    while found := reader.rows(sql, (*owner, after, prefix, prefix, prefix, PAGE_SIZE)):
        yield from RESOURCES.readable(found, log)
        after = found[-1][4]


def all_readable(reader: Reader, kind: str, account: str, region: str, scope: str = "") -> Iterator[Resource]:
    """Yield all resources of a kind whose rows can be read."""
    return RESOURCES.readable(reader.rows(f"{RESOURCES.query} WHERE {OF_KIND}", (kind, account, region, scope)), log)


def count(reader: Reader, kind: str, account: str, region: str, scope: str) -> int:
    """Return the number of resources of a kind."""
    return reader.count(f"SELECT count(*) FROM event_resources WHERE {OF_KIND}", (kind, account, region, scope))  # noqa: S608


def any_exists(reader: Reader, *kinds: str) -> bool:
    """Return whether any account has a resource of these kinds."""
    marks = ", ".join("?" for _ in kinds)
    return reader.row(f"SELECT 1 FROM event_resources WHERE kind IN ({marks}) LIMIT 1", kinds) is not None  # noqa: S608


put = RESOURCES.replace
"""Store a resource, new or changed."""


def update_body(tx: Tx, resource: Resource, now: int, body: Json) -> Resource:
    """Store a resource with another body, and return it."""
    changed = replace(resource, modified=now, body=body)
    put(tx, changed)
    return changed


def delete(tx: Tx, arn: str) -> None:
    """Delete a resource."""
    tx.execute("DELETE FROM event_resources WHERE arn = ?", (arn,))


def readable_by_arn(reader: Reader, arn: str) -> Iterator[Resource]:
    """Yield the resource with an ARN, if there is one and its row can be read."""
    return RESOURCES.readable(reader.rows(f"{RESOURCES.query} WHERE arn = ?", (arn,)), log)


def rules_version(reader: Reader) -> str:
    """Return the version of all rules and archives."""
    return str(reader.value("SELECT version FROM event_rules_version"))


def set_rules_version(tx: Tx, name: str) -> None:
    """Store a new version, because a rule or archive changed; a version is never used again."""
    tx.execute("UPDATE event_rules_version SET version = ?", (name,))
