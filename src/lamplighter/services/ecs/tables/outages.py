"""The runtime of containers does not answer: since when, who was told, and which tasks wait for it."""

from dataclasses import dataclass

from lamplighter.base.json_text import dumps, loads
from lamplighter.store.db import Reader, Tx


@dataclass(frozen=True, slots=True)
class Outage:
    """The runtime has not answered since a time."""

    since: int
    """Milliseconds since the epoch."""
    topics: tuple[str, ...] | None
    """The ARNs of the topics that were told; None while nobody was."""


def current(reader: Reader) -> Outage | None:
    """Return the outage that goes on."""
    row = reader.row("SELECT since, topics FROM runtime_outage")
    return None if row is None else Outage(row[0], None if row[1] is None else tuple(loads(row[1])))


def begin(tx: Tx, since: int) -> None:
    """Keep that the runtime does not answer."""
    tx.execute("INSERT INTO runtime_outage (id, since) VALUES (1, ?)", (since,))


def set_notified_topics(tx: Tx, topics: list[str]) -> None:
    """Keep who was told."""
    tx.execute("UPDATE runtime_outage SET topics = ?", (dumps(topics),))


def end(tx: Tx) -> None:
    """Keep that the runtime answers again."""
    tx.execute("DELETE FROM runtime_outage")


def hold_task(tx: Tx, task: str, since: int) -> bool:
    """Keep that a task waits; False where it is known."""
    return tx.execute("INSERT OR IGNORE INTO held_tasks (task, since) VALUES (?, ?)", (task, since)) > 0


def held_tasks(reader: Reader) -> dict[str, int]:
    """Return the tasks that wait, and since when by the steady clock."""
    return dict(reader.rows("SELECT task, since FROM held_tasks ORDER BY since, task"))


def release_task(tx: Tx, task: str) -> bool:
    """Keep that a task does not wait any more; False where it did not."""
    return tx.execute("DELETE FROM held_tasks WHERE task = ?", (task,)) > 0
