"""Why runs and attempts ended as they did, and which attempt is to blame."""

import pytest

from lamplighter.console.view import failure_reason
from lamplighter.console.view.state_status import caught_exits, state_statuses
from lamplighter.console.view.timeline import build_timeline
from lamplighter.runs.story import Story, read_story
from tests.runs.histories import Entry, begun, entered, exited, failed, history, scheduled, submitted, succeeded

RUN = (begun(), entered("Run", 0), scheduled(2), submitted(3, "a"))
LINES: tuple[Entry, ...] = (
    entered("Last lines", 6),
    ("TaskScheduled", 7, {"resourceType": "aws-sdk:cloudwatchlogs", "resource": "getLogEvents"}),
    ("TaskFailed", 8, {"error": "Cloudwatchlogs.ResourceNotFoundException", "cause": "There is no such group"}),
    exited("Last lines", 9),
    entered("Failed", 10, "Fail"),
)
TOLD = (*RUN, failed(4, "a", 3), exited("Run", 5), *LINES, ("ExecutionFailed", 11, {"error": "States.TaskFailed"}))


def story(*entries: Entry) -> Story:
    return read_story(history(*entries))


def reason(told: Story, most: int | None = None) -> str:
    attempt = failure_reason.blamed_attempt(told)
    assert attempt is not None
    return failure_reason.attempt_failure(told, attempt, most)


@pytest.mark.parametrize(("most", "words"), [(3, " of 3 s"), (90, " of 1 min 30 s"), (None, "")])
def test_a_run_and_its_attempt_that_exceeded_the_deadline_name_the_deadline(most: int | None, words: str) -> None:
    told = story(*RUN, ("ExecutionTimedOut", 4, None))
    assert failure_reason.run_failure(told, most) == f"took longer than its deadline{words}"
    assert reason(told, most) == f"the run took longer than its deadline{words}"


def test_an_attempt_that_timed_out_names_its_timeout() -> None:
    told = story(*RUN, ("TaskTimedOut", 4, {"error": "States.Timeout"}), ("ExecutionFailed", 5, None))
    assert reason(told) == "States.Timeout: took longer than its timeout of 1 min 00 s"
    late = story(*RUN, ("TaskTimedOut", 4, {"error": "States.HeartbeatTimeout"}), ("ExecutionFailed", 5, None))
    assert reason(late) == "States.HeartbeatTimeout: sent no heartbeat in time"


def test_an_attempt_that_was_stopped_with_its_run_says_so() -> None:
    assert reason(story(*RUN, ("ExecutionAborted", 4, None))) == "the run was stopped"


def test_the_job_s_own_attempt_is_blamed_before_a_caught_failure_of_a_helper_state() -> None:
    blamed = failure_reason.blamed_attempt(story(*TOLD))
    assert blamed is not None
    assert (blamed.state, blamed.exits) == ("Run", {"main": 3})


def test_a_caught_failure_of_a_helper_state_has_the_status_caught() -> None:
    rows = build_timeline(story(*TOLD), {"States": {"Run": "LAMPLIGHTER_RUN"}}, 99_000).rows
    assert [(row.state, row.status) for row in rows] == [("Run", "FAILED"), ("Last lines", "CAUGHT")]


def test_a_helper_state_is_blamed_if_nothing_else_failed() -> None:
    entries = (begun(), entered("List runs", 0), ("TaskScheduled", 2, {"resourceType": "sfn", "resource": "list"}))
    blamed = failure_reason.blamed_attempt(
        story(*entries, ("TaskFailed", 3, {"error": "Sfn.X"}), ("ExecutionFailed", 4, None))
    )
    assert blamed is not None
    assert blamed.state == "List runs"


def test_an_attempt_with_a_successful_retry_is_not_blamed() -> None:
    again = (*RUN, failed(4, "a", 3), scheduled(5), succeeded(6, "b"), exited("Run", 7), entered("No", 8, "Fail"))
    assert failure_reason.blamed_attempt(story(*again, ("ExecutionFailed", 9, {"error": "No"}))) is None


def test_no_attempt_is_blamed_in_a_running_or_successful_run() -> None:
    assert failure_reason.blamed_attempt(story(*RUN, failed(4, "a", 3))) is None
    assert failure_reason.blamed_attempt(story(*RUN, succeeded(4, "a"), ("ExecutionSucceeded", 5, None))) is None


def test_a_parallel_state_with_a_caught_failure_has_the_status_caught() -> None:
    events = history(
        begun(),
        entered("Both", 0, "Parallel"),
        ("ParallelStateStarted", 2, None),
        entered("No", 3, "Fail"),
        ("ParallelStateFailed", 4, None),
        exited("Both", 5, "Parallel"),
        entered("Tell", 6, "Pass"),
    )
    told = read_story(events)
    assert state_statuses(told, caught_exits(events))["Both"].status == "CAUGHT"
    assert [row.status for row in build_timeline(told, {}, 9_000, caught=caught_exits(events)).rows] == ["CAUGHT"]


def test_the_ticks_of_a_short_run_have_different_labels() -> None:
    events = [event | {"timestamp": event["timestamp"] / 50} for event in history(*TOLD)]
    labels = [label for _, label in build_timeline(read_story(events), {}, 99_000).ticks]
    assert labels == ["0 ms", "44 ms", "88 ms", "132 ms", "176 ms"]


def test_helper_names_have_no_meaning_in_other_machines() -> None:
    rows = build_timeline(story(*TOLD), {}, 99_000).rows
    assert [(row.state, row.status) for row in rows] == [("Run", "FAILED"), ("Last lines", "FAILED")]
    blamed = failure_reason.blamed_attempt(
        story(*RUN, failed(4, "a", 0), exited("Run", 5), *LINES, ("ExecutionFailed", 11, None)), from_job_file=False
    )
    assert blamed is not None
    assert blamed.state == "Last lines"
