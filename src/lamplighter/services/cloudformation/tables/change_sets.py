"""Store change sets, which state what an update of a stack would do."""

from dataclasses import dataclass, replace

from lamplighter.base.json_text import Json, dumps, loads
from lamplighter.services.cloudformation.tables.secret_values import hide_plan, reveal_plan
from lamplighter.store.db import Reader, Tx
from lamplighter.store.rows import Table


@dataclass(frozen=True, slots=True)
class ChangeSet:
    """The changes that an update would make to a stack, and the plan of the update."""

    id: str
    """The ARN of the change set, which contains its name."""
    stack: str
    name: str
    """The name by which it is found; an executed change set is found by its ARN only, so that its name is free."""
    body: Json

    @property
    def given_name(self) -> str:
        """Return the name that the change set was created with."""
        return self.id.split("/")[1]

    @property
    def is_executed(self) -> bool:
        """Return whether the change set was executed."""
        return self.name == self.id


MAX_PER_STACK = 1_000
"""AWS's limit of the change sets of a stack."""
CHANGE_SETS = Table("change_sets", ChangeSet, json={"body": loads})


def get(reader: Reader, key: str) -> ChangeSet | None:
    """Return the change set with this ARN, or None if there is none."""
    return _revealed(reader, CHANGE_SETS.find(reader, "id = ?", key))


def by_name(reader: Reader, stack: str, name: str) -> ChangeSet | None:
    """Return the change set of a stack with this name, or None if there is none."""
    return _revealed(reader, CHANGE_SETS.find(reader, "stack = ? AND name = ?", stack, name))


def _revealed(reader: Reader, found: ChangeSet | None) -> ChangeSet | None:
    """Return a change set with the values of its hidden parameters."""
    return found and replace(found, body=found.body | {"plan": reveal_plan(reader, found.body["plan"])})


def page(reader: Reader, stack: str, after: str, most: int) -> list[ChangeSet]:
    """Return change sets of a stack that were not executed and whose names follow `after`, in order of name.

    The values of hidden parameters stay encrypted.
    """
    where = "stack = ? AND name > ? AND name <> id ORDER BY name LIMIT ?"
    return CHANGE_SETS.select(reader, where, stack, after, most)


def set_executed(tx: Tx, executed: ChangeSet) -> None:
    """Keep an executed change set, and delete all others of its stack: they are not valid for the changed stack."""
    tx.execute("DELETE FROM change_sets WHERE stack = ?", (executed.stack,))
    put(tx, replace(executed, name=executed.id, body=executed.body | {"execution": "EXECUTE_COMPLETE"}))


def make_obsolete(tx: Tx, stack: str) -> None:
    """Forbid the execution of a stack's change sets, because the stack changes without them."""
    for each in page(tx, stack, "", MAX_PER_STACK):
        put(tx, replace(each, body=each.body | {"execution": "OBSOLETE"}))


def put(tx: Tx, change_set: ChangeSet) -> None:
    """Store a new or changed change set."""
    body = change_set.body | {"plan": hide_plan(tx, change_set.body["plan"])}
    values = (change_set.id, change_set.stack, change_set.name, dumps(body))
    tx.execute("INSERT OR REPLACE INTO change_sets (id, stack, name, body) VALUES (?, ?, ?, ?)", values)


delete = CHANGE_SETS.delete_by("id")
"""Delete a change set."""
