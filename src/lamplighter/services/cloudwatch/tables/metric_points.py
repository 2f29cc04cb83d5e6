"""Store metric values: one row per metric, unit and minute (or second), regardless of the number of its values."""

from collections.abc import Iterable
from dataclasses import dataclass

from lamplighter.base.json_text import dumps, loads
from lamplighter.store.db import Reader, Tx
from lamplighter.store.rows import Table

MAX_DELETED = 1000


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric, identified by its account, region, namespace, name and dimensions."""

    account: str
    region: str
    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...]
    """Names and values, sorted."""

    @property
    def key(self) -> tuple[str, ...]:
        """The values of the columns that identify the metric in rows."""
        return (self.account, self.region, self.namespace, self.name, dumps(dict(self.dimensions)))


@dataclass(frozen=True, slots=True)
class MetricPoint:
    """The values of a metric at a time, aggregated."""

    time: int
    """Milliseconds since the epoch."""
    samples: float
    total: float
    minimum: float
    maximum: float
    value_counts: tuple[tuple[float, float], ...] | None
    """Each value with the number of its occurrences; None if they are not known."""
    unit: str = "None"


def _parse_value_counts(text: str) -> tuple[tuple[float, float], ...]:
    return tuple((value, times) for value, times in loads(text))


POINTS = Table(
    "metric_points",
    MetricPoint,
    json={"value_counts": _parse_value_counts},
)
METRIC_CONDITION = "account = ? AND region = ? AND namespace = ? AND name = ? AND dimensions = ?"


def points_between(reader: Reader, metric: Metric, start: int, end: int, unit: str | None = None) -> list[MetricPoint]:
    """Return the points of a metric from `start` on and before `end`, in order of time."""
    condition, units = ("", []) if unit is None else (" AND unit = ?", [unit])
    where = f"{METRIC_CONDITION} AND time >= ? AND time < ?{condition} ORDER BY time"
    return POINTS.select(reader, where, *metric.key, start, end, *units)


def totals_between(
    reader: Reader, metric: Metric, start: int, end: int, period: int, unit: str | None = None
) -> list[MetricPoint]:
    """Return the points of each period and unit as one, without their values, in order of time.

    SQLite adds them up: in a tenth of the time of reading each point.
    """
    condition, units = ("", []) if unit is None else (" AND unit = ?", [unit])
    sql = (
        "SELECT (time - ?) / ? AS number, sum(samples), sum(total), min(minimum), max(maximum), unit "  # noqa: S608
        f"FROM metric_points WHERE {METRIC_CONDITION} AND time >= ? AND time < ?{condition} "
        "GROUP BY number, unit ORDER BY number, unit"
    )
    rows = reader.rows(sql, (start, period, *metric.key, start, end, *units))
    return [
        MetricPoint(start + number * period, samples, total, least, most, None, found)
        for number, samples, total, least, most, found in rows
    ]


def put(tx: Tx, metric: Metric, point: MetricPoint) -> None:
    """Store a point, and replace the metric's point of the same time and unit."""
    sql = "INSERT OR REPLACE INTO metric_points VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
    value_counts = None if point.value_counts is None else dumps(point.value_counts)
    values = (point.unit, point.time, point.samples, point.total, point.minimum, point.maximum, value_counts)
    tx.execute(sql, (*metric.key, *values))


def delete_expired(tx: Tx, oldest: int) -> None:
    """Delete up to `MAX_DELETED` points that are older than `oldest`."""
    keys = "account, region, namespace, name, dimensions, unit, time"
    tx.execute(
        f"DELETE FROM metric_points WHERE ({keys}) IN (SELECT {keys} FROM metric_points WHERE time < ? LIMIT ?)",  # noqa: S608
        (oldest, MAX_DELETED),
    )


def metrics(reader: Reader, account: str, region: str, since: int) -> Iterable[Metric]:
    """Yield all metrics that have points since a time, in order of namespace, name and dimensions.

    Reads two rows of each metric and unit, however many points they have.
    """
    columns = "namespace, name, dimensions, unit"
    sql = (
        f"SELECT {columns} FROM metric_points WHERE account = ? AND region = ? "  # noqa: S608 - our own columns
        f"AND ({columns}, time) > (?, ?, ?, ?, {2**62}) ORDER BY {columns} LIMIT 1"
    )
    latest = f"SELECT max(time) FROM metric_points WHERE {METRIC_CONDITION} AND unit = ?"  # noqa: S608 - our own columns
    place, yielded = ("", "", "", ""), None
    while (row := reader.row(sql, (account, region, *place))) is not None:
        place = (row[0], row[1], row[2], row[3])
        if place[:3] != yielded and (reader.value(latest, (account, region, *place)) or 0) >= since:
            yielded = place[:3]
            yield Metric(account, region, row[0], row[1], tuple(loads(row[2]).items()))
