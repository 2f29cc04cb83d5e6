"""State machines: settings that are kept or refused, revisions, and their deletion."""

import pytest

from lamplighter.base.json_text import Json
from tests.services.states.desk import ACTIVITY, MACHINE, Desk, passing, single

GROUP = "arn:aws:logs:eu-west-1:123456789012:log-group:nights:*"
PLACE = {"cloudWatchLogsLogGroup": {"logGroupArn": GROUP}}
LOGGED = {"level": "ALL", "destinations": [PLACE]}
WAIT = single(Type="Wait", Seconds=3600)


async def test_settings_are_shown_whole_however_little_of_them_was_given(desk: Desk) -> None:
    await desk.create(loggingConfiguration={"destinations": []}, tracingConfiguration={})
    shown = await desk.call("DescribeStateMachine", stateMachineArn=MACHINE)
    assert shown["loggingConfiguration"] == {"level": "OFF", "includeExecutionData": False, "destinations": []}
    assert shown["tracingConfiguration"] == {"enabled": False}
    assert shown["encryptionConfiguration"] == {"type": "AWS_OWNED_KEY"}


@pytest.mark.parametrize(
    "logging", [{"level": "ERROR"}, {"level": "OFF", "destinations": [PLACE, PLACE]}, {"level": "ALL"}]
)
async def test_logs_must_go_to_exactly_one_place(desk: Desk, logging: Json) -> None:
    await desk.create()
    message = "Invalid Logging Configuration: Must specify exactly one Log Destination."
    refused = await desk.refused("UpdateStateMachine", stateMachineArn=MACHINE, loggingConfiguration=logging)
    assert refused == ("InvalidLoggingConfiguration", message)


async def test_a_key_of_the_customers_must_be_named(desk: Desk) -> None:
    await desk.create()
    encryption = {"type": "CUSTOMER_MANAGED_KMS_KEY"}
    refused = await desk.refused("UpdateStateMachine", stateMachineArn=MACHINE, encryptionConfiguration=encryption)
    assert refused[0] == "InvalidEncryptionConfiguration"


async def test_an_update_that_changes_nothing_makes_no_revision(desk: Desk) -> None:
    await desk.log_group("nights")
    await desk.create()
    first = (await desk.call("UpdateStateMachine", stateMachineArn=MACHINE, loggingConfiguration=LOGGED))["revisionId"]
    same = await desk.call("UpdateStateMachine", stateMachineArn=MACHINE, loggingConfiguration=LOGGED)
    changed = await desk.update(passing("two"))
    assert same["revisionId"] == first != changed["revisionId"]


async def test_metadata_can_be_had_without_the_data(desk: Desk) -> None:
    await desk.create()
    shown = await desk.call("DescribeStateMachine", stateMachineArn=MACHINE, includedData="METADATA_ONLY")
    assert shown["definition"] == "{}"
    run = await desk.start()
    lean = await desk.call("DescribeExecution", executionArn=run, includedData="METADATA_ONLY")
    assert not {"input", "output"} & lean.keys()
    assert lean["inputDetails"] == lean["outputDetails"] == {"included": False}


async def test_a_machine_without_executions_goes_at_once_with_its_versions_and_aliases(desk: Desk) -> None:
    version = (await desk.create(publish=True))["stateMachineVersionArn"]
    to = [{"stateMachineVersionArn": version, "weight": 100}]
    await desk.call("CreateStateMachineAlias", name="live", routingConfiguration=to)
    await desk.call("DeleteStateMachine", stateMachineArn=MACHINE)
    await desk.call("DeleteStateMachine", stateMachineArn=MACHINE)
    for arn in (MACHINE, version, f"{MACHINE}:live"):
        assert (await desk.refused("DescribeStateMachine", stateMachineArn=arn))[0] == "StateMachineDoesNotExist"
    assert (await desk.create(publish=True))["stateMachineVersionArn"] == version


async def test_a_machine_is_deleting_while_an_execution_runs_and_takes_no_more_work(desk: Desk) -> None:
    await desk.create(WAIT)
    run = await desk.start()
    await desk.call("DeleteStateMachine", stateMachineArn=MACHINE)
    assert (await desk.call("DescribeStateMachine", stateMachineArn=MACHINE))["status"] == "DELETING"
    message = f"State Machine is being deleted: '{MACHINE}'"
    for operation in ("StartExecution", "PublishStateMachineVersion"):
        assert await desk.refused(operation, stateMachineArn=MACHINE) == ("StateMachineDeleting", message)
    await desk.call("StopExecution", executionArn=run)
    assert (await desk.refused("DescribeStateMachine", stateMachineArn=MACHINE))[0] == "StateMachineDoesNotExist"


async def test_an_execution_of_a_deleted_machine_is_ended_at_its_next_transition(desk: Desk) -> None:
    await desk.call("CreateActivity", name="knock")
    states = {"A": {"Type": "Task", "Resource": ACTIVITY, "Next": "B"}, "B": {"Type": "Succeed"}}
    await desk.create({"StartAt": "A", "States": states})
    run = await desk.start()
    task = await desk.call("GetActivityTask", activityArn=ACTIVITY)
    await desk.call("DeleteStateMachine", stateMachineArn=MACHINE)
    assert (await desk.execution(run))["status"] == "RUNNING"
    await desk.call("SendTaskSuccess", taskToken=task["taskToken"], output="{}")
    assert (await desk.execution(run))["status"] == "ABORTED"
    assert (await desk.refused("DescribeStateMachine", stateMachineArn=MACHINE))[0] == "StateMachineDoesNotExist"


async def test_an_arn_of_a_map_state_is_refused(desk: Desk) -> None:
    await desk.create()
    assert (await desk.refused("StartExecution", stateMachineArn=f"{MACHINE}/each"))[0] == "ValidationException"
