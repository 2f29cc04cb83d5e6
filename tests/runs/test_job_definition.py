"""What a definition says about its job."""

from pathlib import Path

import pytest

from lamplighter.base.json_text import Json, dumps
from lamplighter.jobs.machine.state_machine import build_definition
from lamplighter.jobs.names import state_machine_id
from lamplighter.runs.jobs.job_definition import JobDefinition, read_job_definition
from tests.jobs.projects import load_project, resolve_stack


def read_job(folder: Path, jobs: str, name: str, **files: str) -> JobDefinition:
    """Return the definition of a job as its stack has it."""
    stack = resolve_stack(load_project(folder, jobs, **files))
    return read_job_definition(stack.definition(state_machine_id(name)))


def test_a_job_has_one_step_without_a_name_and_its_limits(tmp_path: Path) -> None:
    found = read_job(
        tmp_path, "a: {description: Sums, command: 'true', timeout: 10m, deadline: 2h, retry: {attempts: 1}}", "a"
    )
    (step,) = found.steps
    assert (found.comment, found.deadline, found.from_job_file) == ("Sums", 7200, True)
    assert (step.name, step.resource, step.time_limit, len(step.retries)) == ("", "ecs:runTask", "600", 1)
    assert step.task_definition is not None


@pytest.mark.parametrize("rule", ["allow", "skip", "queue", "cancel-previous"])
def test_the_rule_for_runs_that_overlap_is_read_from_the_states(tmp_path: Path, rule: str) -> None:
    jobs = f"a: {{command: 'true', overlap: {rule}, late: 1m, retry: {{exit: {{codes: 3, attempts: 1}}}}}}"
    found = read_job(tmp_path, jobs, "a")
    assert (found.overlap, [each.name for each in found.steps]) == (rule, [""])


def test_a_step_of_a_workflow_has_the_name_of_its_state_and_the_retries_of_its_job(tmp_path: Path) -> None:
    workflow = dumps(
        {
            "StartAt": "First",
            "States": {
                "First": {"Job": "a", "Type": "Task", "Next": "Both"},
                "Both": {
                    "Type": "Parallel",
                    "End": True,
                    "Branches": [
                        {"StartAt": "Second", "States": {"Second": {"Job": "b", "Type": "Task", "End": True}}}
                    ],
                },
            },
        }
    )
    jobs = """
    a: {command: "true", retry: {exit: {codes: 75, attempts: 2}}}
    b: {command: "true", timeout: 5m}
    w: {workflow: w.json, overlap: skip, notify: {caught: ops}}
    """
    found = read_job(tmp_path, jobs, "w", w_json=workflow)
    assert [(each.name, each.time_limit) for each in found.steps] == [("First", ""), ("Second", "300")]
    assert [(each.failures, each.words) for each in found.steps[0].retries] == [
        ("exit code 75", "twice, after 1 s and 2 s"),
    ]
    assert found.overlap == "skip"


def test_a_machine_that_is_not_from_a_job_file_shows_all_its_calls() -> None:
    states: dict[str, Json] = {
        "Stop": {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage", "Next": "Skipped"},
        "Skipped": {
            "Type": "Task",
            "Resource": "arn:aws:lambda:eu-west-1:123456789012:function:sum",
            "TimeoutSecondsPath": "$.limit",
            "Next": "Each",
        },
        "Each": {
            "Type": "Map",
            "ItemProcessor": {
                "StartAt": "Inner",
                "States": {
                    "Inner": {
                        "Type": "Task",
                        "Resource": "arn:aws:states:::states:startExecution.sync:2",
                        "Parameters": {"StateMachineArn": "arn:aws:states:x:y:stateMachine:other"},
                        "End": True,
                    }
                },
            },
            "End": True,
        },
    }
    found = read_job_definition(dumps({"StartAt": "Stop", "States": states}))
    assert [(each.name, each.resource, each.target, each.time_limit) for each in found.steps] == [
        ("Stop", "sqs:sendMessage", "", ""),
        ("Skipped", "lambda", "arn:aws:lambda:eu-west-1:123456789012:function:sum", "$.limit"),
        ("Inner", "states:startExecution", "arn:aws:states:x:y:stateMachine:other", ""),
    ]
    assert (found.overlap, found.from_job_file) == ("allow", False)


@pytest.mark.parametrize("text", ["", "[]", "{", '{"States": []}', '{"States": {"A": 1, "B": {"Branches": 3}}}'])
def test_a_definition_that_is_none_has_no_steps(text: str) -> None:
    assert read_job_definition(text).steps == []


def test_a_definition_with_placeholders_is_read_too(tmp_path: Path) -> None:
    definition = build_definition(load_project(tmp_path, "a: {command: 'true', deadline: 1h}"), "a")
    assert read_job_definition(dumps(definition)).deadline == 3600
