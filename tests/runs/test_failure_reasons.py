"""Every cause comes to a few words that say why."""

import pytest

from lamplighter.base.json_text import dumps
from lamplighter.runs.failure_reasons import LONGEST, exit_codes, failure_reason, task_of_document

STOPPED = {
    "TaskArn": "arn:aws:ecs:us-east-1:123456789012:task/c/1",
    "StoppedReason": "Essential container in task exited",
    "Containers": [{"Name": "main", "ExitCode": 137, "Reason": "OutOfMemoryError"}, {"Name": "proxy", "ExitCode": 0}],
}


@pytest.mark.parametrize(
    ("cause", "words"),
    [
        (dumps(STOPPED), "Essential container in task exited; OutOfMemoryError"),
        (dumps({"Tasks": [], "Failures": [{"Reason": "Capacity is unavailable"}]}), "Capacity is unavailable"),
        ("no such\n thing", "no such thing"),
        ("{broken", "{broken"),
        ("", None),
        (None, None),
    ],
)
def test_a_cause_is_told_in_few_words(cause: str | None, words: str | None) -> None:
    assert failure_reason(cause) == words


def test_a_long_cause_is_cut() -> None:
    assert failure_reason("x" * 1000) == "x" * (LONGEST - 1) + "…"


def test_each_container_has_its_exit_code() -> None:
    assert exit_codes(task_of_document(dumps(STOPPED))) == {"main": 137, "proxy": 0}


def test_a_document_that_is_about_no_task_has_none() -> None:
    assert task_of_document(dumps({"Tasks": []})) == task_of_document("[]") == task_of_document("text") == {}
