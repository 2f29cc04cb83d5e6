"""A skipped run is recognized by its output, and no other run is."""

import pytest
from hypothesis import given

from lamplighter.base.json_text import Json, dumps
from lamplighter.jobs.machine.overlap_states import runs_that_caused_skip
from tests.documents import documents

RUN = "arn:aws:states:us-east-1:123456789012:execution:nightly:one"


@pytest.mark.parametrize(("running", "runs"), [([], []), ([RUN], [RUN]), (RUN, [RUN]), ([RUN, RUN], [RUN, RUN])])
def test_the_output_of_a_skipped_run_names_the_runs_that_were_running(running: Json, runs: list[str]) -> None:
    assert runs_that_caused_skip(dumps({"skipped": True, "running": running})) == runs


@pytest.mark.parametrize("running", ["", "one", [""], 5, [5], None, [RUN, {}]])
def test_a_user_s_output_without_valid_runs_is_not_a_skip(running: Json) -> None:
    assert runs_that_caused_skip(dumps({"skipped": True, "running": running})) is None


@given(documents("skipped", "running"))
def test_any_output_of_a_user_can_be_parsed(document: Json) -> None:
    assert runs_that_caused_skip(dumps(document)) is None or document["skipped"] is True
