"""When executions began and ended, counted by periods, by index."""

from collections.abc import Mapping

from lamplighter.store.db import Reader, Row

ENDED = "executions INDEXED BY executions_by_end"
MEASURED: Mapping[str, tuple[str, str, str, str]] = {
    # by name: the table, the time that counts, the value, a condition
    "ExecutionsStarted": ("executions", "start", "1", "TRUE"),
    "ExecutionsSucceeded": (ENDED, "stop", "1", "status = 'SUCCEEDED'"),
    "ExecutionsFailed": (ENDED, "stop", "1", "status = 'FAILED'"),
    "ExecutionsTimedOut": (ENDED, "stop", "1", "status = 'TIMED_OUT'"),
    "ExecutionsAborted": (ENDED, "stop", "1", "status = 'ABORTED'"),
    "ExecutionTime": (ENDED, "stop", "stop - start", "TRUE"),
}
"""What can be measured."""


def measure_period(reader: Reader, machine: str, what: str, start: int, end: int, period: int) -> list[Row]:
    """For each period, counted from `start`, in which there is any: its number, how many, their sum, least and most."""
    table, time, value, condition = MEASURED[what]
    sql = (
        f"SELECT ({time} - ?) / ?, count(*), sum({value}), min({value}), max({value}) FROM {table} "  # noqa: S608
        f"WHERE machine = ? AND {time} >= ? AND {time} < ? AND {condition} GROUP BY 1 ORDER BY 1"
    )
    return reader.rows(sql, (start, period, machine, start, end))
