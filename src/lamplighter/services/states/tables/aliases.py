"""Store aliases of state machines: names that lead to one or two versions."""

from dataclasses import dataclass

from lamplighter.base.json_text import Json, dumps, loads
from lamplighter.store.db import Reader, Row, Tx

COLUMNS = "id, machine, name, description, routes, created, updated"


@dataclass(frozen=True, slots=True)
class Alias:
    """An alias of a state machine."""

    id: int
    machine: str
    name: str
    description: str | None
    routes: Json
    """The routing configuration: [{"stateMachineVersionArn": …, "weight": 100}]."""
    created: int
    updated: int

    @property
    def arn(self) -> str:
        """The machine's ARN and the name."""
        return f"{self.machine}:{self.name}"

    def leads_to(self, version: str) -> bool:
        """Return whether the alias routes to a version, given by its ARN."""
        return any(route["stateMachineVersionArn"] == version for route in self.routes)


def _alias(row: Row) -> Alias:
    key, machine, name, description, routes, created, updated = row
    return Alias(key, machine, name, description, loads(routes), created, updated)


def get(reader: Reader, machine: str, name: str) -> Alias | None:
    """Return the alias with this name, or None."""
    row = reader.row(f"SELECT {COLUMNS} FROM aliases WHERE machine = ? AND name = ?", (machine, name))  # noqa: S608
    return _alias(row) if row else None


def aliases_of_machine(reader: Reader, machine: str, after: int = 0) -> list[Alias]:
    """Return the aliases of a state machine with ids above `after`, oldest first."""
    sql = f"SELECT {COLUMNS} FROM aliases WHERE machine = ? AND id > ? ORDER BY id"  # noqa: S608
    return [_alias(row) for row in reader.rows(sql, (machine, after))]


def put(tx: Tx, machine: str, name: str, description: str | None, routes: Json, now: int) -> Alias:
    """Store a new alias."""
    key = tx.insert(
        "INSERT INTO aliases (machine, name, description, routes, created, updated) VALUES (?, ?, ?, ?, ?, ?)",
        (machine, name, description, dumps(routes), now, now),
    )
    return Alias(key, machine, name, description, routes, now, now)


def update(tx: Tx, alias: Alias) -> None:
    """Update an alias's description, routes and time of change."""
    tx.execute(
        "UPDATE aliases SET description = ?, routes = ?, updated = ? WHERE id = ?",
        (alias.description, dumps(alias.routes), alias.updated, alias.id),
    )


def delete(tx: Tx, machine: str, name: str) -> None:
    """Delete an alias."""
    tx.execute("DELETE FROM aliases WHERE machine = ? AND name = ?", (machine, name))


def delete_all(tx: Tx, machine: str) -> None:
    """Delete all aliases of a state machine."""
    tx.execute("DELETE FROM aliases WHERE machine = ?", (machine,))
