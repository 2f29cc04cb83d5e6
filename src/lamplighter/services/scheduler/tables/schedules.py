"""Store schedules. Timers hold the times at which they are due, so that no scan of this table is needed."""

from dataclasses import dataclass

from lamplighter.base.json_text import Json, dumps, loads_or
from lamplighter.store.db import Reader, Tx
from lamplighter.store.rows import Table


@dataclass(frozen=True, slots=True)
class Schedule:
    """A schedule: which call to make at which times."""

    id: int
    """0 until the schedule is stored; then a number that is never reused."""
    arn: str
    state: str
    created: int
    """Milliseconds since the epoch."""
    modified: int
    anchor: int
    """The time from which a rate counts, in milliseconds since the epoch."""
    body: Json
    """All other fields as the API names them; None if the row cannot be read."""
    missed: str = "last"
    """Which slots run late if no engine ran at their time: all, last, none."""
    within: int | None = None
    """The seconds in which missed slots may still run; None means the target's maximum event age."""
    annotation: Json = None
    """The job of the job file, and the topics for dropped slots: {Job, Tell: {channel: topic}}."""
    starts: str = ""
    """The ARN of the state machine that the schedule starts; for another target, the target's ARN."""

    @property
    def name(self) -> str:
        """Return the name of the schedule."""
        return self.arn.rpartition("/")[2]

    @property
    def group(self) -> str:
        """Return the name of the schedule's group."""
        return self.arn.split("/")[1]


def _read(text: str) -> Json:
    found = loads_or(text, None)
    return found if isinstance(found, dict) else None


SCHEDULES = Table("schedules", Schedule, json={"body": _read, "annotation": _read})


get = SCHEDULES.find_by("arn")
"""Return a schedule by its ARN, or None."""


by_id = SCHEDULES.find_by("id")
"""Return a schedule by its id, or None."""


@dataclass(frozen=True, slots=True)
class RecentTimes:
    """The scheduled times of a schedule around now, in milliseconds since the epoch."""

    starts: str
    next: int | None
    last: int | None
    interval: int | None
    """The longer one of the times between the last slot and the slots before and after it; None without a next slot."""


def recent_times(reader: Reader, first: str, last: str, most: int) -> list[RecentTimes]:
    """Return the times of at most `most` schedules that start the state machines from one ARN to another."""
    sql = """
        SELECT s.starts, (SELECT min(due) FROM timers WHERE service = 'scheduler' AND subject = CAST(s.id AS TEXT)),
            last.slot, last.until, last.count, before.until
        FROM schedules s
        LEFT JOIN slots last ON last.schedule = s.id
            AND last.slot = (SELECT max(slot) FROM slots WHERE schedule = s.id)
        LEFT JOIN slots before ON before.schedule = s.id
            AND before.slot = (SELECT max(slot) FROM slots WHERE schedule = s.id AND slot < last.slot)
        WHERE s.starts BETWEEN ? AND ? ORDER BY s.starts, s.id LIMIT ?
    """
    return [
        RecentTimes(starts, following, until, _interval(following, slot, until, count, before))
        for starts, following, slot, until, count, before in reader.rows(sql, (first, last, most))
    ]


def _interval(
    following: int | None, slot: int | None, until: int | None, count: int | None, before: int | None
) -> int | None:
    """Return the longest time between slots; a row of several missed slots is from `slot` to `until`."""
    if following is None or slot is None or until is None or count is None:
        return None
    past = (until - slot) // (count - 1) if count > 1 else slot - (slot if before is None else before)
    return max(following - until, past)


insert = SCHEDULES.insert
"""Store a new schedule and return its id."""


def update(tx: Tx, schedule: Schedule) -> None:
    """Store the changes of a schedule."""
    SCHEDULES.update(tx, schedule, "id = ?", schedule.id)


def set_missed(tx: Tx, arn: str, policy: str, within: int | None) -> bool:
    """Set which missed slots of a schedule run late; return False if the schedule does not exist."""
    return tx.execute("UPDATE schedules SET missed = ?, within = ? WHERE arn = ?", (policy, within, arn)) > 0


def set_annotation(tx: Tx, arn: str, annotation: Json) -> bool:
    """Set the job and the topics of a schedule; return False if the schedule does not exist."""
    return tx.execute("UPDATE schedules SET annotation = ? WHERE arn = ?", (dumps(annotation), arn)) > 0


def delete(tx: Tx, key: int) -> None:
    """Delete a schedule and its slots."""
    tx.execute("DELETE FROM slots WHERE schedule = ?", (key,))
    tx.execute("DELETE FROM schedules WHERE id = ?", (key,))


def due_before(reader: Reader, low: str, high: str, until: int, most: int) -> list[tuple[Schedule, int]]:
    """Return the schedules between two ARNs that are due before a time, each with its next slot, the next first."""
    columns = SCHEDULES.query.partition(" FROM ")[0].removeprefix("SELECT ")
    # CROSS JOIN: SQLite's planner would compare every timer with every schedule.
    sql = (
        f"SELECT min(t.due), {', '.join(f's.{each}' for each in columns.split(', '))} FROM schedules s "  # noqa: S608
        "CROSS JOIN timers t ON t.service = 'scheduler' AND t.subject = CAST(s.id AS TEXT) "
        "WHERE s.arn > ? AND s.arn < ? AND t.due < ? GROUP BY s.id ORDER BY min(t.due) LIMIT ?"
    )
    return [(SCHEDULES.parse(tuple(row)), due) for due, *row in reader.rows(sql, (low, high, until, most))]


def zones(reader: Reader, low: str, high: str) -> list[str]:
    """Return the time zones of the schedules between two ARNs."""
    zone = "CASE WHEN json_valid(body) THEN json_extract(body, '$.ScheduleExpressionTimezone') END"
    sql = f"SELECT DISTINCT ifnull({zone}, 'UTC') FROM schedules WHERE arn > ? AND arn < ?"  # noqa: S608 - our own
    return [each for (each,) in reader.rows(sql, (low, high))]


def page(
    reader: Reader, first: str, end: str, after: str, most: int, *, state: str | None = None, prefix: str = ""
) -> list[Schedule]:
    """Return schedules from ARN `first` to `end` (exclusive), after `after`, of a state and with a prefix, in order."""
    conditions, values = ["arn >= ?", "arn < ?", "arn > ?"], [first, end, after]
    if state is not None:
        conditions.append("state = ?")
        values.append(state)
    if prefix:
        # Names, prefixes and groups contain no slash.
        conditions.append("arn GLOB ?")
        values.append(f"*/*/{prefix}*")
    return SCHEDULES.select(reader, f"{' AND '.join(conditions)} ORDER BY arn LIMIT ?", *values, most)
