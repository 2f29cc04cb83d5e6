"""Store slots that were dropped (their target was not called or refused the call) until a message reports them."""

from dataclasses import dataclass

from lamplighter.base.json_text import Json, dumps, loads
from lamplighter.store.db import Reader, Row, Tx

COLUMNS = "owner, schedule, slot, until, count, zone, reason, mark"


@dataclass(frozen=True, slots=True)
class DroppedSlot:
    """A dropped slot, or several consecutive ones with the same reason."""

    owner: str
    """The job or schedule whose dropped slots are reported in one message."""
    schedule: str
    """The ARN of the schedule."""
    slot: int
    """The first slot, in milliseconds since the epoch."""
    until: int
    """The last slot; equal to `slot` if there is only one."""
    count: int
    zone: str
    """The time zone of the schedule."""
    reason: str
    annotation: Json = None
    """The label of the schedule (`Schedule.annotation`) when the slot was dropped."""


def _dropped(row: Row) -> DroppedSlot:
    owner, schedule, slot, until, count, zone, reason, annotation = row
    return DroppedSlot(
        owner, schedule, slot, until, count, zone, reason, None if annotation is None else loads(annotation)
    )


def put(tx: Tx, dropped: DroppedSlot) -> None:
    """Store a dropped slot; extend the previous row of the same schedule if it has the same reason."""
    sql = f"SELECT {COLUMNS} FROM dropped_slots WHERE owner = ? AND schedule = ? ORDER BY slot DESC LIMIT 1"  # noqa: S608
    row = tx.row(sql, (dropped.owner, dropped.schedule))
    last = _dropped(row) if row else None
    if last is not None and last.reason == dropped.reason and last.until < dropped.slot:
        change = "UPDATE dropped_slots SET until = ?, count = ? WHERE owner = ? AND schedule = ? AND slot = ?"
        tx.execute(change, (dropped.until, last.count + dropped.count, last.owner, last.schedule, last.slot))
        return
    annotation = None if dropped.annotation is None else dumps(dropped.annotation)
    values = (dropped.owner, dropped.schedule, dropped.slot, dropped.until, dropped.count, dropped.zone)
    tx.execute(
        f"INSERT OR REPLACE INTO dropped_slots ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608
        (*values, dropped.reason, annotation),
    )


def dropped_of(reader: Reader, owner: str) -> list[DroppedSlot]:
    """Return the dropped slots of an owner that are not reported yet, the earliest first."""
    sql = f"SELECT {COLUMNS} FROM dropped_slots WHERE owner = ? ORDER BY slot, schedule"  # noqa: S608
    return [_dropped(row) for row in reader.rows(sql, (owner,))]


def delete(tx: Tx, owner: str, schedule: str | None = None) -> None:
    """Delete the dropped slots of an owner, or only those of one of its schedules."""
    if schedule is None:
        tx.execute("DELETE FROM dropped_slots WHERE owner = ?", (owner,))
    else:
        tx.execute("DELETE FROM dropped_slots WHERE owner = ? AND schedule = ?", (owner, schedule))
