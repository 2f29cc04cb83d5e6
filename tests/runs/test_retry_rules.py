"""When a state is tried again, in words."""

from pathlib import Path

import pytest

from lamplighter.base.json_text import Json
from lamplighter.jobs.machine.state_machine import build_definition
from lamplighter.runs.history.retry_rules import RetryRule, read_retry_rules
from tests.jobs.projects import load_project


def read_words(states: dict[str, Json], name: str = "Run") -> list[tuple[str, str]]:
    """Return the rules of a state: for each the failures, and how often and after how long."""
    return [(each.failures, each.words) for each in read_retry_rules(name, states[name], states)]


def test_each_class_of_a_job_file_has_its_own_rule_in_the_order_in_which_they_are_tried(tmp_path: Path) -> None:
    jobs = """
    a:
      command: "true"
      retry:
        attempts: 3
        interval: 10s
        spot: {attempts: 5, interval: 1m, backoff: 1}
        infra: {attempts: 2, interval: 30s, jitter: true, max-interval: 40s}
        start-failure: {attempts: 0}
        timeout: {attempts: 1}
        exit: [{codes: [75, 76], attempts: 1, interval: 5s}, {codes: 3, attempts: 9}]
    """
    states = build_definition(load_project(tmp_path, jobs), "a")["States"]
    assert read_words(states) == [
        ("Spot took the capacity back", "5 times, after 1 min 00 s each"),
        ("AWS could not start the task", "twice, after up to 30 s and 40 s"),
        ("the container did not start", "never"),
        ("the attempt took too long", "once, after 1 s"),
        ("exit code 75 or 76", "once, after 5 s"),
        ("exit code 3", "9 times, after 1 s, 2 s, 4 s, 8 s, …"),
        ("any other failure", "3 times, after 10 s, 20 s and 40 s"),
    ]


def test_the_simple_form_of_a_job_file_is_one_rule(tmp_path: Path) -> None:
    jobs = "a: {command: 'true', retry: {attempts: 2, interval: 3s, backoff: 1}}"
    states = build_definition(load_project(tmp_path, jobs), "a")["States"]
    assert read_words(states) == [("any failure", "twice, after 3 s each")]


def test_a_retrier_without_numbers_has_those_of_step_functions() -> None:
    states = {"Run": {"Type": "Task", "Retry": [{"ErrorEquals": ["Sales.Missing", "States.Timeout"]}]}}
    assert read_words(states) == [
        ("`Sales.Missing` or the attempt took too long", "3 times, after 1 s, 2 s and 4 s"),
    ]


@pytest.mark.parametrize(
    "state",
    [
        {},
        {"Retry": "often"},
        {"Retry": ["often"]},
        {"Retry": [{"ErrorEquals": ["States.ALL"], "MaxAttempts": "many"}]},
        {"Retry": [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": {"a": 1}}]},
    ],
)
def test_what_cannot_be_read_is_no_rule(state: Json) -> None:
    assert read_words({"Run": state, "Count": {"Assign": {"pause": "$lookup({}, $kind)"}}, "Judge": {}}) == []


def test_a_generated_state_that_somebody_changed_is_no_rule() -> None:
    states: dict[str, Json] = {
        "Run": {},
        "Again?": {"Condition": '$lookup($retries, $kind) < $lookup({"any": 2}, $kind)'},
        "Count": {"pause": '$policy := $lookup({"any": {"interval": 1}}, $kind);'},
    }
    assert read_words(states) == []


def test_waits_do_not_grow_beyond_the_longest() -> None:
    assert RetryRule("x", 3, 100, 10, 600).words == "3 times, after 1 min 40 s, 10 min 00 s and 10 min 00 s"
