"""A job file that stays broken for two minutes sends one alert to its channels, and one when it is applied again."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from lamplighter.cli.local_secrets import LocalSecrets
from lamplighter.cli.up.reconcile import REMIND_SECONDS, SourceReconciler
from lamplighter.cli.up.source_files import SourceFiles
from lamplighter.cli.up.stack_plan import JobFileSource
from lamplighter.engine import health
from tests.engine_harness import REGION, SECOND, EngineHarness

GOOD = """
project: home
channels: {me: {email: me@example.com}}
jobs: {one: {command: 'true', notify: me}}
"""


class WatchedFile:
    """A job file, and a virtual engine that applies it."""

    def __init__(self, folder: Path) -> None:
        self.harness = EngineHarness(folder / "data")
        self.file = folder / "lamplighter.yaml"

    def write(self, text: str) -> None:
        """Write the file as an editor does."""
        new = self.file.with_name("new")
        new.write_text(text)
        new.rename(self.file)

    def start(self) -> None:
        """Start the engine and apply the file."""
        self.harness.up()
        source_files = SourceFiles(JobFileSource(self.file, None), LocalSecrets({}), self.harness.directory)
        source_files.read()
        self.task = self.harness.start_in_background(SourceReconciler(self.harness.engine, source_files, REGION).run())

    def advance(self, seconds: float) -> None:
        """Let time pass in steps that are short enough for every check of the file."""
        for _ in range(round(seconds * 2)):
            self.harness.advance(SECOND // 2)

    def mails(self) -> list[str]:
        """Return the subjects of all mails, in order."""
        found = sorted((self.harness.directory / "mail").glob("**/*.eml"), key=lambda each: each.stat().st_mtime_ns)
        return [line for each in found for line in each.read_text().splitlines() if line.startswith("Subject: ")]


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[WatchedFile]:
    made = WatchedFile(tmp_path)
    made.write(GOOD)
    made.start()
    yield made
    made.task.cancel()
    made.harness.settle()
    made.harness.close()


def test_a_broken_file_sends_one_alert_after_two_minutes_and_one_when_it_is_fixed(watched: WatchedFile) -> None:
    watched.write(GOOD.replace("command", "comand"))
    watched.advance(115)
    assert watched.mails() == []
    watched.advance(15 + REMIND_SECONDS)
    assert watched.mails() == ["Subject: lamplighter.yaml is not applied"]
    watched.advance(10 * REMIND_SECONDS)
    watched.write(GOOD)
    watched.advance(5)
    assert watched.mails() == ["Subject: lamplighter.yaml is not applied", "Subject: lamplighter.yaml is applied again"]


def test_a_file_with_caught_alerts_alone_is_watched_like_any_other(watched: WatchedFile) -> None:
    """On AWS, the rule of such a job is routed differently, so a condition surrounds its targets."""
    watched.write(GOOD.replace("notify: me", "notify: {caught: me}"))
    watched.advance(5)
    assert not watched.task.done()
    watched.write(GOOD.replace("command", "comand"))
    watched.advance(125 + REMIND_SECONDS)
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
    watched.advance(30 + REMIND_SECONDS)
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
    ("file", "line"),
    [
        (GOOD.replace("command", "comand"), "the jobs are unchanged"),
        (GOOD.replace("{email: me@example.com}", "{sqs: 'arn:aws:sqs:us-east-1:123456789012:no'}"), "the channel me"),
    ],
    ids=["broken", "refused"],
)
def test_when_the_error_is_logged_the_health_check_reports_it(
    watched: WatchedFile, monkeypatch: pytest.MonkeyPatch, file: str, line: str
) -> None:
    found: list[bool] = []

    class Reader(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if line in record.getMessage():
                found.append(health.check_file_applied(watched.harness.engine) is not None)

    monkeypatch.setattr(logging.getLogger("lamplighter.jobs"), "handlers", [Reader()])
    watched.write(file)
    watched.advance(5)
    assert found == [True]
