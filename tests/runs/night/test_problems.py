"""A failure is one thing for a job and a slot: its newest run decides, the others are its history."""

from collections.abc import Sequence
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamplighter.runs.failures.repetition import first_name_of_slot, next_name
from lamplighter.runs.night.classify import BY_REPETITION, Acknowledgement, NightRow, classify_runs
from lamplighter.runs.night.night_run import MISSED, NightRun, NightStatus
from lamplighter.runs.run_trigger import Trigger

PREFIX = "arn:aws:states:us-east-1:123456789012:execution:job:"
SCHEDULES = "arn:aws:scheduler:us-east-1:123456789012:schedule/default/"
SLOT_ARN = "arn:aws:scheduler:us-east-1:123456789012:schedule/default/nightly@5"
FAILED = NightRun(f"{PREFIX}first", "job", "FAILED", 10, 20, trigger=Trigger("schedule", "nightly"), scheduled=5)
BY_ANNA = Trigger("hand", "anna")
outcomes = st.sampled_from(["FAILED", "TIMED_OUT", "ABORTED", "SKIPPED"])


def repeat(failed: NightRun, *statuses: str) -> list[NightRun]:
    """Return a run and its repetitions with these statuses, one after the other."""
    runs = [failed]
    for status in statuses:
        name = next_name(failed.first, [each.name for each in runs])
        began = 10 + (runs[-1].ended or 0)
        ended = None if status == "RUNNING" else began + 5
        runs.append(replace(failed, arn=PREFIX + name, status=status, began=began, ended=ended, trigger=BY_ANNA))
    return runs


def judge(runs: Sequence[NightRun], marks: dict[str, Acknowledgement] | None = None) -> NightRow:
    (row,) = classify_runs(runs, marks or {})
    return row


@given(statuses=st.lists(outcomes, max_size=8), order=st.randoms(use_true_random=False))
@pytest.mark.parametrize("scheduled", [5, None])
def test_however_often_a_failure_runs_again_it_is_one_open_problem(
    scheduled: int | None, statuses: list[str], order: Random
) -> None:
    runs = repeat(replace(FAILED, scheduled=scheduled), *statuses)
    shuffled = list(runs)
    order.shuffle(shuffled)
    row = judge(shuffled)
    assert (row.status, len(row.earlier)) == (NightStatus.FAILED, len(runs) - 1)
    decided = [each for each in runs if each.status in ("FAILED", "TIMED_OUT")]
    assert row.run == decided[-1]


@given(statuses=st.lists(outcomes, max_size=8))
def test_a_success_of_the_newest_run_ends_it(statuses: list[str]) -> None:
    runs = repeat(FAILED, *statuses, "SUCCEEDED")
    row = judge(runs)
    assert (row.status, row.recovered, row.run) == (NightStatus.RECOVERED, BY_REPETITION, runs[-1])


@given(statuses=st.lists(outcomes, max_size=8))
def test_while_the_newest_run_is_under_way_nobody_has_to_do_anything(statuses: list[str]) -> None:
    row = judge(repeat(FAILED, *statuses, "RUNNING"))
    assert (row.status, row.runs_again, row.run.trigger.words) == (NightStatus.RUNNING, True, "by anna")


@given(statuses=st.lists(outcomes, max_size=6), marked=st.integers(0, 6), late=st.booleans())
def test_an_acknowledgement_follows_the_problem_and_not_a_later_failure(
    statuses: list[str], marked: int, *, late: bool
) -> None:
    runs = repeat(FAILED, *statuses)
    newest = judge(runs).run
    ended = newest.ended or 0
    mark = Acknowledgement("anna", "", ended if late else ended - 1)
    row = judge(runs, {runs[marked % len(runs)].arn: mark})
    assert row.status is (NightStatus.ACKNOWLEDGED if late else NightStatus.FAILED)


@pytest.mark.parametrize("scheduled", [5, None])
def test_a_missed_time_and_its_repetition_are_one_problem(scheduled: int | None) -> None:
    missed = NightRun(SLOT_ARN, "job", MISSED, 5, 5, trigger=Trigger("schedule", "nightly"), scheduled=5)
    again = NightRun(
        PREFIX + next_name(first_name_of_slot(SLOT_ARN), ()), "job", "RUNNING", 30, trigger=BY_ANNA, scheduled=scheduled
    )
    assert judge([missed]).status is NightStatus.MISSED
    assert judge([missed, again]).status is NightStatus.RUNNING
    ended = replace(again, status="FAILED", ended=40)
    row = judge([missed, ended])
    assert (row.status, row.failed_again) == (NightStatus.FAILED, False)


