"""Which attempt is to blame for the failure of a run."""

from dataclasses import replace

import pytest

from lamplighter.runs.failures.blamed_attempt import attempt_that_ended_run, blamed_attempt, blamed_item
from lamplighter.runs.history.story import Attempt, Outcome
from tests.runs.histories import (
    REPORTED,
    RUN,
    Entry,
    begun,
    entered,
    exited,
    failed,
    scheduled,
    story,
    submitted,
    succeeded,
)

ITEM = Attempt(1, "Load", ("Files[0]",), 1, "ecs:runTask.sync", 0, ended=5, outcome="failed", task="a")


def test_the_job_s_own_attempt_is_blamed_before_a_caught_failure_of_a_helper_state() -> None:
    blamed = blamed_attempt(story(*REPORTED))
    assert blamed is not None
    assert (blamed.state, blamed.exits) == ("Run", {"main": 3})


def test_a_helper_state_is_blamed_if_nothing_else_failed() -> None:
    entries = (begun(), entered("List runs", 0), ("TaskScheduled", 2, {"resourceType": "sfn", "resource": "list"}))
    blamed = blamed_attempt(story(*entries, ("TaskFailed", 3, {"error": "Sfn.X"}), ("ExecutionFailed", 4, None)))
    assert blamed is not None
    assert blamed.state == "List runs"


def test_helper_names_have_no_meaning_in_other_machines() -> None:
    ended = (*RUN, failed(4, "a", 0), *REPORTED[5:-1], ("ExecutionFailed", 11, None))
    blamed = blamed_attempt(story(*ended), from_job_file=False)
    assert blamed is not None
    assert blamed.state == "Last lines"


def test_an_attempt_with_a_successful_retry_is_not_blamed() -> None:
    again = (*RUN, failed(4, "a", 3), scheduled(5), succeeded(6, "b"), exited("Run", 7), entered("No", 8, "Fail"))
    assert blamed_attempt(story(*again, ("ExecutionFailed", 9, {"error": "No"}))) is None


def test_no_attempt_is_blamed_in_a_running_or_successful_run() -> None:
    assert blamed_attempt(story(*RUN, failed(4, "a", 3))) is None
    assert blamed_attempt(story(*RUN, succeeded(4, "a"), ("ExecutionSucceeded", 5, None))) is None


@pytest.mark.parametrize(
    ("map_run", "others", "blamed"),
    [
        ("failed", [], "a"),
        ("failed", [replace(ITEM, task="b", ended=9)], "b"),
        ("failed", [replace(ITEM, task="b", ended=9, outcome="aborted")], "a"),
        ("aborted", [replace(ITEM, task="b", ended=9, outcome="aborted")], "b"),
        ("failed", [replace(ITEM, task="b", ended=9, outcome="succeeded"), replace(ITEM, task=None, ended=9)], "a"),
    ],
)
def test_the_item_of_a_map_run_that_failed_last_is_blamed(map_run: Outcome, others: list[Attempt], blamed: str) -> None:
    found = blamed_item(replace(ITEM, resource="MapRun", outcome=map_run), [ITEM, *others])
    assert found is not None
    assert found.task == blamed


@pytest.mark.parametrize(
    ("ends", "error", "state"),
    [
        ((failed(4, "a", 3),), "States.TaskFailed", "Run"),
        ((failed(4, "a", 3),), "Bad.Total", None),
        ((succeeded(4, "a"),), "Bad.Total", None),
        ((succeeded(4, "a"),), "States.TaskFailed", None),
        ((), None, "Run"),
    ],
)
def test_only_a_task_that_failed_with_the_run_s_error_or_still_ran_ended_the_run(
    ends: tuple[Entry, ...], error: str | None, state: str | None
) -> None:
    blamed = attempt_that_ended_run(story(*RUN, *ends), error)
    assert (blamed and blamed.state) == state


def test_no_task_ended_a_run_without_tasks() -> None:
    assert attempt_that_ended_run(story(begun(), entered("One", 0, "Pass")), "E") is None


def test_the_task_that_ended_a_run_is_found_without_its_first_events() -> None:
    entries = (*RUN, failed(4, "a", 3), scheduled(5), submitted(6, "b"), failed(7, "b", 3))
    for missing in range(2, 8):
        blamed = attempt_that_ended_run(story(*entries, missing=missing), "States.TaskFailed")
        assert blamed is not None
        assert (blamed.state, blamed.exits) == ("", {"main": 3})
