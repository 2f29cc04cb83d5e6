"""The metrics of the jobs of a real job file."""

from pathlib import Path

from lamplighter.engine.metrics_page import metrics
from tests.acceptance.test_job_alerts import JobStackHarness
from tests.engine_harness import HOUR


def read_lines(harness: JobStackHarness) -> list[str]:
    return metrics.render_job_metrics(harness.engine.store.reader).decode().splitlines()


def test_a_skipped_run_of_a_job_file_is_no_success_and_helper_machines_are_no_jobs(tmp_path: Path) -> None:
    with JobStackHarness.running(tmp_path) as harness:
        harness.deploy("overlap: skip, schedule: rate(1 hour), notify: {run-failed: ops}")
        skipped = harness.start_run()  # the rate has started a run already
        harness.settle()
        assert harness.status(skipped) == "SUCCEEDED"
        found = read_lines(harness)
        labels = 'job_name="reports-nightly",project="reports",account="123456789012",region="us-east-1"'
        assert f'lamplighter_job_runs_total{{{labels},status="SKIPPED"}} 1' in found
        assert f'lamplighter_job_runs_total{{{labels},status="SUCCEEDED"}} 0' in found
        assert f"lamplighter_job_running{{{labels}}} 1" in found
        following = (harness.clock.wall + HOUR) / 1000
        assert f"lamplighter_job_next_slot_timestamp_seconds{{{labels}}} {following}" in found
        assert not [line for line in found if "--" in line]
