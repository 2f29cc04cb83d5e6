"""A task for which the machine has no room waits in PROVISIONING, and starts as soon as there is room."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from lamplighter.base.errors import LamplighterError
from lamplighter.base.json_text import Json
from lamplighter.engine.data_check.rows import check_rows
from tests.engine_harness import HOUR, SECOND, EngineDied, EngineHarness, job
from tests.fake_runtime import Script


@pytest.fixture
def harness(tmp_path: Path) -> Iterator[EngineHarness]:
    with EngineHarness.running(tmp_path / "data") as running:
        running.runtime.script(Script(after=10 * SECOND))
        running.call("ecs", "CreateCluster")
        yield running


def define(harness: EngineHarness, family: str = "job", *, cpu: int = 256, memory: int = 512, **tags: str) -> None:
    container = {"name": "main", "image": "busybox", "cpu": cpu, "memory": memory}
    named = [{"key": f"lamplighter:{key}", "value": value} for key, value in tags.items()]
    harness.call("ecs", "RegisterTaskDefinition", family=family, containerDefinitions=[container], tags=named)


def run(harness: EngineHarness, family: str = "job", **params: Json) -> str:
    answer = harness.call("ecs", "RunTask", taskDefinition=family, **params)
    harness.settle()
    arn: str = answer["tasks"][0]["taskArn"]
    return arn


def describe(harness: EngineHarness, *tasks: str) -> list[Json]:
    shown: list[Json] = harness.call("ecs", "DescribeTasks", tasks=list(tasks))["tasks"]
    return shown


def statuses(harness: EngineHarness, *tasks: str) -> list[str]:
    return [each["lastStatus"] for each in describe(harness, *tasks)]


def reason(harness: EngineHarness, task: str) -> str:
    text: str = describe(harness, task)[0]["containers"][0]["reason"]
    return text


def test_a_task_that_does_not_fit_waits_with_its_reason_and_starts_when_another_ends(harness: EngineHarness) -> None:
    harness.call("ecs", "SetCapacityLimits", Memory=1000)
    define(harness)
    first, second, third = run(harness), run(harness), run(harness)
    assert statuses(harness, first, second, third) == ["RUNNING", "PROVISIONING", "PROVISIONING"]
    assert reason(harness, second) == "The task waits for 512 MiB of memory (1 running task has 512 of 1,000)."
    assert reason(harness, third).endswith("; 1 task is before it.")
    harness.advance(10 * SECOND)
    assert statuses(harness, first, second, third) == ["STOPPED", "RUNNING", "PROVISIONING"]
    assert "reason" not in describe(harness, second)[0]["containers"][0]
    harness.advance(10 * SECOND)
    assert statuses(harness, third) == ["RUNNING"]
    assert len(harness.runtime.started_names()) == 3


@pytest.mark.parametrize("size", [{}, {"cpu": "256", "memory": "512"}])
def test_what_runtask_overrides_is_reserved(harness: EngineHarness, size: dict[str, str]) -> None:
    harness.call("ecs", "SetCapacityLimits", Memory=1000)
    define(harness)
    larger = {"containerOverrides": [{"name": "main", "memory": 800, "cpu": 300}], **size}
    first, second = run(harness, overrides=larger), run(harness)
    assert statuses(harness, first, second) == ["RUNNING", "PROVISIONING"]
    assert reason(harness, second) == "The task waits for 512 MiB of memory (1 running task has 800 of 1,000)."


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        ({"Cpu": 300}, "0.25 vCPU (1 running task has 0.25 of 0.293)"),
        ({"Tasks": 1}, "its turn (1 of 1 tasks run)"),
        ({"Cpu": 512, "Memory": 512, "Tasks": 9}, "512 MiB of memory (1 running task has 512 of 512)"),
    ],
)
def test_each_limit_holds_tasks_back(harness: EngineHarness, limits: Json, words: str) -> None:
    harness.call("ecs", "SetCapacityLimits", **limits)
    define(harness)
    run(harness)
    assert reason(harness, run(harness)) == f"The task waits for {words}."


def test_waiting_tasks_start_by_priority_and_then_by_age(harness: EngineHarness) -> None:
    harness.call("ecs", "SetCapacityLimits", Tasks=1)
    define(harness, "low")
    define(harness, "high", priority="5")
    tasks = [run(harness, "low"), run(harness, "low"), run(harness, "low"), run(harness, "high"), run(harness, "high")]
    urgent = run(harness, "low", tags=[{"key": "lamplighter:priority", "value": "9999"}])
    for _ in range(6):
        harness.advance(10 * SECOND)
    order = [tasks[0], urgent, tasks[3], tasks[4], tasks[1], tasks[2]]
    assert [name.partition("-")[0] for name in harness.runtime.started_names()] == [
        each.rpartition("/")[2] for each in order
    ]


def test_small_tasks_pass_a_large_one_only_while_older_tasks_leave_it_no_room(harness: EngineHarness) -> None:
    harness.call("ecs", "SetCapacityLimits", Memory=1000)
    define(harness, "small", memory=300)
    define(harness, "large", memory=900)
    older, large = run(harness, "small"), run(harness, "large")
    harness.advance(5 * SECOND)
    passing = [run(harness, "small"), run(harness, "small")]
    assert statuses(harness, older, large, *passing) == ["RUNNING", "PROVISIONING", "RUNNING", "RUNNING"]
    queued = run(harness, "small")
    harness.advance(5 * SECOND)
    late = run(harness, "small")
    assert statuses(harness, older, large, queued, late) == ["STOPPED", "PROVISIONING", "PROVISIONING", "PROVISIONING"]
    harness.advance(5 * SECOND)
    assert statuses(harness, large, queued, late) == ["RUNNING", "PROVISIONING", "PROVISIONING"]
    harness.advance(10 * SECOND)
    assert statuses(harness, large, queued, late) == ["STOPPED", "RUNNING", "RUNNING"]


def test_minute_jobs_run_while_a_large_task_waits_for_a_long_one(harness: EngineHarness) -> None:
    harness.call("ecs", "SetCapacityLimits", Memory=1000)
    define(harness, "long", memory=600)
    define(harness, "large", memory=4000)
    define(harness, "minute", memory=10)
    harness.runtime.script(Script(after=6 * HOUR))
    run(harness, "long")
    harness.runtime.script(Script(after=10 * SECOND))
    large = run(harness, "large")
    for _ in range(30):
        minute = run(harness, "minute")
        assert statuses(harness, minute) == ["RUNNING"]
        harness.advance(60 * SECOND)
        assert statuses(harness, minute) == ["STOPPED"]
    assert statuses(harness, large) == ["PROVISIONING"]


def test_the_data_check_finds_nothing_while_tasks_wait(harness: EngineHarness) -> None:
    harness.call("ecs", "SetCapacityLimits", Tasks=1)
    define(harness)
    run(harness)
    run(harness)
    assert list(check_rows(harness.engine.store.reader)) == []


def test_a_task_that_is_larger_than_the_machine_runs_alone(harness: EngineHarness) -> None:
    harness.call("ecs", "SetCapacityLimits", Memory=1000)
    define(harness)
    define(harness, "huge", memory=4000)
    first, huge, last = run(harness), run(harness, "huge"), run(harness)
    harness.advance(10 * SECOND)
    assert statuses(harness, first, huge, last) == ["STOPPED", "RUNNING", "PROVISIONING"]
    harness.advance(10 * SECOND)
    assert statuses(harness, huge, last) == ["STOPPED", "RUNNING"]


def test_several_tasks_start_at_once_when_there_is_room_for_them(harness: EngineHarness) -> None:
    harness.call("ecs", "SetCapacityLimits", Memory=1024)
    define(harness, "large", memory=1024)
    define(harness)
    run(harness, "large")
    tasks = [run(harness), run(harness), run(harness)]
    harness.advance(10 * SECOND)
    assert statuses(harness, *tasks) == ["RUNNING", "RUNNING", "PROVISIONING"]


def test_a_higher_limit_starts_all_waiting_tasks_for_which_there_is_room_now(harness: EngineHarness) -> None:
    harness.call("ecs", "SetCapacityLimits", Tasks=1)
    define(harness)
    tasks = [run(harness) for _ in range(230)]
    assert statuses(harness, *tasks[:2]) == ["RUNNING", "PROVISIONING"]
    harness.call("ecs", "SetCapacityLimits")
    harness.settle()
    assert len(harness.runtime.started_names()) == 230


def test_a_waiting_task_can_be_stopped_and_starts_no_container(harness: EngineHarness) -> None:
    harness.call("ecs", "SetCapacityLimits", Tasks=1)
    define(harness)
    running, stopped, last = run(harness), run(harness), run(harness)
    harness.call("ecs", "StopTask", task=stopped, reason="not needed")
    harness.settle()
    (found,) = describe(harness, stopped)
    assert (found["lastStatus"], found["stoppedReason"]) == ("STOPPED", "not needed")
    harness.advance(10 * SECOND)
    assert statuses(harness, running, last) == ["STOPPED", "RUNNING"]
    assert len(harness.runtime.started_names()) == 2


def test_waiting_does_not_use_up_the_timeout_of_an_attempt_nor_the_deadline_of_the_run(harness: EngineHarness) -> None:
    harness.call("ecs", "SetCapacityLimits", Tasks=1)
    define(harness)
    definition = {"StartAt": "A", "States": {"A": job("job", TimeoutSeconds=12, End=True)}, "TimeoutSeconds": 15}
    machine = harness.machine(definition)
    executions = [harness.start(machine) for _ in range(4)]
    harness.settle()
    for _ in range(4):
        harness.advance(10 * SECOND)
    assert [harness.status(each) for each in executions] == ["SUCCEEDED"] * 4


def test_a_timeout_counts_from_the_start_of_the_container(harness: EngineHarness) -> None:
    harness.runtime.script(Script(after=None))
    harness.call("ecs", "SetCapacityLimits", Tasks=1)
    define(harness)
    machine = harness.machine({"StartAt": "A", "States": {"A": job("job", TimeoutSeconds=20, End=True)}})
    first, second = harness.start(machine), harness.start(machine)
    harness.settle()
    harness.advance(20 * SECOND)
    assert (harness.status(first), harness.status(second)) == ("FAILED", "RUNNING")
    harness.advance(19 * SECOND)
    assert harness.status(second) == "RUNNING"
    harness.advance(1 * SECOND)
    assert harness.status(second) == "FAILED"


def test_a_deadline_counts_from_the_start_of_the_first_task_and_includes_later_waits(harness: EngineHarness) -> None:
    harness.runtime.script(Script(after=10 * SECOND, code=1))
    harness.call("ecs", "SetCapacityLimits", Tasks=1)
    define(harness)
    define(harness, "other")
    retry = [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 1, "BackoffRate": 1.0, "MaxAttempts": 9}]
    definition = {"StartAt": "A", "States": {"A": job("job", End=True, Retry=retry)}, "TimeoutSeconds": 25}
    run(harness, "other")
    execution = harness.start(harness.machine(definition))
    harness.settle()
    harness.advance(10 * SECOND)  # now its first task starts
    run(harness, "other")
    harness.advance(24 * SECOND)
    assert harness.status(execution) == "RUNNING"
    harness.advance(1 * SECOND)
    found = harness.describe(execution)
    assert found["status"] == "TIMED_OUT"
    assert found["stopDate"] - found["startDate"] == 35


def test_tasks_still_wait_and_start_in_order_after_the_engine_was_killed(harness: EngineHarness) -> None:
    harness.call("ecs", "SetCapacityLimits", Tasks=1)
    define(harness)
    tasks = [run(harness) for _ in range(3)]
    harness.restart()
    assert statuses(harness, *tasks) == ["RUNNING", "PROVISIONING", "PROVISIONING"]
    harness.crash()
    harness.clock.advance(30 * SECOND)  # the first one ends while no engine runs
    harness.up()
    harness.settle()
    assert statuses(harness, *tasks) == ["STOPPED", "RUNNING", "PROVISIONING"]
    assert len(harness.runtime.started_names()) == 2


@pytest.mark.parametrize("commit", range(1, 9))
@pytest.mark.parametrize("before", [True, False])
def test_a_kill_at_any_commit_neither_loses_nor_doubles_a_waiting_task(
    harness: EngineHarness, commit: int, *, before: bool
) -> None:
    harness.call("ecs", "SetCapacityLimits", Tasks=1)
    define(harness)
    definition = {"StartAt": "A", "States": {"A": job("job", TimeoutSeconds=12, End=True)}, "TimeoutSeconds": 15}
    machine = harness.machine(definition)
    first, second = harness.start(machine, name="first"), harness.start(machine, name="second")
    harness.settle()
    harness.die_at(commit, before=before)
    try:
        harness.advance(10 * SECOND)
        harness.advance(10 * SECOND)
        harness.restart()
    except EngineDied:
        harness.up()
    for _ in range(3):
        harness.advance(10 * SECOND)
    assert (harness.status(first), harness.status(second)) == ("SUCCEEDED", "SUCCEEDED")
    assert len(harness.runtime.started_names()) == 2


def test_a_damaged_waiting_task_ends_and_holds_up_no_other(harness: EngineHarness) -> None:
    harness.call("ecs", "SetCapacityLimits", Tasks=1)
    define(harness)
    running, damaged, last = run(harness), run(harness), run(harness)
    harness.crash()
    harness.damage("UPDATE tasks SET body = '{' WHERE arn = ?", damaged)
    harness.up()
    harness.advance(10 * SECOND)
    assert statuses(harness, running, damaged, last) == ["STOPPED", "STOPPED", "RUNNING"]
    assert "cannot be read" in describe(harness, damaged)[0]["stoppedReason"]


def test_a_task_that_must_not_overlap_waits_until_the_previous_one_has_stopped(harness: EngineHarness) -> None:
    harness.runtime.script(Script(after=25 * SECOND, stop_code=None))
    define(harness, overlap="queue")
    define(harness, "other")
    first = run(harness)
    harness.call("ecs", "StopTask", task=first)
    harness.settle()
    second, other = run(harness), run(harness, "other")
    assert statuses(harness, second, other) == ["PROVISIONING", "RUNNING"]
    assert reason(harness, second) == "The task waits until the previous task of its family has stopped."
    harness.advance(30 * SECOND)
    assert statuses(harness, first, second) == ["STOPPED", "RUNNING"]


@pytest.mark.parametrize("value", ["", "x", "-1", "10000", "1.5"])
def test_a_priority_that_is_no_number_is_refused(harness: EngineHarness, value: str) -> None:
    define(harness, priority=value)
    with pytest.raises(LamplighterError, match="lamplighter:priority must be a whole number from 0 to 9999"):
        run(harness)
