"""The list of states that colours the graph."""

from lamplighter.base.json_text import Json
from lamplighter.console.view.runs.graph_states import MapProgress, build_graph_states, states_of_every_item
from tests.runs.histories import begun, entered, story

STATES: Json = {
    "Load": {"Type": "Pass", "Next": "Which?"},
    "Which?": {"Type": "Choice", "Choices": [{"Next": "No"}, {"Next": "Skip"}], "Default": "Store"},
    "No": {"Type": "Fail"},
    "Skip": {"Type": "Pass", "Next": "Store"},
    "Store": {"Type": "Pass", "End": True},
}
COUNTS: Json = {"pending": 0, "running": 0, "succeeded": 0, "failed": 0, "timedOut": 0, "aborted": 0, "total": 200}


def map_of(states: Json, start: str) -> Json:
    processor = {"ProcessorConfig": {"Mode": "DISTRIBUTED"}, "StartAt": start, "States": states}
    return {"StartAt": "Each", "States": {"Each": {"Type": "Map", "ItemProcessor": processor, "End": True}}}


def draw(definition: Json, by_state: Json = None, **counts: int) -> dict[str, tuple[str, str]]:
    about = {"itemCounts": COUNTS | counts, "executionCounts": COUNTS | counts}
    progress = [MapProgress("Each", about, by_state)]
    found = build_graph_states(story(begun(), entered("Each", 0, "Map")), definition, (), progress)
    return {each.name: (each.status, each.note) for each in found}


def test_the_only_state_of_a_distributed_map_has_the_counts_of_the_map_run() -> None:
    definition = map_of({"One": {"Type": "Pass", "End": True}}, "One")
    assert draw(definition, running=12, succeeded=185, failed=2, timedOut=1) == {
        "Each": ("RUNNING", "12 of 200 running, 3 failed"),
        "One": ("RUNNING", "12 running, 3 failed"),
    }
    assert draw(definition, succeeded=197, failed=3)["One"] == ("FAILED", "3 failed")
    assert draw(definition, succeeded=200)["One"] == ("SUCCEEDED", "200 of 200")


def test_an_engine_counts_the_items_of_each_state() -> None:
    by_state = {"running": {"Load": 5}, "failed": {"No": 3}, "aborted": {}, "passed": {"Load": 90, "Which?": 90}}
    found = draw(map_of(STATES, "Load"), by_state, running=5, failed=3, succeeded=80)
    assert found["Load"] == ("RUNNING", "5 running")
    assert found["No"] == ("FAILED", "3 failed")
    assert found["Which?"] == ("SUCCEEDED", "90 of 200")
    assert "Skip" not in found


def test_a_count_of_which_not_all_items_are_known_says_so() -> None:
    by_state = {"running": {}, "failed": {"No": 300}, "aborted": {"Load": 2}, "complete": {"failed": False}}
    found = draw(map_of(STATES, "Load"), by_state, failed=4000, aborted=2)
    assert found["No"] == ("FAILED", "300+ failed")
    assert found["Load"] == ("ABORTED", "2 stopped")


def test_without_counts_by_state_only_a_state_that_every_item_passes_is_known_to_have_succeeded() -> None:
    assert states_of_every_item(map_of(STATES, "Load")["States"]["Each"]["ItemProcessor"]) == [
        "Load",
        "Which?",
        "Store",
    ]
    found = draw(map_of(STATES, "Load"), succeeded=190, failed=10)
    assert found["Store"] == ("SUCCEEDED", "190 of 200")
    assert found.keys() == {"Each", "Load", "Which?", "Store"}
