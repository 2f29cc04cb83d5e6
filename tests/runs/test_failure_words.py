"""The words for why runs and attempts failed."""

import pytest

from lamplighter.runs.failures.failure_words import (
    RunFailure,
    attempt_failure,
    cause_words,
    explain_failure,
    summarize_failure,
)
from lamplighter.runs.history.story import Story
from tests.runs.histories import REPORTED, RUN, story, succeeded


def explained(run_story: Story, most: int | None = None) -> RunFailure:
    found = explain_failure(run_story, {"TimeoutSeconds": most})
    assert found is not None
    return found


def reason(run_story: Story, most: int | None = None) -> str:
    attempt = explained(run_story).attempt
    assert attempt is not None
    return attempt_failure(run_story, attempt, most)


@pytest.mark.parametrize(("most", "words"), [(3, " of 3s"), (90, " of 1m30s"), (None, "")])
def test_a_run_and_its_attempt_that_exceeded_the_deadline_name_the_deadline(most: int | None, words: str) -> None:
    run_story = story(*RUN, ("ExecutionTimedOut", 4, None))
    assert explained(run_story, most).run_failure == f"took longer than its deadline{words}"
    assert explained(run_story, most).reason == "was stopped together with the run"
    assert reason(run_story, most) == f"the run took longer than its deadline{words}"


def test_an_attempt_that_timed_out_names_its_timeout() -> None:
    run_story = story(*RUN, ("TaskTimedOut", 4, {"error": "States.Timeout"}), ("ExecutionFailed", 5, None))
    assert reason(run_story) == "States.Timeout: took longer than its timeout of 1m"
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
    assert (found.reason, found.state) == ("exit code 3", "")
    assert summarize_failure(found, None, None) == "exit code 3"


TWO_STEPS = {"States": {"Run": {"Type": "Task", "Resource": "x"}, "B": {"Type": "Map"}}}


def test_the_state_is_named_if_there_are_several_that_work() -> None:
    assert summarize_failure(explain_failure(story(*REPORTED), TWO_STEPS), None, None) == "Run: exit code 3"


def test_a_running_or_successful_run_has_no_failure() -> None:
    assert explain_failure(story(*RUN), {}) is None
    assert explain_failure(story(*RUN, succeeded(4, "a"), ("ExecutionSucceeded", 5, None)), {}) is None


OUT_OF_MEMORY = "Essential container in task exited; OutOfMemoryError: Container killed due to memory usage"
FETCHED = "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: "
NO_SECRET = (
    f"{FETCHED}unable to retrieve secret from asm: service call has been retried 1 time(s): failed to fetch secret "
    "arn:aws:secretsmanager:us-east-1:123456789012:secret:db-password from secrets manager: "
    "ResourceNotFoundException: Secrets Manager can't find the specified secret."
)
PULL = "CannotPullContainerError: "
DAEMON = f"{PULL}Error response from daemon: "


@pytest.mark.parametrize(
    ("error", "reason", "exits", "words"),
    [
        ("States.TaskFailed", "Essential container in task exited", {"main": 3}, "exit code 3"),
        ("States.TaskFailed", OUT_OF_MEMORY, {"main": 137}, "killed, out of memory (exit code 137)"),
        ("States.TaskFailed", "Essential container in task exited", {"main": 0, "proxy": 1}, "exit code 1 (proxy)"),
        ("States.TaskFailed", "x", {"a": 1, "b": 2, "c": 143}, "exit code 1 (a), exit code 2 (b): x"),
        ("States.TaskFailed", "no room", {}, "no room"),
        ("States.TaskFailed", None, {}, "States.TaskFailed"),
        ("States.Timeout", None, {}, "took longer than its timeout"),
        ("States.HeartbeatTimeout", None, {}, "sent no heartbeat in time"),
        ("States.ExceedToleratedFailureThreshold", "The specified …", {}, "too many items failed"),
        ("Bad.Total", "x", {}, "Bad.Total: x"),
        ("Bad.\x1b[2JTotal", "x\ny", {}, "Bad.Total: x y"),
        (None, None, {}, ""),
        ("States.TaskFailed", NO_SECRET, {}, "secret missing: db-password"),
        ("States.TaskFailed", f"{FETCHED}unable to retrieve secrets from ssm: invalid ssm parameters: /db/key (on", {},
         "secret missing: /db/key"),
        ("States.TaskFailed", f"{FETCHED}unable to retrieve secrets from ssm: AccessDeniedException: User …", {},
         "not allowed to read its secret"),
        ("States.TaskFailed", f'{DAEMON}Get "http://localhost/v2/": dial tcp 127.0.0.1:80: connection refused', {},
         "image missing"),
        ("States.TaskFailed", f"{DAEMON}pull access denied for nope, repository does not exist or may require", {},
         "image missing: nope"),
        ("States.TaskFailed", f"{PULL}failed to resolve ref docker.io/library/a:1: not found", {},
         "image missing: docker.io/library/a:1"),
        ("States.TaskFailed", f'{DAEMON}Get "https://r.example/v2/": dial tcp: i/o timeout', {},
         "image not pulled: its registry does not answer"),
        ("States.TaskFailed", f"{DAEMON}toomanyrequests: slow", {}, "image not pulled: toomanyrequests: slow"),
        ("States.TaskFailed", 'CannotStartContainerError: exec: "nope": executable file not found in $PATH', {},
         "command not found: nope"),
        ("States.TaskFailed", "CannotCreateContainerError: the folder /x does not exist", {},
         "could not start: the folder /x does not exist"),
    ],
)  # fmt: skip
def test_a_cause_is_said_in_plain_words(
    error: str | None, reason: str | None, exits: dict[str, int], words: str
) -> None:
    assert cause_words(error, reason, exits) == words
