"""What is long is done in slices, each a turn of its own: nothing holds the loop, and each can be gone on from."""

import pytest

from lamplighter.asl.machine import CROSSINGS
from lamplighter.base.jsontext import Json, loads
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
    assert site.disk.commits - before >= LONGEST // 4 // CROSSINGS


def test_a_map_of_six_thousand_items_succeeds_in_many_turns(site: Site) -> None:
    before = site.disk.commits
    execution = site.start(site.machine(chain(EACH)), list(range(6_000)))
    site.settle()
    assert loads(site.describe(execution)["output"]) == list(range(6_000))
    assert site.disk.commits - before >= 6_000 // CROSSINGS


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
    done = site.rows("SELECT count(*) FROM results")[0][0]
    site.up()
    assert loads(site.describe(execution)["output"]) == list(range(3_000))
    events = site.history(execution)
    assert [event["id"] for event in events] == list(range(1, len(events) + 1))
    assert [event["type"] for event in events].count("MapIterationSucceeded") == 3_000
    assert 0 < done < 3_000
