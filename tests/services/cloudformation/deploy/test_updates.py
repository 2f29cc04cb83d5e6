"""Updates change resources in place if possible, replace them if not, and are rolled back if they fail."""

import pytest

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json, dumps
from lamplighter.store.db import Tx
from tests.engine_harness import CALLER
from tests.services.cloudformation.cloudformation_harness import CloudFormationHarness, body, queue, topic

BAD = {"Type": "AWS::SQS::Queue", "Properties": {"DelaySeconds": 99_999}}


def delay(harness: CloudFormationHarness, url: str) -> str:
    found = harness.call("sqs", "GetQueueAttributes", QueueUrl=url, AttributeNames=["DelaySeconds"])["Attributes"]
    seconds: str = found["DelaySeconds"]
    return seconds


def test_a_mutable_property_is_updated_in_place(harness: CloudFormationHarness) -> None:
    harness.create(body(Q=queue(DelaySeconds=1), T=topic()))
    url = harness.physical("Q")
    harness.update(body(Q=queue(DelaySeconds=2), T=topic()))
    assert harness.state() == "UPDATE_COMPLETE"
    assert harness.physical("Q") == url
    assert delay(harness, url) == "2"
    assert [event for event in harness.events() if event[0] == "T"][-1] == ("T", "CREATE_COMPLETE")
    assert harness.events()[-5:] == [
        ("stack", "UPDATE_IN_PROGRESS"),
        ("Q", "UPDATE_IN_PROGRESS"),
        ("Q", "UPDATE_COMPLETE"),
        ("stack", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"),
        ("stack", "UPDATE_COMPLETE"),
    ]


def test_a_removed_property_returns_to_its_default(harness: CloudFormationHarness) -> None:
    harness.create(body(Q=queue(DelaySeconds=1)))
    harness.update(body(Q=queue()))
    assert delay(harness, harness.physical("Q")) == "0"


def test_changing_an_immutable_property_replaces_the_resource(harness: CloudFormationHarness) -> None:
    harness.create(body(Q=queue(QueueName="old"), P=_policy()))
    harness.update(body(Q=queue(QueueName="new"), P=_policy()))
    assert harness.state() == "UPDATE_COMPLETE"
    assert harness.queues() == ["new"]
    events = harness.events()
    assert events.index(("stack", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")) < events.index(("Q", "DELETE_COMPLETE"))
    # The policy, which refers to the queue, is updated, too.
    assert [event for event in events if event[0] == "P"][-1] == ("P", "UPDATE_COMPLETE")


def test_a_condition_on_the_id_of_the_stack_holds_in_its_update(harness: CloudFormationHarness) -> None:
    key = harness.create(body(Q=queue()))
    resources = {"Q": queue(), "Own": topic() | {"Condition": "IsOwn"}}
    conditions = {"IsOwn": {"Fn::Equals": [{"Ref": "AWS::StackId"}, key]}}
    harness.update(dumps({"Conditions": conditions, "Resources": resources}))
    assert harness.state() == "UPDATE_COMPLETE"
    assert len(harness.call("sns", "ListTopics")["Topics"]) == 1


def _policy() -> Json:
    return {"Type": "AWS::SQS::QueuePolicy", "Properties": {"Queues": [{"Ref": "Q"}], "PolicyDocument": {}}}


def test_a_custom_named_resource_cannot_be_replaced(harness: CloudFormationHarness) -> None:
    machine: Json = {
        "Type": "AWS::StepFunctions::StateMachine",
        "Properties": {
            "StateMachineName": "mine",
            "RoleArn": "arn:aws:iam::123456789012:role/r",
            "Definition": {"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}},
        },
    }
    harness.create(body(M=machine))
    express = machine | {"Properties": machine["Properties"] | {"StateMachineType": "EXPRESS"}}
    harness.update(body(M=express))
    assert harness.state() == "UPDATE_ROLLBACK_COMPLETE"
    assert any("custom-named resource requires replacing" in reason for reason in harness.reasons())


def test_a_resource_that_is_removed_from_the_template_is_deleted(harness: CloudFormationHarness) -> None:
    harness.create(body(A=queue(), B=queue()))
    harness.update(body(A=queue(), C=topic()))
    assert harness.state() == "UPDATE_COMPLETE"
    assert len(harness.queues()) == 1
    listed = harness.cloudformation("ListStackResources", StackName="stack")["StackResourceSummaries"]
    assert [each["LogicalResourceId"] for each in listed] == ["A", "C"]


def test_a_retained_resource_survives_removal_and_replacement(harness: CloudFormationHarness) -> None:
    harness.create(
        body(A=queue() | {"DeletionPolicy": "Retain"}, B=queue(QueueName="b1") | {"UpdateReplacePolicy": "Retain"})
    )
    harness.update(body(B=queue(QueueName="b2") | {"UpdateReplacePolicy": "Retain"}))
    assert len(harness.queues()) == 3
    assert ("A", "DELETE_SKIPPED") in harness.events()
    assert ("B", "DELETE_SKIPPED") in harness.events()


def test_an_update_without_changes_is_refused(harness: CloudFormationHarness) -> None:
    harness.create(body(Q=queue()), Tags=[{"Key": "a", "Value": "b"}])
    with pytest.raises(AwsError, match="No updates are to be performed"):
        harness.update(body(Q=queue()))
    with pytest.raises(AwsError, match="No updates are to be performed"):
        harness.update(None)
    harness.update(None, Tags=[{"Key": "a", "Value": "c"}])
    assert harness.call("sqs", "ListQueueTags", QueueUrl=harness.physical("Q"))["Tags"] == {"a": "c"}


def test_a_change_of_outputs_alone_is_an_update(harness: CloudFormationHarness) -> None:
    harness.create(body(Q=queue()))
    harness.update(dumps({"Resources": {"Q": queue()}, "Outputs": {"O": {"Value": {"Ref": "AWS::StackName"}}}}))
    assert harness.outputs() == {"O": "stack"}


def test_a_parameter_with_use_previous_value_keeps_its_value(harness: CloudFormationHarness) -> None:
    text = dumps(
        {
            "Parameters": {"Delay": {"Type": "Number"}, "Name": {"Type": "String"}},
            "Resources": {"Q": queue(DelaySeconds={"Ref": "Delay"}), "T": topic(DisplayName={"Ref": "Name"})},
        }
    )
    harness.create(text, values={"Delay": "1", "Name": "a"})
    kept = [
        {"ParameterKey": "Delay", "UsePreviousValue": True},
        {"ParameterKey": "Name", "ParameterValue": "b"},
    ]
    harness.cloudformation("UpdateStack", StackName="stack", UsePreviousTemplate=True, Parameters=kept)
    harness.settle()
    assert harness.state() == "UPDATE_COMPLETE"
    assert delay(harness, harness.physical("Q")) == "1"


def test_a_failed_update_is_rolled_back_completely(harness: CloudFormationHarness) -> None:
    harness.create(body(A=queue(DelaySeconds=1), B=queue(QueueName="b1"), C=topic()))
    before = {name: harness.physical(name) for name in "ABC"}
    new: Json = {
        "A": queue(DelaySeconds=2),
        "B": queue(QueueName="b2") | {"DependsOn": "A"},
        "D": queue(QueueName="d") | {"DependsOn": "B"},
        "Bad": BAD | {"DependsOn": "D"},
    }
    harness.update(body(**new))
    assert harness.state() == "UPDATE_ROLLBACK_COMPLETE"
    assert {name: harness.physical(name) for name in "ABC"} == before
    assert delay(harness, before["A"]) == "1"
    assert sorted(name for name in harness.queues() if len(name) < 3) == ["b1"]
    assert len(harness.queues()) == 2
    statuses = [status for name, status in harness.events() if name == "stack"]
    assert statuses[-4:] == [
        "UPDATE_IN_PROGRESS",
        "UPDATE_ROLLBACK_IN_PROGRESS",
        "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
        "UPDATE_ROLLBACK_COMPLETE",
    ]
    assert "The following resource(s) failed to create: [Bad]. " in harness.reasons()
    # The stack can be updated again.
    harness.update(body(A=queue(DelaySeconds=3), B=queue(QueueName="b1"), C=topic()))
    assert harness.state() == "UPDATE_COMPLETE"
    assert delay(harness, before["A"]) == "3"


def test_a_failed_update_without_rollback_can_be_continued_by_another_update(harness: CloudFormationHarness) -> None:
    harness.create(body(A=queue(DelaySeconds=1)))
    harness.update(body(A=queue(DelaySeconds=2), Bad=BAD | {"DependsOn": "A"}), DisableRollback=True)
    assert harness.state() == "UPDATE_FAILED"
    assert delay(harness, harness.physical("A")) == "2"
    harness.update(body(A=queue(DelaySeconds=3), Bad=queue()))
    assert harness.state() == "UPDATE_COMPLETE"
    assert len(harness.queues()) == 2


def test_a_failed_rollback_can_be_continued_without_the_failing_resources(harness: CloudFormationHarness) -> None:
    harness.create(body(A=queue(DelaySeconds=1)))
    url = harness.physical("A")
    harness.cloudformation(
        "UpdateStack", StackName="stack", TemplateBody=body(A=queue(DelaySeconds=2), Bad=BAD | {"DependsOn": "A"})
    )
    # After its change, the queue is deleted by hand, so that the rollback cannot change it.
    harness.settle()
    assert harness.state() == "UPDATE_ROLLBACK_COMPLETE"
    harness.cloudformation(
        "UpdateStack",
        StackName="stack",
        TemplateBody=body(A=queue(DelaySeconds=3), Bad=BAD | {"DependsOn": "A"}),
        DisableRollback=True,
    )
    harness.settle()
    harness.call("sqs", "DeleteQueue", QueueUrl=url)
    harness.update(body(A=queue(DelaySeconds=3), Bad=BAD | {"DependsOn": "A"}))
    assert harness.state() == "UPDATE_ROLLBACK_FAILED"
    with pytest.raises(AwsError, match="can not be updated"):
        harness.update(body(A=queue()))
    harness.cloudformation("ContinueUpdateRollback", StackName="stack")
    harness.settle()
    assert harness.state() == "UPDATE_ROLLBACK_FAILED"
    harness.cloudformation("ContinueUpdateRollback", StackName="stack", ResourcesToSkip=["A"])
    harness.settle()
    assert harness.state() == "UPDATE_ROLLBACK_COMPLETE"


def test_the_type_of_a_resource_cannot_be_changed(harness: CloudFormationHarness) -> None:
    harness.create(body(A=queue()))
    with pytest.raises(AwsError, match="Update of resource type is not permitted"):
        harness.update(body(A=topic()))


def test_a_changed_task_definition_is_a_new_revision(harness: CloudFormationHarness) -> None:
    def task(image: str) -> Json:
        container = {"Name": "main", "Image": image, "Memory": 64}
        return {
            "Type": "AWS::ECS::TaskDefinition",
            "Properties": {"Family": "job", "ContainerDefinitions": [container]},
        }

    harness.create(body(T=task("busybox:1")))
    harness.update(body(T=task("busybox:2")))
    assert harness.state() == "UPDATE_COMPLETE", harness.reasons()
    assert harness.physical("T").endswith("job:2")
    old = harness.call("ecs", "DescribeTaskDefinition", taskDefinition="job:1")["taskDefinition"]
    assert old["status"] == "INACTIVE"


def test_an_export_in_use_cannot_be_changed(harness: CloudFormationHarness) -> None:
    def exporting(value: str) -> str:
        return dumps({"Resources": {"Q": queue()}, "Outputs": {"O": {"Value": value, "Export": {"Name": "x"}}}})

    harness.create(exporting("1"), name="first")
    harness.create(body(T=topic(DisplayName={"Fn::ImportValue": "x"})), name="second")
    harness.update(exporting("2"), name="first")
    assert harness.state("first") == "UPDATE_ROLLBACK_COMPLETE"
    assert any("Cannot update export x as it is in use by second" in reason for reason in harness.reasons("first"))
    harness.update(body(T=topic()), name="second")
    harness.update(exporting("2"), name="first")
    assert harness.state("first") == "UPDATE_COMPLETE"


def test_a_missing_stack_cannot_be_updated(harness: CloudFormationHarness) -> None:
    with pytest.raises(AwsError, match=r"Stack \[stack\] does not exist"):
        harness.update(body(Q=queue()))


def test_a_cancelled_update_is_rolled_back(harness: CloudFormationHarness) -> None:
    harness.create(body(A=queue(DelaySeconds=1)))
    with pytest.raises(AwsError, match="CancelUpdateStack cannot be called from current stack status"):
        harness.cloudformation("CancelUpdateStack", StackName="stack")
    changed = [queue(DelaySeconds=2)] + [queue() for _ in range(3)]

    async def update_and_cancel() -> None:
        call = harness.engine.call
        text = body(**dict(zip("ABCD", changed, strict=True)))
        await call(CALLER, "cloudformation", "UpdateStack", {"StackName": "stack", "TemplateBody": text})
        await call(CALLER, "cloudformation", "CancelUpdateStack", {"StackName": "stack"})

    harness.run(update_and_cancel())
    harness.settle()
    assert harness.state() == "UPDATE_ROLLBACK_COMPLETE"
    assert len(harness.queues()) == 1
    assert delay(harness, harness.physical("A")) == "1"


def test_a_resource_that_an_earlier_version_simulated_is_recorded_by_an_update_and_can_be_deleted(
    harness: CloudFormationHarness,
) -> None:
    def stack(text: str, delay: int) -> str:
        board = {"Type": "AWS::CloudWatch::Dashboard", "Properties": {"DashboardName": "b", "DashboardBody": text}}
        return body(Board=board, Q=queue(QueueName={"Fn::Sub": "of-${Board}"}, DelaySeconds=delay))

    def as_left_by_earlier_version(tx: Tx) -> None:
        tx.execute("""UPDATE stack_resources SET body = json_set(body, '$.recorded', json('false'),
                      '$.attributes', json('{}')) WHERE logical = 'Board'""")

    async def write() -> None:
        await harness.engine.store.write(as_left_by_earlier_version)

    def recorded() -> list[tuple[object, ...]]:
        return harness.rows("SELECT json_extract(body, '$.recorded') FROM stack_resources WHERE logical = 'Board'")

    harness.create(stack("{}", 1))
    for changed in (stack("{}", 2), stack('{"widgets": []}', 2)):
        harness.run(write())
        assert recorded() == [(0,)]
        harness.update(changed)
        assert harness.state() == "UPDATE_COMPLETE", harness.reasons()
        assert (recorded(), harness.physical("Board"), harness.queues()) == ([(1,)], "b", ["of-b"])
    harness.run(write())
    harness.delete()
    assert harness.cloudformation("ListStacks")["StackSummaries"][0]["StackStatus"] == "DELETE_COMPLETE"
    assert harness.queues() == []
