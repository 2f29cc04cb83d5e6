"""Events on the bus: each change is published once, in AWS's form, in the transaction that makes the change."""

import pytest

from lamplighter.base.json_text import Json
from lamplighter.bus import Event
from lamplighter.store import outbox
from lamplighter.store.db import Tx
from tests.engine_harness import ACCOUNT, CALLER, REGION, SECOND, EngineHarness, chain, job
from tests.fake_runtime import Script

FIELDS = {
    "executionArn", "stateMachineArn", "name", "status", "startDate", "stopDate", "input", "inputDetails", "output",
    "outputDetails",
}  # fmt: skip
"""The documented fields: https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html"""
ENDS: dict[str, Json] = {
    "SUCCEEDED": {"Type": "Pass", "Result": "done"},
    "FAILED": {"Type": "Fail", "Error": "Mine"},
    "ABORTED": {"Type": "Wait", "Seconds": 100},
    "TIMED_OUT": {"Type": "Wait", "Seconds": 100},
}


def end_execution(harness: EngineHarness, status: str) -> str:
    """Run an execution that ends with this status; return its ARN."""
    machine = harness.machine(chain(ENDS[status]) | {"TimeoutSeconds": 50})
    execution = harness.start(machine, {"night": 1})
    if status == "ABORTED":
        harness.call("states", "StopExecution", executionArn=execution)
    harness.advance(50 * SECOND)
    assert harness.status(execution) == status
    return execution


@pytest.mark.parametrize("status", ENDS)
def test_an_execution_publishes_its_start_and_its_end_once_each(harness: EngineHarness, status: str) -> None:
    execution = end_execution(harness, status)
    began, ended = harness.published_events("aws.states")
    for event in (began, ended):
        assert event.detail_type == "Step Functions Execution Status Change"
        assert list(event.resources) == [execution]
        assert set(event.detail) >= FIELDS
        assert event.detail["executionArn"] == execution
        assert event.detail["stateMachineArn"] == f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:machine"
        assert event.detail["name"] == execution.rpartition(":")[2]
        assert (event.detail["input"], event.detail["inputDetails"]) == ('{"night":1}', {"included": True})
    found = harness.describe(execution)
    start, stop = round(found["startDate"] * 1000), round(found["stopDate"] * 1000)
    assert (began.detail["status"], began.detail["startDate"], began.detail["stopDate"]) == ("RUNNING", start, None)
    assert (ended.detail["status"], ended.detail["startDate"], ended.detail["stopDate"]) == (status, start, stop)
    assert (began.time, ended.time) == (start, stop)
    assert began.detail["output"] is None
    assert ended.detail["output"] == found.get("output")


def test_an_event_has_the_caller_of_its_execution(harness: EngineHarness) -> None:
    callers = []
    harness.engine.bus.subscribe("aws.states", lambda _tx, event: callers.append(event.caller))
    harness.run_machine({"Type": "Pass"})
    assert callers == [CALLER, CALLER]


def test_a_task_publishes_each_status_once_with_increasing_versions(harness: EngineHarness) -> None:
    harness.define_task()
    harness.runtime.script(Script(code=1, after=5 * SECOND))
    harness.run_machine(job())
    harness.advance(5 * SECOND)
    published = [(event.detail["lastStatus"], event.detail["version"]) for event in harness.published_events("aws.ecs")]
    assert [status for status, _ in published] == ["PENDING", "RUNNING", "STOPPED"]
    assert [version for _, version in published] == [1, 2, 3]
    last = harness.published_events("aws.ecs")[-1]
    assert last.detail_type == "ECS Task State Change"
    assert list(last.resources) == [last.detail["taskArn"]]
    assert [container["exitCode"] for container in last.detail["containers"]] == [1]
    assert last.detail["startedBy"] == "AWS Step Functions"


def test_a_failing_listener_undoes_only_its_own_writes(harness: EngineHarness) -> None:
    heard: list[str] = []

    def fail(tx: Tx, _event: Event) -> None:
        outbox.put(tx, "states", "undone", {})
        tx.after_commit.append(lambda: heard.append("undone"))
        raise ValueError("mine")

    machine = harness.machine(chain({"Type": "Pass"}))
    harness.engine.bus.subscribe("aws.states", fail)
    harness.engine.bus.subscribe("aws.states", lambda _tx, event: heard.append(event.detail["status"]))
    assert harness.status(harness.start(machine)) == "SUCCEEDED"
    assert heard == ["RUNNING", "SUCCEEDED"]
    assert harness.rows("SELECT * FROM outbox") == []
    assert harness.engine.store.internal_errors.count == 2
