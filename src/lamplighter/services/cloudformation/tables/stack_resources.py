"""Store the resources of stacks, and leftovers: resources that exist although no template names them any more.

Guarantees that the secrets of a resource are encrypted.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from lamplighter.base.json_text import Json, dumps, loads
from lamplighter.services.cloudformation.tables.secret_values import hide_resource, reveal_resource
from lamplighter.store.db import Reader, Tx
from lamplighter.store.rows import Table


@dataclass(frozen=True, slots=True)
class StackResource:
    """A resource of a stack."""

    stack: str
    logical: str
    physical: str | None
    type: str
    status: str
    reason: str | None
    updated: int
    """Milliseconds since the epoch."""
    position: int
    """The position in the order in which the stack's resources are created."""
    pass_number: int
    """The number of the pass over the stack's resources that last processed this one."""
    body: Json = field(default_factory=dict)
    """The properties, attributes and policies, and the state before the current update."""


@dataclass(frozen=True, slots=True)
class ResourceOutline:
    """The fields of a stack's resource that a pass over all resources needs."""

    logical: str
    type: str
    status: str
    pass_number: int


@dataclass(frozen=True, slots=True)
class Leftover:
    """A resource that will be deleted because no template names it any more."""

    id: int
    stack: str
    logical: str
    physical: str | None
    type: str
    body: Json


SETTLED_STATUSES = ("CREATE_COMPLETE", "UPDATE_COMPLETE")
"""The statuses of a resource that exists as its row states."""
RETAIN_POLICIES = ("Retain", "RetainExceptOnCreate")
"""The policies with which an update keeps a resource that its stack no longer has."""
RESOURCES = Table("stack_resources", StackResource, json={"body": loads})
OUTLINES = Table("stack_resources", ResourceOutline)
LEFTOVERS = Table("stack_leftovers", Leftover, json={"body": loads})


def _select(reader: Reader, where: str, *values: Json) -> list[StackResource]:
    """Return the resources that satisfy a condition, with their secrets."""
    found = RESOURCES.select(reader, where, *values)
    return [replace(row, body=reveal_resource(reader, row.body)) for row in found]


def resources_of(reader: Reader, stack: str) -> list[StackResource]:
    """Return the resources of a stack in the order in which they are created."""
    return _select(reader, "stack = ? ORDER BY position, logical", stack)


outlines_of = OUTLINES.select_by("stack", order="position, logical")
"""Return outlines of a stack's resources in the order in which they are created; only an index is read."""


def outlines_of_types(reader: Reader, stack: str, is_wanted: Callable[[str], bool]) -> list[ResourceOutline]:
    """Return outlines of a stack's resources of the wanted types, in the order in which they are created."""
    types = reader.rows("SELECT DISTINCT type FROM stack_resources WHERE stack = ?", (stack,))
    wanted = dumps([kind for (kind,) in types if is_wanted(kind)])
    where = "stack = ? AND type IN (SELECT value FROM json_each(?)) ORDER BY position, logical"
    return OUTLINES.select(reader, where, stack, wanted)


def unprocessed_outlines(reader: Reader, stack: str, pass_number: int) -> list[ResourceOutline]:
    """Return outlines of the resources that a pass has not processed, in the order in which they are created."""
    return OUTLINES.select(reader, "stack = ? AND pass_number <> ? ORDER BY position, logical", stack, pass_number)


def processed_names(reader: Reader, stack: str, pass_number: int) -> set[str]:
    """Return the logical ids of the resources that a pass has processed."""
    sql = "SELECT logical FROM stack_resources WHERE stack = ? AND pass_number = ?"
    return {name for (name,) in reader.rows(sql, (stack, pass_number))}


def first_with_status(reader: Reader, stack: str, pattern: str, pass_number: int | None = None) -> StackResource | None:
    """Return the first resource whose status fits a pattern, and that a pass has processed if one is given, or None."""
    where = "stack = ? AND status GLOB ? AND pass_number = ifnull(?, pass_number) ORDER BY position, logical LIMIT 1"
    found = OUTLINES.find(reader, where, stack, pattern, pass_number)
    return None if found is None else get(reader, stack, found.logical)


