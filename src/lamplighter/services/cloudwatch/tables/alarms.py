"""Store CloudWatch's alarms and their histories."""

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from lamplighter.base.json_text import Json, JsonError, dumps, loads_object
from lamplighter.store.db import DamagedData, Reader, Row, Tx

COLUMNS = "arn, account, region, name, state, body, tags"
PAGE = 100

log = logging.getLogger("lamplighter.cloudwatch")


@dataclass(frozen=True, slots=True)
class Alarm:
    """A metric alarm or a composite alarm."""

    arn: str
    account: str
    region: str
    name: str
    state: str
    body: Json
    tags: dict[str, str]


@dataclass(frozen=True, slots=True)
class HistoryItem:
    """An entry of an alarm's history."""

    id: int
    alarm: str
    time: int
    """Milliseconds since the epoch."""
    type: str
    summary: str
    data: str


def _alarm(row: Row) -> Alarm:
    arn, account, region, name, state, body, tags = row
    try:
        return Alarm(arn, account, region, name, state, loads_object(body), loads_object(tags))
    except JsonError as error:
        raise DamagedData(f"the alarm {arn} cannot be read: {error}") from error


def get(reader: Reader, arn: str) -> Alarm | None:
    """Return the alarm with this ARN, or None if there is none; raise `DamagedData` if its row cannot be read."""
    row = reader.row(f"SELECT {COLUMNS} FROM alarms WHERE arn = ?", (arn,))  # noqa: S608 - our own columns
    return _alarm(row) if row else None


def get_by_names(reader: Reader, account: str, region: str, names: Iterable[str], after: str = "") -> Iterator[Alarm]:
    """Yield the named alarms of an account in a region whose names follow `after`, in order of name.

    Rows that cannot be read are logged and skipped.
    """
    sql = f"SELECT {COLUMNS} FROM alarms WHERE account = ? AND region = ? AND name = ?"  # noqa: S608 - our own columns
    for name in sorted({name for name in names if name > after}):
        yield from _readable(reader.rows(sql, (account, region, name)))


def list_alarms(reader: Reader, account: str, region: str, prefix: str = "", after: str = "") -> Iterator[Alarm]:
    """Yield the alarms of an account in a region whose names start with `prefix` and follow `after`, in order of name.

    Rows that cannot be read are logged and skipped.
    """
    sql = (
        f"SELECT {COLUMNS} FROM alarms WHERE account = ? AND region = ? AND name > ? "  # noqa: S608
        "AND substr(name, 1, length(?)) = ? ORDER BY name LIMIT ?"
    )
    while found := reader.rows(sql, (account, region, after, prefix, prefix, PAGE)):
        yield from _readable(found)
        after = found[-1][3]


def _readable(found: list[Row]) -> Iterator[Alarm]:
    for row in found:
        try:
            yield _alarm(row)
        except DamagedData as error:
            log.error("%s; it is skipped", error)


def count(reader: Reader, account: str, region: str) -> int:
    """Return the number of alarms of an account in a region."""
    return reader.count("SELECT count(*) FROM alarms WHERE account = ? AND region = ?", (account, region))


def put(tx: Tx, alarm: Alarm) -> None:
    """Store a new or changed alarm."""
    values = (alarm.arn, alarm.account, alarm.region, alarm.name, alarm.state, dumps(alarm.body), dumps(alarm.tags))
    tx.execute(f"INSERT OR REPLACE INTO alarms ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)", values)  # noqa: S608


def delete(tx: Tx, arn: str) -> bool:
    """Delete an alarm and return whether it existed; its history stays until it expires."""
    return tx.execute("DELETE FROM alarms WHERE arn = ?", (arn,)) > 0


def get_if_readable(reader: Reader, arn: str) -> Alarm | None:
    """Return the alarm, or None if it is missing or cannot be read; such an alarm may be put again or deleted."""
    try:
        return get(reader, arn)
    except DamagedData as error:
        log.error("%s", error)
        return None


# --- histories --------------------------------------------------------------------------------------------------------


def add_history(tx: Tx, item: HistoryItem, oldest: int) -> None:
    """Store a history item and delete up to 1,000 items that are older than `oldest`."""
    sql = "INSERT INTO alarm_history (alarm, time, type, summary, data) VALUES (?, ?, ?, ?, ?)"
    tx.execute(sql, (item.alarm, item.time, item.type, item.summary, item.data))
    tx.execute(
        "DELETE FROM alarm_history WHERE id IN (SELECT id FROM alarm_history WHERE time < ? LIMIT 1000)", (oldest,)
    )


@dataclass(frozen=True, slots=True)
class HistoryQuery:
    """The conditions for the history items of a page."""

    alarms: str
    """A prefix of the ARNs of the items' alarms; the ARN of one alarm if `exact` is true."""
    exact: bool
    type: str | None
    start: int
    end: int
    after: int | None
    """The id of the last item of the page before."""
    ascending: bool


def history(reader: Reader, query: HistoryQuery, most: int) -> list[HistoryItem]:
    """Return up to `most` history items in the order in which they were written, or in the reverse order."""
    where, values = ["time >= ?", "time <= ?"], [query.start, query.end, *([query.alarms] if query.exact else [])]
    where += ["alarm = ?"] if query.exact else ["substr(alarm, 1, length(?)) = ?"]
    values += [] if query.exact else [query.alarms, query.alarms]
    if query.type is not None:
        where, values = [*where, "type = ?"], [*values, query.type]
    if query.after is not None:
        where, values = [*where, "id > ?" if query.ascending else "id < ?"], [*values, query.after]
    order = "ASC" if query.ascending else "DESC"
    sql = (
        "SELECT id, alarm, time, type, summary, data FROM alarm_history "  # noqa: S608 - our own conditions
        f"WHERE {' AND '.join(where)} ORDER BY id {order} LIMIT ?"
    )
    return [HistoryItem(*row) for row in reader.rows(sql, (*values, most))]
