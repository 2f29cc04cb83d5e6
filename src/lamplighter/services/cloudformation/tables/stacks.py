"""Stacks of CloudFormation. One that was deleted stays, under its id."""

from dataclasses import dataclass

from lamplighter.base.json_text import Json, dumps, loads
from lamplighter.store.db import Reader, Row, Tx

COLUMNS = "id, account, region, name, status, reason, created, updated, deleted, parent, phase, plan, previous, body"


@dataclass(frozen=True, slots=True)
class Stack:
    """Resources that are made, changed and deleted as one."""

    id: str
    """Its ARN."""
    account: str
    region: str
    name: str
    status: str
    reason: str | None
    created: int
    """Milliseconds since the epoch, as all times here."""
    updated: int | None
    deleted: int | None
    parent: str | None
    """The stack of which this one is a resource."""
    phase: int
    """Counts the passes over its resources."""
    plan: Json
    """What it is to be: parameters, tags, and the key of its template."""
    previous: Json
    """What it was before the update that is under way."""
    body: Json
    """Everything else."""


def _stack(row: Row) -> Stack:
    documents = [loads(text) for text in row[-3:]]
    return Stack(*row[:-3], *documents)


def get(reader: Reader, key: str) -> Stack | None:
    """A stack by its id."""
    row = reader.row(f"SELECT {COLUMNS} FROM stacks WHERE id = ?", (key,))  # noqa: S608 - our own columns
    return _stack(row) if row else None


def by_name(reader: Reader, account: str, region: str, name: str) -> Stack | None:
    """A stack that is not deleted, by its name."""
    sql = f"SELECT {COLUMNS} FROM stacks WHERE account = ? AND region = ? AND name = ? AND deleted IS NULL"  # noqa: S608
    row = reader.row(sql, (account, region, name))
    return _stack(row) if row else None


def page(reader: Reader, account: str, region: str, before: tuple[int, str], most: int) -> list[Stack]:
    """Stacks of an account and region that were created before one, the newest first; deleted ones as well."""
    sql = (
        f"SELECT {COLUMNS} FROM stacks WHERE account = ? AND region = ? AND (created, id) < (?, ?) "  # noqa: S608
        "ORDER BY created DESC, id DESC LIMIT ?"
    )
    return [_stack(row) for row in reader.rows(sql, (account, region, *before, most))]


def regions(reader: Reader, account: str) -> list[str]:
    """Where an account has stacks that are not deleted."""
    sql = "SELECT DISTINCT region FROM stacks WHERE account = ? AND deleted IS NULL ORDER BY region"
    return [region for (region,) in reader.rows(sql, (account,))]


def status(reader: Reader, account: str, region: str, name: str) -> tuple[str, str] | None:
    """The id and the status of a stack that is not deleted; its template is not read for that."""
    sql = "SELECT id, status FROM stacks WHERE account = ? AND region = ? AND name = ? AND deleted IS NULL"
    row = reader.row(sql, (account, region, name))
    return (row[0], row[1]) if row else None


def metadata(reader: Reader, account: str, region: str) -> dict[str, Json]:
    """What the templates of a place's stacks say under Metadata, by the stacks' names; deleted ones are left out."""
    sql = (
        "SELECT name, json_extract(plan, '$.metadata') FROM stacks "
        "WHERE account = ? AND region = ? AND deleted IS NULL AND parent IS NULL ORDER BY name"
    )
    return {name: loads(text) if text else None for name, text in reader.rows(sql, (account, region))}


def put(tx: Tx, stack: Stack) -> None:
    """Keep a stack as it is now."""
    values = (
        *(stack.id, stack.account, stack.region, stack.name, stack.status, stack.reason, stack.created, stack.updated),
        *(stack.deleted, stack.parent, stack.phase, dumps(stack.plan), dumps(stack.previous), dumps(stack.body)),
    )
    marks = ", ".join("?" * len(values))
    tx.execute(f"INSERT OR REPLACE INTO stacks ({COLUMNS}) VALUES ({marks})", values)  # noqa: S608


def forget(tx: Tx, key: str) -> None:
    """Delete a stack with all that is known of it."""
    tx.execute("DELETE FROM stacks WHERE id = ?", (key,))
    for table in ("stack_resources", "stack_leftovers", "stack_events", "stack_templates", "change_sets"):
        tx.execute(f"DELETE FROM {table} WHERE stack = ?", (key,))  # noqa: S608
