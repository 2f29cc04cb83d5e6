"""Run an engine with a manual clock and call its Step Functions API."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json, dumps
from lamplighter.bus import Caller
from lamplighter.engine.config import EngineConfig
from lamplighter.engine.engine import Engine
from tests.fake_runtime import FakeRuntime
from tests.inline_isolation import InlineIsolation
from tests.manual_world import ManualClock, manual_world

CALLER = Caller("123456789012", "eu-west-1")
ROLE = "arn:aws:iam::123456789012:role/lamps"
MACHINE = "arn:aws:states:eu-west-1:123456789012:stateMachine:night"
ACTIVITY = "arn:aws:states:eu-west-1:123456789012:activity:knock"


class StatesHarness:
    """An engine with a manual clock, and shortcuts for its Step Functions API."""

    def __init__(self, engine: Engine, clock: ManualClock) -> None:
        self._engine = engine
        self.clock = clock

    async def states(self, operation: str, **params: Json) -> Json:
        return await self.states_as(CALLER, operation, **params)

    async def states_as(self, caller: Caller, operation: str, **params: Json) -> Json:
        """Call an operation for another caller."""
        return await self._engine.call(caller, "states", operation, params)

    async def create_log_group(self, name: str) -> None:
        """Create a log group."""
        await self._engine.call(CALLER, "logs", "CreateLogGroup", {"logGroupName": name})

    async def expect_error(self, operation: str, **params: Json) -> tuple[str, str]:
        """Call an operation that must fail, and return the code and the message of its error."""
        with pytest.raises(AwsError) as error:
            await self.states(operation, **params)
        return error.value.code, error.value.message

    async def create_machine(self, definition: Json = None, **params: Json) -> Json:
        text = dumps(definition or pass_definition("one"))
        return await self.states(
            "CreateStateMachine", **{"name": "night", "definition": text, "roleArn": ROLE} | params
        )

    async def update_machine(self, definition: Json, **params: Json) -> Json:
        return await self.states("UpdateStateMachine", stateMachineArn=MACHINE, definition=dumps(definition), **params)

    async def start_execution(self, arn: str = MACHINE, **params: Json) -> str:
        return str((await self.states("StartExecution", stateMachineArn=arn, **params))["executionArn"])

    async def describe_execution(self, arn: str) -> Json:
        return await self.states("DescribeExecution", executionArn=arn)


@asynccontextmanager
async def open_harness(directory: Path) -> AsyncIterator[StatesHarness]:
    clock = ManualClock()
    engine = await Engine.open(
        EngineConfig(data_directory=directory), manual_world(clock), FakeRuntime(clock.now), isolation=InlineIsolation()
    )
    try:
        yield StatesHarness(engine, clock)
    finally:
        await engine.close()


def pass_definition(result: str) -> Json:
    """Return the definition of a machine whose only state is a Pass state with this result."""
    return {"StartAt": "A", "States": {"A": {"Type": "Pass", "Result": result, "End": True}}}


def one_state(**state: Json) -> Json:
    """Return the definition of a machine whose only state is `A`."""
    return {"StartAt": "A", "States": {"A": {"End": True, **state}}}
