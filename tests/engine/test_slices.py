"""A long step runs in slices, each in its own turn: none blocks the loop, and an engine can continue from any."""

import pytest

from lamplighter.asl.execution.advance import MAX_CROSSINGS
from lamplighter.base.json_text import Json, loads
from tests.engine_harness import EngineDied, EngineHarness, chain

MAP: Json = {"Type": "Map", "ItemProcessor": chain({"Type": "Pass"}, first="I")}
MAX_HISTORY = 25_000
"""The events of the longest history that AWS allows."""


def test_a_map_of_ten_thousand_items_runs_in_many_turns(harness: EngineHarness) -> None:
    """With four events per item, the history is full long before the end, as on AWS."""
    before = harness.disk.commits
    execution = harness.start(harness.machine(chain(MAP)), list(range(10_000)))
    harness.settle()
    found = harness.describe(execution)
    assert (found["status"], found["error"]) == ("FAILED", "States.Runtime")
    assert "25000" in found["cause"].replace(",", "")
    assert len(harness.history(execution)) == MAX_HISTORY
    assert harness.disk.commits - before >= MAX_HISTORY // 4 // MAX_CROSSINGS


def test_a_map_of_six_thousand_items_succeeds_in_many_turns(harness: EngineHarness) -> None:
    before = harness.disk.commits
    execution = harness.start(harness.machine(chain(MAP)), list(range(6_000)))
    harness.settle()
    assert loads(harness.describe(execution)["output"]) == list(range(6_000))
    assert harness.disk.commits - before >= 6_000 // MAX_CROSSINGS


def test_other_executions_run_between_two_slices(harness: EngineHarness) -> None:
    long = harness.start(harness.machine(chain(MAP), "long"), list(range(6_000)))
    short = harness.machine(chain({"Type": "Pass"}), "short")
    assert harness.status(harness.start(short)) == "SUCCEEDED"
    assert harness.status(long) == "RUNNING"


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("commit", [1, 2, 5, 10])
def test_a_map_that_is_interrupted_between_two_slices_continues_from_there(
    harness: EngineHarness, commit: int, before: bool
) -> None:
    machine = harness.machine(chain(MAP))
    execution = harness.start(machine, list(range(3_000)), name="night")
    harness.die_at(commit, before=before)
    with pytest.raises(EngineDied):
        harness.settle()
    done = harness.rows("SELECT count(*) FROM child_results")[0][0]
    harness.up()
    assert loads(harness.describe(execution)["output"]) == list(range(3_000))
    events = harness.history(execution)
    assert [event["id"] for event in events] == list(range(1, len(events) + 1))
    assert [event["type"] for event in events].count("MapIterationSucceeded") == 3_000
    assert 0 < done < 3_000


def many_branches(count: int) -> Json:
    """Return a machine of one Parallel."""
    return chain(
        {"Type": "Parallel", "Branches": [branch(f"B{at}", {"Type": "Pass", "End": True}) for at in range(count)]}
    )


def branch(name: str, state: Json) -> Json:
    """Return a block of one state."""
    return {"StartAt": name, "States": {name: state}}


def test_a_parallel_of_a_thousand_branches_is_started_in_many_turns(harness: EngineHarness) -> None:
    before = harness.disk.commits
    execution = harness.start(harness.machine(many_branches(1_000)), {"n": 1})
    harness.settle()
    assert loads(harness.describe(execution)["output"]) == [{"n": 1}] * 1_000
    entered = [
        event["stateEnteredEventDetails"]["name"]
        for event in harness.history(execution)
        if event["type"] == "PassStateEntered"
    ]
    assert entered == [f"B{at}" for at in range(1_000)]
    assert harness.disk.commits - before >= 1_000 // MAX_CROSSINGS


@pytest.mark.parametrize("commit", [1, 2, 3])
def test_a_parallel_that_is_interrupted_while_it_starts_continues_from_there(
    harness: EngineHarness, commit: int
) -> None:
    machine = harness.machine(many_branches(1_000))
    execution = harness.start(machine, {"n": 1}, name="night")
    harness.die_at(commit, before=True)
    with pytest.raises(EngineDied):
        harness.settle()
    harness.up()
    assert loads(harness.describe(execution)["output"]) == [{"n": 1}] * 1_000


def test_a_failed_branch_ends_a_parallel_that_is_still_starting(harness: EngineHarness) -> None:
    definition = many_branches(1_000)
    (state,) = definition["States"].values()
    state["Branches"][0] = branch("F", {"Type": "Fail", "Error": "First"})
    execution = harness.start(harness.machine(definition))
    harness.settle()
    found = harness.describe(execution)
    assert (found["status"], found["error"]) == ("FAILED", "First")
    assert harness.rows("SELECT * FROM frames") == []


def test_results_beyond_the_limit_of_a_parallel_are_not_stored_until_it_fails(harness: EngineHarness) -> None:
    execution = harness.start(harness.machine(many_branches(300)), "x" * 100_000)
    harness.die_at(10, before=False)
    with pytest.raises(EngineDied):
        harness.settle()
    ((count, size),) = harness.rows("SELECT count(*), sum(length(output)) FROM child_results")
    assert count > 10
    assert size < 500_000
    harness.up()
    found = harness.describe(execution)
    assert (found["status"], found["error"]) == ("FAILED", "States.DataLimitExceeded")
