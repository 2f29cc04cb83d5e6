"""The alert for a job that works again (`notify: {recovered: …}`) on this engine: once for each series of failures."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from lamplighter.runs.failures.repetition import first_name_of_slot
from lamplighter.services.alerts.recovery_alert import FEW_RUNS
from tests.acceptance.test_job_alerts import MINUTE, JobStackHarness
from tests.engine_harness import ACCOUNT, DAY, HOUR, REGION, SECOND, EngineDied

RECOVERED = "notify: {run-failed: dev, recovered: ops}"


@pytest.fixture
def harness(tmp_path: Path) -> Iterator[JobStackHarness]:
    with JobStackHarness.running(tmp_path) as harness:
        yield harness


def run_job(harness: JobStackHarness, *codes: int) -> None:
    """Run the job once for each exit code, ten minutes apart."""
    for code in codes:
        harness.start_run()
        harness.end_attempt(code)
        harness.advance(10 * MINUTE)


def list_subjects(harness: JobStackHarness) -> list[str]:
    return [subject for subject, _ in harness.mails()]


def test_the_first_success_after_failures_is_alerted_once(harness: JobStackHarness) -> None:
    harness.deploy(f"timezone: Asia/Seoul, {RECOVERED}")
    run_job(harness, 0, 3, 4, 0, 0)
    ((subject, text),) = harness.mails()
    assert subject == "nightly works again: succeeded after 2 failures (since Thu 2026-01-01 09:10)"
    assert text.startswith(f"{subject}\n\nStarted:   Thu 2026-01-01 09:30:06 (Asia/Seoul)\n")
    assert "Look at:" in text


def test_a_run_that_failed_again_when_it_was_run_again_is_one_failure(harness: JobStackHarness) -> None:
    harness.deploy(RECOVERED)
    for name, code in {"night": 3, "night--again-1": 3, "night--again-2": 0, "night--again-3": 0}.items():
        harness.start_run(name=name)
        harness.end_attempt(code)
    assert len(harness.mails("dev")) == 2
    assert list_subjects(harness) == ["nightly works again: succeeded after 1 failure (since Thu 2026-01-01 00:00)"]


def test_a_missed_time_that_was_run_again_and_failed_is_one_failure(harness: JobStackHarness) -> None:
    job = "missed: none, notify: {did-not-start: dev, recovered: ops}"
    harness.deploy(f"schedule: 'cron(0 1 * * ? *)', {job}")
    harness.down()
    harness.clock.advance(DAY)
    harness.up()
    harness.advance(10 * SECOND)
    (slot,) = harness.call("scheduler", "ListNightSlots", Since=0, Until=0)["Missed"]
    first = first_name_of_slot(f"{slot['Schedule']}@{slot['Slot']}")
    for number, code in enumerate((3, 0), 1):
        harness.start_run(name=f"{first}--again-{number}")
        harness.end_attempt(code)
    assert list_subjects(harness) == [
        "nightly works again: succeeded after 1 time without a run (since Thu 2026-01-01 01:00)"
    ]


def test_all_failures_of_a_long_series_are_counted(harness: JobStackHarness) -> None:
    """The alert reads few runs first; a longer series of failures than that is read wholly."""
    harness.deploy(RECOVERED)
    failures = FEW_RUNS + 2
    run_job(harness, 0, *[3] * failures, 0, 0)
    assert list_subjects(harness) == [
        f"nightly works again: succeeded after {failures} failures (since Thu 2026-01-01 00:10)"
    ]


def test_a_timeout_counts_as_a_failure_and_a_stopped_run_as_neither(harness: JobStackHarness) -> None:
    harness.deploy(f"deadline: 1m, {RECOVERED}")
    harness.start_run()
    harness.advance(MINUTE)
    harness.call("states", "StopExecution", executionArn=harness.start_run())
    harness.advance(MINUTE)
    run_job(harness, 0)
    assert list_subjects(harness) == ["nightly works again: succeeded after 1 failure (since Thu 2026-01-01 00:00)"]


def test_a_job_that_never_failed_sends_no_alert(harness: JobStackHarness) -> None:
    harness.deploy(RECOVERED)
    run_job(harness, 0, 0)
    assert harness.mails() == []


def test_a_skipped_run_is_no_success(harness: JobStackHarness) -> None:
    harness.deploy(f"overlap: skip, {RECOVERED}")
    run_job(harness, 3)
    harness.start_run()
    harness.start_run()  # is skipped
    harness.advance(SECOND)
    assert harness.mails() == []
    harness.end_attempt(0)
    assert len(harness.mails()) == 1


def test_a_run_that_succeeds_after_a_redrive_is_alerted(harness: JobStackHarness) -> None:
    harness.deploy(RECOVERED)
    run = harness.start_run()
    harness.end_attempt(3)
    harness.advance(HOUR)
    harness.call("states", "RedriveExecution", executionArn=run)
    harness.advance(7 * SECOND)
    harness.end_attempt(0)
    times = [each for each in harness.mails()[0][1].splitlines() if each.startswith(("Redriven:", "Duration:"))]
    assert times == ["Redriven:  Thu 2026-01-01 01:00:02 (UTC)", "Duration:  7.0 s"]
    assert list_subjects(harness) == ["nightly works again: succeeded after 1 failure (since Thu 2026-01-01 00:00)"]


def test_a_run_that_was_late_and_succeeds_is_alerted(harness: JobStackHarness) -> None:
    harness.deploy("late: 30m, notify: {late: dev, recovered: ops}")
    harness.start_run()
    harness.advance(HOUR)
    harness.end_attempt(0)
    assert list_subjects(harness) == ["nightly succeeded late: it took 1 h 00 min"]


def test_a_run_after_missed_times_that_were_alerted_is_alerted(harness: JobStackHarness) -> None:
    job = "missed: {run: last, within: 6h}, notify: {did-not-start: dev, recovered: ops}"
    harness.deploy(f"schedule: 'cron(0 1 * * ? *)', {job}")
    harness.down()
    harness.clock.advance(DAY)
    harness.up()
    harness.advance(10 * SECOND)
    run_job(harness, 0, 0)
    assert len(harness.mails("dev")) == 1
    assert list_subjects(harness) == [
        "nightly works again: succeeded after 1 time without a run (since Thu 2026-01-01 01:00)"
    ]


def test_a_run_in_the_place_of_missed_times_is_no_recovery(harness: JobStackHarness) -> None:
    job = "missed: {run: last, within: 1d}, notify: {did-not-start: dev, recovered: ops}"
    harness.deploy(f"schedule: rate(1 hour), {job}")
    harness.down()
    harness.clock.advance(3 * HOUR + 10 * MINUTE)
    harness.up()
    harness.finish_containers()
    harness.advance(MINUTE)
    (told,) = [subject for subject, _ in harness.mails("dev")]
    assert told == "nightly: no engine ran from Thu 2026-01-01 01:00 (UTC) to Thu 2026-01-01 03:11 (UTC)"
    assert harness.mails() == []


def test_a_job_that_starts_again_after_the_alarm_is_alerted(harness: JobStackHarness) -> None:
    harness.deploy("schedule: rate(1 hour), notify: {did-not-start: dev, recovered: ops}")
    harness.call("scheduler", "DeleteSchedule", Name="reports-nightly", GroupName="reports")
    for _ in range(3 * 60):
        harness.advance(MINUTE)
    assert len(harness.mails("dev")) == 1
    assert harness.mails() == []
    harness.start_run()
    for _ in range(3):
        harness.advance(MINUTE)
    assert list_subjects(harness) == ["nightly starts again: a run has begun"]


@pytest.mark.parametrize("commit", range(1, 7))
def test_the_alert_survives_a_crash_at_any_commit_and_is_one_message(harness: JobStackHarness, commit: int) -> None:
    harness.deploy(RECOVERED)
    run_job(harness, 3)
    harness.start_run()
    harness.die_at(commit, before=commit % 2 == 0)
    try:
        harness.end_attempt(0)
        harness.advance(MINUTE)
    except EngineDied:
        harness.up()
        harness.advance(MINUTE)
        harness.advance(MINUTE)
    sent = [mail for mail in harness.out.mail.sent if str(mail["To"]) == "ops@example.com"]
    assert {str(mail["Subject"]) for mail in sent} == {
        "nightly works again: succeeded after 1 failure (since Thu 2026-01-01 00:00)"
    }
    assert len({str(mail["Message-ID"]) for mail in sent}) == 1


def test_a_run_that_was_deleted_meanwhile_sends_no_alert(harness: JobStackHarness) -> None:
    harness.deploy(RECOVERED)
    place = f"{REGION}:{ACCOUNT}"
    detail = {
        "executionArn": f"arn:aws:states:{place}:execution:reports-nightly:gone",
        "stateMachineArn": f"arn:aws:states:{place}:stateMachine:reports-nightly",
    }
    request = {"Annotation": {"Job": "nightly", "Pattern": "recovered"}, "Channel": "ops", "Message": "as it came"}
    event = {"detail": detail, "time": "2026-01-01T00:00:00Z"}
    harness.call("alerts", "SendAlert", **request, TopicArn=f"arn:aws:sns:{place}:reports-ops", Event=event)
    harness.settle()
    assert harness.mails() == []
