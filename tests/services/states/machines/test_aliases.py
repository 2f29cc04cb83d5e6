"""Aliases: names that lead to one or two versions."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamplighter.base.json_text import Json
from lamplighter.services.states.machines.resolve_arn import choose_version
from tests.services.states.states_harness import MACHINE, StatesHarness, passing

V1, V2 = f"{MACHINE}:1", f"{MACHINE}:2"
LIVE = f"{MACHINE}:live"


def routes(**weights: int) -> Json:
    return [{"stateMachineVersionArn": f"{MACHINE}:{name[1:]}", "weight": weight} for name, weight in weights.items()]


@pytest.fixture
async def published(harness: StatesHarness) -> StatesHarness:
    """A machine with the versions 1 and 2."""
    await harness.create(publish=True)
    await harness.update(passing("two"), publish=True)
    return harness


async def alias(harness: StatesHarness, name: str = "live", **params: Json) -> Json:
    params = {"routingConfiguration": routes(v1=100)} | params
    return await harness.states("CreateStateMachineAlias", name=name, **params)


async def test_an_alias_is_described_as_it_was_made_and_as_it_was_updated(published: StatesHarness) -> None:
    assert (await alias(published, description="now"))["stateMachineAliasArn"] == LIVE
    published.clock.advance(1000)
    await published.states(
        "UpdateStateMachineAlias", stateMachineAliasArn=LIVE, routingConfiguration=routes(v1=30, v2=70)
    )
    shown = await published.states("DescribeStateMachineAlias", stateMachineAliasArn=LIVE)
    assert (shown["name"], shown["description"]) == ("live", "now")
    assert shown["routingConfiguration"] == routes(v1=30, v2=70)
    assert shown["updateDate"] == shown["creationDate"] + 1


async def test_making_the_same_alias_again_is_the_same_and_another_of_its_name_is_a_conflict(
    published: StatesHarness,
) -> None:
    first = await alias(published)
    assert await alias(published) == first
    message = (
        "Failed to create alias because an alias with the same name and a different routing configuration "
        "already exists."
    )
    for change in ({"description": "new"}, {"routingConfiguration": routes(v2=100)}):
        params = {"name": "live", "routingConfiguration": routes(v1=100)} | change
        assert await published.refused("CreateStateMachineAlias", **params) == ("ConflictException", message)


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        (routes(v1=50, v2=49), "ValidationException"),
        (routes(v1=50), "ValidationException"),
        (routes(v1=50) * 2, "ValidationException"),
        ([*routes(v1=50), {"stateMachineVersionArn": f"{MACHINE}s:1", "weight": 50}], "ValidationException"),
        (routes(v9=100), "ResourceNotFound"),
        ([{"stateMachineVersionArn": "night:1", "weight": 100}], "InvalidArn"),
    ],
)
async def test_a_routing_that_leads_nowhere_or_does_not_add_up_is_refused(
    published: StatesHarness, wrong: Json, code: str
) -> None:
    assert (await published.refused("CreateStateMachineAlias", name="live", routingConfiguration=wrong))[0] == code


async def test_an_execution_of_an_alias_runs_a_version_of_it_and_names_both(published: StatesHarness) -> None:
    await alias(published, routingConfiguration=routes(v1=0, v2=100))
    run = await published.start(LIVE)
    shown = await published.execution(run)
    assert shown["output"] == '"two"'
    assert (shown["stateMachineVersionArn"], shown["stateMachineAliasArn"]) == (V2, LIVE)
    listed = (await published.states("ListExecutions", stateMachineArn=LIVE))["executions"]
    assert [(item["executionArn"], item["stateMachineAliasArn"]) for item in listed] == [(run, LIVE)]


async def test_executions_are_shared_out_by_weight(published: StatesHarness) -> None:
    await alias(published, routingConfiguration=routes(v1=25, v2=75))
    outputs = [(await published.execution(await published.start(LIVE)))["output"] for _ in range(100)]
    assert 10 <= outputs.count('"one"') <= 40


@given(weight=st.integers(0, 100), chance=st.floats(0, 1, exclude_max=True))
def test_a_route_is_taken_exactly_where_chance_falls_into_its_part(weight: int, chance: float) -> None:
    taken = choose_version(routes(v1=weight, v2=100 - weight), chance)
    assert taken == (V1 if chance * 100 < weight else V2)


async def test_a_version_that_an_alias_leads_to_stays(published: StatesHarness) -> None:
    await alias(published)
    code, message = await published.refused("DeleteStateMachineVersion", stateMachineVersionArn=V1)
    assert (code, "live" in message) == ("ConflictException", True)
    await published.states("DeleteStateMachineAlias", stateMachineAliasArn=LIVE)
    await published.states("DeleteStateMachineVersion", stateMachineVersionArn=V1)
    listed = await published.states("ListStateMachineVersions", stateMachineArn=MACHINE)
    assert [item["stateMachineVersionArn"] for item in listed["stateMachineVersions"]] == [V2]


async def test_aliases_are_listed_of_a_machine_of_a_version_and_in_pages(published: StatesHarness) -> None:
    for name, to in (("a", routes(v1=100)), ("b", routes(v2=100)), ("c", routes(v1=50, v2=50))):
        await alias(published, name, routingConfiguration=to)

    async def names(**params: Json) -> tuple[str, Json]:
        page = await published.states("ListStateMachineAliases", **params)
        found = [item["stateMachineAliasArn"].rpartition(":")[2] for item in page["stateMachineAliases"]]
        return "".join(found), page.get("nextToken")

    assert await names(stateMachineArn=MACHINE) == ("abc", None)
    assert await names(stateMachineArn=V1) == ("ac", None)
    first, token = await names(stateMachineArn=MACHINE, maxResults=2)
    assert (first, await names(stateMachineArn=MACHINE, nextToken=token)) == ("ab", ("c", None))
    refused = await published.refused("ListStateMachineAliases", stateMachineArn=MACHINE, nextToken="InvalidToken")
    assert refused == ("InvalidToken", "Invalid Token: 'Invalid token'")


async def test_an_alias_that_is_not_there_is_not_found_and_is_deleted_already(published: StatesHarness) -> None:
    for operation in ("DescribeStateMachineAlias", "UpdateStateMachineAlias"):
        assert (await published.refused(operation, stateMachineAliasArn=LIVE, description="x"))[0] == "ResourceNotFound"
    assert await published.states("DeleteStateMachineAlias", stateMachineAliasArn=LIVE) == {}
