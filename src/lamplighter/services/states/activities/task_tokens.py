"""Implement the operations that take a task token: a worker reports success, failure or a heartbeat."""

from typing import TYPE_CHECKING

from lamplighter.asl.execution.messages import Heartbeat, TaskFailed, TaskSucceeded
from lamplighter.asl.execution.task import parse_task_token
from lamplighter.base.errors import require
from lamplighter.base.json_text import JsonError, loads
from lamplighter.bus import Caller
from lamplighter.services.states.errors import InvalidOutput, InvalidToken, TaskTimedOut
from lamplighter.services.states.executions.driver import Driver
from lamplighter.services.states.json_errors import json_error_message
from lamplighter.services.states.tables.external_names import Work
from lamplighter.store.db import Tx

if TYPE_CHECKING:
    from aws_types import states as aws


class TaskTokens:
    """The task token operations of the API."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver

    def succeed(self, tx: Tx, _caller: Caller, params: "aws.SendTaskSuccessInput") -> None:
        """Handle SendTaskSuccess."""
        work = self._work(tx, params["taskToken"])
        try:
            output = loads(params["output"])
        except JsonError:
            raise InvalidOutput(json_error_message(params["output"])) from None
        self._driver.send_event(tx, work.execution, TaskSucceeded(work.frame, work.number, output))

    def fail(self, tx: Tx, _caller: Caller, params: "aws.SendTaskFailureInput") -> None:
        """Handle SendTaskFailure."""
        work = self._work(tx, params["taskToken"])
        event = TaskFailed(work.frame, work.number, params.get("error"), params.get("cause"))
        self._driver.send_event(tx, work.execution, event)

    def heartbeat(self, tx: Tx, _caller: Caller, params: "aws.SendTaskHeartbeatInput") -> None:
        """Handle SendTaskHeartbeat."""
        work = self._work(tx, params["taskToken"])
        self._driver.send_event(tx, work.execution, Heartbeat(work.frame, work.number))

    def _work(self, tx: Tx, token: str) -> Work:
        if parse_task_token(token) is None:
            raise InvalidToken
        return require(self._driver.pending_work.work_of_token(tx, token), TaskTimedOut)
