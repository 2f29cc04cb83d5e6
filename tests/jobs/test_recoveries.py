"""Jobs that work again send an alert on AWS, through a rule for successful runs and the machine that looks back."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from lamplighter.base.json_text import Json, loads
from lamplighter.runs.failures.repetition import first_name
from tests.engine_harness import ACCOUNT, REGION
from tests.fake_runtime import Script
from tests.jobs.test_alerts import AWS_CONSOLE, AlertHarness
from tests.jobs.test_unreported_failures import deny_publish

RECOVERED = "notify: {recovered: q}"


@pytest.fixture
def harness(tmp_path: Path) -> Iterator[AlertHarness]:
    with AlertHarness.running(tmp_path / "data") as made:
        yield made


def run_with_codes(harness: AlertHarness, *codes: int) -> list[str]:
    """Run the job once for each exit code; return the runs."""
    runs = []
    for code in codes:
        harness.runtime.script(Script(code=code, after=5_000))
        runs.append(harness.run_job(minutes=1))
    return runs


def test_the_first_success_after_failures_sends_one_alert(harness: AlertHarness, tmp_path: Path) -> None:
    harness.deploy(tmp_path, f"timezone: Asia/Seoul\n{RECOVERED}", url="")
    run = run_with_codes(harness, 0, 3, 4, 0, 0)[3]
    (alert,) = harness.alerts()
    assert alert.splitlines() == [
        "job works again: succeeded after 2 failures (since Thu 2026-01-01 09:01)",
        "",
        "Started:   Thu 2026-01-01 09:03:00 (Asia/Seoul)",
        "Ended:     Thu 2026-01-01 09:03:15 (Asia/Seoul)",
        "Duration:  15 s",
        "Project:   p",
        f"Look at:   {AWS_CONSOLE}{run}",
    ]


def test_a_run_that_failed_again_when_it_was_run_again_is_one_failure(harness: AlertHarness, tmp_path: Path) -> None:
    harness.deploy(tmp_path, RECOVERED, url="")
    harness.runtime.script(Script(code=3, after=5_000))
    for name in ("night", "night--again-1", "night--again-2", "n" * 80, f"{first_name('n' * 80)}--again-1"):
        harness.run_job(minutes=1, run=name)
    harness.runtime.script(Script())
    harness.run_job(minutes=1, run="night--again-3")
    harness.run_job(minutes=1, run="night--again-4")
    (alert,) = harness.alerts()
    assert alert.startswith("job works again: succeeded after 2 failures (since ")


def test_a_success_without_earlier_failures_sends_no_alert(harness: AlertHarness, tmp_path: Path) -> None:
    harness.deploy(tmp_path, RECOVERED, url="")
    run_with_codes(harness, 0, 0)
    assert harness.alerts() == []


def test_a_skipped_run_is_no_success(harness: AlertHarness, tmp_path: Path) -> None:
    harness.deploy(tmp_path, f"overlap: skip\n{RECOVERED}", url="")
    run_with_codes(harness, 3)
    harness.runtime.script(Script(after=90_000))
    harness.run_job(minutes=1)
    harness.run_job(minutes=0)
    harness.settle()
    assert harness.alerts() == []
    harness.run_job(minutes=1)
    (alert,) = harness.alerts()
    assert alert.startswith("job works again: succeeded after 1 failure (since ")


def test_a_redriven_run_had_failed_before(harness: AlertHarness, tmp_path: Path) -> None:
    harness.deploy(tmp_path, RECOVERED, url="")
    (run,) = run_with_codes(harness, 3)
    harness.runtime.script(Script())
    harness.redrive(run)
    (alert,) = harness.alerts()
    assert alert.splitlines()[:5] == [
        "job works again: succeeded after 1 failure (since Thu 2026-01-01 00:00)",
        "",
        "Redriven:  Thu 2026-01-01 00:01:00 (UTC)",
        "Ended:     Thu 2026-01-01 00:01:10 (UTC)",
        "Duration:  10 s",
    ]


@pytest.mark.parametrize("patterns", ["{attempt-failed: q, recovered: q}", "{run-failed: q, recovered: q}"])
def test_a_run_that_succeeds_in_a_later_attempt_is_alerted_where_its_attempt_was(
    harness: AlertHarness, tmp_path: Path, patterns: str
) -> None:
    harness.deploy(tmp_path, f"retry: {{attempts: 2, interval: 10s}}\nnotify: {patterns}", url="")
    harness.runtime.script(Script(code=3, after=1_000), lambda each: each.environment.get("LAMPLIGHTER_ATTEMPT") == "1")
    harness.run_job()
    harness.runtime.script(Script())
    harness.run_job()
    headlines = [each.splitlines()[0] for each in harness.alerts()]
    expected = ["job: attempt 1 of 3 failed", "job works again: succeeded in attempt 2"]
    assert headlines == (expected if "attempt" in patterns else [])


def test_a_run_that_was_late_and_succeeded_sends_an_alert(harness: AlertHarness, tmp_path: Path) -> None:
    harness.deploy(tmp_path, "late: 1m\nnotify: {late: q, recovered: q}", url="")
    harness.runtime.script(Script(after=120_000))
    harness.run_job()
    assert [each.splitlines()[0] for each in harness.alerts()] == [
        "job is late: still running after 1m",
        "job succeeded late: it took 2 min 10 s",
    ]


def test_a_machine_that_cannot_send_the_alert_causes_an_alert(harness: AlertHarness, tmp_path: Path) -> None:
    harness.deploy(tmp_path, RECOVERED, url="")
    run_with_codes(harness, 3)
    deny_publish(harness, 7)
    harness.runtime.script(Script())
    harness.run_job(minutes=10)
    (alert,) = harness.alerts()
    assert loads(alert)["AlarmDescription"] == "p--recovered failed: a job that works again may not have been told"


def test_an_alarm_that_ends_sends_an_alert_and_a_new_one_does_not(harness: AlertHarness, tmp_path: Path) -> None:
    harness.deploy(tmp_path, "schedule: rate(1 hour)\nnotify: {did-not-start: q, recovered: q}", url="")
    name = "p-job-did-not-start"

    def set_state(value: str) -> list[Json]:
        harness.call("monitoring", "SetAlarmState", AlarmName=name, StateValue=value, StateReason="a drill")
        harness.advance(1_000)
        return [each for each in harness.alerts() if "starts again" in each]

    assert set_state("OK") == set_state("ALARM") == []
    (alert,) = set_state("OK")
    assert alert.startswith("job starts again: a run has begun\n")
    assert f":{REGION}:{ACCOUNT}:" not in alert
