"""The status of each state of a run."""

from collections.abc import Mapping

from lamplighter.runs.history.state_status import state_statuses
from tests.runs.histories import (
    CAUGHT_BLOCK,
    RUN,
    Entry,
    begun,
    entered,
    exited,
    failed,
    scheduled,
    story,
    succeeded,
)


def read_statuses(*entries: Entry) -> Mapping[str, str]:
    return {name: each.status for name, each in state_statuses(story(*entries)).items()}


def test_a_state_is_running_then_retrying_then_ended() -> None:
    again = (*RUN, failed(4, "a", 3))
    assert read_statuses(*RUN) == {"Run": "RUNNING"}
    assert read_statuses(*again) == {"Run": "RETRYING"}
    assert read_statuses(*again, scheduled(5)) == {"Run": "RUNNING"}
    assert read_statuses(*again, scheduled(5), succeeded(6, "b"), exited("Run", 7)) == {"Run": "SUCCEEDED"}
    assert read_statuses(*again, ("ExecutionFailed", 5, {"error": "States.TaskFailed"})) == {"Run": "FAILED"}


def test_a_caught_error_has_another_status_than_a_success() -> None:
    assert read_statuses(*RUN, failed(4, "a", 3), exited("Run", 5), entered("Tell", 6))["Run"] == "CAUGHT"


def test_a_parallel_state_with_a_caught_failure_has_the_status_caught() -> None:
    assert read_statuses(*CAUGHT_BLOCK)["Both"] == "CAUGHT"


def test_a_running_state_ends_with_the_status_of_its_stopped_run() -> None:
    assert read_statuses(*RUN, ("ExecutionAborted", 4, None)) == {"Run": "ABORTED"}
    assert read_statuses(*RUN, ("ExecutionTimedOut", 4, None)) == {"Run": "TIMED_OUT"}


def test_a_fail_state_has_the_status_failed() -> None:
    assert read_statuses(begun(), entered("No", 0, "Fail"), ("ExecutionFailed", 2, {"error": "No"})) == {"No": "FAILED"}


def test_a_state_in_a_map_counts_its_finished_items() -> None:
    entries = (
        begun(),
        entered("Files", 0, "Map"),
        ("MapStateStarted", 2, {"length": 2}),
        ("MapIterationStarted", 3, {"name": "Files", "index": 0}),
        ("MapIterationStarted", 3, {"name": "Files", "index": 1}),
        entered("Load", 4, "Pass"),
        exited("Load", 6, "Pass"),
        entered("Load", 5, "Pass"),
    )
    found = state_statuses(story(*entries))
    assert (found["Load"].status, found["Load"].done, found["Load"].paths) == ("RUNNING", 1, 2)
    assert found["Files"].status == "RUNNING"


def test_a_map_inside_a_parallel_is_done_when_it_is_exited() -> None:
    entries = (
        begun(),
        entered("Both", 0, "Parallel"),
        ("ParallelStateStarted", 2, None),
        entered("Files", 3, "Map"),
        ("MapStateStarted", 4, {"length": 1}),
        ("MapIterationStarted", 5, {"name": "Files", "index": 0}),
        entered("Load", 6, "Pass"),
        exited("Load", 7, "Pass"),
        ("MapIterationSucceeded", 8, {"name": "Files", "index": 0}),
        ("MapStateSucceeded", 9, None),
        exited("Files", 10, "Map"),
        ("ParallelStateSucceeded", 11, None),
        exited("Both", 12, "Parallel"),
        ("ExecutionSucceeded", 13, {"output": "{}"}),
    )
    assert read_statuses(*entries) == {"Both": "SUCCEEDED", "Files": "SUCCEEDED", "Load": "SUCCEEDED"}
