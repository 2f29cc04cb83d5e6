"""Several engines run in one process without affecting each other; a data directory has only one engine."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from lamplighter.bus import Caller
from lamplighter.engine.config import EngineConfig
from lamplighter.engine.engine import Engine
from lamplighter.store.lock import DirectoryInUse
from tests.engine_harness import CALLER, HOUR, ROLE, SECOND, EngineHarness, chain, job
from tests.fake_runtime import FakeRuntime, Script
from tests.manual_world import ManualClock, manual_world


@pytest.fixture
def other_harness(tmp_path: Path) -> Iterator[EngineHarness]:
    harness = EngineHarness(tmp_path / "other")
    harness.up()
    yield harness
    harness.close()


def test_two_engines_in_one_process_do_not_disturb_each_other(
    harness: EngineHarness, other_harness: EngineHarness
) -> None:
    executions = {}
    for each, code in ((harness, 0), (other_harness, 1)):
        each.define_task()
        each.runtime.script(Script(code=code, after=10 * SECOND))
        executions[each] = each.run_machine(job())
    other_harness.clock.jump(HOUR)
    harness.advance(10 * SECOND)
    assert (harness.status(executions[harness]), other_harness.status(executions[other_harness])) == (
        "SUCCEEDED",
        "RUNNING",
    )
    harness.crash()
    other_harness.advance(10 * SECOND)
    assert other_harness.status(executions[other_harness]) == "FAILED"
    harness.up()
    assert harness.call("states", "ListStateMachines")["stateMachines"][0]["name"] == "machine"
    assert len(harness.runtime.started_names()) == len(other_harness.runtime.started_names()) == 1


async def test_two_engines_on_one_loop_do_not_disturb_each_other(tmp_path: Path) -> None:
    clock = ManualClock()
    engines = [
        await Engine.open(EngineConfig(data_directory=tmp_path / name), manual_world(clock), FakeRuntime(clock.now))
        for name in "ab"
    ]
    params = {"name": "machine", "definition": '{"StartAt":"A","States":{"A":{"Type":"Succeed"}}}', "roleArn": ROLE}
    await engines[0].call(CALLER, "states", "CreateStateMachine", params)
    found = [await engine.call(CALLER, "states", "ListStateMachines", {}) for engine in engines]
    assert [len(answer["stateMachines"]) for answer in found] == [1, 0]
    for engine in engines:
        await engine.close()


def test_a_second_engine_on_the_directory_is_rejected_and_the_first_is_not_disturbed(harness: EngineHarness) -> None:
    execution = harness.run_machine({"Type": "Wait", "Seconds": 10})
    second = EngineHarness(harness.directory)
    with pytest.raises(DirectoryInUse, match=r"another engine \(process \d+\) runs on"):
        second.up()
    second.abandon()
    harness.advance(10 * SECOND)
    assert harness.status(execution) == "SUCCEEDED"


def test_accounts_and_regions_do_not_see_each_other(harness: EngineHarness) -> None:
    harness.machine(chain({"Type": "Pass"}))
    for caller in (Caller("999999999999", CALLER.region), Caller(CALLER.account, "eu-west-1")):
        answer = harness.run(harness.engine.call(caller, "states", "ListStateMachines", {}))
        assert answer["stateMachines"] == []


def test_an_execution_continues_after_the_engine_was_stopped_and_started(harness: EngineHarness) -> None:
    harness.define_task()
    harness.runtime.script(Script(after=10 * SECOND))
    execution = harness.run_machine(job(), {"Type": "Wait", "Seconds": 10})
    harness.down()
    harness.up()
    harness.advance(10 * SECOND)
    harness.down()
    harness.up()
    harness.advance(10 * SECOND)
    assert harness.status(execution) == "SUCCEEDED"
    assert len(harness.runtime.started_names()) == 1


def test_the_engine_waits_for_an_unavailable_docker(harness: EngineHarness) -> None:
    harness.define_task()
    harness.runtime.script(Script(after=10 * SECOND))
    running = harness.run_machine(job(), name="running")
    harness.runtime.go_away()
    started = harness.run_machine(job(), name="begun")
    harness.advance(60 * SECOND)
    assert (harness.status(running), harness.status(started)) == ("RUNNING", "RUNNING")
    harness.runtime.come_back()
    harness.advance(10 * SECOND)
    harness.advance(10 * SECOND)
    assert (harness.status(running), harness.status(started)) == ("SUCCEEDED", "SUCCEEDED")
    assert len(set(harness.runtime.started_names())) == len(harness.runtime.started_names()) == 2


def test_an_engine_that_starts_without_docker_continues_when_docker_returns(harness: EngineHarness) -> None:
    harness.define_task()
    harness.runtime.script(Script(after=10 * SECOND))
    execution = harness.run_machine(job())
    harness.crash()
    harness.runtime.go_away()
    harness.up()
    harness.advance(60 * SECOND)
    assert harness.status(execution) == "RUNNING"
    harness.runtime.come_back()
    harness.advance(10 * SECOND)
    assert harness.status(execution) == "SUCCEEDED"
    assert (len(harness.runtime.started_names()), harness.runtime.remaining()) == (1, [])
