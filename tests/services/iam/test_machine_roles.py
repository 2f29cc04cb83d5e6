"""The role of a state machine decides about the child executions of its Maps, and about its log."""

import pytest

from lamplighter.base.json_text import Json, dumps
from tests.engine_harness import ACCOUNT, REGION
from tests.services.iam.iam_harness import STATES, EnforcingHarness, allow

MACHINE = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:m"
LOG_ACTIONS = [
    f"logs:{each}"
    for each in (
        *("CreateLogDelivery", "GetLogDelivery", "UpdateLogDelivery", "DeleteLogDelivery", "ListLogDeliveries"),
        *("PutResourcePolicy", "DescribeResourcePolicies", "DescribeLogGroups"),
    )
]


def create_machine(harness: EnforcingHarness, kind: str, child: Json) -> str:
    """Create a machine with a distributed Map."""
    processor = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": kind}, "StartAt": "C"}
    state = {"Type": "Map", "Label": "each", "ItemProcessor": {**processor, "States": {"C": child}}, "End": True}
    definition = dumps({"StartAt": "A", "States": {"A": state}})
    given = {"name": "m", "definition": definition, "roleArn": harness.role("machine", STATES)}
    arn: str = harness.call("states", "CreateStateMachine", **given)["stateMachineArn"]
    return arn


def outcome(harness: EnforcingHarness, execution: str) -> Json:
    """Let an execution end, and return its description."""
    for _ in range(3):
        harness.settle()
        harness.advance(1000)
    return harness.call("states", "DescribeExecution", executionArn=execution)


@pytest.mark.parametrize("kind", ["STANDARD", "EXPRESS"])
def test_a_distributed_map_needs_a_role_that_may_start_its_own_machine(enforcing: EnforcingHarness, kind: str) -> None:
    machine = create_machine(enforcing, kind, {"Type": "Pass", "End": True})
    failed = outcome(enforcing, enforcing.start(machine, input=[1, 2], name="run"))
    assert (failed["status"], failed["error"]) == ("FAILED", "States.Permissions")
    assert failed["cause"] == (
        f"User: arn:aws:sts::{ACCOUNT}:assumed-role/machine/run is not authorized to perform: states:StartExecution on "
        f"resource: {machine} because no identity-based policy allows the states:StartExecution action"
    )
    enforcing.put_policy("machine", allow("states:StartExecution", MACHINE))
    assert outcome(enforcing, enforcing.start(machine, input=[1, 2]))["status"] == "SUCCEEDED"


@pytest.mark.parametrize("allowed", [True, False])
def test_a_redrive_needs_a_role_that_may_redrive_the_children(enforcing: EnforcingHarness, allowed: bool) -> None:
    machine = create_machine(enforcing, "STANDARD", {"Type": "Fail", "Error": "x"})
    redrive = [allow("states:RedriveExecution", f"arn:aws:states:{REGION}:{ACCOUNT}:execution:m/each:*")]
    enforcing.put_policy("machine", allow("states:StartExecution", MACHINE), *(redrive if allowed else []))
    execution = enforcing.start(machine, input=[1])
    assert outcome(enforcing, execution)["error"] == "States.ExceedToleratedFailureThreshold"
    enforcing.call("states", "RedriveExecution", executionArn=execution)
    again = outcome(enforcing, execution)
    assert again["error"] == ("States.ExceedToleratedFailureThreshold" if allowed else "States.Permissions")


def test_a_machine_with_a_log_needs_a_role_that_may_manage_log_deliveries(enforcing: EnforcingHarness) -> None:
    enforcing.call("logs", "CreateLogGroup", logGroupName="g")
    group = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:g:*"
    log = {"level": "ALL", "destinations": [{"cloudWatchLogsLogGroup": {"logGroupArn": group}}]}
    definition = dumps({"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}})
    given = {"name": "m", "definition": definition, "roleArn": enforcing.role("machine", STATES)}
    refused = ("AccessDeniedException", "The state machine IAM Role is not authorized to access the Log Destination")
    assert enforcing.expect_error("CreateStateMachine", "states", **given, loggingConfiguration=log) == refused
    machine = enforcing.call("states", "CreateStateMachine", **given)["stateMachineArn"]
    changed = {"stateMachineArn": machine, "loggingConfiguration": log}
    assert enforcing.expect_error("UpdateStateMachine", "states", **changed) == refused
    enforcing.put_policy("machine", allow(LOG_ACTIONS))
    enforcing.call("states", "UpdateStateMachine", **changed)
    outcome(enforcing, enforcing.start(machine))
    assert enforcing.call("logs", "FilterLogEvents", logGroupName="g")["events"]
