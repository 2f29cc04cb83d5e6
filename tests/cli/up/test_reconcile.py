"""`up` never stops watching its files, and reports each error once."""

import logging

import pytest

from lamplighter.cli.up.reconcile import READ_RETRY_SECONDS
from lamplighter.cli.up.source_files import SourceFiles
from tests.cli.up.watched_file import GOOD, WatchedFile

UNAPPLIED = "lamplighter.yaml is not applied: the jobs are unchanged"


def with_job(name: str) -> str:
    """Return a valid file with one more job."""
    return GOOD.replace("jobs: {", f"jobs: {{{name}: {{command: 'true'}}, ")


def test_an_unexpected_error_does_not_end_the_watching(watched: WatchedFile, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_files: SourceFiles) -> None:
        raise RuntimeError("a defect")

    with monkeypatch.context() as broken:
        broken.setattr(SourceFiles, "read", fail)
        watched.write(with_job("two"))
        watched.advance(5)
    watched.advance(READ_RETRY_SECONDS)
    watched.write(with_job("three"))
    watched.advance(5)
    machines = watched.harness.call("states", "ListStateMachines")["stateMachines"]
    assert {"home-one", "home-three"} <= {each["name"] for each in machines}


def test_the_errors_of_a_file_are_reported_once(watched: WatchedFile, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        watched.write(GOOD.replace("command", "comand"))
        watched.advance(5)
        watched.file.with_name("output").write_text("A job writes into the folder.")
        watched.advance(5)
    assert [each.message.endswith(UNAPPLIED) for each in caplog.records].count(True) == 1
