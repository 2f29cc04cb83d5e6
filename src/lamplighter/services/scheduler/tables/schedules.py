"""Store schedules. Timers hold the times at which they are due, so that no scan of this table is needed."""

from dataclasses import dataclass

from lamplighter.base.json_text import Json, JsonError, dumps, loads_object
from lamplighter.store.db import Reader, Row, Tx

COLUMNS = "id, arn, state, created, modified, anchor, body, missed, within, mark"


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
    """The job of a job file that the schedule starts, and the topics for dropped slots: {Job, Tell: {channel: topic}}.
    """

    @property
    def name(self) -> str:
        """Return the name of the schedule."""
        return self.arn.rpartition("/")[2]

    @property
    def group(self) -> str:
        """Return the name of the schedule's group."""
        return self.arn.split("/")[1]


def _schedule(row: Row) -> Schedule:
    key, arn, state, created, modified, anchor, body, missed, within, annotation = row
    known = None if annotation is None else _read(annotation)
    return Schedule(key, arn, state, created, modified, anchor, _read(body), missed, within, known)


def _read(body: str) -> Json:
    try:
        return loads_object(body)
    except JsonError:
        return None


def get(reader: Reader, arn: str) -> Schedule | None:
    """Return a schedule by its ARN, or None."""
    row = reader.row(f"SELECT {COLUMNS} FROM schedules WHERE arn = ?", (arn,))  # noqa: S608 - our own columns
    return _schedule(row) if row else None


def by_id(reader: Reader, key: int) -> Schedule | None:
    """Return a schedule by its id, or None."""
    row = reader.row(f"SELECT {COLUMNS} FROM schedules WHERE id = ?", (key,))  # noqa: S608
    return _schedule(row) if row else None


def insert(tx: Tx, schedule: Schedule) -> int:
    """Store a new schedule and return its id."""
    sql = "INSERT INTO schedules (arn, state, created, modified, anchor, body, missed) VALUES (?, ?, ?, ?, ?, ?, ?)"
    times = (schedule.created, schedule.modified, schedule.anchor)
    return tx.insert(sql, (schedule.arn, schedule.state, *times, dumps(schedule.body), schedule.missed))


def update(tx: Tx, schedule: Schedule) -> None:
    """Store the changes of a schedule."""
    sql = "UPDATE schedules SET state = ?, modified = ?, anchor = ?, body = ? WHERE id = ?"
    tx.execute(sql, (schedule.state, schedule.modified, schedule.anchor, dumps(schedule.body), schedule.id))


def set_missed(tx: Tx, arn: str, policy: str, within: int | None) -> bool:
    """Set which missed slots of a schedule run late; return False if the schedule does not exist."""
    return tx.execute("UPDATE schedules SET missed = ?, within = ? WHERE arn = ?", (policy, within, arn)) > 0


def set_annotation(tx: Tx, arn: str, annotation: Json) -> bool:
    """Set the job and the topics of a schedule; return False if the schedule does not exist."""
    return tx.execute("UPDATE schedules SET mark = ? WHERE arn = ?", (dumps(annotation), arn)) > 0


def delete(tx: Tx, key: int) -> None:
    """Delete a schedule and its slots."""
    tx.execute("DELETE FROM slots WHERE schedule = ?", (key,))
    tx.execute("DELETE FROM schedules WHERE id = ?", (key,))


def page(
    reader: Reader, first: str, end: str, after: str, most: int, *, state: str | None = None, prefix: str = ""
) -> list[Schedule]:
    """Return schedules with ARNs from `first` to `end` (exclusive) and after the ARN `after`, in order.

    `state` and `prefix` limit the result to a state and to names with a prefix.
    """
    conditions, values = ["arn >= ?", "arn < ?", "arn > ?"], [first, end, after]
    if state is not None:
        conditions.append("state = ?")
        values.append(state)
    if prefix:
        # Names, prefixes and groups contain no slash.
        conditions.append("arn GLOB ?")
        values.append(f"*/*/{prefix}*")
    sql = f"SELECT {COLUMNS} FROM schedules WHERE {' AND '.join(conditions)} ORDER BY arn LIMIT ?"  # noqa: S608
    return [_schedule(row) for row in reader.rows(sql, (*values, most))]
