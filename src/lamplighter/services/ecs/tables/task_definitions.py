"""Store ECS's task definitions: families and their revisions.

No revision is ever removed. So a revision's number is used once, and a task's definition can be read as long as the
task exists.
"""

from dataclasses import dataclass

from lamplighter.base.json_text import Json, loads
from lamplighter.store.db import Reader
from lamplighter.store.rows import Table


@dataclass(frozen=True, slots=True)
class TaskDefinition:
    """One revision of a family."""

    arn: str
    owner: str
    """The account and the region, as account/region."""
    family: str
    revision: int
    status: str
    """ACTIVE, INACTIVE or DELETE_IN_PROGRESS."""
    body: Json
    """The definition in the API's form, with times in milliseconds."""
    tags: Json


DEFINITIONS = Table("task_definitions", TaskDefinition, json={"body": loads, "tags": loads})
_FAMILY_CONDITIONS = {
    "ACTIVE": "HAVING max(status = 'ACTIVE')",
    "INACTIVE": "HAVING NOT max(status = 'ACTIVE')",
    "ALL": "",
}


put = DEFINITIONS.replace
"""Store a new or changed revision."""
get = DEFINITIONS.find_by("owner", "family", "revision")
"""Return one revision of a family, or None."""
by_arn = DEFINITIONS.find_by("arn")
"""Return a revision by its ARN, or None."""


def latest(reader: Reader, owner: str, family: str) -> TaskDefinition | None:
    """Return the latest active revision of a family, or None."""
    where = "owner = ? AND family = ? AND status = 'ACTIVE' ORDER BY revision DESC LIMIT 1"
    return DEFINITIONS.find(reader, where, owner, family)


def next_revision(reader: Reader, owner: str, family: str) -> int:
    """Return the number of a family's next revision."""
    sql = "SELECT max(revision) FROM task_definitions WHERE owner = ? AND family = ?"
    return (reader.value(sql, (owner, family)) or 0) + 1


def page(
    reader: Reader,
    owner: str,
    family: str | None,
    status: str,
    after: tuple[str, int] | None,
    most: int,
    *,
    descending: bool,
) -> list[tuple[str, str, int]]:
    """Return ARN, family and revision of definitions in order, after the key `after`; with `descending`, descending."""
    where, values = "owner = ? AND status = ?", [owner, status]
    if family is not None:
        where, values = f"{where} AND family = ?", [*values, family]
    if after is not None:
        where = f"{where} AND (family, revision) {'<' if descending else '>'} (?, ?)"
    order = "family DESC, revision DESC" if descending else "family, revision"
    sql = f"SELECT arn, family, revision FROM task_definitions WHERE {where} ORDER BY {order} LIMIT ?"  # noqa: S608
    return [(row[0], row[1], row[2]) for row in reader.rows(sql, (*values, *(after or ()), most))]


def families(reader: Reader, owner: str, prefix: str, status: str, after: str, most: int) -> list[str]:
    """Return families in order, after the family `after`.

    `status` selects families with an active revision (ACTIVE), those without one (INACTIVE), or ALL.
    """
    sql = (
        "SELECT family FROM task_definitions WHERE owner = ? AND family > ? AND substr(family, 1, ?) = ? "  # noqa: S608
        f"GROUP BY family {_FAMILY_CONDITIONS[status]} ORDER BY family LIMIT ?"
    )
    return [row[0] for row in reader.rows(sql, (owner, after, len(prefix), prefix, most))]
