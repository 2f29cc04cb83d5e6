"""The engine answers every recorded case as AWS answered it.

failing.txt lists the cases that do not pass yet. They must fail: remove a case that passes from the list. Here they get
three seconds; `python -m tests.conformance` plays them as long as the others, and prints the present list.
"""

from types import ModuleType

import pytest

from tests.conformance.recorded import (
    FAILING_TIMEOUT,
    SHARED,
    TIMEOUT,
    Case,
    play_case,
    read_failing_cases,
    recorded_cases,
)
from tests.served_engine import EngineAccount

ALL = recorded_cases()
FAILING = read_failing_cases()
NONE = Case(SHARED / "cases" / "none.json")
"""A placeholder if there are no cases, so that there is a test to skip."""

needs_recordings = pytest.mark.skipif(not ALL, reason="the recorded cases are not beside the project")


@needs_recordings
@pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")
@pytest.mark.parametrize("case", ALL or [NONE], ids=lambda case: case.name)
def test_the_answers_are_those_of_aws(case: Case, replay: ModuleType, account: EngineAccount) -> None:
    differences = play_case(replay, case, account, FAILING_TIMEOUT if case.name in FAILING else TIMEOUT)
    if case.name not in FAILING:
        assert differences == []
    else:
        assert differences, f"{case.name} passes: take it off failing.txt"
        pytest.xfail(FAILING[case.name])


@needs_recordings
def test_the_list_of_failing_cases_names_only_existing_cases() -> None:
    assert FAILING.keys() <= {case.name for case in ALL}


@needs_recordings
def test_no_more_than_one_case_in_25_fails() -> None:
    assert len(FAILING) <= len(ALL) / 25
