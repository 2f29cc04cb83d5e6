"""Compute long steps in another process: events keep their order, and a failure ends only one execution."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lamplighter.asl.execution.step import RefusalReason
from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json, dumps
from lamplighter.engine.config import EngineConfig
from lamplighter.engine.engine import Engine
from lamplighter.isolation.port import LimitExceeded
from lamplighter.isolation.requests import Answer, Request
from tests.engine_harness import CALLER, ROLE, SECOND, EngineHarness, RecordingEngine, chain, job
from tests.inline_isolation import InlineIsolation

LONG_EXPRESSION = "{% $sum($map([1..3], function($n){ $n })) %}"
SHORT_EXPRESSION = "{% $states.input %}"


class HeldIsolation(InlineIsolation):
    """An isolation that holds its answers until `release`, or fails because a limit is exceeded."""

    def __init__(self) -> None:
        super().__init__()
        self.holds = False
        self.exceeds_limit = False
        self.report_slow: Callable[[], None] = lambda: None
        """Report that the last held request has used much processor time."""
        self._gates: list[asyncio.Future[None]] = []

    async def run(self, request: Request, refuses: RefusalReason, on_slow: Callable[[], None] | None = None) -> Answer:
        if self.exceeds_limit:
            self.requests.append(request)
            raise LimitExceeded("it took too long")
        answer = await super().run(request, refuses)
        if self.holds:
            gate: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._gates.append(gate)
            self.report_slow = on_slow or self.report_slow
            await gate
        return answer

    def release(self) -> None:
        """Answer all held requests."""
        self.holds = False
        for gate in self._gates:
            if not gate.done():
                gate.set_result(None)
        self._gates.clear()


class IsolationHarness(EngineHarness):
    """An engine harness whose isolation a test controls."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.isolation = HeldIsolation()

    async def _open(self) -> Engine:
        config = EngineConfig(data_directory=self.directory)
        return await RecordingEngine.open(config, self._world, self.runtime, isolation=self.isolation)

    def release(self) -> None:
        self.isolation.release()
        self.settle()

    def report_slow(self) -> None:
        self.isolation.report_slow()
        self.settle()

    def crash(self) -> None:
        super().crash()
        self.isolation = HeldIsolation()


@pytest.fixture
def harness(tmp_path: Path) -> Iterator[IsolationHarness]:
    running = IsolationHarness(tmp_path / "data")
    running.up()
    yield running
    running.close()


def jsonata_machine(*states: Json) -> Json:
    return chain(*states) | {"QueryLanguage": "JSONata"}


def pass_state(expression: str = LONG_EXPRESSION) -> Json:
    return {"Type": "Pass", "Output": expression}


def start_execution(harness: IsolationHarness, *states: Json, name: str = "machine") -> str:
    execution = harness.start(harness.machine(jsonata_machine(*states), name), 1)
    harness.settle()
    return execution


def test_an_execution_with_a_long_expression_ends_like_any_other(harness: IsolationHarness) -> None:
    execution = start_execution(harness, pass_state(), pass_state(SHORT_EXPRESSION))
    assert (harness.status(execution), harness.describe(execution)["output"]) == ("SUCCEEDED", "6")
    entered = ["PassStateEntered", "PassStateExited"]
    assert harness.types(execution) == ["ExecutionStarted", *entered, *entered, "ExecutionSucceeded"]
    assert len(harness.isolation.requests) == 1
    assert harness.rows("SELECT * FROM pending_events") == []


def test_a_state_may_have_the_name_that_a_tested_state_has_without_its_machine(harness: IsolationHarness) -> None:
    definition = {
        "QueryLanguage": "JSONata",
        "StartAt": "StateName",
        "States": {"StateName": pass_state() | {"End": True}},
    }
    execution = harness.start(harness.machine(definition), 1)
    harness.settle()
    assert harness.status(execution) == "SUCCEEDED"
    assert len(harness.isolation.requests) == 1


def test_short_expressions_are_evaluated_in_the_process_of_the_engine(harness: IsolationHarness) -> None:
    assert harness.status(start_execution(harness, pass_state(SHORT_EXPRESSION))) == "SUCCEEDED"
    assert harness.isolation.requests == []


def test_other_executions_continue_while_a_long_step_is_computed(harness: IsolationHarness) -> None:
    harness.isolation.holds = True
    execution = start_execution(harness, pass_state())
    assert harness.status(execution) == "RUNNING"
    assert harness.types(execution) == ["ExecutionStarted"]
    assert harness.status(start_execution(harness, pass_state(SHORT_EXPRESSION), name="other")) == "SUCCEEDED"
    harness.release()
    assert harness.status(execution) == "SUCCEEDED"


def test_an_execution_stops_during_a_long_step_and_the_late_answer_changes_nothing(harness: IsolationHarness) -> None:
    harness.isolation.holds = True
    execution = start_execution(harness, pass_state(), {"Type": "Wait", "Seconds": 5})
    harness.call("states", "StopExecution", executionArn=execution)
    assert harness.status(execution) == "ABORTED"
    events = harness.history(execution)
    harness.release()
    assert harness.history(execution) == events
    assert harness.rows("SELECT * FROM pending_events") == []


