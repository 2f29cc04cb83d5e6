"""Slots of schedules that no target was called for, until somebody is told of them."""

from dataclasses import dataclass

from lamplighter.base.json_text import Json, dumps, loads
from lamplighter.store.db import Reader, Row, Tx

COLUMNS = "owner, schedule, slot, until, count, zone, reason, mark"


@dataclass(frozen=True, slots=True)
class DroppedSlot:
    """One slot, or several that were dropped together."""

    owner: str
    """What they are told of together."""
    schedule: str
    """The ARN of the schedule."""
    slot: int
    """Milliseconds since the epoch."""
    until: int
    """The last of them; the slot itself where it is one."""
    count: int
    zone: str
    """The time zone of the schedule."""
    reason: str
    mark: Json = None
    """The mark of the schedule, as it was then."""


def _dropped(row: Row) -> DroppedSlot:
    owner, schedule, slot, until, count, zone, reason, mark = row
    return DroppedSlot(owner, schedule, slot, until, count, zone, reason, None if mark is None else loads(mark))


def put(tx: Tx, dropped: DroppedSlot) -> None:
    """Keep one; it joins the one before it of the same schedule if the reason is the same."""
    sql = f"SELECT {COLUMNS} FROM dropped_slots WHERE owner = ? AND schedule = ? ORDER BY slot DESC LIMIT 1"  # noqa: S608
    row = tx.row(sql, (dropped.owner, dropped.schedule))
    last = _dropped(row) if row else None
    if last is not None and last.reason == dropped.reason and last.until < dropped.slot:
        change = "UPDATE dropped_slots SET until = ?, count = ? WHERE owner = ? AND schedule = ? AND slot = ?"
        tx.execute(change, (dropped.until, last.count + dropped.count, last.owner, last.schedule, last.slot))
        return
    mark = None if dropped.mark is None else dumps(dropped.mark)
    values = (dropped.owner, dropped.schedule, dropped.slot, dropped.until, dropped.count, dropped.zone)
    tx.execute(
        f"INSERT OR REPLACE INTO dropped_slots ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608
        (*values, dropped.reason, mark),
    )


def dropped_of(reader: Reader, owner: str) -> list[DroppedSlot]:
    """Return what nobody has been told of yet, the earliest first."""
    sql = f"SELECT {COLUMNS} FROM dropped_slots WHERE owner = ? ORDER BY slot, schedule"  # noqa: S608
    return [_dropped(row) for row in reader.rows(sql, (owner,))]


def forget(tx: Tx, owner: str, schedule: str | None = None) -> None:
    """Forget what somebody has been told of, or what one schedule has made up for."""
    if schedule is None:
        tx.execute("DELETE FROM dropped_slots WHERE owner = ?", (owner,))
    else:
        tx.execute("DELETE FROM dropped_slots WHERE owner = ? AND schedule = ?", (owner, schedule))
