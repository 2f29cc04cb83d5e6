"""Versions: numbered, immutable, one to a revision."""

import pytest

from lamplighter.base.json_text import loads
from tests.services.states.desk import MACHINE, Desk, passing

V1, V2, V3 = (f"{MACHINE}:{number}" for number in (1, 2, 3))


async def test_publishing_at_creation_and_at_an_update_answers_with_the_versions_arn(desk: Desk) -> None:
    assert (await desk.create(publish=True))["stateMachineVersionArn"] == V1
    assert (await desk.update(passing("two"), publish=True))["stateMachineVersionArn"] == V2


async def test_a_revision_that_has_a_version_gets_no_other(desk: Desk) -> None:
    await desk.create(publish=True)
    again = await desk.call("PublishStateMachineVersion", stateMachineArn=MACHINE)
    same = await desk.update(passing("one"), publish=True)
    assert again["stateMachineVersionArn"] == same["stateMachineVersionArn"] == V1
    assert "revisionId" not in same


async def test_a_version_keeps_definition_settings_and_description_while_the_machine_moves_on(desk: Desk) -> None:
    await desk.create(publish=True, versionDescription="first")
    await desk.update(passing("two"), tracingConfiguration={"enabled": True})
    version = await desk.call("DescribeStateMachine", stateMachineArn=V1)
    machine = await desk.call("DescribeStateMachine", stateMachineArn=MACHINE)
    assert (version["stateMachineArn"], version["description"]) == (V1, "first")
    assert loads(version["definition"]) == passing("one")
    assert (version["tracingConfiguration"], machine["tracingConfiguration"]) == ({"enabled": False}, {"enabled": True})
    assert "revisionId" not in version
    assert "revisionId" in machine
    assert "description" not in machine


async def test_numbers_go_up_and_are_never_given_twice(desk: Desk) -> None:
    await desk.create(publish=True)
    await desk.update(passing("two"), publish=True)
    await desk.call("DeleteStateMachineVersion", stateMachineVersionArn=V2)
    assert (await desk.update(passing("three"), publish=True))["stateMachineVersionArn"] == V3


async def test_versions_are_listed_the_newest_first_and_in_pages(desk: Desk) -> None:
    await desk.create(publish=True)
    for result in ("two", "three"):
        await desk.update(passing(result), publish=True)
    first = await desk.call("ListStateMachineVersions", stateMachineArn=MACHINE, maxResults=2)
    second = await desk.call("ListStateMachineVersions", stateMachineArn=MACHINE, nextToken=first["nextToken"])
    names = [item["stateMachineVersionArn"] for page in (first, second) for item in page["stateMachineVersions"]]
    assert names == [V3, V2, V1]
    assert "nextToken" not in second


async def test_an_execution_of_a_version_runs_it_and_names_it_wherever_it_is_shown(desk: Desk) -> None:
    await desk.create(publish=True)
    await desk.update(passing("two"))
    old, new = await desk.start(V1), await desk.start()
    shown = await desk.execution(old)
    assert (shown["output"], shown["stateMachineArn"], shown["stateMachineVersionArn"]) == ('"one"', MACHINE, V1)
    assert "stateMachineVersionArn" not in await desk.execution(new)
    ran = await desk.call("DescribeStateMachineForExecution", executionArn=old)
    assert loads(ran["definition"]) == passing("one")
    of_version = await desk.call("ListExecutions", stateMachineArn=V1)
    assert [item["executionArn"] for item in of_version["executions"]] == [old]
    assert of_version["executions"][0]["stateMachineVersionArn"] == V1
    of_machine = await desk.call("ListExecutions", stateMachineArn=MACHINE)
    assert [item["executionArn"] for item in of_machine["executions"]] == [new, old]


async def test_publishing_a_revision_that_is_not_the_current_one_is_a_conflict(desk: Desk) -> None:
    await desk.create()
    await desk.call("PublishStateMachineVersion", stateMachineArn=MACHINE, revisionId="INITIAL")
    current = (await desk.update(passing("two")))["revisionId"]
    message = (
        "Failed to publish the State Machine version for revision INITIAL. "
        f"The current State Machine revision is {current}."
    )
    refused = await desk.refused("PublishStateMachineVersion", stateMachineArn=MACHINE, revisionId="INITIAL")
    assert refused == ("ConflictException", message)


async def test_a_description_without_a_version_is_refused(desk: Desk) -> None:
    with pytest.raises(Exception, match="publish") as refused:
        await desk.create(versionDescription="of nothing")
    assert getattr(refused.value, "code", None) == "ValidationException"


async def test_creating_the_same_machine_again_is_the_same_only_if_it_is_published_alike(desk: Desk) -> None:
    first = await desk.create(publish=True, versionDescription="first")
    assert await desk.create(publish=True, versionDescription="first") == first
    with pytest.raises(Exception, match="State Machine Already Exists"):
        await desk.create()


async def test_a_version_that_is_not_there_does_not_exist_and_is_deleted_already(desk: Desk) -> None:
    await desk.create()
    gone = ("StateMachineDoesNotExist", f"State Machine Does Not Exist: '{V1}'")
    assert await desk.refused("StartExecution", stateMachineArn=V1) == gone
    assert await desk.refused("DescribeStateMachine", stateMachineArn=V1) == gone
    assert await desk.call("DeleteStateMachineVersion", stateMachineVersionArn=V1) == {}


async def test_a_version_has_no_tags(desk: Desk) -> None:
    await desk.create(publish=True)
    refused = await desk.refused("TagResource", resourceArn=V1, tags=[{"key": "a", "value": "b"}])
    assert refused == ("ResourceNotFound", f"Resource not found: '{V1}'")
