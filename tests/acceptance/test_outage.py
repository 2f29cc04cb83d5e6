"""Docker does not answer for hours: the channels are alerted, and the outage does not count as time of a task.

The tests run on a virtual clock, with a job file's stack that the engine's CloudFormation creates.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from lamplighter.base.json_text import Json
from lamplighter.engine import health
from lamplighter.runs.history.waiting import cluster_of_task, waiting_reason
from tests.acceptance.test_job_alerts import MINUTE, JobStackHarness
from tests.engine_harness import HOUR, SECOND
from tests.fake_runtime import Script

SHORT_JOB = "timeout: 10s, retry: {attempts: 1, interval: 5s}, notify: {run-failed: [ops]}"
JOB = "timeout: 10m, notify: {run-failed: [ops, dev]}"


@pytest.fixture
def harness(tmp_path: Path) -> Iterator[JobStackHarness]:
    harness = JobStackHarness(tmp_path)
    harness.up()
    yield harness
    harness.close()


def pass_time(harness: JobStackHarness, milliseconds: int) -> None:
    """Advance the clock, a minute at a time."""
    for _ in range(milliseconds // MINUTE):
        harness.advance(MINUTE)


def restore_docker(harness: JobStackHarness) -> None:
    harness.runtime.come_back()
    for _ in range(4):
        harness.advance(5 * SECOND)


def running_containers(harness: JobStackHarness) -> list[str]:
    return [each for each in harness.runtime.remaining() if harness.runtime._is_running(each)]


def test_a_task_that_waits_for_docker_does_not_use_up_its_timeout(harness: JobStackHarness) -> None:
    harness.deploy(JOB)
    harness.runtime.go_away()
    run = harness.start_run()
    pass_time(harness, 5 * HOUR)
    assert harness.status(run) == "RUNNING"
    restore_docker(harness)
    assert len(running_containers(harness)) == 1
    pass_time(harness, 9 * MINUTE)
    assert harness.status(run) == "RUNNING"
    harness.finish_containers()
    assert harness.status(run) == "SUCCEEDED"


def test_the_timeout_of_a_waiting_task_begins_when_docker_is_back(harness: JobStackHarness) -> None:
    harness.deploy(JOB)
    harness.runtime.go_away()
    run = harness.start_run()
    pass_time(harness, 5 * HOUR)
    restore_docker(harness)
    pass_time(harness, 11 * MINUTE)
    assert harness.status(run) == "FAILED"
    assert harness.describe(run)["error"] == "States.Timeout"


def test_an_outage_and_its_end_are_reported_once_to_each_channel(harness: JobStackHarness) -> None:
    harness.deploy(JOB)
    harness.runtime.go_away()
    harness.start_run()
    harness.start_run()
    pass_time(harness, 3 * HOUR)
    for channel in ("ops", "dev"):
        ((subject, text),) = harness.mails(channel)
        assert subject == "reports-nightly waits: Docker does not answer"
        assert text.startswith(
            f"{subject}\n\nJobs:      reports-nightly\nTasks:     2\nSince:     Thu 2026-01-01 00:00 (UTC)\n"
        )
    restore_docker(harness)
    for channel in ("ops", "dev"):
        assert [subject for subject, _ in harness.mails(channel)][1:] == [
            "Docker answers again: the waiting tasks continue"
        ]
        assert "took longer" not in str(harness.mails(channel))


def test_a_short_outage_is_not_reported(harness: JobStackHarness) -> None:
    harness.deploy(JOB)
    harness.runtime.go_away()
    harness.start_run()
    harness.advance(30 * SECOND)
    restore_docker(harness)
    pass_time(harness, 2 * MINUTE)
    assert harness.mails() == []


def test_the_health_of_the_engine_reports_an_outage(harness: JobStackHarness) -> None:
    harness.deploy(JOB)
    harness.runtime.go_away()
    harness.start_run()
    (found,) = health.read_health(harness.engine).conditions
    assert found.name == "docker"
    assert found.reason == "Docker has not answered since 2026-01-01 00:00 UTC: 1 task is waiting"
    restore_docker(harness)
    assert health.read_health(harness.engine).conditions == ()


def test_a_run_that_waits_for_docker_says_so_until_docker_is_back(harness: JobStackHarness) -> None:
    harness.deploy(JOB)
    harness.runtime.go_away()
    run = harness.start_run()
    waiting = harness.call("ecs", "ListWaitingTasks")["TaskArns"]
    assert harness.call("states", "ListWaitingRuns", Tasks=waiting)["Executions"] == [run]
    assert waiting_reason(read_task(harness, waiting)) == "waits for Docker, which does not answer"
    restore_docker(harness)
    assert waiting_reason(read_task(harness, waiting)) is None
    assert harness.call("ecs", "ListWaitingTasks")["TaskArns"] == []


def read_task(harness: JobStackHarness, arns: list[str]) -> Json:
    cluster = cluster_of_task(arns[0])
    return harness.call("ecs", "DescribeTasks", cluster=cluster, tasks=arns)["tasks"][0]


def test_an_engine_that_restarts_during_an_outage_continues_it(harness: JobStackHarness) -> None:
    harness.deploy(JOB)
    harness.runtime.go_away()
    run = harness.start_run()
    pass_time(harness, HOUR)
    harness.restart()
    pass_time(harness, HOUR)
    assert len(harness.mails()) == 1
    restore_docker(harness)
    harness.restart()
    pass_time(harness, 9 * MINUTE)
    assert harness.status(run) == "RUNNING"
    harness.finish_containers()
    assert harness.status(run) == "SUCCEEDED"
    assert [subject for subject, _ in harness.mails()][1:] == ["Docker answers again: the waiting tasks continue"]


def test_health_and_the_channels_say_once_how_long_the_queue_has_stood(harness: JobStackHarness) -> None:
    harness.deploy("timeout: 9h, notify: {run-failed: [ops]}")
    harness.call("ecs", "SetCapacityLimits", Tasks=1)
    harness.start_run()
    harness.start_run()
    pass_time(harness, 29 * MINUTE)
    assert health.read_health(harness.engine).conditions == ()
    assert harness.mails() == []
    pass_time(harness, 2 * MINUTE)
    (found,) = health.read_health(harness.engine).conditions
    assert found.reason == "1 task waits for room on this machine, the oldest for 31 minutes"
    ((subject, text),) = harness.mails()
    assert subject == "reports-nightly waits: no room on the machine"
    assert "Since:     Thu 2026-01-01 00:00 (UTC)\n" in text
    assert "reports-nightly waits for its turn (1 of 1 tasks run)." in text
    harness.restart()
    pass_time(harness, 2 * HOUR)
    assert len(harness.mails()) == 1
    harness.finish_containers()
    pass_time(harness, HOUR)
    assert health.read_health(harness.engine).conditions == ()
    harness.start_run()
    pass_time(harness, HOUR)
    assert [subject for subject, _ in harness.mails()] == [subject, subject]


@pytest.mark.parametrize(("minutes", "status"), [(5, "SUCCEEDED"), (12, "FAILED")])
def test_a_container_that_ended_during_an_outage_is_judged_by_the_time_of_its_end(
    harness: JobStackHarness, minutes: int, status: str
) -> None:
    harness.deploy(JOB)
    run = harness.start_run()
    harness.runtime.go_away()
    pass_time(harness, minutes * MINUTE)
    harness.runtime.finish(running_containers(harness)[0])
    pass_time(harness, HOUR)
    assert harness.status(run) == "RUNNING"
    restore_docker(harness)
    pass_time(harness, MINUTE)
    assert harness.status(run) == status


def test_a_container_that_exceeded_its_timeout_during_an_outage_is_stopped(harness: JobStackHarness) -> None:
    harness.deploy(JOB)
    run = harness.start_run()
    harness.runtime.go_away()
    pass_time(harness, HOUR)
    assert harness.status(run) == "RUNNING"
    restore_docker(harness)
    assert harness.status(run) == "FAILED"
    assert running_containers(harness) == []


def test_a_run_that_is_stopped_during_an_outage_leaves_no_rows(harness: JobStackHarness) -> None:
    harness.deploy(JOB)
    harness.runtime.go_away()
    run = harness.start_run()
    pass_time(harness, 2 * MINUTE)
    harness.call("states", "StopExecution", executionArn=run)
    restore_docker(harness)
    assert harness.status(run) == "ABORTED"
    assert harness.rows("SELECT * FROM held_tasks") == harness.rows("SELECT * FROM runtime_outage") == []
    assert harness.rows("SELECT * FROM timers WHERE service = 'states'") == []


@pytest.mark.parametrize("restarts", [0, 1, 2])
def test_a_short_job_that_waited_for_docker_runs_once_and_succeeds(harness: JobStackHarness, restarts: int) -> None:
    harness.deploy(SHORT_JOB)
    harness.runtime.script(Script(after=SECOND))
    harness.runtime.go_away()
    run = harness.start_run()
    for _ in range(restarts):
        harness.advance(20 * SECOND)
        harness.restart()
    harness.advance(20 * SECOND)
    restore_docker(harness)
    assert harness.status(run) == "SUCCEEDED"
    assert len(harness.runtime.started_names()) == 1
    assert "failed" not in str(harness.mails())
    assert harness.rows("SELECT * FROM held_tasks") == harness.rows("SELECT * FROM runtime_outage") == []


@pytest.mark.parametrize("seconds", [1, 3, 5, 7, 8, 10, 12, 30, 61])
@pytest.mark.parametrize("restarts", [False, True])
def test_a_job_keeps_its_whole_timeout_until_its_container_starts_after_an_outage(
    harness: JobStackHarness, seconds: int, *, restarts: bool
) -> None:
    harness.deploy("timeout: 4s, retry: {attempts: 2, interval: 1s}")
    harness.runtime.script(Script(after=2 * SECOND))
    harness.runtime.go_away()
    run = harness.start_run()
    for at in range(seconds * 2):
        harness.advance(SECOND // 2)
        if restarts and at == seconds:
            harness.restart()
    harness.runtime.come_back()
    for _ in range(60):
        harness.advance(SECOND // 2)
    assert harness.status(run) == "SUCCEEDED"
    assert len(harness.runtime.started_names()) == 1
    assert harness.rows("SELECT * FROM held_tasks") == []


def test_a_start_that_hangs_after_an_outage_still_times_out(harness: JobStackHarness) -> None:
    harness.deploy("timeout: 4s")
    harness.runtime.go_away()
    run = harness.start_run()
    harness.advance(10 * SECOND)
    harness.runtime.hang_starts()
    harness.runtime.come_back()
    for _ in range(10):
        harness.advance(5 * SECOND)
    assert harness.describe(run)["error"] == "States.Timeout"


def test_a_job_whose_timeout_is_shorter_than_a_check_waits_for_docker_too(harness: JobStackHarness) -> None:
    harness.deploy("timeout: 2s")
    earlier = harness.start_run()
    harness.finish_containers()
    assert harness.status(earlier) == "SUCCEEDED"
    harness.runtime.go_away()
    runs = [harness.start_run()]
    harness.advance(7 * SECOND)
    runs += [harness.start_run()]
    for _ in range(20):
        harness.advance(SECOND)
    harness.runtime.script(Script(after=SECOND))
    restore_docker(harness)
    assert [harness.status(each) for each in runs] == ["SUCCEEDED", "SUCCEEDED"]
    assert len(harness.runtime.started_names()) == 3


@pytest.mark.parametrize("restarts", [False, True])
@pytest.mark.parametrize("end", ["StopExecution", "StopTask", "deadline", "deletion"])
def test_a_start_that_was_called_off_while_docker_was_away_starts_nothing(
    harness: JobStackHarness, end: str, *, restarts: bool
) -> None:
    harness.deploy("deadline: 5m" if end == "deadline" else JOB)
    harness.runtime.go_away()
    run = harness.start_run()
    harness.advance(MINUTE)
    if end == "StopExecution":
        harness.call("states", "StopExecution", executionArn=run)
    elif end == "StopTask":
        ((task,),) = harness.rows("SELECT arn FROM tasks")
        harness.call("ecs", "StopTask", cluster=task.split("/")[1], task=task)
    elif end == "deletion":
        harness.call("cloudformation", "DeleteStack", StackName="reports")
        harness.settle()
    else:
        pass_time(harness, 5 * MINUTE)
    if restarts:
        harness.restart()
    restore_docker(harness)
    assert harness.runtime.started_names() == []


def test_a_run_whose_deadline_passed_while_no_engine_ran_starts_no_container(harness: JobStackHarness) -> None:
    harness.deploy("deadline: 5m")
    harness.runtime.go_away()
    run = harness.start_run()
    harness.crash()
    harness.clock.advance(HOUR)
    harness.runtime.come_back()
    harness.up()
    restore_docker(harness)
    assert harness.status(run) == "TIMED_OUT"
    assert harness.runtime.started_names() == []