def test_a_run_of_the_same_time_with_a_name_of_its_own_is_the_same_problem() -> None:
    """Somebody started it with the input of the failed run."""
    other = replace(FAILED, arn=f"{PREFIX}other", began=50, ended=60, trigger=BY_ANNA)
    assert judge([FAILED, other]).run == other


def test_the_same_time_of_two_schedules_is_two_problems() -> None:
    """They start the job with other inputs, such as two customers."""
    of_anna, of_bert = (Trigger("schedule", each, f"{SCHEDULES}{each}") for each in ("anna", "bert"))
    failed = [replace(FAILED, trigger=of_anna), replace(FAILED, arn=f"{PREFIX}b", trigger=of_bert)]
    by_hand = replace(FAILED, arn=f"{PREFIX}c", trigger=BY_ANNA)
    assert len(classify_runs([*failed, by_hand], {})) == 3
    runs = [*repeat(failed[0], "RUNNING"), failed[1]]
    assert sorted(row.status for row in classify_runs(runs, {})) == [NightStatus.FAILED, NightStatus.RUNNING]


def test_the_same_missed_time_of_two_schedules_is_two_problems() -> None:
    missed = [
        NightRun(f"{each.arn}@5", "job", MISSED, 5, 5, trigger=each, scheduled=5)
        for each in (Trigger("schedule", name, f"{SCHEDULES}{name}") for name in ("anna", "bert"))
    ]
    again = NightRun(PREFIX + next_name(missed[0].first, ()), "job", "RUNNING", 30, trigger=BY_ANNA, scheduled=5)
    rows = classify_runs([*missed, again], {})
    assert sorted(row.status for row in rows) == [NightStatus.MISSED, NightStatus.RUNNING]


def test_a_time_that_was_missed_after_the_repetition_of_an_earlier_one_is_open() -> None:
    """Times that were missed in a row are one row, also if the first of them was run again in between."""
    missed = NightRun(SLOT_ARN, "job", MISSED, 5, 100, trigger=Trigger("schedule", "nightly"), scheduled=5, count=2)
    again = NightRun(PREFIX + next_name(missed.first, ()), "job", "SUCCEEDED", 30, 40, trigger=BY_ANNA, scheduled=5)
    assert judge([missed, again]).status is NightStatus.MISSED
    later = replace(again, arn=f"{PREFIX}later", began=100, ended=110, scheduled=None)
    assert next(row.status for row in classify_runs([missed, later], {})) is NightStatus.PASSED_OVER


def test_failures_of_other_times_and_other_jobs_are_problems_of_their_own() -> None:
    later, elsewhere = replace(FAILED, arn=f"{PREFIX}b", scheduled=6), replace(FAILED, arn=f"{PREFIX}c", job="other")
    by_hand = [replace(FAILED, arn=PREFIX + each, scheduled=None) for each in "de"]
    assert len(classify_runs([FAILED, later, elsewhere, *by_hand], {})) == 5


@pytest.mark.parametrize("kind", ["run", "rule"])
def test_runs_that_another_run_started_with_its_slot_are_problems_of_their_own(kind: str) -> None:
    """A workflow may start the same job for many customers."""
    children = [replace(FAILED, arn=PREFIX + each, trigger=Trigger(kind, "parent")) for each in "ab"]
    runs = [run for each in children for run in repeat(each, "FAILED")]
    rows = classify_runs(runs, {})
    assert [len(row.earlier) for row in rows] == [1, 1]


def test_runs_of_the_same_time_without_a_failure_are_rows_of_their_own() -> None:
    good = replace(FAILED, status="SUCCEEDED")
    assert len(classify_runs([good, replace(good, arn=f"{PREFIX}b")], {})) == 2


def test_a_redriven_run_decides_although_a_repetition_failed_before() -> None:
    runs = repeat(FAILED, "FAILED")
    redriven = replace(FAILED, status="RUNNING", ended=None, redrives=1)
    assert judge([redriven, runs[1]]).status is NightStatus.RUNNING
