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
from tests.engines import CALLER, ROLE, SECOND, Listening, Site, chain, job
from tests.inline import Inline

LONG = "{% $sum($map([1..3], function($n){ $n })) %}"
SHORT = "{% $states.input %}"


class Held(Inline):
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


class House(Site):
    """A site whose isolation a test holds in its hands."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.held = Held()

    async def _open(self) -> Engine:
        config = EngineConfig(data=self.directory)
        return await Listening.open(config, self._world, self.runtime, isolation=self.held)

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
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path / "data")
    made.up()
    yield made
    made.close()


def jsonata(*states: Json) -> Json:
    return chain(*states) | {"QueryLanguage": "JSONata"}


def passing(expression: str = LONG) -> Json:
    return {"Type": "Pass", "Output": expression}


def begun(house: House, *states: Json, name: str = "machine") -> str:
    execution = house.start(house.machine(jsonata(*states), name), 1)
    house.settle()
    return execution


def test_an_execution_with_a_long_expression_ends_as_any_other(house: House) -> None:
    execution = begun(house, passing(), passing(SHORT))
    assert (house.status(execution), house.describe(execution)["output"]) == ("SUCCEEDED", "6")
    entered = ["PassStateEntered", "PassStateExited"]
    assert house.types(execution) == ["ExecutionStarted", *entered, *entered, "ExecutionSucceeded"]
    assert len(house.held.requests) == 1
    assert house.rows("SELECT * FROM pending_events") == []


def test_short_expressions_are_evaluated_where_they_are_asked_for(house: House) -> None:
    assert house.status(begun(house, passing(SHORT))) == "SUCCEEDED"
    assert house.held.requests == []


def test_others_go_on_while_a_step_is_made(house: House) -> None:
    house.held.holds = True
    execution = begun(house, passing())
    assert house.status(execution) == "RUNNING"
    assert house.types(execution) == ["ExecutionStarted"]
    assert house.status(begun(house, passing(SHORT), name="other")) == "SUCCEEDED"
    house.release()
    assert house.status(execution) == "SUCCEEDED"


def test_an_execution_is_stopped_at_once_and_the_late_answer_changes_nothing(house: House) -> None:
    house.held.holds = True
    execution = begun(house, passing(), {"Type": "Wait", "Seconds": 5})
    house.call("states", "StopExecution", executionArn=execution)
    assert house.status(execution) == "ABORTED"
    events = house.history(execution)
    house.release()
    assert house.history(execution) == events
    assert house.rows("SELECT * FROM pending_events") == []


def test_what_happens_while_a_step_is_made_takes_effect_after_it(house: House) -> None:
    slow = chain({"Type": "Wait", "Seconds": 1}, passing(), first="S")
    quick = chain({"Type": "Wait", "Seconds": 2}, passing(SHORT), first="Q")
    execution = begun(house, {"Type": "Parallel", "Branches": [slow, quick]})
    house.held.holds = True
    house.advance(SECOND)
    house.advance(SECOND)
    assert house.types(execution)[-1] == "WaitStateEntered"
    house.release()
    assert (house.status(execution), house.describe(execution)["output"]) == ("SUCCEEDED", "[6,1]")
    details = [event.get("stateExitedEventDetails") for event in house.history(execution)]
    exited = [each["name"] for each in details if each]
    assert exited[:4] == ["S", "T", "Q", "R"], "the first branch went on first"


def test_a_step_that_is_broken_off_costs_its_own_execution_only(house: House) -> None:
    house.held.overruns = True
    execution = begun(house, passing())
    described = house.describe(execution)
    assert (described["status"], described["error"]) == ("FAILED", "States.Runtime")
    assert "it took too long" in described["cause"]
    house.held.overruns = False
    assert house.status(begun(house, passing(), name="other")) == "SUCCEEDED"


def test_a_short_step_goes_on_however_often_the_engine_dies(house: House) -> None:
    house.held.holds = True
    execution = begun(house, passing())
    for _ in range(3):
        house.crash()
        house.held.holds = True
        house.up()
    house.release()
    assert house.status(execution) == "SUCCEEDED"


def test_a_step_that_waits_long_for_its_process_goes_on_however_often_the_engine_dies(house: House) -> None:
    house.held.holds = True
    execution = begun(house, passing())
    for _ in range(3):
        house.advance(100 * SECOND)
        house.crash()
        house.held.holds = True
        house.up()
    house.release()
    assert house.status(execution) == "SUCCEEDED"


def test_a_slow_step_in_which_the_engine_died_twice_is_not_begun_again(house: House) -> None:
    house.held.holds = True
    execution = begun(house, passing())
    for _ in range(2):
        assert house.status(execution) == "RUNNING"
        house.slow()
        house.crash()
        house.held.holds = True
        house.up()
    described = house.describe(execution)
    assert (described["status"], described["error"]) == ("FAILED", "States.Runtime")
    assert "2 times" in described["cause"]
    assert house.held.requests == []


def test_an_engine_that_is_stopped_in_good_order_does_not_count(house: House) -> None:
    house.held.holds = True
    execution = begun(house, passing())
    for _ in range(3):
        house.slow()
        house.down()
        house.held = Held()
        house.held.holds = True
        house.up()
    house.release()
    assert house.status(execution) == "SUCCEEDED"


@pytest.mark.parametrize("subject", ["execution 1", "revision {}"])
def test_a_step_in_which_the_engine_died_is_made_elsewhere_the_next_time(house: House, subject: str) -> None:
    waiting = begun(house, {"Type": "Wait", "Seconds": 5}, passing(SHORT))
    (revision,) = house.rows("SELECT revision FROM state_machines")[0]
    house.crash()
    (house.directory / "step").write_bytes(subject.format(revision).encode().ljust(64, b"\0"))
    house.up()
    house.advance(5 * SECOND)
    assert house.status(waiting) == "SUCCEEDED"
    assert len(house.held.requests) == 1
    assert house.rows("SELECT * FROM step_deaths") == []
    assert house.status(begun(house, passing(SHORT), name="other")) == "SUCCEEDED"
    assert len(house.held.requests) == 1


def test_engines_that_died_in_first_steps_of_a_machine_do_not_condemn_it(house: House) -> None:
    machine = house.machine(jsonata(passing(SHORT)))
    (revision,) = house.rows("SELECT revision FROM state_machines")[0]
    for _ in range(3):
        house.crash()
        (house.directory / "step").write_bytes(f"revision {revision}".encode().ljust(64, b"\0"))
        house.up()
    execution = house.start(machine, 1)
    house.settle()
    assert house.status(execution) == "SUCCEEDED"
    assert house.rows("SELECT * FROM step_deaths") == []


def test_a_step_that_killed_the_engine_here_and_elsewhere_is_not_begun_again(house: House) -> None:
    execution = begun(house, {"Type": "Wait", "Seconds": 5}, passing(SHORT))
    house.crash()
    (house.directory / "step").write_bytes(b"execution 1".ljust(64, b"\0"))
    house.held.holds = True
    house.up()
    house.held.holds = True
    house.advance(5 * SECOND)
    house.slow()
    house.restart()
    assert house.describe(execution)["error"] == "States.Runtime"


def test_work_that_was_answered_is_not_answered_again_while_the_step_is_made(house: House) -> None:
    house.define_task()
    token = {
        "ContainerOverrides": [
            {"Name": "main", "Environment": [{"Name": "TOKEN", "Value": "{% $states.context.Task.Token %}"}]}
        ]
    }
    state = job(pattern=".waitForTaskToken") | {"Output": LONG}
    state["Arguments"] = state.pop("Parameters") | {"Overrides": token}
    execution = begun(house, state)
    house.held.holds = True
    house.call("states", "SendTaskSuccess", taskToken=house.token(), output="1")
    with pytest.raises(AwsError) as refused:
        house.call("states", "SendTaskSuccess", taskToken=house.token(), output="2")
    assert refused.value.code == "TaskTimedOut"
    house.release()
    assert house.status(execution) == "SUCCEEDED"


def test_an_express_execution_is_answered_when_its_long_step_is_made(house: House) -> None:
    params = {"name": "quick", "definition": dumps(jsonata(passing())), "roleArn": ROLE, "type": "EXPRESS"}
    machine = house.call("states", "CreateStateMachine", **params)["stateMachineArn"]
    answer = house.call("states", "StartSyncExecution", stateMachineArn=machine)
    assert (answer["status"], answer["output"]) == ("SUCCEEDED", "6")
    assert house.rows("SELECT * FROM executions") == []


@pytest.mark.parametrize("batcher", [None, {"MaxItemsPerBatch": 300, "BatchInput": {"n": LONG}}])
def test_children_of_a_map_are_given_what_a_long_selector_says(house: House, batcher: Json) -> None:
    items = list(range(700))
    processor = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}} | chain(
        passing(SHORT), first="P"
    )
    given = {} if batcher is None else {"ItemBatcher": batcher}
    selector = {"v": "{% $sum($map([1..3], function($n){ $n * $states.context.Map.Item.Value })) %}"}
    execution = begun(
        house, {"Type": "Map", "Items": items, "ItemProcessor": processor, "ItemSelector": selector} | given
    )
    described = house.describe(execution)
    assert described["status"] == "SUCCEEDED"
    values = [{"v": 6 * item} for item in items]
    if batcher is None:
        assert described["output"] == dumps(values)
    else:
        batches = [{"BatchInput": {"n": 6}, "Items": values[at : at + 300]} for at in range(0, 700, 300)]
        assert described["output"] == dumps(batches)


def test_a_redrive_goes_on_with_a_long_step(house: House) -> None:
    house.held.overruns = True
    execution = begun(house, {"Type": "Wait", "Seconds": 1}, passing())
    house.advance(SECOND)
    assert house.status(execution) == "FAILED"
    house.held.overruns = False
    house.call("states", "RedriveExecution", executionArn=execution)
    house.advance(SECOND)
    assert (house.status(execution), house.describe(execution)["output"]) == ("SUCCEEDED", "6")


def test_a_state_with_a_long_expression_is_tried(house: House) -> None:
    state = passing() | {"QueryLanguage": "JSONata", "End": True}
    answer = house.call("states", "TestState", definition=dumps(state), input='{"b": 1}', inspectionLevel="DEBUG")
    assert (answer["status"], answer["output"], answer["inspectionData"]["input"]) == ("SUCCEEDED", "6", '{"b": 1}')
    house.held.overruns = True
    answer = house.call("states", "TestState", definition=dumps(state), input="{}")
    assert (answer["status"], answer["error"]) == ("FAILED", "States.Runtime")


def test_the_first_steps_of_a_definition_are_marked_until_the_loop_turns(house: House) -> None:
    machine = house.machine(jsonata(passing(SHORT)))
    (revision,) = house.rows("SELECT revision FROM state_machines")[0]
    mark = house.directory / "step"
    start = {"stateMachineArn": machine, "input": "1"}

    async def turn() -> bytes:
        bus = house.engine.bus
        bus.store.write(lambda tx: bus.invoke(tx, CALLER, "states", "StartExecution", start))
        return await bus.store.write(lambda _tx: mark.read_bytes())

    assert house.run(turn()).rstrip(b"\0").decode() == f"revision {revision}"
    assert mark.read_bytes() == bytes(64)
