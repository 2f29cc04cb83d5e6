"""An ECS task as a run for people: its status, why it failed, and what started it."""

from datetime import UTC, datetime

import pytest

from lamplighter.base.json_text import Json
from lamplighter.runs.tasks.task_run import COMMAND_PREFIX, TaskRun, started_by_person, to_task_run

ARN = "arn:aws:ecs:us-east-1:123456789012:task/batch/0123456789abcdef0123456789abcdef"


def task(*containers: Json, **given: Json) -> Json:
    """Return a task that stopped because its containers ended."""
    return {
        "taskArn": ARN,
        "taskDefinitionArn": "arn:aws:ecs:us-east-1:123456789012:task-definition/night:7",
        "createdAt": 100.0,
        "startedAt": 101.5,
        "stoppedAt": 104.0,
        "lastStatus": "STOPPED",
        "stopCode": "EssentialContainerExited",
        "stoppedReason": "Essential container in task exited",
        "containers": [{"name": f"c{at}", "lastStatus": "STOPPED", **each} for at, each in enumerate(containers)],
        **given,
    }


def read(*containers: Json, **given: Json) -> TaskRun:
    return to_task_run(task(*containers, **given))


@pytest.mark.parametrize(
    ("containers", "status", "failure"),
    [
        ([{"exitCode": 0}], "SUCCEEDED", ""),
        ([{"exitCode": 0}, {"exitCode": 137}], "SUCCEEDED", ""),
        ([{"exitCode": 3}], "FAILED", "exit code 3"),
        ([{"exitCode": 0}, {"exitCode": 3}], "FAILED", "exit code 3 (c1)"),
        ([{"exitCode": 137, "reason": "OutOfMemoryError: x"}], "FAILED", "killed, out of memory (exit code 137)"),
        ([{"exitCode": 143}], "FAILED", "terminated (exit code 143)"),
        ([{"reason": "CannotPullContainerError: x"}], "FAILED", "image not pulled: x"),
    ],
)
def test_a_task_succeeded_if_a_container_did_and_no_other_failed(
    containers: list[Json], status: str, failure: str
) -> None:
    started = any("exitCode" in each for each in containers)
    run = read(*containers, stoppedReason="Essential container in task exited" if started else "no image")
    assert (run.status, run.failure) == (status, failure)


def test_a_task_that_a_person_stopped_did_not_fail() -> None:
    run = read({"exitCode": 137}, stopCode="UserInitiated", stoppedReason="wrong day")
    assert (run.status, run.failure, run.exit_codes) == ("ABORTED", "wrong day", {"c0": 137})


def test_a_task_has_its_id_its_family_its_cluster_and_its_times() -> None:
    run = read({"exitCode": 0})
    assert (run.name, run.family, run.cluster) == (ARN[-32:], "night", "batch")
    assert (run.began, run.ended, run.took, run.running) == (101_500, 104_000, 2_500, False)


def test_a_task_of_boto3_has_the_same_times() -> None:
    run = read({"exitCode": 0}, startedAt=datetime.fromtimestamp(101.5, UTC))
    assert run.began == 101_500


def test_a_task_that_waits_says_so_in_its_containers_that_have_not_ended() -> None:
    given = {"stoppedAt": None, "startedAt": None, "lastStatus": "PENDING"}
    failed = {"lastStatus": "STOPPED", "reason": "CannotPullContainerError: x"}
    run = read(
        failed, {"lastStatus": "PENDING", "reason": "The task waits for 512 MiB of memory (1 GiB is free)."}, **given
    )
    assert (run.status, run.began, run.took, run.waits) == (
        "RUNNING",
        100_000,
        None,
        "waits for 512 MiB of memory (1 GiB is free)",
    )


@pytest.mark.parametrize(
    ("started_by", "scheduled", "words"),
    [
        ("chronos-schedule/nightly", True, "schedule nightly"),
        ("events-rule/pulse", True, "rule pulse"),
        ("lamplighter-run/nightly", True, "by hand, as nightly would"),
        ("lamplighter-console/nightly", True, "by hand in the console, as nightly would"),
        ("airflow", False, "airflow"),
        (None, False, ""),
    ],
)
def test_a_task_says_what_started_it(started_by: str | None, words: str, *, scheduled: bool) -> None:
    run = read({"exitCode": 0}, startedBy=started_by)
    assert (run.scheduled, run.starter) == (scheduled, words)


def test_what_a_person_started_is_named_within_the_limit_of_ecs() -> None:
    assert started_by_person(COMMAND_PREFIX, "nightly", "4711") == "lamplighter-run/nightly"
    assert len(started_by_person(COMMAND_PREFIX, "n" * 200, "4711")) == 128


def test_a_task_that_repeats_another_one_names_it() -> None:
    started_by = started_by_person(COMMAND_PREFIX, "n" * 200, f"{'a' * 32}--again-2")
    assert len(started_by) == 128
    run = read({"exitCode": 0}, startedBy=started_by)
    assert (run.repetition, set(run.starter_name)) == (f"{'a' * 32}--again-2", {"n"})
    own = read({"exitCode": 0}, startedBy="lamplighter-run/nightly")
    assert (own.repetition, own.starter_name) == (own.name, "nightly")
