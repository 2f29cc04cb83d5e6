"""Stacks are changed in place where that can be, made anew where not, and brought back where something fails."""

import pytest

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json, dumps
from tests.engines import CALLER
from tests.services.cloudformation.office import Office, body, queue, topic

BAD = {"Type": "AWS::SQS::Queue", "Properties": {"DelaySeconds": 99_999}}


def delay(office: Office, url: str) -> str:
    found = office.call("sqs", "GetQueueAttributes", QueueUrl=url, AttributeNames=["DelaySeconds"])["Attributes"]
    told: str = found["DelaySeconds"]
    return told


def test_a_property_that_can_be_changed_is_changed_in_place(office: Office) -> None:
    office.create(body(Q=queue(DelaySeconds=1), T=topic()))
    url = office.physical("Q")
    office.update(body(Q=queue(DelaySeconds=2), T=topic()))
    assert office.state() == "UPDATE_COMPLETE"
    assert office.physical("Q") == url
    assert delay(office, url) == "2"
    assert [event for event in office.events() if event[0] == "T"][-1] == ("T", "CREATE_COMPLETE")
    assert office.events()[-5:] == [
        ("stack", "UPDATE_IN_PROGRESS"),
        ("Q", "UPDATE_IN_PROGRESS"),
        ("Q", "UPDATE_COMPLETE"),
        ("stack", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"),
        ("stack", "UPDATE_COMPLETE"),
    ]


def test_a_property_that_is_taken_away_falls_back_to_its_default(office: Office) -> None:
    office.create(body(Q=queue(DelaySeconds=1)))
    office.update(body(Q=queue()))
    assert delay(office, office.physical("Q")) == "0"


def test_a_property_that_cannot_be_changed_has_its_resource_made_anew(office: Office) -> None:
    office.create(body(Q=queue(QueueName="old"), P=_policy()))
    office.update(body(Q=queue(QueueName="new"), P=_policy()))
    assert office.state() == "UPDATE_COMPLETE"
    assert office.queues() == ["new"]
    told = office.events()
    assert told.index(("stack", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")) < told.index(("Q", "DELETE_COMPLETE"))
    # What refers to it follows.
    assert [event for event in told if event[0] == "P"][-1] == ("P", "UPDATE_COMPLETE")


def _policy() -> Json:
    return {"Type": "AWS::SQS::QueuePolicy", "Properties": {"Queues": [{"Ref": "Q"}], "PolicyDocument": {}}}


def test_a_resource_of_the_users_naming_cannot_be_made_anew_under_its_name(office: Office) -> None:
    machine: Json = {
        "Type": "AWS::StepFunctions::StateMachine",
        "Properties": {
            "StateMachineName": "mine",
            "RoleArn": "arn:aws:iam::123456789012:role/r",
            "Definition": {"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}},
        },
    }
    office.create(body(M=machine))
    express = machine | {"Properties": machine["Properties"] | {"StateMachineType": "EXPRESS"}}
    office.update(body(M=express))
    assert office.state() == "UPDATE_ROLLBACK_COMPLETE"
    assert any("custom-named resource requires replacing" in reason for reason in office.reasons())


def test_what_the_template_names_no_longer_is_deleted_at_the_end(office: Office) -> None:
    office.create(body(A=queue(), B=queue()))
    office.update(body(A=queue(), C=topic()))
    assert office.state() == "UPDATE_COMPLETE"
    assert len(office.queues()) == 1
    listed = office.cf("ListStackResources", StackName="stack")["StackResourceSummaries"]
    assert [each["LogicalResourceId"] for each in listed] == ["A", "C"]


def test_what_is_to_stay_stays_when_it_is_named_no_longer_or_made_anew(office: Office) -> None:
    office.create(
        body(A=queue() | {"DeletionPolicy": "Retain"}, B=queue(QueueName="b1") | {"UpdateReplacePolicy": "Retain"})
    )
    office.update(body(B=queue(QueueName="b2") | {"UpdateReplacePolicy": "Retain"}))
    assert len(office.queues()) == 3
    assert ("A", "DELETE_SKIPPED") in office.events()
    assert ("B", "DELETE_SKIPPED") in office.events()


def test_nothing_to_change_is_refused(office: Office) -> None:
    office.create(body(Q=queue()), Tags=[{"Key": "a", "Value": "b"}])
    with pytest.raises(AwsError, match="No updates are to be performed"):
        office.update(body(Q=queue()))
    with pytest.raises(AwsError, match="No updates are to be performed"):
        office.update(None)
    office.update(None, Tags=[{"Key": "a", "Value": "c"}])
    assert office.call("sqs", "ListQueueTags", QueueUrl=office.physical("Q"))["Tags"] == {"a": "c"}


def test_outputs_alone_are_a_change(office: Office) -> None:
    office.create(body(Q=queue()))
    office.update(dumps({"Resources": {"Q": queue()}, "Outputs": {"O": {"Value": {"Ref": "AWS::StackName"}}}}))
    assert office.outputs() == {"O": "stack"}


def test_a_value_that_was_given_before_is_kept_where_that_is_asked_for(office: Office) -> None:
    text = dumps(
        {
            "Parameters": {"Delay": {"Type": "Number"}, "Name": {"Type": "String"}},
            "Resources": {"Q": queue(DelaySeconds={"Ref": "Delay"}), "T": topic(DisplayName={"Ref": "Name"})},
        }
    )
    office.create(text, values={"Delay": "1", "Name": "a"})
    kept = [
        {"ParameterKey": "Delay", "UsePreviousValue": True},
        {"ParameterKey": "Name", "ParameterValue": "b"},
    ]
    office.cf("UpdateStack", StackName="stack", UsePreviousTemplate=True, Parameters=kept)
    office.settle()
    assert office.state() == "UPDATE_COMPLETE"
    assert delay(office, office.physical("Q")) == "1"


def test_an_update_of_which_a_resource_fails_is_rolled_back_whole(office: Office) -> None:
    office.create(body(A=queue(DelaySeconds=1), B=queue(QueueName="b1"), C=topic()))
    before = {name: office.physical(name) for name in "ABC"}
    new: Json = {
        "A": queue(DelaySeconds=2),
        "B": queue(QueueName="b2") | {"DependsOn": "A"},
        "D": queue(QueueName="d") | {"DependsOn": "B"},
        "Bad": BAD | {"DependsOn": "D"},
    }
    office.update(body(**new))
    assert office.state() == "UPDATE_ROLLBACK_COMPLETE"
    assert {name: office.physical(name) for name in "ABC"} == before
    assert delay(office, before["A"]) == "1"
    assert sorted(name for name in office.queues() if len(name) < 3) == ["b1"]
    assert len(office.queues()) == 2
    told = [status for name, status in office.events() if name == "stack"]
    assert told[-4:] == [
        "UPDATE_IN_PROGRESS",
        "UPDATE_ROLLBACK_IN_PROGRESS",
        "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
        "UPDATE_ROLLBACK_COMPLETE",
    ]
    assert "The following resource(s) failed to create: [Bad]. " in office.reasons()
    # And the stack can be changed again.
    office.update(body(A=queue(DelaySeconds=3), B=queue(QueueName="b1"), C=topic()))
    assert office.state() == "UPDATE_COMPLETE"
    assert delay(office, before["A"]) == "3"


def test_a_failed_update_stays_where_rollback_is_disabled_and_is_gone_on_with(office: Office) -> None:
    office.create(body(A=queue(DelaySeconds=1)))
    office.update(body(A=queue(DelaySeconds=2), Bad=BAD | {"DependsOn": "A"}), DisableRollback=True)
    assert office.state() == "UPDATE_FAILED"
    assert delay(office, office.physical("A")) == "2"
    office.update(body(A=queue(DelaySeconds=3), Bad=queue()))
    assert office.state() == "UPDATE_COMPLETE"
    assert len(office.queues()) == 2


def test_a_rollback_that_fails_can_be_continued_without_what_fails(office: Office) -> None:
    office.create(body(A=queue(DelaySeconds=1)))
    url = office.physical("A")
    office.cf(
        "UpdateStack", StackName="stack", TemplateBody=body(A=queue(DelaySeconds=2), Bad=BAD | {"DependsOn": "A"})
    )
    # Once the queue is changed it goes away by hand, so that it cannot be changed back.
    office.settle()
    assert office.state() == "UPDATE_ROLLBACK_COMPLETE"
    office.cf(
        "UpdateStack",
        StackName="stack",
        TemplateBody=body(A=queue(DelaySeconds=3), Bad=BAD | {"DependsOn": "A"}),
        DisableRollback=True,
    )
    office.settle()
    office.call("sqs", "DeleteQueue", QueueUrl=url)
    office.update(body(A=queue(DelaySeconds=3), Bad=BAD | {"DependsOn": "A"}))
    assert office.state() == "UPDATE_ROLLBACK_FAILED"
    with pytest.raises(AwsError, match="can not be updated"):
        office.update(body(A=queue()))
    office.cf("ContinueUpdateRollback", StackName="stack")
    office.settle()
    assert office.state() == "UPDATE_ROLLBACK_FAILED"
    office.cf("ContinueUpdateRollback", StackName="stack", ResourcesToSkip=["A"])
    office.settle()
    assert office.state() == "UPDATE_ROLLBACK_COMPLETE"


def test_the_type_of_a_resource_cannot_be_changed(office: Office) -> None:
    office.create(body(A=queue()))
    with pytest.raises(AwsError, match="Update of resource type is not permitted"):
        office.update(body(A=topic()))


def test_a_task_definition_that_changes_is_a_new_revision(office: Office) -> None:
    def task(image: str) -> Json:
        container = {"Name": "main", "Image": image, "Memory": 64}
        return {
            "Type": "AWS::ECS::TaskDefinition",
            "Properties": {"Family": "job", "ContainerDefinitions": [container]},
        }

    office.create(body(T=task("busybox:1")))
    office.update(body(T=task("busybox:2")))
    assert office.state() == "UPDATE_COMPLETE", office.reasons()
    assert office.physical("T").endswith("job:2")
    old = office.call("ecs", "DescribeTaskDefinition", taskDefinition="job:1")["taskDefinition"]
    assert old["status"] == "INACTIVE"


def test_an_export_that_is_in_use_is_not_changed(office: Office) -> None:
    def exporting(value: str) -> str:
        return dumps({"Resources": {"Q": queue()}, "Outputs": {"O": {"Value": value, "Export": {"Name": "x"}}}})

    office.create(exporting("1"), name="first")
    office.create(body(T=topic(DisplayName={"Fn::ImportValue": "x"})), name="second")
    office.update(exporting("2"), name="first")
    assert office.state("first") == "UPDATE_ROLLBACK_COMPLETE"
    assert any("Cannot update export x as it is in use by second" in reason for reason in office.reasons("first"))
    office.update(body(T=topic()), name="second")
    office.update(exporting("2"), name="first")
    assert office.state("first") == "UPDATE_COMPLETE"


def test_a_stack_that_is_not_there_is_not_updated(office: Office) -> None:
    with pytest.raises(AwsError, match=r"Stack \[stack\] does not exist"):
        office.update(body(Q=queue()))


def test_an_update_that_is_cancelled_is_rolled_back(office: Office) -> None:
    office.create(body(A=queue(DelaySeconds=1)))
    with pytest.raises(AwsError, match="CancelUpdateStack cannot be called from current stack status"):
        office.cf("CancelUpdateStack", StackName="stack")
    changed = [queue(DelaySeconds=2)] + [queue() for _ in range(3)]

    async def both() -> None:
        call = office.engine.call
        text = body(**dict(zip("ABCD", changed, strict=True)))
        await call(CALLER, "cloudformation", "UpdateStack", {"StackName": "stack", "TemplateBody": text})
        await call(CALLER, "cloudformation", "CancelUpdateStack", {"StackName": "stack"})

    office.run(both())
    office.settle()
    assert office.state() == "UPDATE_ROLLBACK_COMPLETE"
    assert len(office.queues()) == 1
    assert delay(office, office.physical("A")) == "1"
