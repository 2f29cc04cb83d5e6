"""`up` never stops watching its files, and reports each error once."""

import logging

import pytest

from lamplighter.base.errors import Unavailable
from lamplighter.cli.up.apply_outcome import TEMPORARY_BACKOFF, ApplyOutcome
from lamplighter.cli.up.reconcile import READ_RETRY_SECONDS, SourceReconciler
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


def test_a_full_disk_delays_the_file_and_is_logged_without_a_traceback(
    watched: WatchedFile, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def refuse(_reconciler: SourceReconciler) -> ApplyOutcome:
        raise Unavailable("the data directory cannot be written")

    with monkeypatch.context() as full, caplog.at_level(logging.ERROR):
        full.setattr(SourceReconciler, "_apply", refuse)
        watched.write(with_job("two"))
        watched.advance(5)
    (logged,) = {each.message for each in caplog.records}
    assert logged == f"{watched.file} could not be applied, which will be retried: the data directory cannot be written"
    assert {each.exc_info for each in caplog.records} == {None}
    watched.advance(TEMPORARY_BACKOFF[1])
    assert "home-two" in str(watched.harness.call("states", "ListStateMachines"))


def test_the_errors_of_a_file_are_reported_once(watched: WatchedFile, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        watched.write(GOOD.replace("command", "comand"))
        watched.advance(5)
        watched.file.with_name("output").write_text("A job writes into the folder.")
        watched.advance(5)
    assert [each.message.endswith(UNAPPLIED) for each in caplog.records].count(True) == 1
