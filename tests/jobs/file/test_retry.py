"""Retry policies: one budget for each class of failure, and the classes that Step Functions can count itself."""

from pathlib import Path

import pytest

from lamplighter.base.json_text import Json
from lamplighter.jobs.file.retry import Retry
from lamplighter.jobs.machine.state_machine import build_definition
from tests.jobs.projects import load_project


def retry(**given: Json) -> Retry:
    return Retry.model_validate({name.replace("_", "-"): value for name, value in given.items()})


ONCE = {"attempts": 1}
TWICE = {"attempts": 2}


def test_the_classes_are_matched_from_the_most_special_to_any() -> None:
    every = retry(attempts=1, timeout=ONCE, exit={"codes": 3, **ONCE}, start_failure=ONCE, infra=ONCE, spot=ONCE)
    assert list(every.limits_by_class) == ["spot", "infra", "start-failure", "timeout", "exit", "any"]


def test_each_list_of_exit_codes_is_a_separate_class() -> None:
    several = retry(exit=[{"codes": [3], **ONCE}, {"codes": [4, 5], **TWICE}])
    assert {name: each.attempts for name, each in several.limits_by_class.items()} == {"exit": 1, "exit1": 2}


def test_max_retries_is_the_sum_of_all_budgets() -> None:
    assert retry(attempts=3, spot=TWICE, exit={"codes": 3, **ONCE}).max_retries == 6
    assert retry().max_retries == 0


@pytest.mark.parametrize(
    ("given", "by_cause"),
    [
        ({}, False),
        ({"attempts": 3}, False),
        ({"timeout": ONCE}, False),
        ({"attempts": 3, "timeout": ONCE}, False),
        ({"infra": ONCE}, True),
        ({"spot": ONCE}, True),
        ({"start_failure": ONCE}, True),
        ({"exit": {"codes": 3, **ONCE}}, True),
    ],
)
def test_the_cause_is_read_only_if_the_error_name_does_not_determine_the_class(given: Json, by_cause: bool) -> None:
    assert retry(**given).needs_cause is by_cause


def test_budgets_that_step_functions_counts_become_a_native_retry_with_the_timeout_first(tmp_path: Path) -> None:
    made = load_project(
        tmp_path,
        "job: {image: x, timeout: 1h, retry: {attempts: 3, interval: 10s, backoff: 1.5, jitter: true, max-interval: 1m,"
        " timeout: {attempts: 1, interval: 5m, backoff: 1}}}",
    )
    assert build_definition(made, "job")["States"]["Run"]["Retry"] == [
        {"ErrorEquals": ["States.Timeout"], "IntervalSeconds": 300, "BackoffRate": 1, "MaxAttempts": 1},
        {
            "ErrorEquals": ["States.ALL"],
            "IntervalSeconds": 10,
            "BackoffRate": 1.5,
            "MaxAttempts": 3,
            "MaxDelaySeconds": 60,
            "JitterStrategy": "FULL",
        },
    ]


def test_numbers_may_be_text_because_variables_are_text() -> None:
    assert retry(attempts="3", backoff="1.5", jitter="true") == retry(attempts=3, backoff=1.5, jitter=True)
