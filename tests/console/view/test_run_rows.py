"""The rows of the table of runs."""

import pytest

from lamplighter.base.json_text import Json, dumps
from lamplighter.console.view.runs.run_rows import MAX_ERROR_LENGTH, build_rows
from lamplighter.runs.failures.failure_words import run_words
from lamplighter.runs.run import RunLimits
from lamplighter.runs.run_trigger import BY_HAND
from lamplighter.store.audit_log import Actor

RUN: Json = {
    "executionArn": "arn:aws:states:us-east-1:123456789012:execution:night:a", "name": "a", "status": "SUCCEEDED",
    "startDate": 1_000.5, "stopDate": 1_060.5, "redriveCount": 0,
}  # fmt: skip
TASK_ARN = "arn:aws:ecs:us-east-1:123456789012:task/c/1"


def task(*codes: tuple[str, int | None], reason: str = "Essential container in task exited") -> str:
    """Return the cause of a run whose task ended."""
    containers = [{"Name": name, "ExitCode": code} for name, code in codes]
    return dumps({"TaskArn": TASK_ARN, "Containers": containers, "StoppedReason": reason})


@pytest.mark.parametrize(
    ("status", "error", "cause", "words"),
    [
        ("SUCCEEDED", None, None, ""),
        ("FAILED", "States.TaskFailed", task(("main", 3)), "exit code 3"),
        ("FAILED", "States.TaskFailed", task(("main", 137), reason="OutOfMemoryError: killed"),
         "killed, out of memory (exit code 137)"),
        ("FAILED", "States.TaskFailed", task(("main", 3), ("proxy", 143)), "exit code 3"),
        ("FAILED", "States.TaskFailed", task(("main", None), reason="CannotPullContainerError: no such image"),
         "image missing"),
        ("FAILED", "States.Timeout", None, "took longer than its timeout"),
        ("FAILED", "Sales.Missing", "there are no sales", "Sales.Missing: there are no sales"),
        ("FAILED", "Sales.Missing", None, "Sales.Missing"),
        ("TIMED_OUT", "States.Timeout", None, "the run took longer than its deadline of 1h"),
        ("ABORTED", None, None, ""),
    ],
)  # fmt: skip
def test_an_error_is_said_in_words_with_the_exit_code(
    status: str, error: str | None, cause: str | None, words: str
) -> None:
    assert run_words(status, error, cause, 3600) == words


def test_a_long_cause_is_cut() -> None:
    assert len(run_words("FAILED", "E", "x" * 30_000, None, MAX_ERROR_LENGTH)) < 200


@pytest.mark.parametrize(
    ("seconds", "usual", "slower"),
    [(60, 60, ""), (60, 30, "2.0×"), (400, 30, "13×"), (2, 1, ""), (60, None, ""), (60, 0, "")],
)
def test_a_run_is_slow_if_it_took_much_longer_than_usual(seconds: float, usual: float | None, slower: str) -> None:
    (row,) = build_rows([RUN | {"stopDate": RUN["startDate"] + seconds}], 5_000, RunLimits(usual))
    assert row.slower == slower


def test_a_redriven_run_counts_with_the_time_it_really_ran() -> None:
    (row,) = build_rows([RUN | {"redriveCount": 1, "idle": 50}], 5_000)
    assert row.took == 10


def test_the_slot_and_what_started_a_run_are_shown() -> None:
    origin = "arn:aws:scheduler:us-east-1:123456789012:schedule/default/nightly"
    (row,) = build_rows([RUN | {"origin": origin, "scheduled": "1970-01-01T00:16:00Z"}], 5_000)
    assert (row.trigger.words, row.slot, row.who) == ("schedule nightly", 960, "")


@pytest.mark.parametrize(
    ("actor", "who"), [(Actor("anna", "console", ""), "anna"), (Actor("deploy", "key", ""), "key deploy")]
)
def test_who_started_a_run_by_hand_is_named(actor: Actor, who: str) -> None:
    (row,) = build_rows([RUN | {"origin": ""}], 5_000, starters={1_000_500: actor})
    assert (row.trigger, row.who) == (BY_HAND, who)


def test_what_is_not_known_about_a_run_is_not_guessed() -> None:
    (row,) = build_rows([RUN], 5_000)
    assert (row.trigger.words, row.slot, row.failed_attempts, row.who) == ("", None, None, "")
