"""Store the history of alarms."""

from collections.abc import Sequence
from dataclasses import dataclass

from lamplighter.store.db import Reader, Tx
from lamplighter.store.rows import Table


@dataclass(frozen=True, slots=True)
class HistoryItem:
    """An entry of an alarm's history."""

    id: int
    alarm: str
    """The ARN of the alarm, which may be deleted."""
    kind: str
    """MetricAlarm or CompositeAlarm."""
    time: int
    """Milliseconds since the epoch."""
    type: str
    summary: str
    data: str


HISTORY = Table("alarm_history", HistoryItem)


def add(tx: Tx, item: HistoryItem, oldest: int) -> None:
    """Store an item and delete up to 1,000 items that are older than `oldest`."""
    HISTORY.insert(tx, item)
    sql = "DELETE FROM alarm_history WHERE id IN (SELECT id FROM alarm_history WHERE time < ? LIMIT 1000)"
    tx.execute(sql, (oldest,))


@dataclass(frozen=True, slots=True)
class HistoryQuery:
    """The conditions for the items of a list."""

    alarms: str
    """A prefix of the ARNs of the items' alarms; the ARN of one alarm if `exact` is true."""
    exact: bool
    kinds: Sequence[str]
    type: str | None
    start: int
    end: int
    ascending: bool


def page(reader: Reader, query: HistoryQuery, after: int, most: int) -> list[HistoryItem]:
    """Return up to `most` items after a key, in the order in which they were written or in the reverse order."""
    alarm = "alarm = ?" if query.exact else "instr(alarm, ?) = 1"
    after_key, order = ("id > ?", "ASC") if query.ascending else ("id < ?", "DESC")
    kinds = ", ".join("?" * len(query.kinds))
    where = f"{alarm} AND kind IN ({kinds}) AND time BETWEEN ? AND ? AND type = coalesce(?, type) AND {after_key}"
    values = (query.alarms, *query.kinds, query.start, query.end, query.type, after, most)
    return HISTORY.select(reader, f"{where} ORDER BY id {order} LIMIT ?", *values)
