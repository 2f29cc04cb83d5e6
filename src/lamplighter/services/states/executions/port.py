"""Declare the driver's methods that its parts use; the parts are built before the driver is complete."""

from collections.abc import Callable
from typing import Protocol

from lamplighter.asl.execution.frame import Execution
from lamplighter.asl.execution.messages import Event
from lamplighter.asl.execution.step import Step
from lamplighter.services.states.executions.running_executions import RunningExecution
from lamplighter.store.db import Tx


class ExecutionDriver(Protocol):
    """The driver of executions (`driver.py`)."""

    def find(self, tx: Tx, key: int) -> RunningExecution | None:
        """Return a running execution, or None if it has ended."""

    def start(
        self, tx: Tx, execution: Execution, revision: str, on_insert: Callable[[int], None] | None = None
    ) -> None:
        """Start an execution; call `on_insert` with its key before the execution can end."""

    def send_event(self, tx: Tx, key: int, event: Event) -> None:
        """Advance an execution by an event; do nothing if it has ended."""

    def save_step(self, tx: Tx, key: int, running: RunningExecution, step: Step) -> None:
        """Write the step of a running execution and carry out its commands."""

    def end_broken(self, tx: Tx, key: int, cause: str) -> None:
        """End an execution that cannot continue."""

    def reopen(self, tx: Tx, key: int, running: RunningExecution, event: Event) -> None:
        """Continue an execution that had ended, from this state and with this event."""
