"""The alerts of a job to channels of chat services: their documents, secrets, order, and what a refusal causes."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from lamplighter.base.aws.secret_references import find_secret
from lamplighter.base.json_text import Json, loads
from lamplighter.cli.doctor import alerts
from lamplighter.delivery.tables import lost_alerts
from lamplighter.engine.config import EngineConfig
from lamplighter.engine.engine import Engine
from lamplighter.outbound.port import DeliveryFailed, HttpResponse
from tests.acceptance import test_job_alerts
from tests.acceptance.test_job_alerts import MINUTE, URL, JobStackHarness
from tests.engine_harness import HOUR, SECOND, RecordingEngine

CHANNELS = """channels:
  slack: {slack: "https://hooks.slack.example/services/T/B/secret"}
  teams: {teams: "ssm:/teams"}
  discord: {discord: "secretsmanager:discord:url"}
  pager: {pagerduty: "secretsmanager:pager"}
"""
SECRETS = {
    "ssm:/teams": "https://teams.example/workflows/1",
    "SECRETSMANAGER_DISCORD": '{"url": "https://discord.example/api/webhooks/1"}',
    "secretsmanager:pager": "0123456789abcdef0123456789abcdef",
}
PAGER_URL = "https://events.pagerduty.com/v2/enqueue"


class ChatHarness(JobStackHarness):
    """A harness whose job file has channels of chat services, with secrets that a test changes."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.secrets = dict(SECRETS)

    async def _open(self) -> Engine:
        config = EngineConfig(
            data_directory=self.directory, public_url=URL, secrets=lambda _name, text: find_secret(self.secrets, text)
        )
        return await RecordingEngine.open(config, self._world, self.runtime, self.out.outbound)

    def requests(self, host: str) -> list[Json]:
        """Return the documents that were sent to a host."""
        return [loads(each.body or b"") for each in self.out.http.requests if host in each.url]

    def answer(self, status: int, *headers: tuple[str, str]) -> None:
        """Let the next request be answered with this status."""
        self.out.http.responses.append(HttpResponse(status, "", headers, b"why"))


@pytest.fixture
def harness(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ChatHarness]:
    monkeypatch.setattr(test_job_alerts, "CHANNELS", CHANNELS)
    with ChatHarness.running(tmp_path) as harness:
        yield harness


def fail_once(harness: ChatHarness, *lines: str) -> str:
    run = harness.start_run()
    harness.end_attempt(3, *lines)
    return run


def test_each_service_gets_its_own_document_at_the_address_that_a_secret_holds(harness: ChatHarness) -> None:
    harness.deploy("notify: [slack, teams, discord, pager]")
    run = fail_once(harness, "a < b")
    (slack,), (teams,), (discord,), (pager,) = map(
        harness.requests, ("hooks.slack.example", "teams.example", "discord.example", "pagerduty")
    )
    assert slack["text"] == "nightly failed: exit code 3"
    assert slack["blocks"][2]["text"]["text"] == "```\n  a &lt; b\n```"
    assert teams["attachments"][0]["content"]["body"][0]["text"] == "nightly failed: exit code 3"
    assert discord["embeds"][0]["url"] == f"{URL}/runs/{run}"
    assert (pager["routing_key"], pager["event_action"]) == (SECRETS["secretsmanager:pager"], "trigger")
    assert pager["dedup_key"] == "reports-nightly"


def test_a_recovery_resolves_the_incident_of_the_job(harness: ChatHarness) -> None:
    harness.deploy("notify: {run-failed: pager, recovered: pager}")
    fail_once(harness)
    harness.start_run()
    harness.end_attempt(0)
    assert [(each["event_action"], each["dedup_key"]) for each in harness.requests("pagerduty")] == [
        ("trigger", "reports-nightly"),
        ("resolve", "reports-nightly"),
    ]


def test_a_run_that_succeeds_in_a_later_attempt_resolves_the_incident_of_its_failed_attempt(
    harness: ChatHarness,
) -> None:
    harness.deploy("retry: {attempts: 2, interval: 10s}, notify: {attempt-failed: pager, recovered: [pager, slack]}")
    harness.start_run()
    harness.end_attempt(3)
    harness.advance(MINUTE)
    harness.end_attempt(0)
    pages = harness.requests("pagerduty")
    assert [(each["event_action"], each["dedup_key"]) for each in pages] == [
        ("trigger", "reports-nightly"),
        ("resolve", "reports-nightly"),
    ]
    assert pages[-1]["payload"]["summary"] == "nightly works again: succeeded in attempt 2"
    assert harness.requests("slack") == []  # it was not alerted about the attempt
    harness.start_run()
    harness.end_attempt(0)
    assert len(harness.requests("pagerduty")) == 2


