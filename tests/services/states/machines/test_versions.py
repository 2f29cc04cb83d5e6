"""Versions: numbered, immutable, one to a revision."""

import pytest

from lamplighter.base.json_text import loads
from tests.services.states.states_harness import MACHINE, StatesHarness, passing

V1, V2, V3 = (f"{MACHINE}:{number}" for number in (1, 2, 3))


async def test_publishing_at_creation_and_at_an_update_answers_with_the_versions_arn(harness: StatesHarness) -> None:
    assert (await harness.create(publish=True))["stateMachineVersionArn"] == V1
    assert (await harness.update(passing("two"), publish=True))["stateMachineVersionArn"] == V2


async def test_a_revision_that_has_a_version_gets_no_other(harness: StatesHarness) -> None:
    await harness.create(publish=True)
    again = await harness.states("PublishStateMachineVersion", stateMachineArn=MACHINE)
    same = await harness.update(passing("one"), publish=True)
    assert again["stateMachineVersionArn"] == same["stateMachineVersionArn"] == V1
    assert "revisionId" not in same


async def test_a_version_keeps_definition_settings_and_description_while_the_machine_moves_on(
    harness: StatesHarness,
) -> None:
    await harness.create(publish=True, versionDescription="first")
    await harness.update(passing("two"), tracingConfiguration={"enabled": True})
    version = await harness.states("DescribeStateMachine", stateMachineArn=V1)
    machine = await harness.states("DescribeStateMachine", stateMachineArn=MACHINE)
    assert (version["stateMachineArn"], version["description"]) == (V1, "first")
    assert loads(version["definition"]) == passing("one")
    assert (version["tracingConfiguration"], machine["tracingConfiguration"]) == ({"enabled": False}, {"enabled": True})
    assert "revisionId" not in version
    assert "revisionId" in machine
    assert "description" not in machine


async def test_numbers_go_up_and_are_never_given_twice(harness: StatesHarness) -> None:
    await harness.create(publish=True)
    await harness.update(passing("two"), publish=True)
    await harness.states("DeleteStateMachineVersion", stateMachineVersionArn=V2)
    assert (await harness.update(passing("three"), publish=True))["stateMachineVersionArn"] == V3


async def test_versions_are_listed_the_newest_first_and_in_pages(harness: StatesHarness) -> None:
    await harness.create(publish=True)
    for result in ("two", "three"):
        await harness.update(passing(result), publish=True)
    first = await harness.states("ListStateMachineVersions", stateMachineArn=MACHINE, maxResults=2)
    second = await harness.states("ListStateMachineVersions", stateMachineArn=MACHINE, nextToken=first["nextToken"])
    names = [item["stateMachineVersionArn"] for page in (first, second) for item in page["stateMachineVersions"]]
    assert names == [V3, V2, V1]
    assert "nextToken" not in second


async def test_an_execution_of_a_version_runs_it_and_names_it_wherever_it_is_shown(harness: StatesHarness) -> None:
    await harness.create(publish=True)
    await harness.update(passing("two"))
    old, new = await harness.start(V1), await harness.start()
    shown = await harness.execution(old)
    assert (shown["output"], shown["stateMachineArn"], shown["stateMachineVersionArn"]) == ('"one"', MACHINE, V1)
    assert "stateMachineVersionArn" not in await harness.execution(new)
    ran = await harness.states("DescribeStateMachineForExecution", executionArn=old)
    assert loads(ran["definition"]) == passing("one")
    of_version = await harness.states("ListExecutions", stateMachineArn=V1)
    assert [item["executionArn"] for item in of_version["executions"]] == [old]
    assert of_version["executions"][0]["stateMachineVersionArn"] == V1
    of_machine = await harness.states("ListExecutions", stateMachineArn=MACHINE)
    assert [item["executionArn"] for item in of_machine["executions"]] == [new, old]


async def test_publishing_a_revision_that_is_not_the_current_one_is_a_conflict(harness: StatesHarness) -> None:
    await harness.create()
    await harness.states("PublishStateMachineVersion", stateMachineArn=MACHINE, revisionId="INITIAL")
    current = (await harness.update(passing("two")))["revisionId"]
    message = (
        "Failed to publish the State Machine version for revision INITIAL. "
        f"The current State Machine revision is {current}."
    )
    refused = await harness.refused("PublishStateMachineVersion", stateMachineArn=MACHINE, revisionId="INITIAL")
    assert refused == ("ConflictException", message)


async def test_a_description_without_a_version_is_refused(harness: StatesHarness) -> None:
    with pytest.raises(Exception, match="publish") as refused:
        await harness.create(versionDescription="of nothing")
    assert getattr(refused.value, "code", None) == "ValidationException"


async def test_creating_the_same_machine_again_is_the_same_only_if_it_is_published_alike(
    harness: StatesHarness,
) -> None:
    first = await harness.create(publish=True, versionDescription="first")
    assert await harness.create(publish=True, versionDescription="first") == first
    with pytest.raises(Exception, match="State Machine Already Exists"):
        await harness.create()


async def test_a_version_that_is_not_there_does_not_exist_and_is_deleted_already(harness: StatesHarness) -> None:
    await harness.create()
    gone = ("StateMachineDoesNotExist", f"State Machine Does Not Exist: '{V1}'")
    assert await harness.refused("StartExecution", stateMachineArn=V1) == gone
    assert await harness.refused("DescribeStateMachine", stateMachineArn=V1) == gone
    assert await harness.states("DeleteStateMachineVersion", stateMachineVersionArn=V1) == {}


async def test_a_version_has_no_tags(harness: StatesHarness) -> None:
    await harness.create(publish=True)
    refused = await harness.refused("TagResource", resourceArn=V1, tags=[{"key": "a", "value": "b"}])
    assert refused == ("ResourceNotFound", f"Resource not found: '{V1}'")
