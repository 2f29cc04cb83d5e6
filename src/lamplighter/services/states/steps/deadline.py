"""Hold the deadline of an execution while it waits: the timer of its definition's TimeoutSeconds.

The time that an execution waits for its turn, or its first task for room on the machine, does not count. AWS has no
such waits.
"""

from lamplighter.asl.execution.frame import Execution
from lamplighter.services.states.outbox_rows import SERVICE
from lamplighter.services.states.tables import executions
from lamplighter.store import timers
from lamplighter.store.db import Tx


def hold(tx: Tx, key: int, execution: Execution) -> None:
    """Stop the deadline; do nothing if it is stopped already, or if there is none."""
    if execution.timer:
        timers.hold(tx, SERVICE, str(key), _timer(execution))


def release(tx: Tx, key: int, execution: Execution, waited: int) -> None:
    """Restart a stopped deadline, which is then `waited` milliseconds later than before."""
    if execution.timer and timers.release(tx, SERVICE, str(key), _timer(execution), waited):
        executions.add_waited_time(tx, key, waited)


def _timer(execution: Execution) -> str:
    return f"0.{execution.timer}"
