"""Every case that AWS's answers were recorded of is answered here as AWS answered it.

What does not pass yet is listed in failing.txt, and must fail: a case that passes is to be taken off the list.
`python -m tests.conformance` prints the list as it is now.
"""

from types import ModuleType

import pytest

from tests.conformance.recorded import SHARED, Case, cases, failing, play
from tests.served_engine import ServedEngine

ALL = cases()
FAILING = failing()
NONE = Case(SHARED / "cases" / "none.json")
"""Stands in for the cases where there are none, so that there is a test to skip."""

needs_recordings = pytest.mark.skipif(not ALL, reason="the recorded cases are not beside the project")


@needs_recordings
@pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")
@pytest.mark.parametrize("case", ALL or [NONE], ids=lambda case: case.name)
def test_the_answers_are_those_of_aws(case: Case, replay: ModuleType, request: pytest.FixtureRequest) -> None:
    engine: ServedEngine = request.getfixturevalue("own" if replay.lists_everything(str(case.path)) else "served")
    differences = play(replay, case, engine.url)
    if case.name not in FAILING:
        assert differences == []
    else:
        assert differences, f"{case.name} passes: take it off failing.txt"
        pytest.xfail(FAILING[case.name])


@needs_recordings
def test_the_list_of_failing_cases_names_only_cases_that_there_are() -> None:
    assert FAILING.keys() <= {case.name for case in ALL}


@needs_recordings
def test_no_more_than_one_case_in_twenty_fails() -> None:
    assert len(FAILING) <= len(ALL) / 20
