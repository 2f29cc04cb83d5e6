"""Schedules. When they are due is told by their timers, so that nobody looks through them."""

from dataclasses import dataclass

from lamplighter.base.json_text import Json, JsonError, dumps, loads_object
from lamplighter.store.db import Reader, Row, Tx

COLUMNS = "id, arn, state, created, modified, anchor, body, missed, within, mark"


@dataclass(frozen=True, slots=True)
class Schedule:
    """What is to be done when."""

    id: int
    """0 until it is kept; then a number that no other schedule ever has."""
    arn: str
    state: str
    created: int
    """Milliseconds since the epoch."""
    modified: int
    anchor: int
    """From when a rate counts, in milliseconds since the epoch."""
    body: Json
    """Everything else, as the API has it; None where it can't be read."""
    missed: str = "last"
    """Which of the slots that came while no engine ran are made up for: all, last, none."""
    within: int | None = None
    """For how many seconds afterwards they are; None: for the target's maximum event age."""
    mark: Json = None
    """Which job of a job file it starts, and whom to tell of slots that are dropped: {Job, Tell: {channel: topic}}."""

    @property
    def name(self) -> str:
        """As the API calls it."""
        return self.arn.rpartition("/")[2]

    @property
    def group(self) -> str:
        """The name of its group."""
        return self.arn.split("/")[1]


def _schedule(row: Row) -> Schedule:
    key, arn, state, created, modified, anchor, body, missed, within, mark = row
    known = None if mark is None else _read(mark)
    return Schedule(key, arn, state, created, modified, anchor, _read(body), missed, within, known)


def _read(body: str) -> Json:
    try:
        return loads_object(body)
    except JsonError:
        return None


def get(reader: Reader, arn: str) -> Schedule | None:
    """A schedule by its ARN."""
    row = reader.row(f"SELECT {COLUMNS} FROM schedules WHERE arn = ?", (arn,))  # noqa: S608 - our own columns
    return _schedule(row) if row else None


def by_id(reader: Reader, key: int) -> Schedule | None:
    """A schedule by its number."""
    row = reader.row(f"SELECT {COLUMNS} FROM schedules WHERE id = ?", (key,))  # noqa: S608
    return _schedule(row) if row else None


def insert(tx: Tx, schedule: Schedule) -> int:
    """Keep a new schedule; its number."""
    sql = "INSERT INTO schedules (arn, state, created, modified, anchor, body, missed) VALUES (?, ?, ?, ?, ?, ?, ?)"
    times = (schedule.created, schedule.modified, schedule.anchor)
    return tx.insert(sql, (schedule.arn, schedule.state, *times, dumps(schedule.body), schedule.missed))


def update(tx: Tx, schedule: Schedule) -> None:
    """Keep a schedule that has changed."""
    sql = "UPDATE schedules SET state = ?, modified = ?, anchor = ?, body = ? WHERE id = ?"
    tx.execute(sql, (schedule.state, schedule.modified, schedule.anchor, dumps(schedule.body), schedule.id))


def set_missed(tx: Tx, arn: str, policy: str, within: int | None) -> bool:
    """Say which of the slots that come while no engine runs are made up for; False where there is no such schedule."""
    return tx.execute("UPDATE schedules SET missed = ?, within = ? WHERE arn = ?", (policy, within, arn)) > 0


def set_mark(tx: Tx, arn: str, mark: Json) -> bool:
    """Say which job a schedule starts; False where there is no such schedule."""
    return tx.execute("UPDATE schedules SET mark = ? WHERE arn = ?", (dumps(mark), arn)) > 0


def delete(tx: Tx, key: int) -> None:
    """Forget a schedule, and what came of its slots."""
    tx.execute("DELETE FROM slots WHERE schedule = ?", (key,))
    tx.execute("DELETE FROM schedules WHERE id = ?", (key,))


def page(
    reader: Reader, first: str, end: str, after: str, most: int, *, state: str | None = None, prefix: str = ""
) -> list[Schedule]:
    """Schedules whose ARNs are from `first` on, before `end` and after the last that was seen, in order.

    Only those of a state, and only those whose names begin with a prefix, where that is asked for.
    """
    conditions, values = ["arn >= ?", "arn < ?", "arn > ?"], [first, end, after]
    if state is not None:
        conditions.append("state = ?")
        values.append(state)
    if prefix:
        # A name has no slash, and neither have a prefix or a group.
        conditions.append("arn GLOB ?")
        values.append(f"*/*/{prefix}*")
    sql = f"SELECT {COLUMNS} FROM schedules WHERE {' AND '.join(conditions)} ORDER BY arn LIMIT ?"  # noqa: S608
    return [_schedule(row) for row in reader.rows(sql, (*values, most))]
