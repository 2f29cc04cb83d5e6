"""The last failed runs are explained by the attempts that caused the failures."""

import pytest

from lamplighter.cli.command_context import CommandContext
from lamplighter.cli.doctor.recent_failures import check_recent_failures
from lamplighter.cli.runs.lookup import find_run
from lamplighter.cli.runs.lookup.find_job import Machine
from lamplighter.cli.target import Target
from lamplighter.runs.run import Run
from tests.runs.histories import REPORTED, story

ARN = "arn:aws:states:us-east-1:123456789012:execution:nightly:one"


def test_a_failure_is_not_explained_by_a_helper_state_that_could_not_read_the_log(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run, run_story = Run(ARN, "FAILED", 0, 1), story(*REPORTED)
    monkeypatch.setattr(find_run, "list_runs", lambda *_given: iter([run]))
    monkeypatch.setattr(find_run, "with_details", lambda *_given: run)
    monkeypatch.setattr(find_run, "read_story", lambda *_given: run_story)
    context = CommandContext(lambda: Target("http://engine", "us-east-1"), lambda: None)
    (found,) = check_recent_failures("nightly", context, Machine("m", "m"), from_job_file=True, runs_locally=True)
    facts = "States.TaskFailed; Essential container in task exited; exit code 3"
    assert found.says == f"its run one ended FAILED: {facts}"
