"""A job with `overlap: skip` whose run hangs says at the second skip that nothing runs any more."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine_harness import ACCOUNT, HOUR, REGION
from tests.fake_runtime import Script
from tests.jobs.test_alerts import AlertHarness

MACHINE = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:p-job"


@pytest.fixture
def harness(tmp_path: Path) -> Iterator[AlertHarness]:
    with AlertHarness.running(tmp_path / "data") as running:
        running.runtime.script(Script(after=24 * HOUR))
        yield running


def headlines(harness: AlertHarness) -> list[str]:
    return [each.splitlines()[0] for each in harness.alerts()]


@pytest.mark.parametrize("body", ["notify: q", "notify: {run-failed: q}", "notify: {caught: q}"])
def test_the_second_skip_in_a_row_is_told_once(harness: AlertHarness, tmp_path: Path, body: str) -> None:
    harness.deploy(tmp_path, f"overlap: skip\n{body}")
    hanging = harness.run_job(minutes=1)
    assert harness.describe(harness.run_job(minutes=1))["status"] == "SUCCEEDED"
    assert harness.alerts() == []
    assert harness.describe(harness.run_job(minutes=1))["status"] == "SUCCEEDED"
    (alert,) = harness.alerts()
    assert alert.splitlines() == [
        "job: 2 runs were skipped, because an earlier run still runs",
        "",
        "Running:   since Thu 2026-01-01 00:00:00 (UTC)",
        "Project:   p",
        f"Look at:   http://127.0.0.1:4566/runs/{hanging}",
        "Stop it:   lamplighter stop p-job",
        "",
        "Later runs are skipped, too, without another alert. Write `timeout:`, and a run that hangs ends.",
    ]
    harness.run_job(minutes=1)
    assert harness.alerts() == [alert]


def test_the_next_run_that_hangs_is_told_again(harness: AlertHarness, tmp_path: Path) -> None:
    harness.deploy(tmp_path, "overlap: skip\nnotify: q")
    for times in (1, 2):
        hanging = harness.run_job(minutes=1)
        harness.run_job(minutes=1)
        harness.run_job(minutes=1)
        assert headlines(harness) == ["job: 2 runs were skipped, because an earlier run still runs"] * times
        harness.call("states", "StopExecution", executionArn=hanging)
        harness.settle()


@pytest.mark.parametrize("limit", ["timeout: 20h", "deadline: 20h", "late: 10h"])
def test_a_job_whose_hang_is_told_otherwise_sends_no_alert_about_skips(
    harness: AlertHarness, tmp_path: Path, limit: str
) -> None:
    harness.deploy(tmp_path, f"overlap: skip\nnotify: q\n{limit}")
    for _ in range(4):
        harness.run_job(minutes=1)
    assert harness.alerts() == []


def test_an_alert_that_cannot_be_sent_does_not_fail_the_skipped_run(harness: AlertHarness, tmp_path: Path) -> None:
    harness.deploy(tmp_path, "overlap: skip\nnotify: q")
    topic = harness.call("sns", "ListTopics")["Topics"][0]["TopicArn"]
    harness.call("sns", "DeleteTopic", TopicArn=topic)
    runs = [harness.run_job(minutes=10) for _ in range(3)]
    assert [harness.describe(each)["status"] for each in runs] == ["RUNNING", "SUCCEEDED", "SUCCEEDED"]
