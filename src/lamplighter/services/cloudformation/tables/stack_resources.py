"""The resources of stacks, and those that no template names any more and that are still there."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from lamplighter.base.json_text import Json, dumps, loads
from lamplighter.store.db import Reader, Row, Tx

COLUMNS = "stack, logical, physical, type, status, reason, updated, position, phase, body"


@dataclass(frozen=True, slots=True)
class StackResource:
    """One resource of a stack."""

    stack: str
    logical: str
    physical: str | None
    type: str
    status: str
    reason: str | None
    updated: int
    """Milliseconds since the epoch."""
    position: int
    """In the order in which resources are made."""
    phase: int
    """The pass over the stack's resources in which it was last seen to."""
    body: Json = field(default_factory=dict)
    """Its properties and attributes, its policies, and how it was before an update."""


@dataclass(frozen=True, slots=True)
class ResourceOutline:
    """Of one resource of a stack, what a pass over all of them asks."""

    logical: str
    type: str
    status: str
    phase: int

    @property
    def is_under_way(self) -> bool:
        """Whether something is being done to it."""
        return self.status.endswith("_IN_PROGRESS")


@dataclass(frozen=True, slots=True)
class Leftover:
    """A resource that is to be deleted because nothing names it any more."""

    id: int
    stack: str
    logical: str
    physical: str | None
    type: str
    body: Json


def _resource(row: Row) -> StackResource:
    return StackResource(*row[:-1], *[loads(row[-1])])


def resources_of(reader: Reader, stack: str) -> list[StackResource]:
    """The resources of a stack, in the order in which they are made."""
    sql = f"SELECT {COLUMNS} FROM stack_resources WHERE stack = ? ORDER BY position, logical"  # noqa: S608 - our columns
    return [_resource(row) for row in reader.rows(sql, (stack,))]


def outlines_of(reader: Reader, stack: str) -> list[ResourceOutline]:
    """The resources of a stack, in the order in which they are made; an index answers, whatever they hold."""
    sql = "SELECT logical, type, status, phase FROM stack_resources WHERE stack = ? ORDER BY position, logical"
    return [ResourceOutline(*row) for row in reader.rows(sql, (stack,))]


def get_several(reader: Reader, stack: str, outlines: Iterable[ResourceOutline]) -> list[StackResource]:
    """A few resources of a stack, in the order given."""
    found = [get(reader, stack, each.logical) for each in outlines]
    return [row for row in found if row is not None]


def updated_resources(reader: Reader, stack: str, phase: int, most: int) -> list[StackResource]:
    """Resources that an update changed and the pass `phase` has not seen to, the last first."""
    sql = (
        f"SELECT {COLUMNS} FROM stack_resources WHERE stack = ? AND phase <> ? "  # noqa: S608
        "AND json_type(body, '$.before') IS NOT NULL ORDER BY position DESC, logical DESC LIMIT ?"
    )
    return [_resource(row) for row in reader.rows(sql, (stack, phase, most))]


def unsettled_resources(reader: Reader, stack: str, phase: int, most: int) -> list[StackResource]:
    """Resources that say how they were before an update, or were last seen to before the pass `phase`."""
    sql = (
        f"SELECT {COLUMNS} FROM stack_resources WHERE stack = ? "  # noqa: S608
        "AND (phase < ? OR json_type(body, '$.before') IS NOT NULL) ORDER BY position, logical LIMIT ?"
    )
    return [_resource(row) for row in reader.rows(sql, (stack, phase, most))]


def page(reader: Reader, stack: str, after: str, most: int) -> list[StackResource]:
    """Resources of a stack whose logical ids come after one."""
    sql = f"SELECT {COLUMNS} FROM stack_resources WHERE stack = ? AND logical > ? ORDER BY logical LIMIT ?"  # noqa: S608
    return [_resource(row) for row in reader.rows(sql, (stack, after, most))]


def get(reader: Reader, stack: str, logical: str) -> StackResource | None:
    """A resource by its logical id."""
    sql = f"SELECT {COLUMNS} FROM stack_resources WHERE stack = ? AND logical = ?"  # noqa: S608
    row = reader.row(sql, (stack, logical))
    return _resource(row) if row else None


def by_physical(reader: Reader, physical: str, most: int) -> list[StackResource]:
    """Resources that have a physical id, of whatever stack."""
    sql = f"SELECT {COLUMNS} FROM stack_resources WHERE physical = ? LIMIT ?"  # noqa: S608
    return [_resource(row) for row in reader.rows(sql, (physical, most))]


def put(tx: Tx, resource: StackResource) -> None:
    """Keep a resource as it is now."""
    values = (
        *(resource.stack, resource.logical, resource.physical, resource.type, resource.status, resource.reason),
        *(resource.updated, resource.position, resource.phase, dumps(resource.body)),
    )
    marks = ", ".join("?" * len(values))
    tx.execute(f"INSERT OR REPLACE INTO stack_resources ({COLUMNS}) VALUES ({marks})", values)  # noqa: S608


def delete(tx: Tx, stack: str, logical: str) -> None:
    """Forget a resource."""
    tx.execute("DELETE FROM stack_resources WHERE stack = ? AND logical = ?", (stack, logical))


def add_leftover(tx: Tx, resource: StackResource) -> None:
    """Have a resource deleted at the end, as it is now."""
    tx.insert(
        "INSERT INTO stack_leftovers (stack, logical, physical, type, body) VALUES (?, ?, ?, ?, ?)",
        (resource.stack, resource.logical, resource.physical, resource.type, dumps(resource.body)),
    )


def last_leftover(reader: Reader, stack: str) -> Leftover | None:
    """The resource that was left last: what was made last goes first."""
    sql = (
        "SELECT id, stack, logical, physical, type, body FROM stack_leftovers WHERE stack = ? ORDER BY id DESC LIMIT 1"
    )
    row = reader.row(sql, (stack,))
    if row is None:
        return None
    key, _, logical, physical, kind, body = row
    return Leftover(key, stack, logical, physical, kind, loads(body))


def drop_leftover(tx: Tx, key: int) -> None:
    """It is gone, or kept by whoever wants it."""
    tx.execute("DELETE FROM stack_leftovers WHERE id = ?", (key,))


def take_back(tx: Tx, stack: str, logical: str, physical: str | None) -> None:
    """Have a resource that was left stay after all."""
    sql = "DELETE FROM stack_leftovers WHERE stack = ? AND logical = ? AND physical IS ?"
    tx.execute(sql, (stack, logical, physical))
