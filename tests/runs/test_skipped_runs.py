"""A skipped run is recognized by its output, and no other run is."""

import pytest
from hypothesis import given

from lamplighter.base.json_text import Json, dumps
from lamplighter.runs.jobs.skipped_runs import runs_that_caused_skip, skip_output
from tests.documents import documents

RUN = "arn:aws:states:us-east-1:123456789012:execution:nightly:one"


@pytest.mark.parametrize(("running", "runs"), [([], []), ([RUN], [RUN]), (RUN, [RUN]), ([RUN, RUN], [RUN, RUN])])
def test_the_output_of_a_skipped_run_names_the_runs_that_went_on(running: Json, runs: list[str]) -> None:
    assert runs_that_caused_skip(dumps(skip_output(running))) == runs


@pytest.mark.parametrize("running", ["", "one", [""], 5, [5], None, [RUN, {}]])
def test_an_output_of_a_user_that_names_no_runs_is_no_skip(running: Json) -> None:
    assert runs_that_caused_skip(dumps(skip_output(running))) is None


@pytest.mark.parametrize("output", ['{"skipped":true}', '{"skipped":false,"running":[]}', "[]", "no json", None])
def test_only_the_exact_output_of_a_skip_marks_a_skipped_run(output: str | None) -> None:
    assert runs_that_caused_skip(output) is None


@given(documents("skipped", "running"))
def test_any_output_of_a_user_can_be_parsed(document: Json) -> None:
    assert runs_that_caused_skip(dumps(document)) is None or document["skipped"] is True
