"""The engine is killed at every commit of a stack's operations: no resource is lost or created twice."""

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
MAX_COMMITS = 40
"""An upper limit for the commits of one of these operations."""


@pytest.fixture(autouse=True)
def one_resource_per_commit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Commit after each resource, so that the engine can die between any two."""
    set_resources_per_commit(monkeypatch, 1)


def set_resources_per_commit(monkeypatch: pytest.MonkeyPatch, resources: int) -> None:
    for passes in (create_resources, delete_and_roll_back):
        monkeypatch.setattr(passes, "MAX_RESOURCES_PER_TURN", resources)


def call_until_accepted(harness: CloudFormationHarness, operation: str, **params: Json) -> None:
    """Call an operation and let it end; if the engine dies, start it and repeat the call with the same token."""
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


def run_with_each_death(
    directory: Path,
    prepare: Callable[[CloudFormationHarness], object],
    act: Callable[[CloudFormationHarness], None],
    *,
    before: bool,
) -> list[CloudFormationHarness]:
    """Run `act` once for each of its commits, on an engine that dies at that commit; return the harnesses."""
    harnesses = []
    for commit in range(1, MAX_COMMITS):
        harness = CloudFormationHarness(directory / str(commit))
        harness.up()
        prepare(harness)
        harness.die_at(commit, before=before)
        commits_before = harness.disk.commits
        act(harness)
        harnesses.append(harness)
        if harness.disk.death is not None and harness.disk.commits - commits_before < commit:
            harness.disk.death = None
            return harnesses
    raise AssertionError(f"more than {MAX_COMMITS} commits")


@pytest.mark.parametrize("before", [True, False])
def test_a_stack_is_created_completely_despite_a_crash(tmp_path: Path, *, before: bool) -> None:
    harnesses = run_with_each_death(
        tmp_path,
        lambda _: None,
        lambda harness: call_until_accepted(harness, "CreateStack", TemplateBody=FIRST),
        before=before,
    )
    assert len(harnesses) > 5
    for harness in harnesses:
        assert harness.state() == "CREATE_COMPLETE"
        assert len(harness.queues()) == 2
        assert len(harness.call("sns", "ListTopics")["Topics"]) == 1
        done = [name for name, status in harness.events() if status == "CREATE_COMPLETE"]
        assert sorted(done) == ["A", "B", "C", "P", "stack"]
        harness.close()


@pytest.mark.parametrize("before", [True, False])
def test_a_stack_is_updated_completely_despite_a_crash(tmp_path: Path, *, before: bool) -> None:
    harnesses = run_with_each_death(
        tmp_path,
        lambda harness: harness.create(FIRST),
        lambda harness: call_until_accepted(harness, "UpdateStack", TemplateBody=SECOND),
        before=before,
    )
    assert len(harnesses) > 5
    for harness in harnesses:
        assert harness.state() == "UPDATE_COMPLETE"
        assert sorted(name for name in harness.queues() if len(name) < 3) == ["b2"]
        assert len(harness.queues()) == 2
        assert len(harness.call("sns", "ListTopics")["Topics"]) == 1
        harness.close()


@pytest.mark.parametrize("before", [True, False])
def test_a_failed_update_is_rolled_back_completely_despite_a_crash(tmp_path: Path, *, before: bool) -> None:
    harnesses = run_with_each_death(
        tmp_path,
        lambda harness: harness.create(FIRST),
        lambda harness: call_until_accepted(harness, "UpdateStack", TemplateBody=FAILING),
        before=before,
    )
    assert len(harnesses) > 8
    for harness in harnesses:
        assert harness.state() == "UPDATE_ROLLBACK_COMPLETE"
        assert sorted(name for name in harness.queues() if len(name) < 3) == ["b1"]
        assert len(harness.queues()) == 2
        assert len(harness.call("sns", "ListTopics")["Topics"]) == 1
        harness.close()


@pytest.mark.parametrize("before", [True, False])
def test_a_stack_is_deleted_completely_despite_a_crash(tmp_path: Path, *, before: bool) -> None:
    harnesses = run_with_each_death(
        tmp_path,
        lambda harness: harness.create(FIRST),
        lambda harness: call_until_accepted(harness, "DeleteStack"),
        before=before,
    )
    assert len(harnesses) > 5
    for harness in harnesses:
        assert harness.cloudformation("DescribeStacks")["Stacks"] == []
        assert harness.queues() == []
        assert harness.call("sns", "ListTopics")["Topics"] == []
        harness.close()


@pytest.mark.parametrize("before", [True, False])
def test_resources_that_are_created_together_are_created_once_despite_a_crash(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, before: bool
) -> None:
    set_resources_per_commit(monkeypatch, 10)
    harnesses = run_with_each_death(
        tmp_path,
        lambda _: None,
        lambda harness: call_until_accepted(harness, "CreateStack", TemplateBody=LARGE),
        before=before,
    )
    assert len(harnesses) > 3
    for harness in harnesses:
        assert harness.state() == "CREATE_COMPLETE"
        assert sorted(harness.queues()) == sorted(f"q{number}" for number in range(25))
        harness.close()
