"""Implement RedriveExecution: continue a failed execution from its failed state.

"Step Functions preserves the results and execution history of the successful steps, and doesn't rerun these steps when
you redrive an execution." See https://docs.aws.amazon.com/step-functions/latest/apireference/API_RedriveExecution.html.
"""

from dataclasses import replace

from lamplighter.asl.execution.messages import Redriven
from lamplighter.asl.execution.step import MAX_EVENTS
from lamplighter.base.json_text import Json
from lamplighter.bus import Caller
from lamplighter.services.states.errors import ExecutionNotRedrivable
from lamplighter.services.states.lookup import find_execution
from lamplighter.services.states.steps.port import ExecutionDriver
from lamplighter.services.states.steps.running_executions import RunningExecution, execution_of_record
from lamplighter.services.states.tables import execution_lists, executions, map_runs, redrives
from lamplighter.services.states.tables.executions import ExecutionRecord
from lamplighter.services.states.tables.frames import load_counters, parse_counters
from lamplighter.store.db import Reader, Tx

REDRIVABLE = ("FAILED", "ABORTED", "TIMED_OUT")
REDRIVE_PERIOD_MILLISECONDS = 14 * 24 * 3600 * 1000
"""Milliseconds after its end for which an execution can be redriven: 14 days."""
CLIENT_TOKEN_MILLISECONDS = 15 * 60 * 1000
"""Milliseconds for which a repeated client token means the same redrive."""


class Redrives:
    """The redrive operation of the API."""

    def __init__(self, driver: ExecutionDriver) -> None:
        self._driver = driver

    def redrive(self, tx: Tx, _caller: Caller, params: Json) -> Json:
        """Handle RedriveExecution."""
        record = find_execution(tx, params["executionArn"])
        token, now = params.get("clientToken"), tx.now
        before = redrives.last_redrive(tx, record.id)
        if before and token is not None and before.token == token and now - before.date < CLIENT_TOKEN_MILLISECONDS:
            return {"redriveDate": before.date / 1000}
        reason = not_redrivable_reason(record, now)
        if reason is None and map_runs.get_child(tx, record.id) is not None:
            reason = "Execution is a child of a Map Run and is redriven with it"
        if reason is None and (other := execution_lists.find_other_repetition(tx, record.arn)) is not None:
            reason = f"Execution runs again already: {other}"
        if reason is not None or not redrive_execution(tx, self._driver, record, now, token):
            raise ExecutionNotRedrivable(reason or "Execution cannot be redriven")
        return {"redriveDate": now / 1000}


def redrive_execution(tx: Tx, driver: ExecutionDriver, record: ExecutionRecord, now: int, token: str | None) -> bool:
    """Continue an execution from its failed state; return False if that state is not stored."""
    stopped = load_counters(execution_of_record(record), record.counters)
    restored = redrives.restore(tx, record.id, replace(stopped, redrives=stopped.redrives + 1))
    if restored is None:
        return False
    redrives.save_redrive(tx, record.id, now, token, record.stop)
    executions.reopen(tx, record.id)
    driver.reopen(tx, record.id, RunningExecution(record.revision, restored), Redriven())
    return True


def redrive_count(record: ExecutionRecord) -> int:
    """Return the number of an execution's redrives."""
    return parse_counters(record.counters).redrives


def not_redrivable_reason(record: ExecutionRecord, now: int) -> str | None:
    """Return why an execution cannot be redriven, or None if it can."""
    if record.status not in REDRIVABLE:
        return f"Execution is {record.status} and cannot be redriven"
    if record.stop is not None and now - record.stop > REDRIVE_PERIOD_MILLISECONDS:
        return "Execution redrivable period exceeded"
    if parse_counters(record.counters).event >= MAX_EVENTS - 1:
        return "Execution history event limit exceeded"
    return None


def redrive_description(reader: Reader, record: ExecutionRecord, now: int) -> Json:
    """Return the fields about redrives that DescribeExecution shows."""
    reason = not_redrivable_reason(record, now)
    status = "REDRIVABLE" if map_runs.get_child(reader, record.id) is None else "REDRIVABLE_BY_MAP_RUN"
    described: Json = {
        "redriveCount": redrive_count(record),
        "redriveStatus": status if reason is None else "NOT_REDRIVABLE",
    }
    if reason is not None:
        described["redriveStatusReason"] = reason
    last = redrives.last_redrive(reader, record.id)
    return described if last is None else described | {"redriveDate": last.date / 1000}
