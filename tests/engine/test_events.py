"""What the engine tells of, by the bus: each change once, in AWS's words, in the transaction that made it."""

import pytest

from lamplighter.base.json_text import Json
from lamplighter.runtime.fake import Script
from tests.engines import ACCOUNT, CALLER, REGION, SECOND, Site, chain, job

FIELDS = {
    "executionArn", "stateMachineArn", "name", "status", "startDate", "stopDate", "input", "inputDetails", "output",
    "outputDetails",
}  # fmt: skip
"""As documented: https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html"""
ENDS: dict[str, Json] = {
    "SUCCEEDED": {"Type": "Pass", "Result": "done"},
    "FAILED": {"Type": "Fail", "Error": "Mine"},
    "ABORTED": {"Type": "Wait", "Seconds": 100},
    "TIMED_OUT": {"Type": "Wait", "Seconds": 100},
}


def end(site: Site, status: str) -> str:
    """Let an execution come to an end of this kind."""
    machine = site.machine(chain(ENDS[status]) | {"TimeoutSeconds": 50})
    execution = site.start(machine, {"night": 1})
    if status == "ABORTED":
        site.call("states", "StopExecution", executionArn=execution)
    site.advance(50 * SECOND)
    assert site.status(execution) == status
    return execution


@pytest.mark.parametrize("status", ENDS)
def test_an_execution_tells_that_it_runs_and_how_it_ended_once_each(site: Site, status: str) -> None:
    execution = end(site, status)
    began, ended = site.heard("aws.states")
    for event in (began, ended):
        assert event.detail_type == "Step Functions Execution Status Change"
        assert list(event.resources) == [execution]
        assert set(event.detail) >= FIELDS
        assert event.detail["executionArn"] == execution
        assert event.detail["stateMachineArn"] == f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:machine"
        assert event.detail["name"] == execution.rpartition(":")[2]
        assert (event.detail["input"], event.detail["inputDetails"]) == ('{"night":1}', {"included": True})
    found = site.describe(execution)
    start, stop = round(found["startDate"] * 1000), round(found["stopDate"] * 1000)
    assert (began.detail["status"], began.detail["startDate"], began.detail["stopDate"]) == ("RUNNING", start, None)
    assert (ended.detail["status"], ended.detail["startDate"], ended.detail["stopDate"]) == (status, start, stop)
    assert (began.time, ended.time) == (start, stop)
    assert began.detail["output"] is None
    assert ended.detail["output"] == found.get("output")


def test_an_event_is_for_the_caller_whose_execution_it_is(site: Site) -> None:
    callers = []
    site.engine.bus.subscribe("aws.states", lambda _tx, event: callers.append(event.caller))
    site.run_machine({"Type": "Pass"})
    assert callers == [CALLER, CALLER]


def test_a_task_tells_of_each_status_once_with_rising_versions(site: Site) -> None:
    site.define_task()
    site.runtime.script(Script(code=1, after=5 * SECOND))
    site.run_machine(job())
    site.advance(5 * SECOND)
    told = [(event.detail["lastStatus"], event.detail["version"]) for event in site.heard("aws.ecs")]
    assert [status for status, _ in told] == ["PENDING", "RUNNING", "STOPPED"]
    assert [version for _, version in told] == [1, 2, 3]
    last = site.heard("aws.ecs")[-1]
    assert last.detail_type == "ECS Task State Change"
    assert list(last.resources) == [last.detail["taskArn"]]
    assert [container["exitCode"] for container in last.detail["containers"]] == [1]
    assert last.detail["startedBy"] == "AWS Step Functions"


def test_a_listener_that_fails_undoes_what_it_was_told_of(site: Site) -> None:
    """The event and its cause are one transaction: neither is without the other."""

    def fail(_tx: object, event: Json) -> None:
        raise ValueError("mine")

    machine = site.machine(chain({"Type": "Pass"}))
    site.engine.bus.subscribe("aws.states", fail)
    with pytest.raises(ValueError, match="mine"):
        site.start(machine)
    assert site.rows("SELECT * FROM executions") == []
