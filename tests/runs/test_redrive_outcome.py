"""Which runs a redrive can bring nothing."""

from pathlib import Path

import pytest

from lamplighter.base.json_text import Json
from lamplighter.jobs.machine.state_machine import build_definition
from lamplighter.runs.redrive_outcome import redrive_objection
from tests.jobs.projects import load_project
from tests.runs.histories import begun, entered, exited, failed, history, scheduled

RUN: Json = {"Type": "Task", "Resource": "arn:aws:states:::ecs:runTask.sync", "Next": "Done"}
LAMBDA: Json = {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Next": "Failed"}
FAIL: Json = {"Type": "Fail", "Error": "Broken"}
END = ("ExecutionFailed", 4, {"error": "States.TaskFailed"})


def block(start: str, **states: Json) -> Json:
    return {"StartAt": start, "States": states}


def ended_in(name: str, kind: str = "Fail") -> list[Json]:
    """A run that failed in a state as it was entered."""
    return history(begun(), entered("Run", 0), exited("Run", 2), entered(name, 3, kind), END)


def test_a_run_that_a_fail_state_ended_would_fail_again() -> None:
    why = redrive_objection(ended_in("Failed"), block("Run", Run=RUN, Done={"Type": "Succeed"}, Failed=FAIL))
    assert why == "it would continue in the state Failed, from which the run can only fail again"


def test_a_run_whose_work_failed_may_go_on() -> None:
    run = history(begun(), entered("Run", 0), scheduled(2), failed(3, "a", 1), END)
    assert redrive_objection(run, block("Run", Run=RUN, Done={"Type": "Succeed"})) is None


def test_a_run_that_goes_on_or_was_stopped_may_go_on() -> None:
    definition = block("Run", Run=RUN, Failed=FAIL)
    assert redrive_objection(ended_in("Failed")[:-1], definition) is None
    stopped = history(begun(), entered("Failed", 0, "Fail"), ("ExecutionAborted", 2, None))
    assert redrive_objection(stopped, definition) is None
    assert redrive_objection([], definition) is None
    assert redrive_objection(ended_in("Elsewhere"), definition) is None
    assert redrive_objection(ended_in("Failed"), {}) is None


@pytest.mark.parametrize(
    ("states", "doomed"),
    [
        ({"Judge": {"Type": "Pass", "Next": "Failed"}, "Failed": FAIL}, True),
        ({"Judge": {"Type": "Pass", "Next": "Loop"}, "Loop": {"Type": "Pass", "Next": "Judge"}}, True),
        ({"Judge": {"Type": "Choice", "Choices": [{"Next": "Failed"}], "Default": "Failed"}, "Failed": FAIL}, True),
        ({"Judge": {"Type": "Choice", "Choices": [{"Next": "Run"}], "Default": "Failed"}, "Failed": FAIL}, False),
        ({"Judge": {"Type": "Choice", "Choices": [{"Next": "Done"}], "Default": "Failed"}, "Failed": FAIL}, False),
        ({"Judge": {"Type": "Pass", "End": True}}, False),
        ({"Judge": LAMBDA, "Failed": FAIL}, False),
    ],
)
def test_what_may_follow_decides(states: dict[str, Json], doomed: bool) -> None:
    definition = block("Run", Run=RUN, Done={"Type": "Succeed"}, **states)
    assert (redrive_objection(ended_in("Judge", "Pass"), definition) is not None) == doomed


@pytest.mark.parametrize(("more", "doomed"), [({}, True), ({"Retry": []}, False), ({"Catch": []}, False)])
def test_a_branch_that_a_fail_state_ended_fails_the_run_again(more: Json, doomed: bool) -> None:
    branches = [block("Work", Work={"Type": "Pass", "Next": "No"}, No=FAIL), block("Other", Other={"Type": "Pass"})]
    definition = block("Both", Both={"Type": "Parallel", "Branches": branches, "End": True, **more})
    run = history(
        begun(), entered("Both", 0, "Parallel"), ("ParallelStateStarted", 2, None), entered("Work", 3, "Pass"),
        exited("Work", 4, "Pass"), entered("No", 5, "Fail"), ("ParallelStateFailed", 6, None),
        ("ExecutionFailed", 7, {"error": "Broken"}),
    )  # fmt: skip
    assert (redrive_objection(run, definition) is not None) == doomed


@pytest.mark.parametrize("state", ["Failed", "Tell ops", "Last lines"])
def test_a_job_that_has_told_of_its_failure_is_not_tried_again(tmp_path: Path, state: str) -> None:
    jobs = "nightly: {image: x, timeout: 1h, notify: {caught: [ops]}}"
    definition = build_definition(load_project(tmp_path, jobs), "nightly")
    assert redrive_objection(ended_in(state, "Task"), definition) is not None
    run = history(begun(), entered("Run", 0), scheduled(2), failed(3, "a", 1), END)
    assert redrive_objection(run, definition) is None
