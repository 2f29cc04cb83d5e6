"""What is long is done in slices, each a turn of its own: nothing holds the loop, and each can be gone on from."""

import pytest

from lamplighter.asl.execution.advance import MAX_CROSSINGS
from lamplighter.base.json_text import Json, loads
from tests.engines import Died, Site, chain

EACH: Json = {"Type": "Map", "ItemProcessor": chain({"Type": "Pass"}, first="I")}
LONGEST = 25_000
"""Events of the longest history that AWS allows."""


def test_a_map_of_ten_thousand_items_is_done_in_many_turns(site: Site) -> None:
    """Four events an item: the history is full long before the end, as on AWS."""
    before = site.disk.commits
    execution = site.start(site.machine(chain(EACH)), list(range(10_000)))
    site.settle()
    found = site.describe(execution)
    assert (found["status"], found["error"]) == ("FAILED", "States.Runtime")
    assert "25000" in found["cause"].replace(",", "")
    assert len(site.history(execution)) == LONGEST
    assert site.disk.commits - before >= LONGEST // 4 // MAX_CROSSINGS


def test_a_map_of_six_thousand_items_succeeds_in_many_turns(site: Site) -> None:
    before = site.disk.commits
    execution = site.start(site.machine(chain(EACH)), list(range(6_000)))
    site.settle()
    assert loads(site.describe(execution)["output"]) == list(range(6_000))
    assert site.disk.commits - before >= 6_000 // MAX_CROSSINGS


def test_others_are_served_between_two_slices(site: Site) -> None:
    long = site.start(site.machine(chain(EACH), "long"), list(range(6_000)))
    short = site.machine(chain({"Type": "Pass"}), "short")
    assert site.status(site.start(short)) == "SUCCEEDED"
    assert site.status(long) == "RUNNING"


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("commit", [1, 2, 5, 10])
def test_a_map_that_is_cut_off_between_two_slices_goes_on_from_there(site: Site, commit: int, before: bool) -> None:
    machine = site.machine(chain(EACH))
    execution = site.start(machine, list(range(3_000)), name="night")
    site.die_at(commit, before=before)
    with pytest.raises(Died):
        site.settle()
    done = site.rows("SELECT count(*) FROM child_results")[0][0]
    site.up()
    assert loads(site.describe(execution)["output"]) == list(range(3_000))
    events = site.history(execution)
    assert [event["id"] for event in events] == list(range(1, len(events) + 1))
    assert [event["type"] for event in events].count("MapIterationSucceeded") == 3_000
    assert 0 < done < 3_000


def many_branches(count: int) -> Json:
    """A machine of one Parallel."""
    return chain(
        {"Type": "Parallel", "Branches": [branch(f"B{at}", {"Type": "Pass", "End": True}) for at in range(count)]}
    )


def branch(name: str, state: Json) -> Json:
    """A block of one state."""
    return {"StartAt": name, "States": {name: state}}


def test_a_parallel_of_a_thousand_branches_is_started_in_many_turns(site: Site) -> None:
    before = site.disk.commits
    execution = site.start(site.machine(many_branches(1_000)), {"n": 1})
    site.settle()
    assert loads(site.describe(execution)["output"]) == [{"n": 1}] * 1_000
    entered = [
        event["stateEnteredEventDetails"]["name"]
        for event in site.history(execution)
        if event["type"] == "PassStateEntered"
    ]
    assert entered == [f"B{at}" for at in range(1_000)]
    assert site.disk.commits - before >= 1_000 // MAX_CROSSINGS


@pytest.mark.parametrize("commit", [1, 2, 3])
def test_a_parallel_that_is_cut_off_while_it_is_started_goes_on_from_there(site: Site, commit: int) -> None:
    machine = site.machine(many_branches(1_000))
    execution = site.start(machine, {"n": 1}, name="night")
    site.die_at(commit, before=True)
    with pytest.raises(Died):
        site.settle()
    site.up()
    assert loads(site.describe(execution)["output"]) == [{"n": 1}] * 1_000


def test_a_branch_that_fails_ends_a_parallel_that_is_still_being_started(site: Site) -> None:
    definition = many_branches(1_000)
    (state,) = definition["States"].values()
    state["Branches"][0] = branch("F", {"Type": "Fail", "Error": "First"})
    execution = site.start(site.machine(definition))
    site.settle()
    found = site.describe(execution)
    assert (found["status"], found["error"]) == ("FAILED", "First")
    assert site.rows("SELECT * FROM frames") == []


def test_what_a_parallel_cannot_carry_is_not_kept_until_it_fails(site: Site) -> None:
    execution = site.start(site.machine(many_branches(300)), "x" * 100_000)
    site.die_at(10, before=False)
    with pytest.raises(Died):
        site.settle()
    ((count, size),) = site.rows("SELECT count(*), sum(length(output)) FROM child_results")
    assert count > 10
    assert size < 500_000
    site.up()
    found = site.describe(execution)
    assert (found["status"], found["error"]) == ("FAILED", "States.DataLimitExceeded")