def test_events_during_a_long_step_take_effect_after_the_step(harness: IsolationHarness) -> None:
    slow = chain({"Type": "Wait", "Seconds": 1}, pass_state(), first="S")
    quick = chain({"Type": "Wait", "Seconds": 2}, pass_state(SHORT_EXPRESSION), first="Q")
    execution = start_execution(harness, {"Type": "Parallel", "Branches": [slow, quick]})
    harness.isolation.holds = True
    harness.advance(SECOND)
    harness.advance(SECOND)
    assert harness.types(execution)[-1] == "WaitStateEntered"
    harness.release()
    assert (harness.status(execution), harness.describe(execution)["output"]) == ("SUCCEEDED", "[6,1]")
    details = [event.get("stateExitedEventDetails") for event in harness.history(execution)]
    exited = [each["name"] for each in details if each]
    assert exited[:4] == ["S", "T", "Q", "R"], "the first branch went on first"


def test_a_step_that_exceeds_a_limit_fails_only_its_own_execution(harness: IsolationHarness) -> None:
    harness.isolation.exceeds_limit = True
    execution = start_execution(harness, pass_state())
    described = harness.describe(execution)
    assert (described["status"], described["error"]) == ("FAILED", "States.Runtime")
    assert "it took too long" in described["cause"]
    harness.isolation.exceeds_limit = False
    assert harness.status(start_execution(harness, pass_state(), name="other")) == "SUCCEEDED"


def test_a_step_that_was_not_slow_is_repeated_after_every_crash(harness: IsolationHarness) -> None:
    harness.isolation.holds = True
    execution = start_execution(harness, pass_state())
    for _ in range(3):
        harness.crash()
        harness.isolation.holds = True
        harness.up()
    harness.release()
    assert harness.status(execution) == "SUCCEEDED"


def test_a_step_that_waits_long_for_its_process_is_repeated_after_every_crash(harness: IsolationHarness) -> None:
    harness.isolation.holds = True
    execution = start_execution(harness, pass_state())
    for _ in range(3):
        harness.advance(100 * SECOND)
        harness.crash()
        harness.isolation.holds = True
        harness.up()
    harness.release()
    assert harness.status(execution) == "SUCCEEDED"


def test_a_slow_step_is_not_repeated_after_two_crashes(harness: IsolationHarness) -> None:
    harness.isolation.holds = True
    execution = start_execution(harness, pass_state())
    for _ in range(2):
        assert harness.status(execution) == "RUNNING"
        harness.report_slow()
        harness.crash()
        harness.isolation.holds = True
        harness.up()
    described = harness.describe(execution)
    assert (described["status"], described["error"]) == ("FAILED", "States.Runtime")
    assert "2 times" in described["cause"]
    assert harness.isolation.requests == []


def test_a_regular_stop_of_the_engine_does_not_count_as_a_crash(harness: IsolationHarness) -> None:
    harness.isolation.holds = True
    execution = start_execution(harness, pass_state())
    for _ in range(3):
        harness.report_slow()
        harness.down()
        harness.isolation = HeldIsolation()
        harness.isolation.holds = True
        harness.up()
    harness.release()
    assert harness.status(execution) == "SUCCEEDED"


@pytest.mark.parametrize("subject", ["execution 1", "revision {}"])
def test_a_step_that_crashed_the_engine_is_computed_in_another_process_the_next_time(
    harness: IsolationHarness, subject: str
) -> None:
    waiting = start_execution(harness, {"Type": "Wait", "Seconds": 5}, pass_state(SHORT_EXPRESSION))
    (revision,) = harness.rows("SELECT revision FROM state_machines")[0]
    harness.crash()
    (harness.directory / "step").write_bytes(subject.format(revision).encode().ljust(64, b"\0"))
    harness.up()
    harness.advance(5 * SECOND)
    assert harness.status(waiting) == "SUCCEEDED"
    assert len(harness.isolation.requests) == 1
    assert harness.rows("SELECT * FROM step_deaths") == []
    assert harness.status(start_execution(harness, pass_state(SHORT_EXPRESSION), name="other")) == "SUCCEEDED"
    assert len(harness.isolation.requests) == 1


def test_crashes_in_the_first_steps_of_a_machine_do_not_fail_later_executions(harness: IsolationHarness) -> None:
    machine = harness.machine(jsonata_machine(pass_state(SHORT_EXPRESSION)))
    (revision,) = harness.rows("SELECT revision FROM state_machines")[0]
    for _ in range(3):
        harness.crash()
        (harness.directory / "step").write_bytes(f"revision {revision}".encode().ljust(64, b"\0"))
        harness.up()
    execution = harness.start(machine, 1)
    harness.settle()
    assert harness.status(execution) == "SUCCEEDED"
    assert harness.rows("SELECT * FROM step_deaths") == []


