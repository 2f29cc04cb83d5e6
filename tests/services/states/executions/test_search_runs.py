"""Tests of the search for runs of all state machines."""

import pytest

from lamplighter.base.json_text import Json, dumps
from lamplighter.services.states.tables import execution_search
from tests.services.states.states_harness import MACHINE, StatesHarness, one_state, pass_definition

SKIPPED: Json = {"skipped": True, "running": ["arn:aws:states:eu-west-1:123456789012:execution:night:other"]}


async def search(harness: StatesHarness, *words: str, **params: Json) -> list[str]:
    """Return the names of the runs that a search finds."""
    answer = await harness.states("SearchRuns", Words=list(words), **params)
    return [each["name"] for each in answer["Runs"]]


async def test_a_search_finds_runs_of_all_machines_by_their_input(harness: StatesHarness) -> None:
    await harness.create_machine()
    await harness.create_machine(pass_definition("two"), name="other")
    await harness.start_execution(name="a", input=dumps({"file": "100%_done.csv"}))
    await harness.start_execution(MACHINE.replace(":night", ":other"), name="b", input=dumps({"file": "1000_done"}))
    assert await search(harness, "0%_D") == ["a"]
    assert await search(harness, "DONE", "file") == ["b", "a"]
    assert await search(harness, "done", "other") == ["b"]


async def test_a_search_goes_on_block_by_block_until_all_runs_are_examined(
    harness: StatesHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(execution_search, "BLOCK_SIZE", 2)
    await harness.create_machine()
    for at in range(5):
        await harness.start_execution(name=f"run{at}", input=dumps({"word": "yes" if at in (0, 3) else "no"}))
        harness.clock.advance(1_000)
    found: list[list[str]] = []
    before: dict[str, Json] = {}
    while True:
        answer = await harness.states("SearchRuns", Words=["yes"], **before)
        found.append([each["name"] for each in answer["Runs"]])
        if "Before" not in answer:
            break
        before = {"Before": answer["Before"]}
    assert found == [["run3"], [], ["run0"]]


async def test_a_page_of_hits_ends_where_the_next_one_begins(harness: StatesHarness) -> None:
    await harness.create_machine()
    for at in range(3):
        await harness.start_execution(name=f"run{at}")
    first = await harness.states("SearchRuns", Words=["run"], Limit=2)
    assert [each["name"] for each in first["Runs"]] == ["run2", "run1"]
    assert await search(harness, "run", Limit=2, Before=first["Before"]) == ["run0"]


async def test_a_search_selects_runs_by_status_start_and_machine(harness: StatesHarness) -> None:
    await harness.create_machine()
    await harness.create_machine(one_state(Type="Pass", Result=SKIPPED), name="other")
    await harness.start_execution(name="run-old")
    harness.clock.advance(10_000)
    since = harness.clock.now()
    await harness.start_execution(name="run-new")
    other = MACHINE.replace(":night", ":other")
    await harness.start_execution(other, name="run-skipped")
    assert await search(harness, "run", Since=since) == ["run-skipped", "run-new"]
    assert await search(harness, "run", Statuses=["SKIPPED"]) == ["run-skipped"]
    assert await search(harness, "run", Machine=MACHINE, Since=since) == ["run-new"]


async def test_the_runs_of_supporting_machines_are_found_only_if_they_failed(harness: StatesHarness) -> None:
    failing: Json = {"StartAt": "A", "States": {"A": {"Type": "Fail", "Error": "E"}}}
    for name, definition in (("p--start", pass_definition("one")), ("p--watch", failing)):
        machine = await harness.create_machine(definition, name=name)
        await harness.start_execution(machine["stateMachineArn"], name=f"run-of-{name}")
    assert await search(harness, "run-of") == ["run-of-p--watch"]


async def test_an_impossible_page_is_refused(harness: StatesHarness) -> None:
    for wrong in ({"Limit": 0}, {"Limit": 101}, {"Before": 0}):
        code, message = await harness.expect_error("SearchRuns", Words=["a"], **wrong)
        assert (code, "Limit is at most 100" in message) == ("ValidationException", True)


async def test_state_machines_are_found_with_the_places_of_the_words(harness: StatesHarness) -> None:
    await harness.create_machine(name="p--start")
    await harness.create_machine(
        {"Comment": "Sums up the takings", "StartAt": "Add", "States": {"Add": {"Type": "Pass", "End": True}}},
        name="sales",
        tags=[{"key": "owner", "value": "data team"}],
    )
    answer = await harness.states("SearchStateMachines", Words=["TEAM", "takings"])
    (found,) = answer["Machines"]
    assert [each["field"] for each in found["found"]] == ["description", "tags"]
    (found,) = (await harness.states("SearchStateMachines", Words=["add", "SALES"]))["Machines"]
    assert (found["found"], [each["name"] for each in found["states"]]) == (None, ["Add"])
    assert (await harness.states("SearchStateMachines", Words=["start"]))["Machines"] == []
