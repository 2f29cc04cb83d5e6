"""Store slots that were dropped (their target was not called or refused the call) until a message reports them."""

from dataclasses import dataclass, replace

from lamplighter.base.json_text import Json, loads
from lamplighter.store.db import Reader, Tx
from lamplighter.store.rows import Table


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
    reason: str
    """Why they were dropped; the time of the slot that runs in their place, if they were passed over."""
    annotation: Json = None
    """The label of the schedule (`Schedule.annotation`) when the slot was dropped."""


DROPPED = Table("dropped_slots", DroppedSlot, json={"annotation": loads})


def number_unreported(reader: Reader, owner: str, schedule: str) -> int:
    """Return the number of the dropped slots of a schedule that are not reported yet."""
    return reader.count("SELECT sum(count) FROM dropped_slots WHERE owner = ? AND schedule = ?", (owner, schedule))


def count(tx: Tx, starts: str, number: int) -> None:
    """Add to the number of dropped slots of all schedules that start this ARN."""
    sql = "INSERT INTO dropped_totals VALUES (?1, max(0, ?2)) ON CONFLICT DO UPDATE SET number = max(0, number + ?2)"
    tx.execute(sql, (starts, number))


def totals_between(reader: Reader, first: str, last: str) -> dict[str, int]:
    """Return how many slots were ever dropped, by what they would have started, from one ARN to another."""
    return dict(reader.rows("SELECT starts, number FROM dropped_totals WHERE starts BETWEEN ? AND ?", (first, last)))


def put(tx: Tx, dropped: DroppedSlot) -> None:
    """Store a dropped slot; extend the previous row of the same schedule if it has the same reason."""
    where = "owner = ? AND schedule = ? ORDER BY slot DESC LIMIT 1"
    last = DROPPED.find(tx, where, dropped.owner, dropped.schedule)
    if last is not None and last.reason == dropped.reason and last.until < dropped.slot:
        dropped = replace(last, until=dropped.until, count=last.count + dropped.count)
    DROPPED.replace(tx, dropped)


def dropped_of(reader: Reader, owner: str) -> list[DroppedSlot]:
    """Return the dropped slots of an owner that are not reported yet, the earliest first."""
    return DROPPED.select(reader, "owner = ? ORDER BY slot, schedule", owner)


def delete(tx: Tx, owner: str, schedule: str | None = None) -> None:
    """Delete the dropped slots of an owner, or only those of one of its schedules."""
    if schedule is None:
        tx.execute("DELETE FROM dropped_slots WHERE owner = ?", (owner,))
    else:
        tx.execute("DELETE FROM dropped_slots WHERE owner = ? AND schedule = ?", (owner, schedule))