def resources_to_delete(reader: Reader, stack: str, pass_number: int, most: int) -> list[StackResource]:
    """Return resources that are not deleted and that a pass has not processed, the last one first."""
    where = (
        "stack = ? AND pass_number <> ? AND status NOT IN ('DELETE_COMPLETE', 'DELETE_SKIPPED') "
        "ORDER BY position DESC, logical DESC LIMIT ?"
    )
    return get_several(reader, stack, OUTLINES.select(reader, where, stack, pass_number, most))


def get_several(reader: Reader, stack: str, outlines: Iterable[ResourceOutline]) -> list[StackResource]:
    """Return the resources of the given outlines, in their order."""
    found = [get(reader, stack, each.logical) for each in outlines]
    return [row for row in found if row is not None]


def updated_resources(reader: Reader, stack: str, pass_number: int, most: int) -> list[StackResource]:
    """Return resources that an update changed and that the pass `pass_number` has not processed, the last one first."""
    where = (
        "stack = ? AND pass_number <> ? AND json_type(body, '$.before') IS NOT NULL "
        "ORDER BY position DESC, logical DESC LIMIT ?"
    )
    return _select(reader, where, stack, pass_number, most)


def resources_to_clean_up(reader: Reader, stack: str, pass_number: int, most: int) -> list[StackResource]:
    """Return resources that store their state before an update, or that were last processed before the pass
    `pass_number`.
    """
    where = (
        "stack = ? AND (pass_number < ? OR (instr(body, '\"before\"') AND json_type(body, '$.before') IS NOT NULL)) "
        "ORDER BY position, logical LIMIT ?"
    )
    # Most rows have no such word, and need not be parsed to find that out.
    return _select(reader, where, stack, pass_number, most)


def page(reader: Reader, stack: str, after: str, most: int) -> list[StackResource]:
    """Return resources of a stack whose logical ids follow `after`."""
    return _select(reader, "stack = ? AND logical > ? ORDER BY logical LIMIT ?", stack, after, most)


def get(reader: Reader, stack: str, logical: str) -> StackResource | None:
    """Return the resource with this logical id, or None if there is none."""
    return next(iter(_select(reader, "stack = ? AND logical = ?", stack, logical)), None)


def by_physical(reader: Reader, physical: str, most: int) -> list[StackResource]:
    """Return resources of any stack with this physical id."""
    return _select(reader, "physical = ? LIMIT ?", physical, most)


def put(tx: Tx, resource: StackResource) -> None:
    """Store a new or changed resource."""
    RESOURCES.replace(tx, replace(resource, body=hide_resource(tx, resource.body)))


def set_processed(tx: Tx, stack: str, names: Iterable[str], pass_number: int) -> None:
    """Record that a pass has processed those of the resources that exist as their rows state."""
    tx.execute(
        "UPDATE stack_resources SET pass_number = ? WHERE stack = ? AND logical IN (SELECT value FROM json_each(?)) "
        "AND physical IS NOT NULL AND status IN (SELECT value FROM json_each(?))",
        (pass_number, stack, dumps(list(names)), dumps(list(SETTLED_STATUSES))),
    )


delete = RESOURCES.delete_by("stack", "logical")
"""Delete the row of a resource."""


def add_leftover(tx: Tx, resource: StackResource) -> None:
    """Store a resource in its present state as a leftover: the clean-up after the update deletes it."""
    kept = (resource.stack, resource.logical, resource.physical, resource.type, hide_resource(tx, resource.body))
    LEFTOVERS.insert(tx, Leftover(0, *kept))


def last_leftover(reader: Reader, stack: str) -> Leftover | None:
    """Return the leftover that was added last, or None; the resource created last is thus deleted first."""
    found = LEFTOVERS.find(reader, "stack = ? ORDER BY id DESC LIMIT 1", stack)
    return found and replace(found, body=reveal_resource(reader, found.body))


drop_leftover = LEFTOVERS.delete_by("id")
"""Delete the row of a leftover."""


def drop_leftover_of(tx: Tx, stack: str, logical: str, physical: str | None) -> None:
    """Delete the row of a leftover because the stack keeps its resource after all."""
    sql = "DELETE FROM stack_leftovers WHERE stack = ? AND logical = ? AND physical IS ?"
    tx.execute(sql, (stack, logical, physical))
