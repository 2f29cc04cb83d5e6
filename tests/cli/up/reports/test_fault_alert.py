"""A job file that stays broken for two minutes sends one alert to its channels, and one when it is applied again."""

import logging

import pytest

from lamplighter.cli.up.reconcile import CHECK_SECONDS
from lamplighter.cli.up.reports.fault_alert import WORDS, format_message
from lamplighter.engine import health
from lamplighter.runs.chat_formats import parse_message
from lamplighter.store.file_faults import FaultKind
from tests.cli.up.watched_file import GOOD, WatchedFile


def test_a_broken_file_sends_one_alert_after_two_minutes_and_one_when_it_is_fixed(watched: WatchedFile) -> None:
    watched.write(GOOD.replace("command", "comand"))
    watched.advance(115)
    assert watched.mails() == []
    watched.advance(15 + CHECK_SECONDS)
    assert watched.mails() == ["Subject: lamplighter.yaml is not applied"]
    watched.advance(10 * CHECK_SECONDS)
    watched.write(GOOD)
    watched.advance(5)
    assert watched.mails() == ["Subject: lamplighter.yaml is not applied", "Subject: lamplighter.yaml is applied again"]


def test_a_file_with_caught_alerts_alone_is_watched_like_any_other(watched: WatchedFile) -> None:
    """On AWS, the rule of such a job is routed differently, so a condition surrounds its targets."""
    watched.write(GOOD.replace("notify: me", "notify: {caught: me}"))
    watched.advance(5)
    assert not watched.task.done()
    watched.write(GOOD.replace("command", "comand"))
    watched.advance(125 + CHECK_SECONDS)
    assert watched.mails() == ["Subject: lamplighter.yaml is not applied"]


def test_a_broken_file_that_is_fixed_earlier_sends_no_alert(watched: WatchedFile) -> None:
    watched.write("nothing: at all")
    watched.advance(115)
    watched.write(GOOD)
    watched.advance(60)
    assert watched.mails() == []


def test_another_error_in_a_broken_file_does_not_restart_the_two_minutes(watched: WatchedFile) -> None:
    watched.write(GOOD.replace("command", "comand"))
    watched.advance(100)
    watched.write("nothing: at all")
    watched.advance(30 + CHECK_SECONDS)
    assert watched.mails() == ["Subject: lamplighter.yaml is not applied"]


def test_a_disk_error_delays_an_apply_and_does_not_prevent_it(watched: WatchedFile) -> None:
    watched.harness.disk.fill("write")
    watched.write(GOOD.replace("{one:", "{two: {command: 'true'}, one:"))
    watched.advance(30)
    assert not watched.task.done()
    watched.harness.disk.fill("")
    watched.advance(30)
    found = watched.harness.call("states", "ListStateMachines")["stateMachines"]
    assert "home-two" in [each["name"] for each in found]


@pytest.mark.parametrize(
    ("file", "line", "condition"),
    [
        (GOOD.replace("command", "comand"), "the jobs are unchanged", "file-not-applied"),
        (
            GOOD.replace("{email: me@example.com}", "{sqs: 'arn:aws:sqs:us-east-1:123456789012:no'}"),
            "the channel me",
            "channels",
        ),
    ],
    ids=["broken", "refused"],
)
def test_when_the_error_is_logged_the_health_check_reports_it(
    watched: WatchedFile, monkeypatch: pytest.MonkeyPatch, file: str, line: str, condition: str
) -> None:
    found: list[list[str]] = []

    class Reader(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if line in record.getMessage():
                found.append([each.name for each in health.read_health(watched.harness.engine).conditions][:1])

    monkeypatch.setattr(logging.getLogger("lamplighter.jobs"), "handlers", [Reader()])
    watched.write(file)
    watched.advance(5)
    assert found == [[condition]]


def test_a_channel_whose_secret_is_missing_is_reported_as_such_and_the_file_is_applied(watched: WatchedFile) -> None:
    watched.write(
        GOOD.replace("channels: {", "channels: {ops: {slack: 'ssm:/slack'}, ").replace("{one:", "{two: {}, one:")
    )
    watched.advance(5)
    (condition,) = health.read_health(watched.harness.engine).conditions
    assert condition.name == "channels", "nothing was sent to the channel that cannot work"
    assert "lamplighter.yaml has channels or heartbeats that reach nobody: " in condition.reason
    assert "the channel ops: the secret ssm:slack has no value on this machine: write a line ssm:slack=… in .env" in (
        condition.reason
    )
    found = watched.harness.call("states", "ListStateMachines")["stateMachines"]
    assert [each["name"] for each in found] == ["home-one", "home-two"]
    assert watched.mails() == ["Subject: channels of lamplighter.yaml reach nobody"]
    watched.write(GOOD)
    watched.advance(5)
    assert watched.mails()[1:] == ["Subject: channels of lamplighter.yaml work again"]
    assert health.read_health(watched.harness.engine).conditions == ()


def with_channels(*broken: str) -> str:
    """Return a file with channels whose secrets are missing, beside one that works."""
    found = "".join(f"{name}: {{slack: 'ssm:/{name}'}}, " for name in broken)
    return GOOD.replace("channels: {", f"channels: {{{found}")


def test_each_further_broken_channel_is_reported_and_a_shifted_line_is_none(watched: WatchedFile) -> None:
    begin = "Subject: channels of lamplighter.yaml reach nobody"
    for text, alerts in (
        (with_channels("one"), 1),
        (f"# a comment\n{with_channels('one')}", 1),
        (with_channels("one", "two"), 2),
        (with_channels("two"), 2),
        (with_channels("one", "two"), 3),
    ):
        watched.write(text)
        watched.advance(5)
        assert watched.mails() == [begin] * alerts
    watched.harness.down()
    watched.start()
    watched.advance(5)
    watched.write(GOOD)
    watched.advance(5)
    assert watched.mails() == [*[begin] * 3, "Subject: channels of lamplighter.yaml work again"]


def test_an_alert_that_no_channel_could_take_is_sent_when_one_can(watched: WatchedFile) -> None:
    alone = with_channels("one").replace("me: {email: me@example.com}", "").replace("notify: me", "notify: one")
    watched.write(alone)
    watched.advance(5)
    assert watched.mails() == []
    watched.write(with_channels("one").replace("notify: me", "notify: [one, me]"))
    watched.advance(5)
    assert watched.mails() == ["Subject: channels of lamplighter.yaml reach nobody"]


def test_the_faults_of_a_renamed_file_are_forgotten(watched: WatchedFile) -> None:
    watched.write(with_channels("one"))
    watched.advance(5)
    watched.harness.down()
    watched.file = watched.file.rename(watched.file.with_name("renamed.yaml"))
    watched.write(GOOD)
    watched.start()
    watched.advance(5)
    assert health.read_health(watched.harness.engine).conditions == ()


@pytest.mark.parametrize("kind", list(FaultKind))
def test_a_pager_resolves_the_incident_when_the_fault_ends(kind: FaultKind) -> None:
    words = WORDS[kind]
    begin, end = (
        parse_message(format_message(subject, text, "dir/lamplighter.yaml", "why"), "z1")
        for subject, text in ((words.subject, words.text), (words.end_subject, words.end_text))
    )
    assert (begin.resolved, end.resolved) == (False, True)
    assert begin.key == end.key
    assert {parse_message(each.subject, "z1").key for each in WORDS.values()} != {begin.key}
