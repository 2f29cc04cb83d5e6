"""Publish the event *Step Functions Execution Status Change*.

See https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html. Dates are milliseconds; input and
output are JSON text. Input and output are omitted if the event would be larger than 248 KiB.
"""

from lamplighter.asl.execution.frame import Execution
from lamplighter.base.json_text import Json
from lamplighter.bus import Bus, Event, caller_of
from lamplighter.store.db import Tx

SOURCE = "aws.states"
MAX_DATA_BYTES = 248 * 1024


def publish_status(bus: Bus, tx: Tx, execution: Execution, status: str, stop: int | None, output: str | None) -> None:
    """Publish the new status of an execution; do nothing for an express execution."""
    if execution.express:
        return
    bus.publish(tx, SOURCE, lambda: _event(execution, status, stop, output))


def _event(execution: Execution, status: str, stop: int | None, output: str | None) -> Event:
    bytes_left = MAX_DATA_BYTES - len(execution.text.encode())
    shows_input = bytes_left >= 0
    shows_output = output is not None and len(output.encode()) <= (bytes_left if shows_input else MAX_DATA_BYTES)
    detail: Json = {
        "executionArn": execution.arn,
        "stateMachineArn": execution.machine,
        "name": execution.name,
        "status": status,
        "startDate": execution.start,
        "stopDate": stop,
        "input": execution.text if shows_input else None,
        "inputDetails": {"included": shows_input},
        "output": output if shows_output else None,
        "outputDetails": None if output is None else {"included": shows_output},
    }
    return Event(
        caller=caller_of(execution.arn),
        source=SOURCE,
        detail_type="Step Functions Execution Status Change",
        time=stop or execution.start,
        resources=(execution.arn,),
        detail=detail,
    )
