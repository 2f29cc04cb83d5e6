"""A file that is broken for long is told to its channels: once, after two minutes, and once when it is well again."""

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


class Kept:
    """A job file, and a virtual engine that keeps to it."""

    def __init__(self, folder: Path) -> None:
        self.site = EngineHarness(folder / "data")
        self.file = folder / "lamplighter.yaml"

    def write(self, text: str) -> None:
        """Write the file as an editor does."""
        new = self.file.with_name("new")
        new.write_text(text)
        new.rename(self.file)

    def keep(self) -> None:
        """Begin to keep to the file; it is applied."""
        self.site.up()
        orders = SourceFiles(JobFileSource(self.file, None), LocalSecrets({}), self.site.directory)
        orders.read()
        self.keeping = self.site.set_off(SourceReconciler(self.site.engine, orders, REGION).run())

    def pass_by(self, seconds: float) -> None:
        """Let time pass, in steps in which nobody misses a look at the file."""
        for _ in range(round(seconds * 2)):
            self.site.advance(SECOND // 2)

    def mails(self) -> list[str]:
        """The subjects of all mails, in order."""
        found = sorted((self.site.directory / "mail").glob("**/*.eml"), key=lambda each: each.stat().st_mtime_ns)
        return [line for each in found for line in each.read_text().splitlines() if line.startswith("Subject: ")]


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Kept]:
    made = Kept(tmp_path)
    made.write(GOOD)
    made.keep()
    yield made
    made.keeping.cancel()
    made.site.settle()
    made.site.close()


def test_a_bad_edit_that_stays_for_two_minutes_is_told_once_and_its_end_once(kept: Kept) -> None:
    kept.write(GOOD.replace("command", "comand"))
    kept.pass_by(115)
    assert kept.mails() == []
    kept.pass_by(15 + REMIND_SECONDS)
    assert kept.mails() == ["Subject: lamplighter.yaml is not applied"]
    kept.pass_by(10 * REMIND_SECONDS)
    kept.write(GOOD)
    kept.pass_by(5)
    assert kept.mails() == ["Subject: lamplighter.yaml is not applied", "Subject: lamplighter.yaml is applied again"]


def test_a_file_whose_job_tells_from_inside_its_run_alone_is_kept_to_as_any_other(kept: Kept) -> None:
    """On AWS a rule of such a job goes another way than here, so that a condition stands around its targets."""
    kept.write(GOOD.replace("notify: me", "notify: {caught: me}"))
    kept.pass_by(5)
    assert not kept.keeping.done()
    kept.write(GOOD.replace("command", "comand"))
    kept.pass_by(125 + REMIND_SECONDS)
    assert kept.mails() == ["Subject: lamplighter.yaml is not applied"]


def test_a_bad_edit_that_is_mended_sooner_is_told_to_nobody(kept: Kept) -> None:
    kept.write("nothing: at all")
    kept.pass_by(115)
    kept.write(GOOD)
    kept.pass_by(60)
    assert kept.mails() == []


def test_another_mistake_in_a_file_that_is_broken_does_not_begin_the_two_minutes_anew(kept: Kept) -> None:
    kept.write(GOOD.replace("command", "comand"))
    kept.pass_by(100)
    kept.write("nothing: at all")
    kept.pass_by(30 + REMIND_SECONDS)
    assert kept.mails() == ["Subject: lamplighter.yaml is not applied"]


def test_a_disk_that_takes_nothing_for_a_while_keeps_the_file_from_nothing_for_good(kept: Kept) -> None:
    kept.site.disk.fill("write")
    kept.write(GOOD.replace("{one:", "{two: {command: 'true'}, one:"))
    kept.pass_by(30)
    assert not kept.keeping.done()
    kept.site.disk.fill("")
    kept.pass_by(30)
    found = kept.site.call("states", "ListStateMachines")["stateMachines"]
    assert "home-two" in [each["name"] for each in found]


@pytest.mark.parametrize(
    ("file", "line"),
    [
        (GOOD.replace("command", "comand"), "the jobs are unchanged"),
        (GOOD.replace("{email: me@example.com}", "{sqs: 'arn:aws:sqs:us-east-1:123456789012:no'}"), "the channel me"),
    ],
    ids=["broken", "refused"],
)
def test_who_reads_the_line_about_a_file_finds_it_in_the_health(
    kept: Kept, monkeypatch: pytest.MonkeyPatch, file: str, line: str
) -> None:
    found: list[bool] = []

    class Reader(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if line in record.getMessage():
                found.append(health.check_file_applied(kept.site.engine) is not None)

    monkeypatch.setattr(logging.getLogger("lamplighter.jobs"), "handlers", [Reader()])
    kept.write(file)
    kept.pass_by(5)
    assert found == [True]
