"""The rows and the moments of a run can be built from any document that a user wrote."""

import pytest
from hypothesis import given

from lamplighter.base.json_text import Json, dumps
from lamplighter.cli.runs.text import result_text
from lamplighter.cli.runs.text.history_rows import history_rows
from lamplighter.cli.runs.text.run_moments import run_moments
from lamplighter.runs.run import Run
from tests.documents import documents
from tests.runs.histories import CAUGHT_BLOCK, TASK_FIELDS, story, written_by_a_user

ARN = "arn:aws:states:us-east-1:123456789012:execution:nightly:one"


@given(documents(*TASK_FIELDS), documents("pause"))
def test_any_document_of_a_user_has_rows_moments_and_an_end(document: Json, assigned: Json) -> None:
    run_story = story(*written_by_a_user(document, assigned=assigned))
    rows = [*history_rows(run_story, {}, {}, states=True), *history_rows(run_story, {}, {}, states=False)]
    assert all(dumps(row.document) and isinstance(row.result, str) for row in rows)
    assert all(isinstance(moment.text, str) for moment in run_moments(run_story, {}))
    run = Run(ARN, "FAILED", 0, 1, error=run_story.error, cause=run_story.cause)
    assert "failed" in result_text.run_end_text(run, run_story)
    assert result_text.run_failure_text(run)
    assert dumps(result_text.run_json(run))


@pytest.mark.parametrize(
    ("assigned", "text"),
    [
        (90, "waits 1m30s in Pause"),
        (2.5, "waits 2s in Pause"),
        *((each, "waits in Pause") for each in ("90", -1, True, None, [1], 10**400, 1e300)),
    ],
)
def test_only_a_variable_that_is_a_duration_is_shown_as_a_wait(assigned: Json, text: str) -> None:
    run_story = story(*written_by_a_user({}, assigned=assigned))
    assert [moment.text for moment in run_moments(run_story, {}) if "Pause" in moment.text] == [text]


def test_a_caught_failure_of_a_parallel_state_has_a_row_and_a_moment() -> None:
    run_story = story(*CAUGHT_BLOCK)
    (row,) = history_rows(run_story, {}, {}, states=False)
    assert (row.what, row.result) == ("caught", "continues with Tell")
    assert [moment.text for moment in run_moments(run_story, {})] == ["caught: continues with Tell"]
