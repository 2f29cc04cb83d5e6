"""How the runs of a night are judged."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamplighter.runs.night.classify import (
    BY_LATER_RUN,
    BY_REDRIVE,
    BY_RETRY,
    Acknowledgement,
    NightRow,
    classify_runs,
)
from lamplighter.runs.night.night_run import MISSED, NightJob, NightRun, NightStatus
from lamplighter.runs.night.select import NEEDS, NightFilter, select_rows

MARK = Acknowledgement("ann", "fixed", 9)


def night_run(name: str, status: str, began: int, ended: int | None = None, job: str = "job") -> NightRun:
    return NightRun(name, job, status, began, began + 1 if ended is None and status != "RUNNING" else ended)


def judge(*runs: NightRun, marked: str = "") -> dict[str, NightRow]:
    """Return the judgement of each run, by its ARN."""
    return {row.run.arn: row for row in classify_runs(runs, {marked: MARK})}


def test_a_failure_is_open_until_its_job_succeeds() -> None:
    rows = judge(night_run("a", "FAILED", 1), night_run("b", "SUCCEEDED", 5), night_run("c", "TIMED_OUT", 9))
    assert [rows[each].status for each in "abc"] == [NightStatus.RECOVERED, NightStatus.SUCCEEDED, NightStatus.FAILED]
    assert (rows["a"].recovered, rows["a"].later) == (BY_LATER_RUN, "b")


def test_a_success_of_another_job_recovers_nothing() -> None:
    rows = judge(night_run("a", "FAILED", 1), night_run("b", "SUCCEEDED", 5, job="other"))
    assert rows["a"].status is NightStatus.FAILED


def test_a_success_that_began_before_the_failure_ended_counts_by_its_end() -> None:
    rows = judge(night_run("a", "FAILED", 1, 10), night_run("b", "SUCCEEDED", 2, 20), night_run("c", "SUCCEEDED", 3, 9))
    assert rows["a"].later == "b"


def test_the_first_later_success_is_named() -> None:
    rows = judge(night_run("a", "FAILED", 1), night_run("b", "SUCCEEDED", 9), night_run("c", "SUCCEEDED", 5))
    assert rows["a"].later == "c"


@pytest.mark.parametrize("status", ["SKIPPED", "ABORTED", "RUNNING"])
def test_a_run_that_did_not_succeed_recovers_nothing(status: str) -> None:
    rows = judge(night_run("a", "FAILED", 1), night_run("b", status, 5))
    assert rows["a"].status is NightStatus.FAILED
    assert rows["a"].later == ("b" if status == "RUNNING" else None)


def test_a_missed_time_was_passed_over_if_a_success_began_after_it() -> None:
    rows = judge(night_run("m", MISSED, 10, 10), night_run("a", "SUCCEEDED", 5, 20))
    assert rows["m"].status is NightStatus.MISSED
    rows = judge(night_run("m", MISSED, 10, 10), night_run("a", "SUCCEEDED", 10, 20))
    assert (rows["m"].status, rows["m"].later) == (NightStatus.PASSED_OVER, "a")


def test_an_acknowledged_failure_is_not_open_and_a_success_goes_before_it() -> None:
    assert judge(night_run("a", "FAILED", 1), marked="a")["a"].status is NightStatus.ACKNOWLEDGED
    row = judge(night_run("a", "FAILED", 1), night_run("b", "SUCCEEDED", 5), marked="a")["a"]
    assert (row.status, row.acknowledgement) == (NightStatus.RECOVERED, MARK)


def test_a_success_with_failed_attempts_or_redrives_has_recovered() -> None:
    retried = NightRun("a", "job", "SUCCEEDED", 1, 2, failed_attempts=2)
    redriven = NightRun("b", "job", "SUCCEEDED", 1, 2, redrives=1, failed_attempts=1)
    rows = judge(retried, redriven)
    assert [(rows[each].status, rows[each].recovered) for each in "ab"] == [
        (NightStatus.RECOVERED, BY_RETRY),
        (NightStatus.RECOVERED, BY_REDRIVE),
    ]


runs = st.builds(
    NightRun,
    arn=st.uuids().map(str),
    job=st.sampled_from(["a", "b"]),
    status=st.sampled_from(["FAILED", "TIMED_OUT", "SUCCEEDED", "ABORTED", "SKIPPED", "RUNNING", MISSED]),
    began=st.integers(0, 50),
    ended=st.integers(51, 99),
    count=st.integers(1, 3),
    scheduled=st.none() | st.integers(0, 3),
    repetition=st.just("") | st.sampled_from(["x", "x--again-1", "x--again-2", "y--again-1"]),
)


@given(given_runs=st.lists(runs, max_size=30))
def test_each_run_is_judged_once_and_counted(given_runs: list[NightRun]) -> None:
    rows = classify_runs(given_runs, {})
    judged = Counter(each.arn for row in rows for each in (row.run, *row.earlier))
    assert judged == Counter(each.arn for each in given_runs)
    jobs = {name: NightJob(name, name, {}) for name in "ab"}
    selected = select_rows(rows, jobs, NightFilter(), NEEDS, 100)
    assert sum(selected.counts.values()) == len(selected.rows) == len(rows)
    ranks = [list(NightStatus).index(row.status) for row in selected.rows]
    assert ranks == sorted(ranks)


@given(given_runs=st.lists(runs, max_size=30))
def test_after_the_last_success_of_a_job_all_earlier_failures_have_recovered(given_runs: list[NightRun]) -> None:
    last = NightRun("last", "a", "SUCCEEDED", 100, 101)
    rows = classify_runs([*given_runs, last], {})
    assert not [row for row in rows if row.run.job == "a" and row.status.needs_person]


@pytest.mark.parametrize("status", ["FAILED", MISSED])
def test_a_failure_after_its_acknowledgement_is_open_again(status: str) -> None:
    """A redriven run failed again, or the engine missed further times: nobody has seen that."""
    row = judge(night_run("a", status, 1, MARK.time + 1), marked="a")["a"]
    assert (row.status.needs_person, row.acknowledgement) == (True, None)
