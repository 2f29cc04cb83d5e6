"""The names of runs that repeat a run."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamplighter.runs.failures.repetition import (
    Repetition,
    first_name,
    first_name_of_slot,
    is_repetition,
    newest,
    next_name,
    repeated_name,
)

names = st.text(string.ascii_letters + string.digits + "-_", min_size=1, max_size=80)


@given(name=names, count=st.integers(1, 30))
def test_repetitions_have_names_that_aws_accepts_and_that_lead_to_the_first_run(name: str, count: int) -> None:
    runs = [name]
    for _ in range(count):
        runs.append(next_name(first_name(name), runs))
    assert len(set(runs)) == len(runs)
    assert {first_name(each) for each in runs} == {first_name(name)}
    assert all(len(each) <= 80 and is_repetition(each) for each in runs[1:])
    assert [repeated_name(each) for each in runs[2:]] == runs[1:-1]


@given(one=names, other=names)
def test_runs_with_other_names_are_repeated_under_other_names(one: str, other: str) -> None:
    first = {first_name(one), first_name(other)}
    assert (len(first) == 1) == (
        one == other or {one, other} <= {each for each in (one, other) if is_family(one, other)}
    )


def is_family(one: str, other: str) -> bool:
    """Return whether one of the names is made from the other one, or both from a third."""
    return first_name(one) == first_name(other) and (is_repetition(one) or is_repetition(other))


def test_the_first_repetition_repeats_the_run_itself() -> None:
    assert next_name("nightly", ["nightly"]) == "nightly--again-1"
    assert (repeated_name("nightly--again-1"), repeated_name("nightly")) == ("nightly", None)
    assert len(first_name_of_slot("arn:aws:scheduler:us-east-1:123456789012:schedule/default/nightly@5")) == 32


def test_the_number_after_the_highest_is_next_although_earlier_runs_are_no_longer_stored() -> None:
    assert next_name("nightly", ["nightly--again-9", "nightly--again-10", "other--again-11"]) == "nightly--again-11"


def test_the_run_under_way_decides_and_then_the_one_that_ended_last() -> None:
    first = Repetition("a", "a", "FAILED", 1, 9)
    second = Repetition("b", "a--again-1", "FAILED", 5, 6)
    running = Repetition("c", "a--again-2", "RUNNING", 7)
    assert newest([first, second]) == first
    assert newest([running, first, second]) == running
    assert newest([first, Repetition("c", "a--again-2", "ABORTED", 20, 30)]) == first
    assert newest([]) is None


@pytest.mark.parametrize(
    ("run", "words"),
    [
        (Repetition("a", "a", "RUNNING", 60_000), "already runs again since 60"),
        (Repetition("a", "a", "RUNNING", 60_000, who="anna"), "already runs again since 60 (by anna)"),
        (Repetition("a", "a", "SUCCEEDED", 60_000, 70_000), "ran again at 60 and succeeded"),
        (Repetition("a", "a", "TIMED_OUT", 60_000, 70_000, "anna"), "ran again at 60 (by anna) and timed out"),
    ],
)
def test_a_repetition_says_since_when_and_by_whom(run: Repetition, words: str) -> None:
    assert run.words(lambda seconds: f"{seconds:.0f}") == words
