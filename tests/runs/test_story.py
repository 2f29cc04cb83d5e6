"""A history is read as a story of visits and attempts, whatever it is of and however far it has come."""

import pytest
from hypothesis import given

from lamplighter.base.json_text import Json, dumps
from tests.documents import documents
from tests.runs.histories import (
    CAUGHT_BLOCK,
    DEFINITION,
    RESOURCE,
    RETRIED,
    TASK,
    TASK_FIELDS,
    Entry,
    begun,
    entered,
    exited,
    failed,
    scheduled,
    story,
    succeeded,
    written_by_a_user,
)

MAPPED = (
    begun(), entered("Files", 0, "Map"), ("MapStateStarted", 2, {"length": 2}),
    ("MapIterationStarted", 3, {"name": "Files", "index": 0}),
    ("MapIterationStarted", 3, {"name": "Files", "index": 1}),
    entered("Load", 4), scheduled(6), entered("Load", 5), scheduled(8), failed(7, "a", 1), succeeded(9, "b"),
    scheduled(10), succeeded(12, "c"), exited("Load", 13), exited("Load", 11),
    ("MapIterationSucceeded", 14, {"name": "Files", "index": 0}),
    ("MapIterationSucceeded", 15, {"name": "Files", "index": 1}), ("MapStateSucceeded", 17, None),
    exited("Files", 18, "Map"), entered("Tell", 19), scheduled(20),
)  # fmt: skip
CAUGHT = (begun(), entered("Run", 0), scheduled(2), failed(3, "a", 1), exited("Run", 4), entered("Tell", 5))
REDRIVEN = (
    begun(), entered("Run", 0), scheduled(2), failed(3, "a", 1), ("ExecutionFailed", 4, {"error": "States.TaskFailed"}),
    ("ExecutionRedriven", 5, {"redriveCount": 1}), scheduled(6), succeeded(7, "b"), exited("Run", 8),
    ("ExecutionSucceeded", 9, {"output": "{}"}),
)  # fmt: skip


def test_each_attempt_has_its_number_its_task_its_exit_code_and_its_times() -> None:
    first, second = story(*RETRIED).attempts
    assert (first.number, first.outcome, first.exits, first.task) == (1, "failed", {"main": 3}, TASK + "a")
    assert (first.began, first.ended, first.timeout) == (3000, 5000, 60)
    assert (second.number, second.outcome, second.exits, second.ended) == (2, "succeeded", {"main": 0}, 8000)
    assert (story(*RETRIED).outcome, story(*RETRIED).ended) == ("succeeded", 10_000)


def test_a_failed_run_has_an_outcome_and_an_error() -> None:
    told = story(*RETRIED[:5], ("ExecutionFailed", 5, {"error": "States.TaskFailed"}))
    assert (told.outcome, told.error) == ("failed", "States.TaskFailed")


def test_attempts_of_interleaved_iterations_are_kept_apart() -> None:
    told = story(*MAPPED)
    assert [(each.path, each.number, each.outcome) for each in told.attempts] == [
        (("Files[0]",), 1, "failed"),
        (("Files[1]",), 1, "succeeded"),
        (("Files[0]",), 2, "succeeded"),
        ((), 1, "running"),
    ]
    assert [each.state for each in told.visits if each.left is None] == ["Tell"]
    assert told.visits[0].follower == "Tell"


def test_an_iteration_that_follows_another_one_is_not_inside_of_it() -> None:
    told = story(
        begun(), entered("Files", 0, "Map"), ("MapStateStarted", 2, {"length": 2}),
        ("MapIterationStarted", 3, {"name": "Files", "index": 0}), entered("Load", 4), scheduled(5), succeeded(6, "a"),
        exited("Load", 7), ("MapIterationSucceeded", 8, {"name": "Files", "index": 0}),
        ("MapIterationStarted", 8, {"name": "Files", "index": 1}), entered("Load", 10), scheduled(11),
    )  # fmt: skip
    assert [each.path for each in told.attempts] == [("Files[0]",), ("Files[1]",)]


def test_a_map_inside_of_a_map_is_left_without_leaving_the_one_around() -> None:
    told = story(
        begun(), entered("Outer", 0, "Map"), ("MapStateStarted", 2, {"length": 1}),
        ("MapIterationStarted", 3, {"name": "Outer", "index": 0}), entered("Inner", 4, "Map"),
        ("MapStateStarted", 5, {"length": 1}), ("MapIterationStarted", 6, {"name": "Inner", "index": 0}),
        entered("Load", 7), exited("Load", 8), ("MapIterationSucceeded", 9, {"name": "Inner", "index": 0}),
        ("MapStateSucceeded", 10, None), exited("Inner", 11, "Map"), entered("After", 12), exited("After", 13),
        ("MapIterationSucceeded", 14, {"name": "Outer", "index": 0}), ("MapStateSucceeded", 15, None),
        exited("Outer", 16, "Map"), entered("End", 17),
    )  # fmt: skip
    assert {each.state: each.path for each in told.visits} == {
        "Outer": (), "Inner": ("Outer[0]",), "Load": ("Outer[0]", "Inner[0]"), "After": ("Outer[0]",), "End": (),
    }  # fmt: skip
    assert [each.state for each in told.visits if each.left is None] == ["End"]


def test_a_failure_that_is_caught_leads_on_to_another_state() -> None:
    told = story(*CAUGHT)
    assert told.caught(told.visits[0])
    assert told.visits[0].follower == "Tell"


def test_a_caught_failure_of_a_parallel_state_is_followed_by_another_state() -> None:
    told = story(*CAUGHT_BLOCK)
    assert [told.caught(each) for each in told.visits] == [True, False, False]


