"""Store which executions wait until the earlier executions of their state machine have ended."""

from lamplighter.store.db import Reader, Tx


def add(tx: Tx, key: int, machine: str, since: int) -> None:
    """Record that an execution waits, since a time of the steady clock in milliseconds."""
    tx.execute("INSERT INTO queued_executions (execution, machine, since) VALUES (?, ?, ?)", (key, machine, since))


def remove(tx: Tx, key: int) -> int | None:
    """Record that an execution no longer waits; return since when it waited, or None if it did not."""
    row = tx.row("SELECT since FROM queued_executions WHERE execution = ?", (key,))
    if row is None:
        return None
    tx.execute("DELETE FROM queued_executions WHERE execution = ?", (key,))
    since: int = row[0]
    return since


def is_waiting(reader: Reader, arn: str) -> bool:
    """Return whether an execution waits."""
    sql = "SELECT 1 FROM queued_executions WHERE execution = (SELECT id FROM executions WHERE arn = ?)"
    return reader.row(sql, (arn,)) is not None


def all_waiting(reader: Reader) -> list[str]:
    """Return the ARNs of all executions that wait."""
    return [
        row[0]
        for row in reader.rows("SELECT arn FROM executions WHERE id IN (SELECT execution FROM queued_executions)")
    ]


def first(reader: Reader, machine: str) -> int | None:
    """Return the execution of a state machine that has waited longest, or None if none waits."""
    row = reader.row("SELECT min(execution) FROM queued_executions WHERE machine = ?", (machine,))
    return row[0] if row else None


def newest_first(reader: Reader, machine: str) -> list[int]:
    """Return the executions of a state machine that wait, the newest first."""
    sql = "SELECT execution FROM queued_executions WHERE machine = ? ORDER BY execution DESC"
    return [row[0] for row in reader.rows(sql, (machine,))]


def count(reader: Reader, machine: str) -> int:
    """Return the number of executions of a state machine that wait."""
    return reader.count("SELECT count(*) FROM queued_executions WHERE machine = ?", (machine,))


def count_all(reader: Reader) -> int:
    """Return the number of executions that wait."""
    return reader.count("SELECT count(*) FROM queued_executions")


def count_by_machine(reader: Reader) -> dict[str, int]:
    """Return the numbers of executions that wait, by state machine."""
    return dict(reader.rows("SELECT machine, count(*) FROM queued_executions GROUP BY machine"))


def machines(reader: Reader) -> list[str]:
    """Return the state machines with executions that wait."""
    return [row[0] for row in reader.rows("SELECT DISTINCT machine FROM queued_executions")]


_ACTIVE = (
    "SELECT id FROM executions WHERE machine = ? AND status = 'RUNNING' "
    "AND id NOT IN (SELECT execution FROM queued_executions)"
)


def has_active_execution(reader: Reader, machine: str) -> bool:
    """Return whether an execution of a state machine runs that does not wait."""
    return reader.row(f"{_ACTIVE} LIMIT 1", (machine,)) is not None


def active_executions(reader: Reader, machine: str) -> list[int]:
    """Return the running executions of a state machine that do not wait, the oldest first."""
    return [row[0] for row in reader.rows(f"{_ACTIVE} ORDER BY id", (machine,))]
