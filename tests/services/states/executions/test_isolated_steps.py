"""Steps that may take long are made elsewhere: events keep their order, and what goes wrong costs one execution."""

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

LONG = "{% $sum($map([1..3], function($n){ $n })) %}"
SHORT = "{% $states.input %}"


class Held(InlineIsolation):
    """An isolation that answers when it is told to, or breaks off."""

    def __init__(self) -> None:
        super().__init__()
        self.holds = False
        self.overruns = False
        self.slow: Callable[[], None] = lambda: None
        """Say of the last that is held that it has used much processor time."""
        self._gates: list[asyncio.Future[None]] = []

    async def run(self, request: Request, refuses: RefusalReason, on_slow: Callable[[], None] | None = None) -> Answer:
        if self.overruns:
            self.requests.append(request)
            raise LimitExceeded("it took too long")
        answer = await super().run(request, refuses)
        if self.holds:
            gate: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._gates.append(gate)
            self.slow = on_slow or self.slow
            await gate
        return answer

    def release(self) -> None:
        """Answer everything that was asked."""
        self.holds = False
        for gate in self._gates:
            if not gate.done():
                gate.set_result(None)
        self._gates.clear()


class House(EngineHarness):
    """A harness whose isolation a test holds in its hands."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.held = Held()

    async def _open(self) -> Engine:
        config = EngineConfig(data_directory=self.directory)
        return await RecordingEngine.open(config, self._world, self.runtime, isolation=self.held)

    def release(self) -> None:
        self.held.release()
        self.settle()

    def slow(self) -> None:
        self.held.slow()
        self.settle()

    def crash(self) -> None:
        super().crash()
        self.held = Held()


@pytest.fixture
def harness(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path / "data")
    made.up()
    yield made
    made.close()


def jsonata(*states: Json) -> Json:
    return chain(*states) | {"QueryLanguage": "JSONata"}


def passing(expression: str = LONG) -> Json:
    return {"Type": "Pass", "Output": expression}


def begun(harness: House, *states: Json, name: str = "machine") -> str:
    execution = harness.start(harness.machine(jsonata(*states), name), 1)
    harness.settle()
    return execution


def test_an_execution_with_a_long_expression_ends_as_any_other(harness: House) -> None:
    execution = begun(harness, passing(), passing(SHORT))
    assert (harness.status(execution), harness.describe(execution)["output"]) == ("SUCCEEDED", "6")
    entered = ["PassStateEntered", "PassStateExited"]
    assert harness.types(execution) == ["ExecutionStarted", *entered, *entered, "ExecutionSucceeded"]
    assert len(harness.held.requests) == 1
    assert harness.rows("SELECT * FROM pending_events") == []


def test_short_expressions_are_evaluated_where_they_are_asked_for(harness: House) -> None:
    assert harness.status(begun(harness, passing(SHORT))) == "SUCCEEDED"
    assert harness.held.requests == []


def test_others_go_on_while_a_step_is_made(harness: House) -> None:
    harness.held.holds = True
    execution = begun(harness, passing())
    assert harness.status(execution) == "RUNNING"
    assert harness.types(execution) == ["ExecutionStarted"]
    assert harness.status(begun(harness, passing(SHORT), name="other")) == "SUCCEEDED"
    harness.release()
    assert harness.status(execution) == "SUCCEEDED"


def test_an_execution_is_stopped_at_once_and_the_late_answer_changes_nothing(harness: House) -> None:
    harness.held.holds = True
    execution = begun(harness, passing(), {"Type": "Wait", "Seconds": 5})
    harness.call("states", "StopExecution", executionArn=execution)
    assert harness.status(execution) == "ABORTED"
    events = harness.history(execution)
    harness.release()
    assert harness.history(execution) == events
    assert harness.rows("SELECT * FROM pending_events") == []


def test_what_happens_while_a_step_is_made_takes_effect_after_it(harness: House) -> None:
    slow = chain({"Type": "Wait", "Seconds": 1}, passing(), first="S")
    quick = chain({"Type": "Wait", "Seconds": 2}, passing(SHORT), first="Q")
    execution = begun(harness, {"Type": "Parallel", "Branches": [slow, quick]})
    harness.held.holds = True
    harness.advance(SECOND)
    harness.advance(SECOND)
    assert harness.types(execution)[-1] == "WaitStateEntered"
    harness.release()
    assert (harness.status(execution), harness.describe(execution)["output"]) == ("SUCCEEDED", "[6,1]")
    details = [event.get("stateExitedEventDetails") for event in harness.history(execution)]
    exited = [each["name"] for each in details if each]
    assert exited[:4] == ["S", "T", "Q", "R"], "the first branch went on first"


def test_a_step_that_is_broken_off_costs_its_own_execution_only(harness: House) -> None:
    harness.held.overruns = True
    execution = begun(harness, passing())
    described = harness.describe(execution)
    assert (described["status"], described["error"]) == ("FAILED", "States.Runtime")
    assert "it took too long" in described["cause"]
    harness.held.overruns = False
    assert harness.status(begun(harness, passing(), name="other")) == "SUCCEEDED"


def test_a_short_step_goes_on_however_often_the_engine_dies(harness: House) -> None:
    harness.held.holds = True
    execution = begun(harness, passing())
    for _ in range(3):
        harness.crash()
        harness.held.holds = True
        harness.up()
    harness.release()
    assert harness.status(execution) == "SUCCEEDED"


def test_a_step_that_waits_long_for_its_process_goes_on_however_often_the_engine_dies(harness: House) -> None:
    harness.held.holds = True
    execution = begun(harness, passing())
    for _ in range(3):
        harness.advance(100 * SECOND)
        harness.crash()
        harness.held.holds = True
        harness.up()
    harness.release()
    assert harness.status(execution) == "SUCCEEDED"


def test_a_slow_step_in_which_the_engine_died_twice_is_not_begun_again(harness: House) -> None:
    harness.held.holds = True
    execution = begun(harness, passing())
    for _ in range(2):
        assert harness.status(execution) == "RUNNING"
        harness.slow()
        harness.crash()
        harness.held.holds = True
        harness.up()
    described = harness.describe(execution)
    assert (described["status"], described["error"]) == ("FAILED", "States.Runtime")
    assert "2 times" in described["cause"]
    assert harness.held.requests == []


def test_an_engine_that_is_stopped_in_good_order_does_not_count(harness: House) -> None:
    harness.held.holds = True
    execution = begun(harness, passing())
    for _ in range(3):
        harness.slow()
        harness.down()
        harness.held = Held()
        harness.held.holds = True
        harness.up()
    harness.release()
    assert harness.status(execution) == "SUCCEEDED"


@pytest.mark.parametrize("subject", ["execution 1", "revision {}"])
def test_a_step_in_which_the_engine_died_is_made_elsewhere_the_next_time(harness: House, subject: str) -> None:
    waiting = begun(harness, {"Type": "Wait", "Seconds": 5}, passing(SHORT))
    (revision,) = harness.rows("SELECT revision FROM state_machines")[0]
    harness.crash()
    (harness.directory / "step").write_bytes(subject.format(revision).encode().ljust(64, b"\0"))
    harness.up()
    harness.advance(5 * SECOND)
    assert harness.status(waiting) == "SUCCEEDED"
    assert len(harness.held.requests) == 1
    assert harness.rows("SELECT * FROM step_deaths") == []
    assert harness.status(begun(harness, passing(SHORT), name="other")) == "SUCCEEDED"
    assert len(harness.held.requests) == 1


def test_engines_that_died_in_first_steps_of_a_machine_do_not_condemn_it(harness: House) -> None:
    machine = harness.machine(jsonata(passing(SHORT)))
    (revision,) = harness.rows("SELECT revision FROM state_machines")[0]
    for _ in range(3):
        harness.crash()
        (harness.directory / "step").write_bytes(f"revision {revision}".encode().ljust(64, b"\0"))
        harness.up()
    execution = harness.start(machine, 1)
    harness.settle()
    assert harness.status(execution) == "SUCCEEDED"
    assert harness.rows("SELECT * FROM step_deaths") == []


def test_a_step_that_killed_the_engine_here_and_elsewhere_is_not_begun_again(harness: House) -> None:
    execution = begun(harness, {"Type": "Wait", "Seconds": 5}, passing(SHORT))
    harness.crash()
    (harness.directory / "step").write_bytes(b"execution 1".ljust(64, b"\0"))
    harness.held.holds = True
    harness.up()
    harness.held.holds = True
    harness.advance(5 * SECOND)
    harness.slow()
    harness.restart()
    assert harness.describe(execution)["error"] == "States.Runtime"


def test_work_that_was_answered_is_not_answered_again_while_the_step_is_made(harness: House) -> None:
    harness.define_task()
    token = {
        "ContainerOverrides": [
            {"Name": "main", "Environment": [{"Name": "TOKEN", "Value": "{% $states.context.Task.Token %}"}]}
        ]
    }
    state = job(pattern=".waitForTaskToken") | {"Output": LONG}
    state["Arguments"] = state.pop("Parameters") | {"Overrides": token}
    execution = begun(harness, state)
    harness.held.holds = True
    harness.call("states", "SendTaskSuccess", taskToken=harness.token(), output="1")
    with pytest.raises(AwsError) as refused:
        harness.call("states", "SendTaskSuccess", taskToken=harness.token(), output="2")
    assert refused.value.code == "TaskTimedOut"
    harness.release()
    assert harness.status(execution) == "SUCCEEDED"


def test_an_express_execution_is_answered_when_its_long_step_is_made(harness: House) -> None:
    params = {"name": "quick", "definition": dumps(jsonata(passing())), "roleArn": ROLE, "type": "EXPRESS"}
    machine = harness.call("states", "CreateStateMachine", **params)["stateMachineArn"]
    answer = harness.call("states", "StartSyncExecution", stateMachineArn=machine)
    assert (answer["status"], answer["output"]) == ("SUCCEEDED", "6")
    assert harness.rows("SELECT * FROM executions") == []


@pytest.mark.parametrize("batcher", [None, {"MaxItemsPerBatch": 300, "BatchInput": {"n": LONG}}])
def test_children_of_a_map_are_given_what_a_long_selector_says(harness: House, batcher: Json) -> None:
    items = list(range(700))
    processor = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}} | chain(
        passing(SHORT), first="P"
    )
    given = {} if batcher is None else {"ItemBatcher": batcher}
    selector = {"v": "{% $sum($map([1..3], function($n){ $n * $states.context.Map.Item.Value })) %}"}
    execution = begun(
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


def test_a_redrive_goes_on_with_a_long_step(harness: House) -> None:
    harness.held.overruns = True
    execution = begun(harness, {"Type": "Wait", "Seconds": 1}, passing())
    harness.advance(SECOND)
    assert harness.status(execution) == "FAILED"
    harness.held.overruns = False
    harness.call("states", "RedriveExecution", executionArn=execution)
    harness.advance(SECOND)
    assert (harness.status(execution), harness.describe(execution)["output"]) == ("SUCCEEDED", "6")


def test_a_state_with_a_long_expression_is_tried(harness: House) -> None:
    state = passing() | {"QueryLanguage": "JSONata", "End": True}
    answer = harness.call("states", "TestState", definition=dumps(state), input='{"b": 1}', inspectionLevel="DEBUG")
    assert (answer["status"], answer["output"], answer["inspectionData"]["input"]) == ("SUCCEEDED", "6", '{"b": 1}')
    harness.held.overruns = True
    answer = harness.call("states", "TestState", definition=dumps(state), input="{}")
    assert (answer["status"], answer["error"]) == ("FAILED", "States.Runtime")


def test_the_first_steps_of_a_definition_are_marked_until_the_loop_turns(harness: House) -> None:
    machine = harness.machine(jsonata(passing(SHORT)))
    (revision,) = harness.rows("SELECT revision FROM state_machines")[0]
    mark = harness.directory / "step"
    start = {"stateMachineArn": machine, "input": "1"}

    async def turn() -> bytes:
        bus = harness.engine.bus
        bus.store.write(lambda tx: bus.invoke(tx, CALLER, "states", "StartExecution", start))
        return await bus.store.write(lambda _tx: mark.read_bytes())

    assert harness.run(turn()).rstrip(b"\0").decode() == f"revision {revision}"
    assert mark.read_bytes() == bytes(64)
