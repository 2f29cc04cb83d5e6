"""Store the slots of schedules and their outcomes. The last rows of a schedule are kept (`store/retention.py`).

Consecutive missed slots are one row: the first, the last, and their number.
"""

from dataclasses import dataclass, fields

from lamplighter.store import retention
from lamplighter.store.db import Reader, Tx
from lamplighter.store.rows import Table

WAITING = "WAITING"
"""The slot is due, and fires later in its flexible time window."""
SENT = "SENT"
"""The slot has fired; its target has not answered yet."""
DELIVERED, FAILED, MISSED = "DELIVERED", "FAILED", "MISSED"


@dataclass(frozen=True, slots=True)
class Slot:
    """One scheduled time of a schedule, or several consecutive missed ones."""

    schedule: int
    slot: int
    """Milliseconds since the epoch, as all times here."""
    until: int
    """The last of several missed slots; else equal to `slot`."""
    count: int
    due: int
    """The time when the slot fires: later than the slot itself in a flexible time window."""
    fired: int | None
    outcome: str
    detail: str | None = None

    @property
    def late(self) -> int | None:
        """Return by how many milliseconds the slot fired late, or None if it has not fired."""
        return None if self.fired is None else self.fired - self.due


SLOTS = Table("slots", Slot)


def single_slot(schedule: int, slot: int, due: int, outcome: str, fired: int | None = None) -> Slot:
    """Build the row of a single slot."""
    return Slot(schedule, slot, slot, 1, due, fired, outcome)


get = SLOTS.find_by("schedule", "slot")
"""Return the row of a slot, or None."""


def last(reader: Reader, schedule: int) -> Slot | None:
    """Return the row of a schedule's latest slot, which may stand for several missed ones, or None."""
    return SLOTS.find(reader, "schedule = ? ORDER BY slot DESC LIMIT 1", schedule)


def page(reader: Reader, schedule: int, before: int | None, most: int) -> list[Slot]:
    """Return slots before a time, the latest first; without a time, the latest slots."""
    where = "schedule = ? AND slot < ? ORDER BY slot DESC LIMIT ?"
    return SLOTS.select(reader, where, schedule, 2**62 if before is None else before, most)


def missed_since(reader: Reader, low: str, high: str, since: int, most: int) -> list[tuple[str, str, Slot]]:
    """Return the slots since a time that no run started for, of the schedules between two ARNs, the earliest first.

    Each has the ARN of its schedule and what the schedule starts.
    """
    columns = ", ".join(f"slots.{each.name}" for each in fields(Slot))
    sql = (
        f"SELECT s.arn, s.starts, {columns} FROM schedules s JOIN slots ON slots.schedule = s.id "  # noqa: S608
        "WHERE s.arn > ? AND s.arn < ? AND slots.slot >= ? AND slots.outcome IN (?, ?) ORDER BY slots.slot LIMIT ?"
    )
    found = reader.rows(sql, (low, high, since, FAILED, MISSED, most))
    return [(arn, starts, Slot(*values)) for arn, starts, *values in found]


def has_unsettled(reader: Reader, schedule: int) -> bool:
    """Return whether a slot of the schedule waits to fire or for its target's answer."""
    sql = "SELECT 1 FROM slots WHERE schedule = ? AND outcome IN (?, ?) LIMIT 1"
    return reader.row(sql, (schedule, WAITING, SENT)) is not None


def last_fired(reader: Reader) -> int:
    """Return the latest time at which a slot of any schedule fired, or 0."""
    return reader.value("SELECT max(fired) FROM slots WHERE fired IS NOT NULL") or 0


def max_lateness(reader: Reader, since: int) -> int:
    """Return the greatest lateness, in milliseconds, of the slots that have fired since a time."""
    return reader.value("SELECT max(fired - due) FROM slots WHERE fired >= ?", (since,)) or 0


def count_by_period(
    reader: Reader, low: str, high: str, times: tuple[int, int, int], outcome: str | None
) -> list[tuple[int, int]]:
    """Return [the number of a period, slots that fired in it] for the schedules between two ARNs.

    `times` has the start, the end and the period in milliseconds. With an outcome, only slots that had it are counted.
    """
    start, end, period = times
    condition, values = ("", ()) if outcome is None else ("AND slots.outcome = ? ", (outcome,))
    sql = (
        "SELECT (slots.fired - ?) / ? AS number, count(*) FROM slots JOIN schedules s ON s.id = slots.schedule "  # noqa: S608
        f"WHERE slots.fired >= ? AND slots.fired < ? AND s.arn > ? AND s.arn < ? {condition}"
        "GROUP BY number ORDER BY number"
    )
    return [(number, count) for number, count in reader.rows(sql, (start, period, start, end, low, high, *values))]


def record(tx: Tx, slot: Slot) -> None:
    """Store a slot, or replace its row; delete the schedule's oldest row if there are too many."""
    if not SLOTS.update(tx, slot, "schedule = ? AND slot = ?", slot.schedule, slot.slot):
        SLOTS.replace(tx, slot)
        sql = "UPDATE schedules SET recorded = recorded + 1 WHERE id = ? AND recorded < ?"
        if not tx.execute(sql, (slot.schedule, retention.read(tx).slots)):
            oldest = "SELECT min(slot) FROM slots WHERE schedule = ?"
            tx.execute(f"DELETE FROM slots WHERE schedule = ? AND slot = ({oldest})", (slot.schedule, slot.schedule))  # noqa: S608


def delete_surplus(tx: Tx, keep: int, most: int) -> int:
    """Delete at most `most` of the oldest rows of the schedules that have more than `keep`; return their number."""
    row = tx.row("SELECT id, recorded FROM schedules WHERE recorded > ? LIMIT 1", (keep,))
    if row is None:
        return 0
    schedule: int = row[0]
    surplus: int = min(row[1] - keep, most)
    oldest = "SELECT slot FROM slots WHERE schedule = ? ORDER BY slot LIMIT ?"
    tx.execute(f"DELETE FROM slots WHERE schedule = ? AND slot IN ({oldest})", (schedule, schedule, surplus))  # noqa: S608
    tx.execute("UPDATE schedules SET recorded = recorded - ? WHERE id = ?", (surplus, schedule))
    return surplus


def finish(tx: Tx, schedule: int, slot: int, outcome: str, detail: str | None) -> bool:
    """Store the outcome of a slot that has fired; return False if its row was deleted."""
    sql = "UPDATE slots SET outcome = ?, detail = ? WHERE schedule = ? AND slot = ?"
    return tx.execute(sql, (outcome, detail, schedule, slot)) > 0


def mark_missed(tx: Tx, schedule: int) -> list[int]:
    """Mark the slots that wait in their window as missed, because the schedule has changed; return these slots."""
    waiting = tx.rows("SELECT slot FROM slots WHERE schedule = ? AND outcome = ? ORDER BY slot", (schedule, WAITING))
    sql = "UPDATE slots SET outcome = ?, detail = ? WHERE schedule = ? AND outcome = ?"
    tx.execute(sql, (MISSED, "The schedule was changed.", schedule, WAITING))
    return [slot for (slot,) in waiting]
