"""State machines: settings that are kept or refused, revisions, and their deletion."""

import pytest

from lamplighter.base.json_text import Json
from tests.services.states.states_harness import ACTIVITY, MACHINE, StatesHarness, passing, single

GROUP = "arn:aws:logs:eu-west-1:123456789012:log-group:nights:*"
PLACE = {"cloudWatchLogsLogGroup": {"logGroupArn": GROUP}}
LOGGED = {"level": "ALL", "destinations": [PLACE]}
WAIT = single(Type="Wait", Seconds=3600)


async def test_settings_are_shown_whole_however_little_of_them_was_given(harness: StatesHarness) -> None:
    await harness.create(loggingConfiguration={"destinations": []}, tracingConfiguration={})
    shown = await harness.states("DescribeStateMachine", stateMachineArn=MACHINE)
    assert shown["loggingConfiguration"] == {"level": "OFF", "includeExecutionData": False, "destinations": []}
    assert shown["tracingConfiguration"] == {"enabled": False}
    assert shown["encryptionConfiguration"] == {"type": "AWS_OWNED_KEY"}


@pytest.mark.parametrize(
    "logging", [{"level": "ERROR"}, {"level": "OFF", "destinations": [PLACE, PLACE]}, {"level": "ALL"}]
)
async def test_logs_must_go_to_exactly_one_place(harness: StatesHarness, logging: Json) -> None:
    await harness.create()
    message = "Invalid Logging Configuration: Must specify exactly one Log Destination."
    refused = await harness.refused("UpdateStateMachine", stateMachineArn=MACHINE, loggingConfiguration=logging)
    assert refused == ("InvalidLoggingConfiguration", message)


async def test_a_key_of_the_customers_must_be_named(harness: StatesHarness) -> None:
    await harness.create()
    encryption = {"type": "CUSTOMER_MANAGED_KMS_KEY"}
    refused = await harness.refused("UpdateStateMachine", stateMachineArn=MACHINE, encryptionConfiguration=encryption)
    assert refused[0] == "InvalidEncryptionConfiguration"


async def test_an_update_that_changes_nothing_makes_no_revision(harness: StatesHarness) -> None:
    await harness.log_group("nights")
    await harness.create()
    first = (await harness.states("UpdateStateMachine", stateMachineArn=MACHINE, loggingConfiguration=LOGGED))[
        "revisionId"
    ]
    same = await harness.states("UpdateStateMachine", stateMachineArn=MACHINE, loggingConfiguration=LOGGED)
    changed = await harness.update(passing("two"))
    assert same["revisionId"] == first != changed["revisionId"]


async def test_metadata_can_be_had_without_the_data(harness: StatesHarness) -> None:
    await harness.create()
    shown = await harness.states("DescribeStateMachine", stateMachineArn=MACHINE, includedData="METADATA_ONLY")
    assert shown["definition"] == "{}"
    run = await harness.start()
    lean = await harness.states("DescribeExecution", executionArn=run, includedData="METADATA_ONLY")
    assert not {"input", "output"} & lean.keys()
    assert lean["inputDetails"] == lean["outputDetails"] == {"included": False}


async def test_a_machine_without_executions_goes_at_once_with_its_versions_and_aliases(harness: StatesHarness) -> None:
    version = (await harness.create(publish=True))["stateMachineVersionArn"]
    to = [{"stateMachineVersionArn": version, "weight": 100}]
    await harness.states("CreateStateMachineAlias", name="live", routingConfiguration=to)
    await harness.states("DeleteStateMachine", stateMachineArn=MACHINE)
    await harness.states("DeleteStateMachine", stateMachineArn=MACHINE)
    for arn in (MACHINE, version, f"{MACHINE}:live"):
        assert (await harness.refused("DescribeStateMachine", stateMachineArn=arn))[0] == "StateMachineDoesNotExist"
    assert (await harness.create(publish=True))["stateMachineVersionArn"] == version


async def test_a_machine_is_deleting_while_an_execution_runs_and_takes_no_more_work(harness: StatesHarness) -> None:
    await harness.create(WAIT)
    run = await harness.start()
    await harness.states("DeleteStateMachine", stateMachineArn=MACHINE)
    assert (await harness.states("DescribeStateMachine", stateMachineArn=MACHINE))["status"] == "DELETING"
    message = f"State Machine is being deleted: '{MACHINE}'"
    for operation in ("StartExecution", "PublishStateMachineVersion"):
        assert await harness.refused(operation, stateMachineArn=MACHINE) == ("StateMachineDeleting", message)
    await harness.states("StopExecution", executionArn=run)
    assert (await harness.refused("DescribeStateMachine", stateMachineArn=MACHINE))[0] == "StateMachineDoesNotExist"


async def test_an_execution_of_a_deleted_machine_is_ended_at_its_next_transition(harness: StatesHarness) -> None:
    await harness.states("CreateActivity", name="knock")
    states = {"A": {"Type": "Task", "Resource": ACTIVITY, "Next": "B"}, "B": {"Type": "Succeed"}}
    await harness.create({"StartAt": "A", "States": states})
    run = await harness.start()
    task = await harness.states("GetActivityTask", activityArn=ACTIVITY)
    await harness.states("DeleteStateMachine", stateMachineArn=MACHINE)
    assert (await harness.execution(run))["status"] == "RUNNING"
    await harness.states("SendTaskSuccess", taskToken=task["taskToken"], output="{}")
    assert (await harness.execution(run))["status"] == "ABORTED"
    assert (await harness.refused("DescribeStateMachine", stateMachineArn=MACHINE))[0] == "StateMachineDoesNotExist"


async def test_an_arn_of_a_map_state_is_refused(harness: StatesHarness) -> None:
    await harness.create()
    assert (await harness.refused("StartExecution", stateMachineArn=f"{MACHINE}/each"))[0] == "ValidationException"
