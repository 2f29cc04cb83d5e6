"""Store versions of state machines: unchangeable numbered names of revisions."""

from dataclasses import dataclass

from lamplighter.store.db import Reader, Row, Tx

COLUMNS = "machine, number, revision, description, created"


@dataclass(frozen=True, slots=True)
class Version:
    """A version of a state machine."""

    machine: str
    number: int
    revision: str
    description: str | None
    created: int

    @property
    def arn(self) -> str:
        """The machine's ARN and the number."""
        return f"{self.machine}:{self.number}"


def _version(row: Row) -> Version:
    return Version(*row)


def get(reader: Reader, machine: str, number: int) -> Version | None:
    """Return the version with this number, or None."""
    row = reader.row(f"SELECT {COLUMNS} FROM versions WHERE machine = ? AND number = ?", (machine, number))  # noqa: S608
    return _version(row) if row else None


def version_of_revision(reader: Reader, revision: str) -> Version | None:
    """Return the version of a revision, or None; a revision has at most one."""
    row = reader.row(f"SELECT {COLUMNS} FROM versions WHERE revision = ?", (revision,))  # noqa: S608
    return _version(row) if row else None


def page(reader: Reader, machine: str, before: int | None, most: int) -> list[Version]:
    """Return versions of a state machine with numbers below `before`, newest first."""
    limit = before if before is not None else 2**62
    sql = f"SELECT {COLUMNS} FROM versions WHERE machine = ? AND number < ? ORDER BY number DESC LIMIT ?"  # noqa: S608
    return [_version(row) for row in reader.rows(sql, (machine, limit, most))]


def count(reader: Reader, machine: str) -> int:
    """Return the number of versions of a state machine."""
    return reader.count("SELECT count(*) FROM versions WHERE machine = ?", (machine,))


def publish(tx: Tx, machine: str, revision: str, description: str | None, created: int) -> Version:
    """Give a revision the next version number."""
    tx.execute("UPDATE state_machines SET published = published + 1 WHERE arn = ?", (machine,))
    row = tx.row("SELECT published FROM state_machines WHERE arn = ?", (machine,))
    assert row is not None
    version = Version(machine, row[0], revision, description, created)
    tx.execute(
        f"INSERT INTO versions ({COLUMNS}) VALUES (?, ?, ?, ?, ?)",  # noqa: S608
        (machine, version.number, revision, description, created),
    )
    return version


def delete(tx: Tx, machine: str, number: int) -> None:
    """Delete a version."""
    tx.execute("DELETE FROM versions WHERE machine = ? AND number = ?", (machine, number))


def delete_all(tx: Tx, machine: str) -> None:
    """Delete all versions of a state machine."""
    tx.execute("DELETE FROM versions WHERE machine = ?", (machine,))
