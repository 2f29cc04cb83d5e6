"""State machines and their revisions.

A revision is a definition and a role that never change: an execution keeps the revision that it began with.
"""

from dataclasses import dataclass

from lamplighter.base.jsontext import Json, dumps, loads
from lamplighter.store.db import Reader, Row, Tx

COLUMNS = "m.arn, m.account, m.region, m.name, m.type, m.revision, m.created, m.settings, m.tags, r.definition, r.role"


@dataclass(frozen=True, slots=True)
class Machine:
    """A state machine as it stands now."""

    arn: str
    account: str
    region: str
    name: str
    type: str
    revision: str
    created: int
    settings: Json
    """loggingConfiguration, tracingConfiguration, encryptionConfiguration."""
    tags: dict[str, str]
    definition: str
    role: str


def _machine(row: Row) -> Machine:
    arn, account, region, name, kind, revision, created, settings, tags, definition, role = row
    return Machine(arn, account, region, name, kind, revision, created, loads(settings), loads(tags), definition, role)


def get(reader: Reader, arn: str) -> Machine | None:
    """A state machine by its ARN."""
    sql = f"SELECT {COLUMNS} FROM machines m JOIN revisions r ON r.id = m.revision WHERE m.arn = ?"  # noqa: S608
    row = reader.row(sql, (arn,))
    return _machine(row) if row else None


def page(reader: Reader, account: str, region: str, after: str, most: int) -> list[Machine]:
    """State machines of an account and region whose names come after one, in order of name."""
    sql = (
        f"SELECT {COLUMNS} FROM machines m JOIN revisions r ON r.id = m.revision "  # noqa: S608
        "WHERE m.account = ? AND m.region = ? AND m.name > ? ORDER BY m.name LIMIT ?"
    )
    return [_machine(row) for row in reader.rows(sql, (account, region, after, most))]


def put(tx: Tx, machine: Machine) -> None:
    """Keep a new state machine with its first revision."""
    revise(tx, machine.arn, machine.revision, machine.definition, machine.role, machine.created)
    tx.execute(
        "INSERT INTO machines (arn, account, region, name, type, revision, created, settings, tags) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            machine.arn,
            machine.account,
            machine.region,
            machine.name,
            machine.type,
            machine.revision,
            machine.created,
            dumps(machine.settings),
            dumps(machine.tags),
        ),
    )


def revise(tx: Tx, arn: str, revision: str, definition: str, role: str, created: int) -> None:
    """Keep a revision."""
    tx.execute(
        "INSERT INTO revisions (id, machine, definition, role, created) VALUES (?, ?, ?, ?, ?)",
        (revision, arn, definition, role, created),
    )


def update(tx: Tx, arn: str, revision: str, settings: Json) -> None:
    """Point a state machine to a revision."""
    tx.execute("UPDATE machines SET revision = ?, settings = ? WHERE arn = ?", (revision, dumps(settings), arn))


def tag(tx: Tx, arn: str, tags: dict[str, str]) -> None:
    """Replace the tags of a state machine."""
    tx.execute("UPDATE machines SET tags = ? WHERE arn = ?", (dumps(tags), arn))


def delete(tx: Tx, arn: str) -> None:
    """Forget a state machine; its revisions stay for the executions that run on them."""
    tx.execute("DELETE FROM machines WHERE arn = ?", (arn,))


def revision(reader: Reader, key: str) -> tuple[str, str, int] | None:
    """A revision's definition, role and time."""
    row = reader.row("SELECT definition, role, created FROM revisions WHERE id = ?", (key,))
    return (row[0], row[1], row[2]) if row else None
