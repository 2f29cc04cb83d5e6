"""Settings, revisions and deletion of state machines."""

import pytest

from lamplighter.base.json_text import Json
from tests.services.states.states_harness import ACTIVITY, MACHINE, StatesHarness, one_state, pass_definition

GROUP = "arn:aws:logs:eu-west-1:123456789012:log-group:nights:*"
DESTINATION = {"cloudWatchLogsLogGroup": {"logGroupArn": GROUP}}
LOGGING = {"level": "ALL", "destinations": [DESTINATION]}
WAIT_DEFINITION = one_state(Type="Wait", Seconds=3600)


async def test_describe_fills_in_the_defaults_of_settings(harness: StatesHarness) -> None:
    await harness.create_machine(loggingConfiguration={"destinations": []}, tracingConfiguration={})
    shown = await harness.states("DescribeStateMachine", stateMachineArn=MACHINE)
    assert shown["loggingConfiguration"] == {"level": "OFF", "includeExecutionData": False, "destinations": []}
    assert shown["tracingConfiguration"] == {"enabled": False}
    assert shown["encryptionConfiguration"] == {"type": "AWS_OWNED_KEY"}


@pytest.mark.parametrize(
    "logging", [{"level": "ERROR"}, {"level": "OFF", "destinations": [DESTINATION, DESTINATION]}, {"level": "ALL"}]
)
async def test_logging_needs_exactly_one_destination(harness: StatesHarness, logging: Json) -> None:
    await harness.create_machine()
    message = "Invalid Logging Configuration: Must specify exactly one Log Destination."
    error = await harness.expect_error("UpdateStateMachine", stateMachineArn=MACHINE, loggingConfiguration=logging)
    assert error == ("InvalidLoggingConfiguration", message)


async def test_encryption_with_a_customer_managed_key_needs_its_key_id(harness: StatesHarness) -> None:
    await harness.create_machine()
    encryption = {"type": "CUSTOMER_MANAGED_KMS_KEY"}
    error = await harness.expect_error(
        "UpdateStateMachine", stateMachineArn=MACHINE, encryptionConfiguration=encryption
    )
    assert error[0] == "InvalidEncryptionConfiguration"


async def test_an_update_without_changes_creates_no_revision(harness: StatesHarness) -> None:
    await harness.create_log_group("nights")
    await harness.create_machine()
    first = (await harness.states("UpdateStateMachine", stateMachineArn=MACHINE, loggingConfiguration=LOGGING))[
        "revisionId"
    ]
    same = await harness.states("UpdateStateMachine", stateMachineArn=MACHINE, loggingConfiguration=LOGGING)
    changed = await harness.update_machine(pass_definition("two"))
    assert same["revisionId"] == first != changed["revisionId"]


async def test_metadata_only_leaves_out_definition_input_and_output(harness: StatesHarness) -> None:
    await harness.create_machine()
    shown = await harness.states("DescribeStateMachine", stateMachineArn=MACHINE, includedData="METADATA_ONLY")
    assert shown["definition"] == "{}"
    execution = await harness.start_execution()
    metadata = await harness.states("DescribeExecution", executionArn=execution, includedData="METADATA_ONLY")
    assert not {"input", "output"} & metadata.keys()
    assert metadata["inputDetails"] == metadata["outputDetails"] == {"included": False}


async def test_a_machine_without_executions_is_deleted_immediately_with_its_versions_and_aliases(
    harness: StatesHarness,
) -> None:
    version = (await harness.create_machine(publish=True))["stateMachineVersionArn"]
    routing = [{"stateMachineVersionArn": version, "weight": 100}]
    await harness.states("CreateStateMachineAlias", name="live", routingConfiguration=routing)
    await harness.states("DeleteStateMachine", stateMachineArn=MACHINE)
    await harness.states("DeleteStateMachine", stateMachineArn=MACHINE)
    for arn in (MACHINE, version, f"{MACHINE}:live"):
        code, _ = await harness.expect_error("DescribeStateMachine", stateMachineArn=arn)
        assert code == "StateMachineDoesNotExist"
    assert (await harness.create_machine(publish=True))["stateMachineVersionArn"] == version


async def test_a_deleted_machine_refuses_new_work_while_an_execution_still_runs(harness: StatesHarness) -> None:
    await harness.create_machine(WAIT_DEFINITION)
    execution = await harness.start_execution()
    await harness.states("DeleteStateMachine", stateMachineArn=MACHINE)
    assert (await harness.states("DescribeStateMachine", stateMachineArn=MACHINE))["status"] == "DELETING"
    message = f"State Machine is being deleted: '{MACHINE}'"
    for operation in ("StartExecution", "PublishStateMachineVersion"):
        assert await harness.expect_error(operation, stateMachineArn=MACHINE) == ("StateMachineDeleting", message)
    await harness.states("StopExecution", executionArn=execution)
    code, _ = await harness.expect_error("DescribeStateMachine", stateMachineArn=MACHINE)
    assert code == "StateMachineDoesNotExist"


async def test_an_execution_of_a_deleted_machine_is_aborted_at_its_next_transition(harness: StatesHarness) -> None:
    await harness.states("CreateActivity", name="knock")
    states = {"A": {"Type": "Task", "Resource": ACTIVITY, "Next": "B"}, "B": {"Type": "Succeed"}}
    await harness.create_machine({"StartAt": "A", "States": states})
    execution = await harness.start_execution()
    task = await harness.states("GetActivityTask", activityArn=ACTIVITY)
    await harness.states("DeleteStateMachine", stateMachineArn=MACHINE)
    assert (await harness.describe_execution(execution))["status"] == "RUNNING"
    await harness.states("SendTaskSuccess", taskToken=task["taskToken"], output="{}")
    assert (await harness.describe_execution(execution))["status"] == "ABORTED"
    code, _ = await harness.expect_error("DescribeStateMachine", stateMachineArn=MACHINE)
    assert code == "StateMachineDoesNotExist"


async def test_starting_an_execution_by_the_arn_of_a_map_state_is_refused(harness: StatesHarness) -> None:
    await harness.create_machine()
    assert (await harness.expect_error("StartExecution", stateMachineArn=f"{MACHINE}/each"))[0] == "ValidationException"
