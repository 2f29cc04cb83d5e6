"""The tag `lamplighter:overlap` of a state machine lets its executions wait for each other, or replace each other."""

import pytest

from lamplighter.base.errors import LamplighterError
from lamplighter.base.json_text import Json
from tests.engine_harness import SECOND, EngineDied, EngineHarness, job
from tests.fake_runtime import Script

WAIT_TEN = {"StartAt": "A", "States": {"A": {"Type": "Wait", "Seconds": 10, "End": True}}}


def tagged_machine(harness: EngineHarness, rule: str, definition: Json = WAIT_TEN) -> str:
    machine = harness.machine(definition)
    tags = [{"key": "lamplighter:overlap", "value": rule}]
    harness.call("states", "TagResource", resourceArn=machine, tags=tags)
    return machine


def start(harness: EngineHarness, machine: str, count: int) -> list[str]:
    started = [harness.start(machine, name=f"run-{number}") for number in range(count)]
    harness.settle()
    return started


def began(harness: EngineHarness, *executions: str) -> list[bool]:
    return [len(harness.history(each)) > 1 for each in executions]


def test_executions_of_a_queue_continue_one_after_another_in_order_and_at_once(harness: EngineHarness) -> None:
    runs = start(harness, tagged_machine(harness, "queue"), 4)
    assert [harness.status(each) for each in runs] == ["RUNNING"] * 4
    assert harness.types(runs[1]) == ["ExecutionStarted"]
    for number in range(4):
        assert began(harness, *runs) == [at <= number for at in range(4)]
        harness.advance(10 * SECOND)
        assert harness.status(runs[number]) == "SUCCEEDED"
    starts = [harness.history(each)[1]["timestamp"] for each in runs]
    assert [round(each - starts[0], 3) for each in starts] == [0, 10, 20, 30]


@pytest.mark.parametrize("end", ["stopped", "failed", "timed out"])
def test_the_next_execution_continues_however_the_one_before_it_ends(harness: EngineHarness, end: str) -> None:
    definition: Json = WAIT_TEN if end != "failed" else {"StartAt": "A", "States": {
        "A": {"Type": "Wait", "Seconds": 10, "Next": "B"}, "B": {"Type": "Fail"}}}  # fmt: skip
    definition = definition | ({"TimeoutSeconds": 5} if end == "timed out" else {})
    first, second = start(harness, tagged_machine(harness, "queue", definition), 2)
    if end == "stopped":
        harness.call("states", "StopExecution", executionArn=first)
        harness.settle()
    else:
        harness.advance((10 if end == "failed" else 5) * SECOND)
    assert began(harness, second) == [True]


def test_an_execution_that_waits_can_be_stopped_and_the_others_keep_their_order(harness: EngineHarness) -> None:
    first, second, third = start(harness, tagged_machine(harness, "queue"), 3)
    harness.call("states", "StopExecution", executionArn=second)
    harness.settle()
    assert harness.types(second) == ["ExecutionStarted", "ExecutionAborted"]
    assert began(harness, third) == [False]
    harness.advance(10 * SECOND)
    assert (harness.status(first), began(harness, third)) == ("SUCCEEDED", [True])


def test_a_rule_that_becomes_cancel_previous_stops_what_waits_too(harness: EngineHarness) -> None:
    """Otherwise the executions that wait would run after the newest one."""
    machine = tagged_machine(harness, "queue")
    earlier = start(harness, machine, 3)
    tags = [{"key": "lamplighter:overlap", "value": "cancel-previous"}]
    harness.call("states", "TagResource", resourceArn=machine, tags=tags)
    newest = harness.start(machine, name="newest")
    harness.settle()
    assert [harness.status(each) for each in earlier] == ["ABORTED"] * 3
    assert [harness.types(each) for each in earlier[1:]] == [["ExecutionStarted", "ExecutionAborted"]] * 2
    harness.advance(10 * SECOND)
    assert harness.status(newest) == "SUCCEEDED"


def test_an_execution_beyond_the_queues_length_fails_and_says_so(harness: EngineHarness) -> None:
    runs = start(harness, tagged_machine(harness, "queue:2"), 4)
    found = harness.describe(runs[3])
    assert (found["status"], found["error"]) == ("FAILED", "Lamplighter.QueueFull")
    assert found["cause"].startswith("the queue of machine is full: 2 runs wait already;")
    (event,) = [each for each in harness.published_events("aws.states") if each.detail["status"] == "FAILED"]
    assert event.detail["name"] == "run-3"
    for _ in range(3):
        harness.advance(10 * SECOND)
    assert [harness.status(each) for each in runs[:3]] == ["SUCCEEDED"] * 3


def test_the_deadline_counts_from_the_end_of_the_wait(harness: EngineHarness) -> None:
    runs = start(harness, tagged_machine(harness, "queue", WAIT_TEN | {"TimeoutSeconds": 11}), 3)
    for _ in range(3):
        harness.advance(10 * SECOND)
    assert [harness.status(each) for each in runs] == ["SUCCEEDED"] * 3


