"""The words for why runs and attempts failed."""

import pytest

from lamplighter.runs.failure_words import RunFailure, attempt_failure, explain_failure, failure_text
from lamplighter.runs.story import Story
from tests.runs.histories import REPORTED, RUN, story, succeeded


def explained(run_story: Story, most: int | None = None) -> RunFailure:
    found = explain_failure(run_story, {"TimeoutSeconds": most})
    assert found is not None
    return found


def reason(run_story: Story, most: int | None = None) -> str:
    attempt = explained(run_story).attempt
    assert attempt is not None
    return attempt_failure(run_story, attempt, most)


@pytest.mark.parametrize(("most", "words"), [(3, " of 3 s"), (90, " of 1 min 30 s"), (None, "")])
def test_a_run_and_its_attempt_that_exceeded_the_deadline_name_the_deadline(most: int | None, words: str) -> None:
    run_story = story(*RUN, ("ExecutionTimedOut", 4, None))
    assert explained(run_story, most).run_failure == f"took longer than its deadline{words}"
    assert explained(run_story, most).reason == "was stopped together with the run"
    assert reason(run_story, most) == f"the run took longer than its deadline{words}"


def test_an_attempt_that_timed_out_names_its_timeout() -> None:
    run_story = story(*RUN, ("TaskTimedOut", 4, {"error": "States.Timeout"}), ("ExecutionFailed", 5, None))
    assert reason(run_story) == "States.Timeout: took longer than its timeout of 1 min 00 s"
    late = story(*RUN, ("TaskTimedOut", 4, {"error": "States.HeartbeatTimeout"}), ("ExecutionFailed", 5, None))
    assert reason(late) == "States.HeartbeatTimeout: sent no heartbeat in time"


def test_an_attempt_that_was_stopped_with_its_run_says_so() -> None:
    run_story = story(*RUN, ("ExecutionAborted", 4, None))
    assert reason(run_story) == "the run was stopped"
    assert explained(run_story).stopped


def test_a_failure_is_explained_by_the_attempt_its_reason_and_its_exit_codes() -> None:
    found = explain_failure(story(*REPORTED), {"States": {"Run": "LAMPLIGHTER_RUN"}})
    assert found is not None
    assert found.attempt is not None
    assert (found.attempt.state, found.codes, found.run_failure) == ("Run", [("main", 3, "")], "")
    assert found.reason == "States.TaskFailed: Essential container in task exited"


def test_a_running_or_successful_run_has_no_failure() -> None:
    assert explain_failure(story(*RUN), {}) is None
    assert explain_failure(story(*RUN, succeeded(4, "a"), ("ExecutionSucceeded", 5, None)), {}) is None


@pytest.mark.parametrize(
    ("error", "reason", "exits", "words"),
    [
        ("States.TaskFailed", "Essential container in task exited", {"main": 3}, " with exit code 3"),
        ("States.TaskFailed", "OutOfMemory", {"main": 137}, " with exit code 137: OutOfMemory"),
        ("States.TaskFailed", "x", {"a": 1, "b": 0}, " with exit codes 1 (a), 0 (b): x"),
        ("States.TaskFailed", "no room", {}, ": no room"),
        ("States.TaskFailed", None, {}, ": States.TaskFailed"),
        ("Bad.Total", "x", {}, ": Bad.Total: x"),
        (None, None, {}, ""),
    ],
)
def test_the_words_do_not_repeat_what_the_exit_codes_state(
    error: str | None, reason: str | None, exits: dict[str, int], words: str
) -> None:
    assert failure_text(error, reason, exits) == words
