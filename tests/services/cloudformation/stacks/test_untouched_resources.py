"""An update examines only the resources that it touches, with the same result as if it examined all."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from lamplighter.base.json_text import Json, dumps
from lamplighter.lang.template.template import Resource
from lamplighter.services.cloudformation.deploy import create_resources
from lamplighter.services.cloudformation.stacks.untouched_resources import UntouchedResources
from lamplighter.services.cloudformation.tables import stack_resources
from lamplighter.services.cloudformation.tables.stacks import Stack
from tests.services.cloudformation.cloudformation_harness import CloudFormationHarness, body, queue, topic
from tests.services.cloudformation.test_crash import call_until_accepted, run_with_each_death

POLICY = {"Type": "AWS::SQS::QueuePolicy", "Properties": {"Queues": [{"Ref": "Q"}], "PolicyDocument": {}}}


@pytest.fixture
def examined(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the resources that passes have examined, in a list that grows."""
    found: list[str] = []
    resolve = create_resources.resolve_resource

    def record(resource: Resource, *arguments: Json) -> dict[str, Json]:
        found.append(resource.name)
        return resolve(resource, *arguments)

    monkeypatch.setattr(create_resources, "resolve_resource", record)
    return found


def test_an_update_examines_changed_resources_and_those_that_use_them(
    harness: CloudFormationHarness, examined: list[str]
) -> None:
    harness.create(body(Q=queue(DelaySeconds=1), P=POLICY, T=topic(), U=topic(DisplayName="u")))
    examined.clear()
    harness.update(body(Q=queue(DelaySeconds=2), P=POLICY, T=topic(), U=topic(DisplayName="u")))
    assert harness.state() == "UPDATE_COMPLETE"
    assert sorted(examined) == ["P", "Q"]
    assert not [name for name, status in harness.events() if name in ("P", "T", "U") and status.startswith("UPDATE")]


def test_a_change_set_examines_as_much_as_a_direct_update(harness: CloudFormationHarness, examined: list[str]) -> None:
    harness.create(body(Q=queue(DelaySeconds=1), T=topic()))
    examined.clear()
    second = body(Q=queue(DelaySeconds=2), T=topic())
    harness.cloudformation("CreateChangeSet", StackName="stack", ChangeSetName="next", TemplateBody=second)
    harness.cloudformation("ExecuteChangeSet", StackName="stack", ChangeSetName="next")
    harness.settle()
    assert (harness.state(), examined) == ("UPDATE_COMPLETE", ["Q"])


def test_untouched_resources_are_left_out_in_several_turns(
    harness: CloudFormationHarness, examined: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(create_resources, "MAX_UNTOUCHED_PER_TURN", 2)
    others = {f"T{number}": topic() for number in range(5)}
    harness.create(body(Q=queue(DelaySeconds=1), **others))
    examined.clear()
    harness.update(body(Q=queue(DelaySeconds=2), **others))
    assert (harness.state(), examined) == ("UPDATE_COMPLETE", ["Q"])
    assert len(harness.call("sns", "ListTopics")["Topics"]) == 5


def test_a_new_deletion_policy_is_stored_though_no_property_changes(harness: CloudFormationHarness) -> None:
    harness.create(body(Q=queue(DelaySeconds=1), T=topic()))
    harness.update(body(Q=queue(DelaySeconds=2), T=topic() | {"DeletionPolicy": "Retain"}))
    harness.delete()
    assert len(harness.call("sns", "ListTopics")["Topics"]) == 1


def test_an_import_is_recorded_though_its_value_is_the_one_before(harness: CloudFormationHarness) -> None:
    exported = {"Outputs": {"O": {"Value": "5", "Export": {"Name": "delay"}}}, "Resources": {"T": topic()}}
    harness.create(dumps(exported), name="exporter")
    harness.create(body(Q=queue(DelaySeconds="5"), T=topic(DisplayName="a")))
    harness.update(body(Q=queue(DelaySeconds={"Fn::ImportValue": "delay"}), T=topic(DisplayName="b")))
    assert harness.cloudformation("ListImports", ExportName="delay")["Imports"] == ["stack"]


def test_resources_that_a_failed_update_changed_are_examined(
    harness: CloudFormationHarness, examined: list[str]
) -> None:
    first = body(Q=queue(DelaySeconds=1), T=topic(), Bad=queue(DelaySeconds=3) | {"DependsOn": "Q"})
    harness.create(first)
    failing = body(Q=queue(DelaySeconds=2), T=topic(), Bad=queue(DelaySeconds=99_999) | {"DependsOn": "Q"})
    harness.update(failing, DisableRollback=True)
    assert harness.state() == "UPDATE_FAILED"
    examined.clear()
    harness.update(first)
    assert (harness.state(), sorted(examined)) == ("UPDATE_COMPLETE", ["Bad", "Q"])


def test_a_resource_whose_place_in_the_order_changes_is_examined(
    harness: CloudFormationHarness, examined: list[str]
) -> None:
    harness.create(body(A=topic(), B=topic()))
    examined.clear()
    harness.update(body(A=topic(), New=topic(), B=topic()))
    assert (harness.state(), examined) == ("UPDATE_COMPLETE", ["New", "B"])


def test_an_engine_that_dies_in_an_update_examines_the_rest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(create_resources, "MAX_UNTOUCHED_PER_TURN", 1)
    first = body(Q=queue(DelaySeconds=1), T=topic(), U=topic())
    second = body(Q=queue(DelaySeconds=2), T=topic(), U=topic())
    harnesses = run_with_each_death(
        tmp_path,
        lambda harness: harness.create(first),
        lambda harness: call_until_accepted(harness, "UpdateStack", TemplateBody=second),
        before=False,
    )
    assert len(harnesses) > 5
    for harness in harnesses:
        assert harness.state() == "UPDATE_COMPLETE"
        attributes = {"QueueUrl": harness.physical("Q"), "AttributeNames": ["DelaySeconds"]}
        assert harness.call("sqs", "GetQueueAttributes", **attributes)["Attributes"] == {"DelaySeconds": "2"}
        assert len(harness.call("sns", "ListTopics")["Topics"]) == 2
        harness.close()


@pytest.fixture
def searches(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the searches among all resources of a stack, in a list that grows."""
    found: list[str] = []
    for name in ("processed_names", "first_with_status", "outlines_of"):
        monkeypatch.setattr(stack_resources, name, partial(_record, found, name, getattr(stack_resources, name)))
    return found


def _record(found: list[str], name: str, search: Callable[..., Json], *arguments: Json) -> Json:
    found.append(name)
    return search(*arguments)


def test_a_creation_searches_among_all_resources_once_however_many_there_are(
    harness: CloudFormationHarness, searches: list[str]
) -> None:
    harness.create(body(First=topic()), name="first")
    searches.clear()
    harness.create(body(**{f"T{number}": topic() for number in range(60)}))
    assert harness.state() == "CREATE_COMPLETE"
    assert sorted(searches) == ["first_with_status", "processed_names"]
    assert len(harness.call("sns", "ListTopics")["Topics"]) == 61


def test_names_are_given_once_and_only_to_their_own_pass() -> None:
    stack = Stack("id", "123456789012", "us-east-1", "stack", pass_number=3)
    untouched = UntouchedResources()
    untouched.put(stack, ["A", "B", "C"])
    assert untouched.take(stack, 2) == ["A", "B"]
    assert untouched.take(stack, 2) == ["C"]
    assert untouched.take(stack, 2) == []
    untouched.put(stack, ["A"])
    assert untouched.take(Stack("id", "123456789012", "us-east-1", "stack", pass_number=4), 2) == []