def test_a_success_is_not_caught() -> None:
    told = story(*RETRIED)
    assert not told.caught(told.visits[0])


def test_a_redrive_is_no_retry_and_goes_on_in_the_state_that_failed() -> None:
    told = story(*REDRIVEN)
    assert [(each.state, each.number, each.outcome) for each in told.attempts] == [
        ("Run", 1, "failed"),
        ("Run", 2, "succeeded"),
    ]
    assert (told.redriven, told.outcome, told.error) == ((6000,), "succeeded", None)


def test_the_time_between_an_end_and_a_redrive_is_no_part_of_a_run() -> None:
    told = story(*REDRIVEN)
    assert [(gap.ended, gap.redriven) for gap in told.gaps] == [(5000, 6000)]
    assert told.idle == 1000
    assert (told.running_time(1000, 10_000), told.running_time(5500, 10_000), told.running_time(6000, 10_000)) == (
        8000,
        4000,
        4000,
    )
    assert (told.running_time(1000, 5000), told.running_time(1000, 5500), told.running_time(5200, 5400)) == (
        4000,
        4000,
        0,
    )


def test_what_still_goes_on_when_a_run_is_stopped_is_stopped_with_it() -> None:
    told = story(begun(), entered("Run", 0), scheduled(2), ("ExecutionAborted", 3, {"cause": "enough"}))
    assert (told.attempts[0].outcome, told.attempts[0].ended) == ("aborted", 4000)
    assert (told.outcome, told.cause) == ("aborted", "enough")


def test_an_attempt_that_took_too_long_says_so() -> None:
    told = story(begun(), entered("Run", 0), scheduled(2), ("TaskTimedOut", 3, {"error": "States.Timeout"}))
    assert (told.attempts[0].outcome, told.attempts[0].error) == ("timed out", "States.Timeout")


def test_variables_are_read_as_what_they_are() -> None:
    told = story(begun(), entered("Count", 0, "Pass"), exited("Count", 2, "Pass", pause="4", why='"exit"'))
    assert told.visits[0].assigned == {"pause": 4, "why": "exit"}


@pytest.mark.parametrize("entries", [RETRIED, MAPPED, CAUGHT, REDRIVEN])
def test_a_history_can_be_read_however_far_it_has_come(entries: tuple[Entry, ...]) -> None:
    for length in range(len(entries) + 1):
        told = story(*entries[:length])
        assert len(told.attempts) == sum(kind == "TaskScheduled" for kind, _, _ in entries[:length])
        assert all(each.began <= (each.ended or each.began) for each in told.attempts)


@pytest.mark.parametrize(
    ("kind", "details", "resource"),
    [
        ("LambdaFunctionScheduled", {"resource": "arn:aws:lambda:us-east-1:123456789012:function:f"}, "LambdaFunction"),
        ("ActivityScheduled", {"resource": "arn:aws:states:us-east-1:123456789012:activity:a"}, "Activity"),
        ("MapRunStarted", {"mapRunArn": "arn:aws:states:us-east-1:123456789012:mapRun:m:1"}, "MapRun"),
    ],
)
def test_work_of_every_kind_is_an_attempt(kind: str, details: Json, resource: str) -> None:
    told = story(begun(), entered("Work", 0), (kind, 2, details))
    assert [each.resource for each in told.attempts] == [resource]


def test_an_attempt_that_only_a_sidecar_made_fail_has_succeeded() -> None:
    """Step Functions takes a task for failed whose sidecar was killed; the job's machine judges it otherwise."""
    containers = [{"Name": "main", "ExitCode": 0}, {"Name": "proxy", "ExitCode": 143}]
    cause = dumps({"TaskArn": "t", "Containers": containers, "StoppedReason": "Essential container in task exited"})
    told = story(
        begun(), entered("One: Run", 0), scheduled(2),
        ("TaskFailed", 3, RESOURCE | {"error": "States.TaskFailed", "cause": cause}), exited("One: Run", 4),
        entered("One: Judge", 5, "Pass"), exited("One: Judge", 6, "Pass"), entered("One: Again?", 7, "Choice"),
        exited("One: Again?", 8, "Choice"), entered("One: Ended well", 9, "Pass"),
    )  # fmt: skip
    (attempt,) = told.attempts
    assert (attempt.outcome, attempt.error, attempt.reason) == ("succeeded", None, None)
    assert attempt.exits == {"main": 0, "proxy": 143}


@pytest.mark.parametrize("made_up", [5, "a", ["a"], "arn:aws:ecs:us-east-1:1:service/a", "arn:aws:ecs::1:task/a:*"])
def test_a_document_that_names_no_task_makes_none_of_an_attempt(made_up: Json) -> None:
    told = story(*written_by_a_user({"TaskArn": made_up, "TaskDefinitionArn": DEFINITION}))
    assert [(each.task, each.definition) for each in told.attempts] == [(None, None)] * 3


def test_a_task_whose_definition_is_none_has_no_definition() -> None:
    told = story(*written_by_a_user({"TaskArn": TASK + "a", "TaskDefinitionArn": 5}))
    assert [(each.task, each.definition) for each in told.attempts] == [(TASK + "a", None)] * 3


@given(documents(*TASK_FIELDS))
def test_any_document_of_a_user_is_read_as_part_of_a_story(document: Json) -> None:
    told = story(*written_by_a_user(document))
    assert [each.outcome for each in told.attempts] == ["failed", "failed", "succeeded"]
    assert all(isinstance(each.reason, str) for each in told.attempts[:2])
    assert all(isinstance(text, str | None) for each in told.attempts for text in (each.task, each.definition))
    assert all(isinstance(code, int) for each in told.attempts for code in each.exits.values())
