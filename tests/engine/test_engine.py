"""An engine is an object: two in one process know nothing of each other, and one directory has one."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from lamplighter.base.world import ManualClock, fixed_world
from lamplighter.bus import Caller
from lamplighter.engine.config import EngineConfig
from lamplighter.engine.engine import Engine
from lamplighter.runtime.fake import FakeRuntime, Script
from lamplighter.store.lock import DirectoryInUse
from tests.engines import CALLER, HOUR, ROLE, SECOND, Site, chain, job


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Site]:
    made = Site(tmp_path / "other")
    made.up()
    yield made
    made.close()


def test_two_engines_in_one_process_do_not_disturb_each_other(site: Site, other: Site) -> None:
    executions = {}
    for each, code in ((site, 0), (other, 1)):
        each.define_task()
        each.runtime.script(Script(code=code, after=10 * SECOND))
        executions[each] = each.run_machine(job())
    other.clock.jump(HOUR)
    site.advance(10 * SECOND)
    assert (site.status(executions[site]), other.status(executions[other])) == ("SUCCEEDED", "RUNNING")
    site.crash()
    other.advance(10 * SECOND)
    assert other.status(executions[other]) == "FAILED"
    site.up()
    assert site.call("states", "ListStateMachines")["stateMachines"][0]["name"] == "machine"
    assert len(site.runtime.runs()) == len(other.runtime.runs()) == 1


async def test_two_engines_on_one_loop_do_not_disturb_each_other(tmp_path: Path) -> None:
    clock = ManualClock()
    engines = [
        await Engine.open(EngineConfig(data=tmp_path / name), fixed_world(clock), FakeRuntime(clock.now))
        for name in "ab"
    ]
    params = {"name": "machine", "definition": '{"StartAt":"A","States":{"A":{"Type":"Succeed"}}}', "roleArn": ROLE}
    await engines[0].call(CALLER, "states", "CreateStateMachine", params)
    found = [await engine.call(CALLER, "states", "ListStateMachines", {}) for engine in engines]
    assert [len(answer["stateMachines"]) for answer in found] == [1, 0]
    for engine in engines:
        await engine.close()


def test_a_second_engine_on_the_directory_is_refused_and_the_first_is_not_disturbed(site: Site) -> None:
    execution = site.run_machine({"Type": "Wait", "Seconds": 10})
    second = Site(site.directory)
    with pytest.raises(DirectoryInUse, match=r"another engine \(process \d+\) runs on"):
        second.up()
    second.abandon()
    site.advance(10 * SECOND)
    assert site.status(execution) == "SUCCEEDED"


def test_accounts_and_regions_do_not_see_each_other(site: Site) -> None:
    site.machine(chain({"Type": "Pass"}))
    for caller in (Caller("999999999999", CALLER.region), Caller(CALLER.account, "eu-west-1")):
        answer = site.run(site.engine.call(caller, "states", "ListStateMachines", {}))
        assert answer["stateMachines"] == []


def test_an_engine_that_is_stopped_and_started_goes_on(site: Site) -> None:
    site.define_task()
    site.runtime.script(Script(after=10 * SECOND))
    execution = site.run_machine(job(), {"Type": "Wait", "Seconds": 10})
    site.down()
    site.up()
    site.advance(10 * SECOND)
    site.down()
    site.up()
    site.advance(10 * SECOND)
    assert site.status(execution) == "SUCCEEDED"
    assert len(site.runtime.runs()) == 1


def test_docker_that_goes_away_is_waited_for(site: Site) -> None:
    site.define_task()
    site.runtime.script(Script(after=10 * SECOND))
    running = site.run_machine(job(), name="running")
    site.runtime.go_away()
    begun = site.run_machine(job(), name="begun")
    site.advance(60 * SECOND)
    assert (site.status(running), site.status(begun)) == ("RUNNING", "RUNNING")
    site.runtime.come_back()
    site.advance(10 * SECOND)
    site.advance(10 * SECOND)
    assert (site.status(running), site.status(begun)) == ("SUCCEEDED", "SUCCEEDED")
    assert len(set(site.runtime.runs())) == len(site.runtime.runs()) == 2


def test_an_engine_that_starts_while_docker_is_away_goes_on_when_it_is_back(site: Site) -> None:
    site.define_task()
    site.runtime.script(Script(after=10 * SECOND))
    execution = site.run_machine(job())
    site.crash()
    site.runtime.go_away()
    site.up()
    site.advance(60 * SECOND)
    assert site.status(execution) == "RUNNING"
    site.runtime.come_back()
    site.advance(10 * SECOND)
    assert site.status(execution) == "SUCCEEDED"
    assert (len(site.runtime.runs()), site.runtime.left()) == (1, [])
