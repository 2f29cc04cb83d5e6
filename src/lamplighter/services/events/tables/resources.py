"""Store EventBridge's named resources: buses, rules, archives, replays, connections, API destinations.

All kinds share one table, because their operations are alike; the fields of each kind are in the body.
"""

import logging
from dataclasses import dataclass, replace
from itertools import islice

from lamplighter.base.json_text import Json, loads_object
from lamplighter.store.db import Reader, Tx
from lamplighter.store.rows import Table

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
OF_KIND = ("kind", "account", "region", "scope")
_get = RESOURCES.find_by(*OF_KIND, "name")


def get(reader: Reader, kind: str, account: str, region: str, name: str, scope: str = "") -> Resource | None:
    """Return a resource by its name, or None."""
    return _get(reader, kind, account, region, scope, name)


get_if_readable = RESOURCES.find_by(*OF_KIND, "name", log=log)
"""Return a resource by its name; None, too, if its row cannot be read, so that it can be replaced."""
get_by_arn = RESOURCES.find_by("arn")
"""Return a resource by its ARN, or None."""
readable_by_arn = RESOURCES.find_by("arn", log=log)
"""Return a resource by its ARN; None, too, if its row cannot be read."""
all_readable = RESOURCES.walk_by(*OF_KIND, "name", log=log)
"""Yield the resources of a kind whose rows can be read, in order of their names."""
count = RESOURCES.count_by(*OF_KIND)
"""Return the number of resources of a kind."""
put = RESOURCES.replace
"""Store a resource, new or changed."""
delete = RESOURCES.delete_by("arn")
"""Delete a resource."""


def page(
    reader: Reader, kind: str, account: str, region: str, after: str, most: int, *, scope: str = "", prefix: str = ""
) -> list[Resource]:
    """Return the readable resources whose names begin with `prefix` and follow `after`, in order of their names."""
    return list(islice(all_readable(reader, kind, account, region, scope, after=after, prefix=prefix), most))


def any_exists(reader: Reader, *kinds: str) -> bool:
    """Return whether any account has a resource of these kinds."""
    marks = ", ".join("?" for _ in kinds)
    return reader.row(f"SELECT 1 FROM event_resources WHERE kind IN ({marks}) LIMIT 1", kinds) is not None  # noqa: S608


def update_body(tx: Tx, resource: Resource, now: int, body: Json) -> Resource:
    """Store a resource with another body, and return it."""
    changed = replace(resource, modified=now, body=body)
    put(tx, changed)
    return changed


def rules_version(reader: Reader) -> str:
    """Return the version of all rules and archives."""
    return str(reader.value("SELECT version FROM event_rules_version"))


def set_rules_version(tx: Tx, name: str) -> None:
    """Store a new version, because a rule or archive changed; a version is never used again."""
    tx.execute("UPDATE event_rules_version SET version = ?", (name,))
