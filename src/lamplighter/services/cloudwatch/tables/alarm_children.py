"""Store which alarms the rule of each composite alarm names; all alarms are identified by their ARNs."""

from collections.abc import Iterable

from lamplighter.store.db import Reader, Tx


def put(tx: Tx, composite: str, children: Iterable[str]) -> None:
    """Set the alarms that a composite alarm depends on, and replace the earlier ones."""
    tx.execute("DELETE FROM alarm_children WHERE composite = ?", (composite,))
    tx.execute_many(
        "INSERT INTO alarm_children (child, composite) VALUES (?, ?)", [(child, composite) for child in set(children)]
    )


def parents(reader: Reader, child: str) -> list[str]:
    """Return the composite alarms that depend on an alarm."""
    sql = "SELECT composite FROM alarm_children WHERE child = ? ORDER BY composite"
    return [composite for (composite,) in reader.rows(sql, (child,))]


def children(reader: Reader, composite: str) -> list[str]:
    """Return the alarms that a composite alarm depends on."""
    sql = "SELECT child FROM alarm_children WHERE composite = ? ORDER BY child"
    return [child for (child,) in reader.rows(sql, (composite,))]
