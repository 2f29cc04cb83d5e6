"""The rows of a night are filtered, counted and sorted; what needs a person comes first."""

import pytest

from lamplighter.runs.night.classify import classify_runs
from lamplighter.runs.night.night_run import MISSED, NightJob, NightRun, NightStatus
from lamplighter.runs.night.select import JOB, LONGEST, NEEDS, NEWEST, NightFilter, SelectedRows, select_rows
from lamplighter.runs.run_trigger import Trigger

RUNS = (
    NightRun("good", "b", "SUCCEEDED", 0, 90, trigger=Trigger("schedule", "nightly")),
    NightRun("bad", "a", "FAILED", 0, 50),
    NightRun("worse", "c", "TIMED_OUT", 10, 60),
    NightRun("on", "d", "RUNNING", 20),
    NightRun("lost", "e", MISSED, 5, 5, count=3),
)
JOBS = {
    "a": NightJob("a", "reports-prod-import", {"lamplighter:project": "reports-prod", "team": "sales"}),
    **{key: NightJob(key, f"job-{key}", {}) for key in "bcde"},
}


def select(order: str = NEEDS, **criteria: str) -> SelectedRows:
    return select_rows(classify_runs(RUNS, {}), JOBS, NightFilter(**criteria), order, now=200)


def names(selected: SelectedRows) -> list[str]:
    return [each.run.arn for each in selected.rows]


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        (NEEDS, ["worse", "bad", "lost", "on", "good"]),
        (JOB, ["good", "worse", "on", "lost", "bad"]),
        (NEWEST, ["good", "worse", "bad", "on", "lost"]),
        (LONGEST, ["on", "good", "worse", "bad", "lost"]),
    ],
)
def test_rows_have_an_order(order: str, expected: list[str]) -> None:
    assert names(select(order)) == expected


@pytest.mark.parametrize(
    ("criteria", "expected"),
    [
        ({"status": "failed"}, ["worse", "bad"]),
        ({"project": "reports-prod"}, ["bad"]),
        ({"project": "reports"}, []),
        ({"job": "IMPORT"}, ["bad"]),
        ({"tag": "team"}, ["bad"]),
        ({"tag": "team=sales"}, ["bad"]),
        ({"tag": "team=other"}, []),
        ({"trigger": "schedule"}, ["good"]),
    ],
)
def test_rows_are_filtered(criteria: dict[str, str], expected: list[str]) -> None:
    assert names(select(**criteria)) == expected


def test_the_counts_are_those_of_the_rows_and_do_not_depend_on_the_chosen_status() -> None:
    expected = {NightStatus.FAILED: 2, NightStatus.MISSED: 1, NightStatus.RUNNING: 1, NightStatus.SUCCEEDED: 1}
    for selected in (select(), select(status="running")):
        assert {status: number for status, number in selected.counts.items() if number} == expected


def test_a_failure_that_a_person_ran_again_is_still_one_of_the_schedules() -> None:
    failed = NightRun("x:first", "a", "FAILED", 0, 50, trigger=Trigger("schedule", "nightly"))
    again = NightRun("x:first--again-1", "a", "FAILED", 60, 70, trigger=Trigger("hand", "anna"))
    rows = classify_runs((failed, again), {})
    for kind, expected in {"schedule": [again.arn], "hand": [again.arn], "rule": []}.items():
        assert names(select_rows(rows, JOBS, NightFilter(trigger=kind), NEEDS, 100)) == expected
