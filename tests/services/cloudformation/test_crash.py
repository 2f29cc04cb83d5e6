"""The engine is killed at every commit of a stack's life: no resource is lost, none is there twice."""

from collections.abc import Callable
from pathlib import Path

import pytest

from lamplighter.base.json_text import Json
from lamplighter.services.cloudformation.deploy import create_resources, delete_and_roll_back
from tests.engine_harness import EngineDied
from tests.services.cloudformation.cloudformation_harness import CloudFormationHarness, body, queue, topic

FIRST = body(
    A=queue(DelaySeconds=1),
    B=queue(QueueName="b1"),
    C=topic(),
    P={"Type": "AWS::SQS::QueuePolicy", "Properties": {"Queues": [{"Ref": "A"}], "PolicyDocument": {}}},
)
SECOND = body(
    A=queue(DelaySeconds=2),
    B=queue(QueueName="b2"),
    D=topic(),
    P={"Type": "AWS::SQS::QueuePolicy", "Properties": {"Queues": [{"Ref": "A"}], "PolicyDocument": {"v": 2}}},
)
FAILING = body(
    A=queue(DelaySeconds=2),
    B=queue(QueueName="b2") | {"DependsOn": "A"},
    D=topic() | {"DependsOn": "B"},
    Bad=queue(DelaySeconds=99_999) | {"DependsOn": "D"},
)
LARGE = body(**{f"Q{number}": queue(QueueName=f"q{number}") for number in range(25)})
MOST = 40
"""More commits than any of these operations has."""


@pytest.fixture(autouse=True)
def one_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """A commit for each resource, so that there is one to die at."""
    set_at_once(monkeypatch, 1)


def set_at_once(monkeypatch: pytest.MonkeyPatch, resources: int) -> None:
    for passes in (create_resources, delete_and_roll_back):
        monkeypatch.setattr(passes, "MAX_RESOURCES_PER_TURN", resources)


def begin(harness: CloudFormationHarness, operation: str, **params: Json) -> None:
    """Ask for something, again where the engine died of it: with its token it begins nothing new."""
    token = f"{operation}-once"
    try:
        harness.cloudformation(operation, StackName="stack", ClientRequestToken=token, **params)
    except EngineDied:
        harness.up()
        harness.cloudformation(operation, StackName="stack", ClientRequestToken=token, **params)
    try:
        harness.settle()
    except EngineDied:
        harness.up()


def killed(
    directory: Path,
    prepare: Callable[[CloudFormationHarness], object],
    act: Callable[[CloudFormationHarness], None],
    *,
    before: bool,
) -> list[CloudFormationHarness]:
    """Do something once for each commit that it has, the engine dying at that commit."""
    sites = []
    for commit in range(1, MOST):
        harness = CloudFormationHarness(directory / str(commit))
        harness.up()
        prepare(harness)
        harness.die_at(commit, before=before)
        deaths = harness.disk.commits
        act(harness)
        sites.append(harness)
        if harness.disk.death is not None and harness.disk.commits - deaths < commit:
            harness.disk.death = None
            return sites
    raise AssertionError(f"more than {MOST} commits")


@pytest.mark.parametrize("before", [True, False])
def test_a_stack_that_is_being_made_is_made_whole(tmp_path: Path, *, before: bool) -> None:
    sites = killed(
        tmp_path, lambda _: None, lambda harness: begin(harness, "CreateStack", TemplateBody=FIRST), before=before
    )
    assert len(sites) > 5
    for harness in sites:
        assert harness.state() == "CREATE_COMPLETE"
        assert len(harness.queues()) == 2
        assert len(harness.call("sns", "ListTopics")["Topics"]) == 1
        done = [name for name, status in harness.events() if status == "CREATE_COMPLETE"]
        assert sorted(done) == ["A", "B", "C", "P", "stack"]
        harness.close()


@pytest.mark.parametrize("before", [True, False])
def test_a_stack_that_is_being_changed_is_changed_whole(tmp_path: Path, *, before: bool) -> None:
    sites = killed(
        tmp_path,
        lambda harness: harness.create(FIRST),
        lambda harness: begin(harness, "UpdateStack", TemplateBody=SECOND),
        before=before,
    )
    assert len(sites) > 5
    for harness in sites:
        assert harness.state() == "UPDATE_COMPLETE"
        assert sorted(name for name in harness.queues() if len(name) < 3) == ["b2"]
        assert len(harness.queues()) == 2
        assert len(harness.call("sns", "ListTopics")["Topics"]) == 1
        harness.close()


@pytest.mark.parametrize("before", [True, False])
def test_an_update_that_fails_is_rolled_back_whole(tmp_path: Path, *, before: bool) -> None:
    sites = killed(
        tmp_path,
        lambda harness: harness.create(FIRST),
        lambda harness: begin(harness, "UpdateStack", TemplateBody=FAILING),
        before=before,
    )
    assert len(sites) > 8
    for harness in sites:
        assert harness.state() == "UPDATE_ROLLBACK_COMPLETE"
        assert sorted(name for name in harness.queues() if len(name) < 3) == ["b1"]
        assert len(harness.queues()) == 2
        assert len(harness.call("sns", "ListTopics")["Topics"]) == 1
        harness.close()


@pytest.mark.parametrize("before", [True, False])
def test_a_stack_that_is_being_deleted_is_deleted_whole(tmp_path: Path, *, before: bool) -> None:
    sites = killed(
        tmp_path,
        lambda harness: harness.create(FIRST),
        lambda harness: begin(harness, "DeleteStack"),
        before=before,
    )
    assert len(sites) > 5
    for harness in sites:
        assert harness.cloudformation("DescribeStacks")["Stacks"] == []
        assert harness.queues() == []
        assert harness.call("sns", "ListTopics")["Topics"] == []
        harness.close()


@pytest.mark.parametrize("before", [True, False])
def test_resources_that_are_made_together_are_made_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, before: bool
) -> None:
    set_at_once(monkeypatch, 10)
    sites = killed(
        tmp_path, lambda _: None, lambda harness: begin(harness, "CreateStack", TemplateBody=LARGE), before=before
    )
    assert len(sites) > 3
    for harness in sites:
        assert harness.state() == "CREATE_COMPLETE"
        assert sorted(harness.queues()) == sorted(f"q{number}" for number in range(25))
        harness.close()
