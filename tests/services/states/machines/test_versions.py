"""Versions are numbered and immutable, and a revision has at most one."""

import pytest

from lamplighter.base.json_text import loads
from tests.services.states.states_harness import MACHINE, StatesHarness, pass_definition

V1, V2, V3 = (f"{MACHINE}:{number}" for number in (1, 2, 3))


async def test_create_and_update_with_publish_return_the_version_arn(harness: StatesHarness) -> None:
    assert (await harness.create_machine(publish=True))["stateMachineVersionArn"] == V1
    assert (await harness.update_machine(pass_definition("two"), publish=True))["stateMachineVersionArn"] == V2


async def test_publishing_a_revision_again_returns_its_version(harness: StatesHarness) -> None:
    await harness.create_machine(publish=True)
    again = await harness.states("PublishStateMachineVersion", stateMachineArn=MACHINE)
    same = await harness.update_machine(pass_definition("one"), publish=True)
    assert again["stateMachineVersionArn"] == same["stateMachineVersionArn"] == V1
    assert "revisionId" not in same


async def test_a_version_keeps_definition_settings_and_description_when_the_machine_is_updated(
    harness: StatesHarness,
) -> None:
    await harness.create_machine(publish=True, versionDescription="first")
    await harness.update_machine(pass_definition("two"), tracingConfiguration={"enabled": True})
    version = await harness.states("DescribeStateMachine", stateMachineArn=V1)
    machine = await harness.states("DescribeStateMachine", stateMachineArn=MACHINE)
    assert (version["stateMachineArn"], version["description"]) == (V1, "first")
    assert loads(version["definition"]) == pass_definition("one")
    assert (version["tracingConfiguration"], machine["tracingConfiguration"]) == ({"enabled": False}, {"enabled": True})
    assert "revisionId" not in version
    assert "revisionId" in machine
    assert "description" not in machine


async def test_version_numbers_rise_and_are_never_reused(harness: StatesHarness) -> None:
    await harness.create_machine(publish=True)
    await harness.update_machine(pass_definition("two"), publish=True)
    await harness.states("DeleteStateMachineVersion", stateMachineVersionArn=V2)
    assert (await harness.update_machine(pass_definition("three"), publish=True))["stateMachineVersionArn"] == V3


async def test_versions_are_listed_newest_first_and_in_pages(harness: StatesHarness) -> None:
    await harness.create_machine(publish=True)
    for result in ("two", "three"):
        await harness.update_machine(pass_definition(result), publish=True)
    first = await harness.states("ListStateMachineVersions", stateMachineArn=MACHINE, maxResults=2)
    second = await harness.states("ListStateMachineVersions", stateMachineArn=MACHINE, nextToken=first["nextToken"])
    names = [item["stateMachineVersionArn"] for page in (first, second) for item in page["stateMachineVersions"]]
    assert names == [V3, V2, V1]
    assert "nextToken" not in second


async def test_an_execution_of_a_version_runs_that_version_and_shows_its_arn(harness: StatesHarness) -> None:
    await harness.create_machine(publish=True)
    await harness.update_machine(pass_definition("two"))
    old, new = await harness.start_execution(V1), await harness.start_execution()
    shown = await harness.describe_execution(old)
    assert (shown["output"], shown["stateMachineArn"], shown["stateMachineVersionArn"]) == ('"one"', MACHINE, V1)
    assert "stateMachineVersionArn" not in await harness.describe_execution(new)
    ran = await harness.states("DescribeStateMachineForExecution", executionArn=old)
    assert loads(ran["definition"]) == pass_definition("one")
    of_version = await harness.states("ListExecutions", stateMachineArn=V1)
    assert [item["executionArn"] for item in of_version["executions"]] == [old]
    assert of_version["executions"][0]["stateMachineVersionArn"] == V1
    of_machine = await harness.states("ListExecutions", stateMachineArn=MACHINE)
    assert [item["executionArn"] for item in of_machine["executions"]] == [new, old]


async def test_publishing_an_outdated_revision_is_a_conflict(harness: StatesHarness) -> None:
    await harness.create_machine()
    await harness.states("PublishStateMachineVersion", stateMachineArn=MACHINE, revisionId="INITIAL")
    current = (await harness.update_machine(pass_definition("two")))["revisionId"]
    message = (
        "Failed to publish the State Machine version for revision INITIAL. "
        f"The current State Machine revision is {current}."
    )
    error = await harness.expect_error("PublishStateMachineVersion", stateMachineArn=MACHINE, revisionId="INITIAL")
    assert error == ("ConflictException", message)


async def test_a_version_description_without_publish_is_refused(harness: StatesHarness) -> None:
    with pytest.raises(Exception, match="publish") as error:
        await harness.create_machine(versionDescription="of nothing")
    assert getattr(error.value, "code", None) == "ValidationException"


async def test_creating_the_same_machine_again_succeeds_only_with_the_same_publish_options(
    harness: StatesHarness,
) -> None:
    first = await harness.create_machine(publish=True, versionDescription="first")
    assert await harness.create_machine(publish=True, versionDescription="first") == first
    with pytest.raises(Exception, match="State Machine Already Exists"):
        await harness.create_machine()


async def test_a_missing_version_is_not_found_but_deleting_it_succeeds(harness: StatesHarness) -> None:
    await harness.create_machine()
    expected = ("StateMachineDoesNotExist", f"State Machine Does Not Exist: '{V1}'")
    assert await harness.expect_error("StartExecution", stateMachineArn=V1) == expected
    assert await harness.expect_error("DescribeStateMachine", stateMachineArn=V1) == expected
    assert await harness.states("DeleteStateMachineVersion", stateMachineVersionArn=V1) == {}


async def test_a_version_cannot_be_tagged(harness: StatesHarness) -> None:
    await harness.create_machine(publish=True)
    error = await harness.expect_error("TagResource", resourceArn=V1, tags=[{"key": "a", "value": "b"}])
    assert error == ("ResourceNotFound", f"Resource not found: '{V1}'")
