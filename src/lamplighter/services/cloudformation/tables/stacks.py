"""Store the stacks of CloudFormation; a deleted stack stays for a while, under its id."""

from dataclasses import dataclass, field, replace

from lamplighter.base.json_text import Json, dumps, loads
from lamplighter.services.cloudformation.tables.secret_values import hide_plan, reveal_plan
from lamplighter.store.db import Reader, Tx
from lamplighter.store.rows import Table

SERVICE = "cloudformation"
"""The service's name in timers and outbox rows."""
COLUMNS = (
    "id, account, region, name, status, reason, created, updated, deleted, parent, pass_number, plan, previous, body"
)


TABLES_OF_STACKS = (
    *("stack_resources", "stack_leftovers", "stack_events", "stack_templates", "change_sets", "drift_detections"),
    "resource_drifts",
)
"""The tables with what belongs to a stack."""


@dataclass(frozen=True, slots=True)
class Stack:
    """A stack: resources that are created, updated and deleted together."""

    id: str
    """The ARN of the stack."""
    account: str
    region: str
    name: str
    status: str = ""
    reason: str | None = None
    created: int = 0
    """Milliseconds since the epoch, like all times of a stack."""
    updated: int | None = None
    deleted: int | None = None
    parent: str | None = None
    """The id of the stack that contains this one as a resource; None if it is not nested."""
    pass_number: int = 0
    """The number of passes over the stack's resources so far."""
    plan: Json = None
    """The plan of the stack: parameters, tags, and the key of its template."""
    previous: Json = None
    """The plan before the update that is in progress."""
    body: Json = field(default_factory=dict)
    """All other settings and results, such as outputs and options of the operation."""

    @property
    def owner(self) -> tuple[str, str]:
        """Return the account and the region, within which the names of exports are unique."""
        return self.account, self.region


STACKS = Table("stacks", Stack, json={"plan": loads, "previous": loads, "body": loads})


def get(reader: Reader, key: str) -> Stack | None:
    """Return the stack with this id, or None if there is none."""
    return _revealed(reader, STACKS.find(reader, "id = ?", key))


def by_name(reader: Reader, account: str, region: str, name: str) -> Stack | None:
    """Return the stack with this name that is not deleted, or None if there is none."""
    where = "account = ? AND region = ? AND name = ? AND deleted IS NULL"
    return _revealed(reader, STACKS.find(reader, where, account, region, name))


def _revealed(reader: Reader, found: Stack | None) -> Stack | None:
    """Return a stack with the values of its hidden parameters."""
    if found is None:
        return None
    return replace(found, plan=reveal_plan(reader, found.plan), previous=reveal_plan(reader, found.previous))


def page(reader: Reader, account: str, region: str, before: tuple[int, str], most: int) -> list[Stack]:
    """Return stacks of an account and region created before `before`, newest first, including deleted ones.

    The values of hidden parameters stay encrypted.
    """
    where = "account = ? AND region = ? AND (created, id) < (?, ?) ORDER BY created DESC, id DESC LIMIT ?"
    return STACKS.select(reader, where, account, region, *before, most)


def regions(reader: Reader, account: str) -> list[str]:
    """Return the regions in which an account has stacks that are not deleted."""
    sql = "SELECT DISTINCT region FROM stacks WHERE account = ? AND deleted IS NULL ORDER BY region"
    return [region for (region,) in reader.rows(sql, (account,))]


def status(reader: Reader, account: str, region: str, name: str) -> tuple[str, str] | None:
    """Return the id and status of a stack that is not deleted, or None; its plan is not read for this."""
    sql = "SELECT id, status FROM stacks WHERE account = ? AND region = ? AND name = ? AND deleted IS NULL"
    row = reader.row(sql, (account, region, name))
    return (row[0], row[1]) if row else None


def metadata(reader: Reader, account: str, region: str) -> dict[str, Json]:
    """Return the Metadata sections of the templates in an account and region, by stack name.

    Nested and deleted stacks are left out. The value is None for a template without Metadata, and for a damaged row.
    """
    sql = (
        "SELECT name, CASE WHEN json_valid(plan) THEN json_extract(plan, '$.metadata') END FROM stacks "
        "WHERE account = ? AND region = ? AND deleted IS NULL AND parent IS NULL ORDER BY name"
    )
    return {name: loads(text) if text else None for name, text in reader.rows(sql, (account, region))}


def put(tx: Tx, stack: Stack) -> None:
    """Store a new or changed stack."""
    values = (
        *(stack.id, stack.account, stack.region, stack.name, stack.status, stack.reason, stack.created, stack.updated),
        *(stack.deleted, stack.parent, stack.pass_number),
        *(dumps(hide_plan(tx, stack.plan)), dumps(hide_plan(tx, stack.previous)), dumps(stack.body)),
    )
    marks = ", ".join("?" * len(values))
    tx.execute(f"INSERT OR REPLACE INTO stacks ({COLUMNS}) VALUES ({marks})", values)  # noqa: S608


def delete(tx: Tx, key: str) -> None:
    """Delete a stack with its resources, leftovers, events, templates and change sets."""
    tx.execute("DELETE FROM stacks WHERE id = ?", (key,))
    for table in TABLES_OF_STACKS:
        tx.execute(f"DELETE FROM {table} WHERE stack = ?", (key,))  # noqa: S608
