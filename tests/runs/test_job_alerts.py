"""Who is told about a job, from the metadata of its state machine."""

from pathlib import Path

import pytest

from lamplighter.base.json_text import Json, dumps
from lamplighter.jobs.stack.template import build_template
from lamplighter.runs.jobs.job_alerts import AlertChannel, read_job_alerts
from tests.jobs.projects import load_project

MACHINE = "arn:aws-cn:states:cn-north-1:123456789012:stateMachine:reports-a"


def read_metadata(folder: Path, jobs: str) -> str:
    """Return the metadata of the machine of the job `a`, as DescribeStackResource answers it."""
    metadata: Json = build_template(load_project(folder, jobs))["Resources"]["AMachine"]["Metadata"]
    return dumps(metadata)


def test_channels_are_named_with_their_topics_and_what_they_are_told(tmp_path: Path) -> None:
    jobs = """
    a:
      command: "true"
      late: 30m
      heartbeat: https://hc-ping.com/x
      notify: {run-failed: [ops, dev], caught: ops, late: ops}
    """
    found = read_job_alerts(MACHINE, read_metadata(tmp_path, jobs))
    assert found is not None
    assert (found.late, found.heartbeat) == (1800, True)
    assert found.channels == [
        AlertChannel(
            "ops",
            "email",
            "arn:aws-cn:sns:cn-north-1:123456789012:reports-ops",
            ["a run failed", "a run is late"],
        ),
        AlertChannel("dev", "sns", "arn:aws:sns:us-east-1:123456789012:dev", ["a run failed"]),
    ]


def test_a_job_that_tells_nobody_has_no_channels(tmp_path: Path) -> None:
    found = read_job_alerts(MACHINE, read_metadata(tmp_path, "a: {command: 'true'}"))
    assert found is not None
    assert (found.channels, found.late, found.heartbeat) == ([], None, False)


def test_the_metadata_has_no_address(tmp_path: Path) -> None:
    assert "ops@example.com" not in read_metadata(tmp_path, "a: {command: 'true', notify: ops}")


@pytest.mark.parametrize("text", [None, "", "[]", '{"Lamplighter": 3}', '{"Lamplighter": {"Job": "a"}}'])
def test_metadata_of_an_older_stack_does_not_say_who_is_told(text: str | None) -> None:
    assert read_job_alerts(MACHINE, text) is None
