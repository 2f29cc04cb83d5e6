"""Aliases route executions to one or two versions of a state machine."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamplighter.base.json_text import Json
from lamplighter.services.states.machines.choose_version import choose_version
from tests.services.states.states_harness import MACHINE, StatesHarness, pass_definition

V1, V2 = f"{MACHINE}:1", f"{MACHINE}:2"
LIVE = f"{MACHINE}:live"


def routes(**weights: int) -> Json:
    return [{"stateMachineVersionArn": f"{MACHINE}:{name[1:]}", "weight": weight} for name, weight in weights.items()]


@pytest.fixture
async def published(harness: StatesHarness) -> StatesHarness:
    """A harness with a machine that has the versions 1 and 2."""
    await harness.create_machine(publish=True)
    await harness.update_machine(pass_definition("two"), publish=True)
    return harness


async def create_alias(harness: StatesHarness, name: str = "live", **params: Json) -> Json:
    params = {"routingConfiguration": routes(v1=100)} | params
    return await harness.states("CreateStateMachineAlias", name=name, **params)


async def test_describe_shows_the_created_and_the_updated_settings_of_an_alias(published: StatesHarness) -> None:
    assert (await create_alias(published, description="now"))["stateMachineAliasArn"] == LIVE
    published.clock.advance(1000)
    await published.states(
        "UpdateStateMachineAlias", stateMachineAliasArn=LIVE, routingConfiguration=routes(v1=30, v2=70)
    )
    shown = await published.states("DescribeStateMachineAlias", stateMachineAliasArn=LIVE)
    assert (shown["name"], shown["description"]) == ("live", "now")
    assert shown["routingConfiguration"] == routes(v1=30, v2=70)
    assert shown["updateDate"] == shown["creationDate"] + 1


async def test_creating_the_same_alias_again_succeeds_but_with_other_settings_it_is_a_conflict(
    published: StatesHarness,
) -> None:
    first = await create_alias(published)
    assert await create_alias(published) == first
    message = (
        "Failed to create alias because an alias with the same name and a different routing configuration "
        "already exists."
    )
    for change in ({"description": "new"}, {"routingConfiguration": routes(v2=100)}):
        params = {"name": "live", "routingConfiguration": routes(v1=100)} | change
        assert await published.expect_error("CreateStateMachineAlias", **params) == ("ConflictException", message)


@pytest.mark.parametrize(
    ("routing", "code"),
    [
        (routes(v1=50, v2=49), "ValidationException"),
        (routes(v1=50), "ValidationException"),
        (routes(v1=50) * 2, "ValidationException"),
        ([*routes(v1=50), {"stateMachineVersionArn": f"{MACHINE}s:1", "weight": 50}], "ValidationException"),
        (routes(v9=100), "ResourceNotFound"),
        ([{"stateMachineVersionArn": MACHINE, "weight": 100}], "ValidationException"),
        ([{"stateMachineVersionArn": "night:1", "weight": 100}], "InvalidArn"),
    ],
)
async def test_an_invalid_routing_configuration_is_refused(published: StatesHarness, routing: Json, code: str) -> None:
    actual_code, _ = await published.expect_error("CreateStateMachineAlias", name="live", routingConfiguration=routing)
    assert actual_code == code


async def test_the_refusal_of_a_routing_configuration_shows_what_was_received(published: StatesHarness) -> None:
    for routing, words in (
        (routes(v1=50, v2=49), "Sum of routing configuration weights must equal 100. Received: [50, 49]"),
        (
            routes(v1=50) * 2,
            f"Routing configuration must contain distinct state machine version ARNs. Received: [{V1}, {V1}]",
        ),
    ):
        _, message = await published.expect_error("CreateStateMachineAlias", name="live", routingConfiguration=routing)
        assert message == words


async def test_an_execution_of_an_alias_runs_one_of_its_versions_and_shows_both_arns(published: StatesHarness) -> None:
    await create_alias(published, routingConfiguration=routes(v1=0, v2=100))
    execution = await published.start_execution(LIVE)
    shown = await published.describe_execution(execution)
    assert shown["output"] == '"two"'
    assert (shown["stateMachineVersionArn"], shown["stateMachineAliasArn"]) == (V2, LIVE)
    listed = (await published.states("ListExecutions", stateMachineArn=LIVE))["executions"]
    assert [(item["executionArn"], item["stateMachineAliasArn"]) for item in listed] == [(execution, LIVE)]


async def test_executions_are_distributed_by_weight(published: StatesHarness) -> None:
    await create_alias(published, routingConfiguration=routes(v1=25, v2=75))
    outputs = [
        (await published.describe_execution(await published.start_execution(LIVE)))["output"] for _ in range(100)
    ]
    assert 10 <= outputs.count('"one"') <= 40


@given(weight=st.integers(0, 100), random_number=st.floats(0, 1, exclude_max=True))
def test_the_random_number_selects_a_version_by_weight(weight: int, random_number: float) -> None:
    chosen = choose_version(routes(v1=weight, v2=100 - weight), random_number)
    assert chosen == (V1 if random_number * 100 < weight else V2)


async def test_a_version_that_an_alias_uses_cannot_be_deleted(published: StatesHarness) -> None:
    await create_alias(published)
    code, message = await published.expect_error("DeleteStateMachineVersion", stateMachineVersionArn=V1)
    assert (code, "live" in message) == ("ConflictException", True)
    await published.states("DeleteStateMachineAlias", stateMachineAliasArn=LIVE)
    await published.states("DeleteStateMachineVersion", stateMachineVersionArn=V1)
    listed = await published.states("ListStateMachineVersions", stateMachineArn=MACHINE)
    assert [item["stateMachineVersionArn"] for item in listed["stateMachineVersions"]] == [V2]


async def test_aliases_are_listed_by_machine_or_by_version_and_in_pages(published: StatesHarness) -> None:
    for name, routing in (("a", routes(v1=100)), ("b", routes(v2=100)), ("c", routes(v1=50, v2=50))):
        await create_alias(published, name, routingConfiguration=routing)

    async def list_aliases(**params: Json) -> tuple[str, Json]:
        page = await published.states("ListStateMachineAliases", **params)
        found = [item["stateMachineAliasArn"].rpartition(":")[2] for item in page["stateMachineAliases"]]
        return "".join(found), page.get("nextToken")

    assert await list_aliases(stateMachineArn=MACHINE) == ("abc", None)
    assert await list_aliases(stateMachineArn=V1) == ("ac", None)
    first, token = await list_aliases(stateMachineArn=MACHINE, maxResults=2)
    assert (first, await list_aliases(stateMachineArn=MACHINE, nextToken=token)) == ("ab", ("c", None))
    error = await published.expect_error("ListStateMachineAliases", stateMachineArn=MACHINE, nextToken="InvalidToken")
    assert error == ("InvalidToken", "Invalid Token: 'Invalid token'")


async def test_a_missing_alias_is_not_found_but_deleting_it_succeeds(published: StatesHarness) -> None:
    for operation in ("DescribeStateMachineAlias", "UpdateStateMachineAlias"):
        code, _ = await published.expect_error(operation, stateMachineAliasArn=LIVE, description="x")
        assert code == "ResourceNotFound"
    assert await published.states("DeleteStateMachineAlias", stateMachineAliasArn=LIVE) == {}
