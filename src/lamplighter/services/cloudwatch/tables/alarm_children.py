"""Which alarms a composite alarm goes by; all by their ARNs."""

from collections.abc import Iterable

from lamplighter.store.db import Reader, Tx


def put(tx: Tx, composite: str, children: Iterable[str]) -> None:
    """Have a composite alarm go by these alarms, and by no others."""
    tx.execute("DELETE FROM alarm_children WHERE composite = ?", (composite,))
    tx.many(
        "INSERT INTO alarm_children (child, composite) VALUES (?, ?)", [(child, composite) for child in set(children)]
    )


def parents(reader: Reader, child: str) -> list[str]:
    """The composite alarms that go by an alarm."""
    sql = "SELECT composite FROM alarm_children WHERE child = ? ORDER BY composite"
    return [composite for (composite,) in reader.rows(sql, (child,))]


def children(reader: Reader, composite: str) -> list[str]:
    """The alarms that a composite alarm goes by."""
    sql = "SELECT child FROM alarm_children WHERE composite = ? ORDER BY child"
    return [child for (child,) in reader.rows(sql, (composite,))]