def test_the_next_success_resolves_the_incident_of_a_stopped_run(harness: ChatHarness) -> None:
    harness.deploy("retry: {attempts: 2, interval: 10m}, notify: {attempt-failed: pager, recovered: pager}")
    run = harness.start_run()
    harness.end_attempt(3)
    harness.call("states", "StopExecution", executionArn=run)
    harness.settle()
    harness.start_run()
    harness.end_attempt(0)
    assert [each["event_action"] for each in harness.requests("pagerduty")] == ["trigger", "resolve"]
    harness.start_run()
    harness.end_attempt(0)
    assert len(harness.requests("pagerduty")) == 2


def test_an_incident_is_not_resolved_before_it_is_triggered(harness: ChatHarness) -> None:
    harness.deploy("notify: {run-failed: pager, recovered: pager}")
    harness.answer(500)
    fail_once(harness)
    harness.start_run()
    harness.end_attempt(0)
    for _ in range(6):
        harness.advance(10 * SECOND)
    actions = [each["event_action"] for each in harness.requests("pagerduty")]
    assert actions == ["trigger", "trigger", "resolve"]


def test_a_service_that_asks_to_wait_gets_no_request_before(harness: ChatHarness) -> None:
    harness.deploy("notify: slack")
    harness.answer(429, ("Retry-After", "300"))
    fail_once(harness)
    for _ in range(4):
        harness.advance(MINUTE)
    assert len(harness.requests("slack")) == 1
    for _ in range(2):
        harness.advance(MINUTE)
    assert len(harness.requests("slack")) == 2


@pytest.mark.parametrize("value", ["soon", "Wed, 21 Oct 2026 07:28:00 GMT", "-5", "inf"])
def test_an_unreadable_retry_after_leaves_the_usual_delay(harness: ChatHarness, value: str) -> None:
    harness.deploy("notify: slack")
    harness.answer(503, ("retry-after", value))
    fail_once(harness)
    harness.advance(10 * SECOND if value != "inf" else HOUR)
    assert len(harness.requests("slack")) == 2


def test_a_refused_alert_is_reported_without_the_address(harness: ChatHarness) -> None:
    harness.deploy("notify: slack")
    harness.answer(404)
    fail_once(harness)
    (lost,) = lost_alerts.alerts_since(harness.engine.store.reader, 0)
    assert (lost.recipient, lost.reason) == ("slack hooks.slack.example", "slack answered with 404: why")


def test_an_answer_that_repeats_the_address_is_reported_without_it(harness: ChatHarness) -> None:
    harness.deploy("notify: slack")
    harness.out.http.responses.append(HttpResponse(404, "", (), b"Cannot POST /services/T/B/secret"))
    fail_once(harness)
    (lost,) = lost_alerts.alerts_since(harness.engine.store.reader, 0)
    assert lost.reason == "slack answered with 404: Cannot POST …"


def test_a_secret_without_a_value_delays_the_alert_until_it_has_one(harness: ChatHarness) -> None:
    harness.deploy("notify: pager")
    key = harness.secrets.pop("secretsmanager:pager")
    fail_once(harness)
    (found,) = alerts.check_waiting_alerts(harness.directory)
    assert "the secret secretsmanager:pager has no value on this machine" in found.says
    harness.secrets["secretsmanager:pager"] = key
    harness.advance(10 * SECOND)
    assert len(harness.requests("pagerduty")) == 1


def test_no_secret_is_in_the_database(harness: ChatHarness) -> None:
    harness.deploy("notify: [teams, pager]")
    fail_once(harness)
    stored = b"".join(each.read_bytes() for each in harness.directory.glob("*.db*"))
    assert stored
    assert b"teams.example" not in stored
    assert SECRETS["secretsmanager:pager"].encode() not in stored


def test_an_address_that_is_no_url_is_reported_without_its_value(harness: ChatHarness) -> None:
    harness.deploy("notify: teams")
    error = f"{SECRETS['ssm:/teams']} is not a valid URL"
    harness.out.http.responses.append(DeliveryFailed(error, retryable=False))
    fail_once(harness)
    (lost,) = lost_alerts.alerts_since(harness.engine.store.reader, 0)
    assert (lost.recipient, lost.reason) == ("teams", "the address is not a valid URL")


def test_an_unreachable_service_is_tried_again(harness: ChatHarness) -> None:
    harness.deploy("notify: discord")
    harness.out.http.responses.append(DeliveryFailed("no route", retryable=True))
    fail_once(harness)
    harness.advance(10 * SECOND)
    assert len(harness.requests("discord")) == 2
