"""Start express executions, which run like other executions but leave no history.

"Synchronous Express Workflows start a workflow, wait until it completes, then return the result." An execution that
never waits ends in its first step, and nothing of it is stored.
See https://docs.aws.amazon.com/step-functions/latest/dg/choosing-workflow-type.html.
"""

from typing import TYPE_CHECKING

from lamplighter.asl.execution.frame import Execution
from lamplighter.asl.execution.step import Step
from lamplighter.base.aws import arn
from lamplighter.base.json_text import Json
from lamplighter.base.world import World
from lamplighter.bus import Bus, Caller
from lamplighter.services.states.arns import check_name
from lamplighter.services.states.errors import StateMachineDeleting, StateMachineTypeNotSupported
from lamplighter.services.states.executions.driver import Driver
from lamplighter.services.states.executions.execution_input import read_input
from lamplighter.services.states.executions.express_ends import ExpressEnd
from lamplighter.services.states.machines.resolve_arn import find_target
from lamplighter.services.states.tables.state_machines import StateMachine
from lamplighter.store.db import Reader, Tx

if TYPE_CHECKING:
    from aws_types import states as aws

BILLING_STEP_MILLISECONDS = 100
"""The unit of the billed duration in milliseconds: "Duration is … rounded up to the nearest 100 ms"."""
BILLED_MEMORY_MB = 64


class ExpressExecutions:
    """The operations on express executions of the API."""

    def __init__(self, bus: Bus, world: World, driver: Driver) -> None:
        self._bus = bus
        self._world = world
        self._driver = driver

    def start_sync(self, reader: Reader, _caller: Caller, params: "aws.StartSyncExecutionInput") -> Json:
        """Handle StartSyncExecution; return an awaitable if the execution has to wait."""
        machine = find_target(reader, params["stateMachineArn"], self._world).machine
        if machine.deleting:
            raise StateMachineDeleting(machine.arn)
        if machine.type != "EXPRESS":
            raise StateMachineTypeNotSupported
        execution = self.execution(machine, params)
        step = self._driver.first_step(reader, execution, machine.revision)
        if step.finish is None:
            return self._run(execution, machine.revision)
        ended = ExpressEnd(step.finish, self._world.now())
        if self._driver.execution_log.log_settings(reader, machine.revision) is not None:
            return self._log(execution, machine.revision, step, ended)
        return _answer(execution, ended)

    async def _log(self, execution: Execution, revision: str, step: Step, ended: ExpressEnd) -> Json:
        """Log an execution that has already ended."""
        await self._bus.store.write(lambda tx: self._driver.save_started(tx, execution, revision, step))
        return _answer(execution, ended)

    async def _run(self, execution: Execution, revision: str) -> Json:
        """Run an execution that calls a service or waits; its first step is computed anew, with its calls."""
        ended = self._driver.express_ends.wait_for(execution.arn)
        await self._bus.store.write(lambda tx: self._driver.start(tx, execution, revision))
        return _answer(execution, await ended)

    def start(self, tx: Tx, machine: StateMachine, params: Json) -> Json:
        """Handle StartExecution of an express state machine; its end is not reported."""
        execution = self.execution(machine, params)
        self._driver.start(tx, execution, machine.revision)
        return {"executionArn": execution.arn, "startDate": execution.start / 1000}

    def execution(self, machine: StateMachine, params: Json) -> Execution:
        """Build a new execution. Its name need not be unique, but its ARN is."""
        name = check_name(params["name"]) if "name" in params else self._world.uuid()
        document, text = read_input(params)
        key = arn.sibling(machine.arn, f"express:{machine.name}:{name}:{self._world.uuid()}")
        return Execution(key, name, machine.role, machine.arn, machine.name, document, text, self._world.now())


def _answer(execution: Execution, ended: ExpressEnd) -> Json:
    finish = ended.finish
    steps = max(1, -(-(ended.stop - execution.start) // BILLING_STEP_MILLISECONDS))
    answer: Json = {
        "executionArn": execution.arn,
        "stateMachineArn": execution.machine,
        "name": execution.name,
        "startDate": execution.start / 1000,
        "stopDate": ended.stop / 1000,
        "status": finish.status,
        "input": execution.text,
        "inputDetails": {"included": True},
        "outputDetails": {"included": True},  # AWS, recorded: also if there is no output
        "billingDetails": {
            "billedMemoryUsedInMB": BILLED_MEMORY_MB,
            "billedDurationInMilliseconds": steps * BILLING_STEP_MILLISECONDS,
        },
    }
    if finish.output is not None:
        answer["output"] = finish.output
    error = "States.Timeout" if finish.status == "TIMED_OUT" else finish.error
    return answer | {name: value for name, value in (("error", error), ("cause", finish.cause)) if value is not None}
