"""Store aliases of state machines: names that lead to one or two versions."""

from dataclasses import dataclass, replace

from lamplighter.base.json_text import Json, loads
from lamplighter.store.db import Reader, Tx
from lamplighter.store.rows import Table


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


ALIASES = Table("aliases", Alias, json={"routes": loads})


get = ALIASES.find_by("machine", "name")
"""Return the alias with this name, or None."""


def aliases_of_machine(reader: Reader, machine: str, after: int = 0) -> list[Alias]:
    """Return the aliases of a state machine with ids above `after`, oldest first."""
    return ALIASES.select(reader, "machine = ? AND id > ? ORDER BY id", machine, after)


def put(tx: Tx, machine: str, name: str, description: str | None, routes: Json, now: int) -> Alias:
    """Store a new alias."""
    alias = Alias(0, machine, name, description, routes, now, now)
    return replace(alias, id=ALIASES.insert(tx, alias))


def update(tx: Tx, alias: Alias) -> None:
    """Store the changes of an alias."""
    ALIASES.update(tx, alias, "id = ?", alias.id)


delete = ALIASES.delete_by("machine", "name")
"""Delete an alias."""


delete_all = ALIASES.delete_by("machine")
"""Delete all aliases of a state machine."""
