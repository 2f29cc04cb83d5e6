"""`up` never stops watching its files, and reports each error once."""

import logging

import pytest

from lamplighter.base.errors import Unavailable
from lamplighter.bus import _may_delete
from lamplighter.cli.up.engine_stacks import EngineStacks, StackResource
from lamplighter.cli.up.reconcile import CHECK_SECONDS, PAUSE_FACTOR, READ_RETRY_SECONDS, SourceReconciler
from lamplighter.cli.up.retry_times import TEMPORARY_BACKOFF, ApplyOutcome
from lamplighter.cli.up.source_files import SourceFiles
from lamplighter.services.cloudformation.resource_types.registry import RESOURCE_TYPES
from lamplighter.services.cloudformation.resource_types.resource_type import ResourceRequest
from tests.cli.up.watched_file import GOOD, WatchedFile
from tests.engine_harness import ACCOUNT, REGION

QUEUE_NAME_SECONDS = 60
"""Seconds for which SQS does not give the name of a deleted queue to a new one."""
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


def schedules(watched: WatchedFile) -> list[str]:
    """Return the names of all schedules of the engine."""
    return [each["Name"] for each in watched.harness.call("scheduler", "ListSchedules")["Schedules"]]


def with_schedule(text: str = GOOD) -> str:
    return text.replace("command: 'true'", "command: 'true', schedule: rate(1 day)")


def test_a_schedule_that_is_deleted_by_other_means_is_there_again_within_a_minute(
    watched: WatchedFile, caplog: pytest.LogCaptureFixture
) -> None:
    watched.write(with_schedule())
    watched.advance(5)
    assert schedules(watched) == ["home-one"]
    watched.harness.call("scheduler", "DeleteSchedule", Name="home-one", GroupName="home")
    with caplog.at_level(logging.WARNING):
        watched.advance(CHECK_SECONDS + 5)
    assert schedules(watched) == ["home-one"]
    (logged,) = [each.message for each in caplog.records]
    assert logged == "the schedule OneSchedule was deleted from home by other means: creating it again"


def test_resources_are_read_again_only_after_a_deletion_or_a_long_time(
    watched: WatchedFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lamplighter.cli.up.reconcile.thread_seconds", iter(range(1000)).__next__)  # a slow check
    reads: list[str] = []
    read = EngineStacks.missing_resources

    async def count(stacks: EngineStacks, name: str) -> list[StackResource]:
        reads.append(name)
        return await read(stacks, name)

    monkeypatch.setattr(EngineStacks, "missing_resources", count)
    watched.write(with_schedule())
    watched.advance(5)
    watched.harness.call("scheduler", "DeleteSchedule", Name="home-one", GroupName="home")
    watched.advance(CHECK_SECONDS + 5)
    before = len(reads)
    watched.harness.call("sqs", "CreateQueue", QueueName="other")
    watched.write(with_schedule().replace("true", "false"))
    watched.advance(PAUSE_FACTOR - CHECK_SECONDS)
    assert len(reads) == before
    watched.advance(CHECK_SECONDS * 2)
    assert len(reads) > before


def test_a_call_that_deletes_a_resource_of_any_type_counts() -> None:
    for name, kind in RESOURCE_TYPES.items():
        if kind.simulated and kind.exists is not None:
            request = ResourceRequest("A", name, {}, ACCOUNT, REGION, physical=f"arn:aws:x:{REGION}:{ACCOUNT}:a/b")
            plan = kind.delete(request)
            operation, _ = next(plan)
            while operation.startswith("List"):  # what has to be deleted before
                operation, _ = plan.send({"Versions": []})
            assert _may_delete(operation), operation


def test_what_an_update_deletes_itself_does_not_count_as_a_deletion(watched: WatchedFile) -> None:
    watched.write(with_schedule())
    watched.advance(5)
    before = watched.harness.engine.bus.deletions
    watched.write(with_job("two"))
    watched.advance(5)
    assert schedules(watched) == []
    assert watched.harness.engine.bus.deletions == before


def test_a_stack_that_is_deleted_beside_a_running_engine_is_there_again_when_its_names_are_free(
    watched: WatchedFile, caplog: pytest.LogCaptureFixture
) -> None:
    watched.write(with_schedule())
    watched.advance(5)
    watched.harness.call("cloudformation", "DeleteStack", StackName="home")
    watched.advance(1)
    assert schedules(watched) == []
    with caplog.at_level(logging.WARNING):
        watched.advance(CHECK_SECONDS + QUEUE_NAME_SECONDS + TEMPORARY_BACKOFF[1])
    assert schedules(watched) == ["home-one"]
    assert "the stack home was deleted by other means: creating it again" in [each.message for each in caplog.records]


def test_a_deleted_schedule_returns_while_a_fault_of_the_file_waits_for_its_next_attempt(watched: WatchedFile) -> None:
    watched.write(with_schedule().replace("jobs: {", "jobs: {bad: {image: './missing', timeout: 1m}, "))
    watched.advance(5)
    watched.advance(120)  # By now, the next attempt is more than a minute away.
    watched.harness.call("scheduler", "DeleteSchedule", Name="home-one", GroupName="home")
    watched.advance(CHECK_SECONDS + 5)
    assert schedules(watched) == ["home-one"]
