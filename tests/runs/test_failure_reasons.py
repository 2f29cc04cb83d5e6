"""Every cause comes to a few words that say why."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamplighter.base.json_text import Json, dumps
from lamplighter.runs.failures.failure_reasons import (
    MAX_QUOTED_CHARACTERS,
    exit_codes,
    failure_reason,
    run_times,
    task_of_document,
)
from tests.documents import documents
from tests.runs.histories import TASK_FIELDS

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


@pytest.mark.parametrize(
    ("cause", "words"),
    [
        ({"Failures": ["x"]}, "x"),
        ({"Failures": [{"Reason": 5}]}, '{"Failures":[{"Reason":5}]}'),
        ({"Failures": [{"Reason": "full"}, 5]}, "full"),
        ({"Failures": {}}, '{"Failures":{}}'),
        ({"TaskArn": "a", "Containers": 5}, '{"TaskArn":"a","Containers":5}'),
        ({"TaskArn": "a", "Containers": [5, {"Reason": "full"}]}, "full"),
        ({"TaskArn": "a", "StoppedReason": 5}, '{"TaskArn":"a","StoppedReason":5}'),
        ({"TaskArn": "a", "StoppedReason": ["x"], "StopCode": "TaskFailedToStart"}, "TaskFailedToStart"),
        ({"TaskArn": 5, "StoppedReason": "x"}, '{"TaskArn":5,"StoppedReason":"x"}'),
        ({"TaskArn": "a"}, '{"TaskArn":"a"}'),
    ],
)
def test_a_cause_that_a_user_wrote_has_a_reason(cause: Json, words: str) -> None:
    assert failure_reason(dumps(cause)) == words


@given(documents(*TASK_FIELDS))
def test_any_json_is_read_as_a_cause_and_has_a_reason(document: Json) -> None:
    text = dumps(document)
    reason, described = failure_reason(text), task_of_document(text)
    assert isinstance(reason, str)
    assert reason.strip()
    codes, ran = exit_codes(described), run_times(described)
    assert {type(each) for pair in codes.items() for each in pair} <= {str, int}
    assert ran is None or min(ran) / 1000 >= 0


@given(st.text())
def test_any_text_that_is_not_blank_has_a_reason(text: str) -> None:
    assert bool(failure_reason(text)) == bool(text.strip())


def test_a_long_cause_is_cut() -> None:
    assert failure_reason("x" * 1000) == "x" * (MAX_QUOTED_CHARACTERS - 1) + "…"


def test_each_container_has_its_exit_code() -> None:
    assert exit_codes(task_of_document(dumps(STOPPED))) == {"main": 137, "proxy": 0}


def test_a_document_that_is_about_no_task_has_none() -> None:
    assert task_of_document(dumps({"Tasks": []})) == task_of_document("[]") == task_of_document("text") == {}
