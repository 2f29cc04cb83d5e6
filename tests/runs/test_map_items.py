"""The items of an inline Map."""

from lamplighter.base.json_text import Json
from lamplighter.runs.history.map_items import only_items, read_map_items
from lamplighter.runs.history.state_status import state_statuses
from tests.runs.histories import Entry, begun, entered, exited, failed, scheduled, story, submitted, succeeded

DEFINITION: Json = {
    "StartAt": "Files",
    "States": {
        "Files": {
            "Type": "Map",
            "ItemProcessor": {
                "StartAt": "Load",
                "States": {
                    "Load": {"Type": "Task", "Next": "No"},
                    "No": {"Type": "Fail", "Error": "Bad", "Cause": "it is bad"},
                },
            },
            "End": True,
        }
    },
}
BEGUN: tuple[Entry, ...] = (
    begun(), entered("Files", 0, "Map"), ("MapStateStarted", 2, {"length": 12}),
    ("MapIterationStarted", 3, {"name": "Files", "index": 10}),
    ("MapIterationStarted", 3, {"name": "Files", "index": 9}),
    entered("Load", 4), entered("Load", 5), scheduled(6), submitted(8, "a"), scheduled(7), submitted(10, "b"),
)  # fmt: skip


def test_items_are_in_the_order_of_their_indexes_with_the_status_of_their_last_state() -> None:
    items = read_map_items(story(*BEGUN, succeeded(11, "b"), exited("Load", 12)), DEFINITION, "Files")
    assert [(each.index, each.status, each.entered) for each in items] == [(9, "SUCCEEDED", 7), (10, "RUNNING", 6)]


def test_an_item_has_the_error_of_its_attempt_or_of_its_fail_state() -> None:
    ended: tuple[Entry, ...] = (
        failed(9, "a", 3), succeeded(11, "b"), exited("Load", 13), entered("No", 14, "Fail"),
        ("ExecutionFailed", 15, {"error": "Bad"}),
    )  # fmt: skip
    by_rule, by_attempt = read_map_items(story(*BEGUN, *ended), DEFINITION, "Files")
    assert (by_rule.status, by_rule.error, by_rule.reason) == ("FAILED", "Bad", "it is bad")
    assert (by_attempt.status, by_attempt.error) == ("FAILED", "States.TaskFailed")


def test_a_chosen_item_leaves_out_the_visits_of_the_others() -> None:
    whole = story(*BEGUN, succeeded(11, "b"), exited("Load", 12))
    assert state_statuses(whole)["Load"].paths == 2
    assert state_statuses(only_items(whole, ["Files[9]"]))["Load"].status == "SUCCEEDED"
    assert state_statuses(only_items(whole, ["Files[10]"]))["Load"].status == "RUNNING"
    assert state_statuses(only_items(whole, ["Files[10]"]))["Files"].status == "RUNNING"
    assert only_items(whole, ["Others[1]"]).visits == whole.visits
    assert only_items(whole, []) == whole
