"""Count and sum executions by period, using indexes on their start and end times."""

from collections.abc import Mapping

from lamplighter.store.db import Reader, Row

ENDED_EXECUTIONS = "executions INDEXED BY executions_by_end"
METRICS: Mapping[str, tuple[str, str, str, str]] = {
    # by metric: table, time column, value to aggregate, condition
    "ExecutionsStarted": ("executions", "start", "1", "TRUE"),
    "ExecutionsSucceeded": (ENDED_EXECUTIONS, "stop", "1", "status = 'SUCCEEDED'"),
    "ExecutionsFailed": (ENDED_EXECUTIONS, "stop", "1", "status = 'FAILED'"),
    "ExecutionsTimedOut": (ENDED_EXECUTIONS, "stop", "1", "status = 'TIMED_OUT'"),
    "ExecutionsAborted": (ENDED_EXECUTIONS, "stop", "1", "status = 'ABORTED'"),
    "ExecutionTime": (ENDED_EXECUTIONS, "stop", "stop - start", "TRUE"),
}
"""The metrics that can be measured."""


def measure_periods(reader: Reader, machine: str, metric: str, start: int, end: int, period: int) -> list[Row]:
    """Return a row for each period that has executions: [index from `start`, count, sum, minimum, maximum]."""
    table, time, value, condition = METRICS[metric]
    sql = (
        f"SELECT ({time} - ?) / ?, count(*), sum({value}), min({value}), max({value}) FROM {table} "  # noqa: S608
        f"WHERE machine = ? AND {time} >= ? AND {time} < ? AND {condition} GROUP BY 1 ORDER BY 1"
    )
    return reader.rows(sql, (start, period, machine, start, end))