def test_a_step_is_not_repeated_after_one_crash_in_the_engine_and_one_in_isolation(harness: IsolationHarness) -> None:
    execution = start_execution(harness, {"Type": "Wait", "Seconds": 5}, pass_state(SHORT_EXPRESSION))
    harness.crash()
    (harness.directory / "step").write_bytes(b"execution 1".ljust(64, b"\0"))
    harness.isolation.holds = True
    harness.up()
    harness.isolation.holds = True
    harness.advance(5 * SECOND)
    harness.report_slow()
    harness.restart()
    assert harness.describe(execution)["error"] == "States.Runtime"


def test_a_task_token_cannot_be_answered_again_while_the_step_is_computed(harness: IsolationHarness) -> None:
    harness.define_task()
    overrides = {
        "ContainerOverrides": [
            {"Name": "main", "Environment": [{"Name": "TOKEN", "Value": "{% $states.context.Task.Token %}"}]}
        ]
    }
    state = job(pattern=".waitForTaskToken") | {"Output": LONG_EXPRESSION}
    state["Arguments"] = state.pop("Parameters") | {"Overrides": overrides}
    execution = start_execution(harness, state)
    harness.isolation.holds = True
    harness.call("states", "SendTaskSuccess", taskToken=harness.token(), output="1")
    with pytest.raises(AwsError) as error:
        harness.call("states", "SendTaskSuccess", taskToken=harness.token(), output="2")
    assert error.value.code == "TaskTimedOut"
    harness.release()
    assert harness.status(execution) == "SUCCEEDED"


def test_a_synchronous_express_execution_is_answered_after_its_long_step(harness: IsolationHarness) -> None:
    params = {"name": "quick", "definition": dumps(jsonata_machine(pass_state())), "roleArn": ROLE, "type": "EXPRESS"}
    machine = harness.call("states", "CreateStateMachine", **params)["stateMachineArn"]
    answer = harness.call("states", "StartSyncExecution", stateMachineArn=machine)
    assert (answer["status"], answer["output"]) == ("SUCCEEDED", "6")
    assert harness.rows("SELECT * FROM executions") == []


@pytest.mark.parametrize("batcher", [None, {"MaxItemsPerBatch": 300, "BatchInput": {"n": LONG_EXPRESSION}}])
def test_the_children_of_a_map_receive_the_result_of_a_long_item_selector(
    harness: IsolationHarness, batcher: Json
) -> None:
    items = list(range(700))
    processor = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}} | chain(
        pass_state(SHORT_EXPRESSION), first="P"
    )
    given = {} if batcher is None else {"ItemBatcher": batcher}
    selector = {"v": "{% $sum($map([1..3], function($n){ $n * $states.context.Map.Item.Value })) %}"}
    execution = start_execution(
        harness, {"Type": "Map", "Items": items, "ItemProcessor": processor, "ItemSelector": selector} | given
    )
    described = harness.describe(execution)
    assert described["status"] == "SUCCEEDED"
    values = [{"v": 6 * item} for item in items]
    if batcher is None:
        assert described["output"] == dumps(values)
    else:
        batches = [{"BatchInput": {"n": 6}, "Items": values[at : at + 300]} for at in range(0, 700, 300)]
        assert described["output"] == dumps(batches)


def test_a_redrive_continues_with_a_long_step(harness: IsolationHarness) -> None:
    harness.isolation.exceeds_limit = True
    execution = start_execution(harness, {"Type": "Wait", "Seconds": 1}, pass_state())
    harness.advance(SECOND)
    assert harness.status(execution) == "FAILED"
    harness.isolation.exceeds_limit = False
    harness.call("states", "RedriveExecution", executionArn=execution)
    harness.advance(SECOND)
    assert (harness.status(execution), harness.describe(execution)["output"]) == ("SUCCEEDED", "6")


def test_test_state_evaluates_a_long_expression_or_fails_at_the_limit(harness: IsolationHarness) -> None:
    state = pass_state() | {"QueryLanguage": "JSONata", "End": True}
    answer = harness.call("states", "TestState", definition=dumps(state), input='{"b": 1}', inspectionLevel="DEBUG")
    assert (answer["status"], answer["output"], answer["inspectionData"]["input"]) == ("SUCCEEDED", "6", '{"b": 1}')
    harness.isolation.exceeds_limit = True
    answer = harness.call("states", "TestState", definition=dumps(state), input="{}")
    assert (answer["status"], answer["error"]) == ("FAILED", "States.Runtime")


def test_the_first_steps_of_a_definition_are_marked_until_the_event_loop_continues(harness: IsolationHarness) -> None:
    machine = harness.machine(jsonata_machine(pass_state(SHORT_EXPRESSION)))
    (revision,) = harness.rows("SELECT revision FROM state_machines")[0]
    step_file = harness.directory / "step"
    start = {"stateMachineArn": machine, "input": "1"}

    async def start_and_read_mark() -> bytes:
        bus = harness.engine.bus
        bus.store.write(lambda tx: bus.invoke(tx, CALLER, "states", "StartExecution", start))
        return await bus.store.write(lambda _tx: step_file.read_bytes())

    assert harness.run(start_and_read_mark()).rstrip(b"\0").decode() == f"revision {revision}"
    assert step_file.read_bytes() == bytes(64)
