"""Store versions of state machines: unchangeable numbered names of revisions."""

from dataclasses import dataclass

from lamplighter.store.db import Reader, Tx
from lamplighter.store.rows import Table


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


VERSIONS = Table("versions", Version)


get = VERSIONS.find_by("machine", "number")
"""Return the version with this number, or None."""


version_of_revision = VERSIONS.find_by("revision")
"""Return the version of a revision, or None; a revision has at most one."""


def page(reader: Reader, machine: str, before: int, most: int) -> list[Version]:
    """Return versions of a state machine with numbers below `before`, newest first."""
    return VERSIONS.select(reader, "machine = ? AND number < ? ORDER BY number DESC LIMIT ?", machine, before, most)


count = VERSIONS.count_by("machine")
"""Return the number of versions of a state machine."""


def publish(tx: Tx, machine: str, revision: str, description: str | None, created: int) -> Version:
    """Give a revision the next version number."""
    tx.execute("UPDATE state_machines SET published = published + 1 WHERE arn = ?", (machine,))
    row = tx.row("SELECT published FROM state_machines WHERE arn = ?", (machine,))
    assert row is not None
    version = Version(machine, row[0], revision, description, created)
    VERSIONS.insert(tx, version)
    return version


delete = VERSIONS.delete_by("machine", "number")
"""Delete a version."""


delete_all = VERSIONS.delete_by("machine")
"""Delete all versions of a state machine."""
