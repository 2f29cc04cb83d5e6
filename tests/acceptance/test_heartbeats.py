"""The pings of a job's runs to a monitor (`heartbeat: URL`): what is sent, in which order, and what delays nothing."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from lamplighter.outbound.port import HttpResponse
from tests.acceptance.test_job_alerts import MINUTE, JobStackHarness
from tests.engine_harness import HOUR, SECOND, EngineDied

CHECK = "heartbeat: 'https://hc.example/check'"


@pytest.fixture
def harness(tmp_path: Path) -> Iterator[JobStackHarness]:
    with JobStackHarness.running(tmp_path) as harness:
        yield harness


def list_pings(harness: JobStackHarness) -> list[str]:
    """Return the ends of the requested URLs, with the number of the run in place of its id."""
    ids: list[str] = []
    pings = []
    for each in harness.out.http.requests:
        path, _, rid = each.url.removeprefix("https://hc.example/check").partition("?rid=")
        if rid not in ids:
            ids.append(rid)
        pings.append(f"{path or '/'} {ids.index(rid) + 1}")
    return pings


def test_a_run_reports_its_start_and_its_end_under_one_id(harness: JobStackHarness) -> None:
    harness.deploy(CHECK)
    harness.start_run()
    assert list_pings(harness) == ["/start 1"]
    harness.end_attempt(0)
    harness.start_run()
    harness.end_attempt(3, "no room")
    assert list_pings(harness) == ["/start 1", "/ 1", "/start 2", "/3 2"]
    body = (harness.out.http.requests[-1].body or b"").decode()
    assert body.startswith("nightly failed: exit code 3\n")
    assert body.rstrip().endswith("Last lines:\n  no room")


def test_a_retry_within_a_run_sends_no_ping(harness: JobStackHarness) -> None:
    harness.deploy(f"retry: {{attempts: 1, interval: 10s}}, {CHECK}")
    harness.start_run()
    harness.end_attempt(3)
    harness.advance(10 * SECOND)
    harness.end_attempt(0)
    assert list_pings(harness) == ["/start 1", "/ 1"]


def test_a_deadline_and_a_stop_are_failures(harness: JobStackHarness) -> None:
    harness.deploy(f"deadline: 1m, {CHECK}")
    harness.start_run()
    harness.advance(MINUTE)
    harness.call("states", "StopExecution", executionArn=harness.start_run())
    harness.settle()
    assert list_pings(harness) == ["/start 1", "/fail 1", "/start 2", "/fail 2"]


def test_a_skipped_run_sends_no_ping(harness: JobStackHarness) -> None:
    harness.deploy(f"overlap: skip, {CHECK}")
    harness.start_run()
    harness.start_run()
    harness.advance(SECOND)
    harness.end_attempt(0)
    assert list_pings(harness) == ["/start 1", "/ 1"]


def test_a_success_does_not_arrive_before_its_start_and_no_ping_delays_the_run(harness: JobStackHarness) -> None:
    harness.deploy(CHECK)
    harness.out.http.responses.append(HttpResponse(503, "", (), b""))
    run = harness.start_run()
    harness.end_attempt(0)
    assert harness.status(run) == "SUCCEEDED"
    assert list_pings(harness) == ["/start 1"]
    for _ in range(3):
        harness.advance(10 * SECOND)
    assert list_pings(harness) == ["/start 1", "/start 1", "/ 1"]


@pytest.mark.parametrize("commit", range(1, 7))
def test_a_crash_at_any_commit_loses_no_ping_and_keeps_their_order(harness: JobStackHarness, commit: int) -> None:
    harness.deploy(CHECK)
    harness.start_run()
    harness.die_at(commit, before=commit % 2 == 0)
    try:
        harness.end_attempt(4)
        harness.advance(MINUTE)
    except EngineDied:
        harness.up()
        harness.advance(MINUTE)
        harness.advance(MINUTE)
    pings = list_pings(harness)
    assert list(dict.fromkeys(pings)) == ["/start 1", "/4 1"]
    assert pings[-1] == "/4 1"


def test_a_monitor_that_is_down_for_hours_gets_no_other_message(harness: JobStackHarness) -> None:
    harness.deploy(CHECK)
    for topic in harness.call("sns", "ListTopics")["Topics"]:
        harness.call("sns", "Publish", TopicArn=topic["TopicArn"], Message="lamplighter.yaml is not applied")
    harness.advance(HOUR)
    assert harness.out.http.requests == []


def test_a_secret_address_that_is_no_url_is_reported_and_not_called_again(
    harness: JobStackHarness, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("SSM_HC", "https://[secret/check")
    harness.deploy("heartbeat: 'ssm:/hc'")
    harness.start_run()
    harness.advance(HOUR)
    assert "the address of the monitor is not a valid URL" in caplog.text
    assert "internal error" not in caplog.text
    assert "secret/check" not in caplog.text
    assert caplog.text.count("delivery to heartbeat failed") == 1
