"""Store the outage of the container runtime: since when, which topics were alerted, and which tasks wait."""

from dataclasses import dataclass

from lamplighter.base.json_text import dumps, loads
from lamplighter.store.db import Reader, Tx


@dataclass(frozen=True, slots=True)
class Outage:
    """An outage of the container runtime."""

    since: int
    """Milliseconds since the epoch."""
    topics: tuple[str, ...] | None
    """The ARNs of the topics that were alerted; None before the alert."""


def current(reader: Reader) -> Outage | None:
    """Return the present outage, or None."""
    row = reader.row("SELECT since, topics FROM runtime_outage")
    return None if row is None else Outage(row[0], None if row[1] is None else tuple(loads(row[1])))


_UNSTARTED = (
    "SELECT task FROM held_tasks JOIN tasks ON arn = task WHERE status IN ('PROVISIONING', 'PENDING') "
    "AND desired = 'RUNNING' AND EXISTS (SELECT 1 FROM runtime_outage)"
)


def unstarted_tasks(reader: Reader) -> list[str]:
    """Return the ARNs of the tasks that have not started because the runtime does not answer now."""
    return [row[0] for row in reader.rows(_UNSTARTED)]


def is_unstarted(reader: Reader, task: str) -> bool:
    """Return whether a task has not started because the runtime does not answer now."""
    return reader.row(f"{_UNSTARTED} AND task = ?", (task,)) is not None


def begin(tx: Tx, since: int) -> None:
    """Record that the runtime does not answer."""
    tx.execute("INSERT INTO runtime_outage (id, since) VALUES (1, ?)", (since,))


def set_notified_topics(tx: Tx, topics: list[str]) -> None:
    """Record which topics were alerted."""
    tx.execute("UPDATE runtime_outage SET topics = ?", (dumps(topics),))


def end(tx: Tx) -> None:
    """Record that the runtime answers again."""
    tx.execute("DELETE FROM runtime_outage")


def hold_task(tx: Tx, task: str, since: int) -> bool:
    """Record that a task waits for the runtime; return False if this was already recorded."""
    return tx.execute("INSERT OR IGNORE INTO held_tasks (task, since) VALUES (?, ?)", (task, since)) > 0


def held_tasks(reader: Reader) -> dict[str, int]:
    """Return the waiting tasks, each with the monotonic time since which it waits."""
    return dict(reader.rows("SELECT task, since FROM held_tasks ORDER BY since, task"))


def held_since(reader: Reader, task: str) -> int | None:
    """Return the monotonic time since which a task waits, or None if it does not wait."""
    since: int | None = reader.value("SELECT since FROM held_tasks WHERE task = ?", (task,))
    return since


def release_task(tx: Tx, task: str) -> bool:
    """Record that a task no longer waits; return False if it did not wait."""
    return tx.execute("DELETE FROM held_tasks WHERE task = ?", (task,)) > 0