def test_an_execution_that_waited_times_out_at_its_own_deadline(harness: EngineHarness) -> None:
    endless = {"StartAt": "A", "States": {"A": {"Type": "Wait", "Seconds": 99, "End": True}}, "TimeoutSeconds": 11}
    runs = start(harness, tagged_machine(harness, "queue", endless), 2)
    harness.advance(11 * SECOND)
    harness.advance(10 * SECOND)
    assert harness.status(runs[1]) == "RUNNING"
    harness.advance(1 * SECOND)
    found = harness.describe(runs[1])
    assert (found["status"], found["stopDate"] - found["startDate"]) == ("TIMED_OUT", 22)


def test_a_newer_execution_stops_the_earlier_ones_and_begins_at_once(harness: EngineHarness) -> None:
    first, second, third = start(harness, tagged_machine(harness, "cancel-previous"), 3)
    assert [harness.status(each) for each in (first, second, third)] == ["ABORTED", "ABORTED", "RUNNING"]
    found = harness.describe(first)
    assert (found["error"], found["cause"]) == ("Lamplighter.Superseded", f"A newer run of the job began: {second}")
    assert began(harness, third) == [True]


def test_the_container_of_a_newer_execution_starts_after_the_earlier_one_has_stopped(harness: EngineHarness) -> None:
    harness.runtime.script(Script(after=20 * SECOND, stop_code=None))
    harness.call("ecs", "CreateCluster")
    container = {"name": "main", "image": "busybox", "memory": 128}
    tags = [{"key": "lamplighter:overlap", "value": "cancel-previous"}]
    harness.call("ecs", "RegisterTaskDefinition", family="job", containerDefinitions=[container], tags=tags)
    definition = {"StartAt": "A", "States": {"A": job("job", TimeoutSeconds=40, End=True)}}
    start(harness, tagged_machine(harness, "cancel-previous", definition), 2)
    assert len(harness.runtime.started_names()) == 1
    harness.advance(30 * SECOND)
    assert len(harness.runtime.started_names()) == 2


def test_a_killed_engine_keeps_the_queue(harness: EngineHarness) -> None:
    runs = start(harness, tagged_machine(harness, "queue", WAIT_TEN | {"TimeoutSeconds": 11}), 4)
    harness.restart()
    assert began(harness, *runs) == [True, False, False, False]
    harness.crash()
    harness.clock.advance(10 * SECOND)
    harness.up()
    harness.settle()
    assert began(harness, *runs) == [True, True, False, False]
    for _ in range(3):
        harness.advance(10 * SECOND)
    assert [harness.status(each) for each in runs] == ["SUCCEEDED"] * 4


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("commit", range(1, 6))
def test_a_kill_at_any_commit_neither_loses_nor_doubles_an_execution_that_waits(
    harness: EngineHarness, commit: int, *, before: bool
) -> None:
    runs = start(harness, tagged_machine(harness, "queue"), 3)
    harness.die_at(commit, before=before)
    try:
        for _ in range(3):
            harness.advance(10 * SECOND)
        harness.restart()
    except EngineDied:
        harness.up()
    for _ in range(3):
        harness.advance(10 * SECOND)
    assert [harness.types(each) for each in runs] == [
        ["ExecutionStarted", "WaitStateEntered", "WaitStateExited", "ExecutionSucceeded"]
    ] * 3


def test_executions_drain_in_order_after_the_rule_was_removed(harness: EngineHarness) -> None:
    machine = tagged_machine(harness, "queue")
    runs = start(harness, machine, 3)
    harness.call("states", "UntagResource", resourceArn=machine, tagKeys=["lamplighter:overlap"])
    extra = harness.start(machine)
    harness.settle()
    assert began(harness, *runs, extra) == [True, False, False, True]
    for _ in range(3):
        harness.advance(10 * SECOND)
    assert [harness.status(each) for each in runs] == ["SUCCEEDED"] * 3


def test_executions_that_wait_end_with_their_deleted_state_machine(harness: EngineHarness) -> None:
    machine = tagged_machine(harness, "queue")
    runs = start(harness, machine, 3)
    harness.call("states", "DeleteStateMachine", stateMachineArn=machine)
    harness.advance(10 * SECOND)
    harness.settle()
    assert "RUNNING" not in [harness.status(each) for each in runs]
    assert harness.call("states", "ListStateMachines")["stateMachines"] == []


def test_executions_of_other_state_machines_do_not_wait(harness: EngineHarness) -> None:
    start(harness, tagged_machine(harness, "queue"), 2)
    assert began(harness, harness.start(harness.machine(WAIT_TEN, name="other"))) == [True]


@pytest.mark.parametrize("rule", ["", "skip", "queue:", "queue:0", "queue:x", "queue:10001", "cancel-previous:3"])
def test_an_unknown_rule_is_refused(harness: EngineHarness, rule: str) -> None:
    machine = tagged_machine(harness, rule)
    with pytest.raises(LamplighterError, match="lamplighter:overlap must be queue"):
        harness.start(machine)
