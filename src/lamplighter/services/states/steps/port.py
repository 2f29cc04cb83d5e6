"""Declare the driver's methods that its parts use; the parts are built before the driver is complete."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol

from lamplighter.asl.execution.frame import Execution
from lamplighter.asl.execution.messages import Event
from lamplighter.asl.execution.step import MakeCall, Step, call_after_commit
from lamplighter.base.errors import LamplighterError
from lamplighter.services.states.steps.running_executions import RunningExecution
from lamplighter.store.db import Tx


class CallMustWait(LamplighterError):
    """A call cannot be made within the step: its answer comes later, or it affects the execution that makes it."""


StepCalls = AbstractContextManager[MakeCall]
"""The calls of one step; if the step raises, they are undone."""
NO_CALLS: StepCalls = nullcontext(call_after_commit)
NEW_EXECUTION = 0
"""Stands for the key of an execution that is not stored yet."""


class CallMaker(Protocol):
    """Makes the calls that belong to steps (`calls/calls_in_step.py`)."""

    def begin(self, tx: Tx, key: int, execution: Execution) -> StepCalls:
        """Begin the calls of one step of an execution."""

    def makes_call_of(self, key: int) -> bool:
        """Return whether a call of this execution's step is being made, so that the step is not written yet."""


class ExecutionDriver(Protocol):
    """The driver of executions (`driver.py`)."""

    def find(self, tx: Tx, key: int) -> RunningExecution | None:
        """Return a running execution, or None if it has ended."""

    def start(
        self, tx: Tx, execution: Execution, revision: str, on_insert: Callable[[int], None] | None = None
    ) -> None:
        """Start an execution; call `on_insert` with its key before the execution can end."""

    def start_waiting(self, tx: Tx, execution: Execution, revision: str) -> int:
        """Start an execution that enters no state until `resume_soon`; return its key."""

    def resume_soon(self, key: int) -> None:
        """Continue an execution with a frame that is ready."""

    def send_event(self, tx: Tx, key: int, event: Event, happened: int | None = None) -> None:
        """Advance an execution by an event; if it ends with it, it ended when that `happened`."""

    def save_step(self, tx: Tx, key: int, running: RunningExecution, step: Step) -> None:
        """Write the step of a running execution and carry out its commands."""

    def end_broken(self, tx: Tx, key: int, cause: str) -> None:
        """End an execution that cannot continue."""

    def reopen(self, tx: Tx, key: int, running: RunningExecution, event: Event) -> None:
        """Continue an execution that had ended, from this state and with this event."""
