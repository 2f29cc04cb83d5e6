"""A change set with IncludeNestedStacks has one for each nested stack, executed and deleted with it."""

import pytest

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json, dumps
from tests.services.cloudformation.cloudformation_harness import CloudFormationHarness, body, queue

NAMED: Json = {"StackName": "stack", "ChangeSetName": "root"}
URL = "https://bucket.s3.amazonaws.com/"


@pytest.fixture(autouse=True)
def bucket(harness: CloudFormationHarness) -> None:
    harness.call("s3", "CreateBucket", Bucket="bucket")


def put(harness: CloudFormationHarness, key: str, text: str) -> None:
    harness.call("s3", "PutObject", Bucket="bucket", Key=key, Body=text)


def nested(key: str, **parameters: Json) -> Json:
    return {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": URL + key, "Parameters": parameters}}


def child(**resources: Json) -> str:
    return dumps({"Parameters": {"Name": {"Type": "String", "Default": "x"}}, "Resources": resources})


def create(harness: CloudFormationHarness, text: str, kind: str = "UPDATE") -> Json:
    harness.cloudformation("CreateChangeSet", **NAMED, ChangeSetType=kind, TemplateBody=text, IncludeNestedStacks=True)
    return harness.cloudformation("DescribeChangeSet", **NAMED)


def nested_change_set(harness: CloudFormationHarness, described: Json, name: str = "Child") -> Json:
    (key,) = (
        each["ResourceChange"]["ChangeSetId"]
        for each in described["Changes"]
        if each["ResourceChange"]["LogicalResourceId"] == name
    )
    return harness.cloudformation("DescribeChangeSet", ChangeSetName=key)


def execute(harness: CloudFormationHarness) -> None:
    harness.cloudformation("ExecuteChangeSet", **NAMED)
    harness.settle()


def test_the_change_set_of_a_nested_stack_names_its_parent_and_is_executed_with_the_root(
    harness: CloudFormationHarness,
) -> None:
    put(harness, "inner", child(Q=queue()))
    put(harness, "child", body(Inner=nested("inner")))
    root = create(harness, body(Child=nested("child")), "CREATE")
    middle = nested_change_set(harness, root)
    inner = nested_change_set(harness, middle, "Inner")
    assert (middle["ParentChangeSetId"], middle["RootChangeSetId"]) == (root["ChangeSetId"], root["ChangeSetId"])
    assert (inner["ParentChangeSetId"], inner["RootChangeSetId"]) == (middle["ChangeSetId"], root["ChangeSetId"])
    assert not {"ParentChangeSetId", "RootChangeSetId"} & root.keys()
    assert (inner["ExecutionStatus"], inner["StatusReason"]) == ("UNAVAILABLE", "Executable from root change set")
    assert (inner["Status"], inner["IncludeNestedStacks"]) == ("CREATE_COMPLETE", True)
    (change,) = inner["Changes"]
    assert change["ResourceChange"]["LogicalResourceId"] == "Q"
    waiting = harness.stack(inner["StackName"])
    assert (waiting["StackStatus"], waiting["RootId"]) == ("REVIEW_IN_PROGRESS", root["StackId"])
    execute(harness)
    assert harness.state() == "CREATE_COMPLETE", harness.reasons()
    made = harness.stack(inner["StackName"])
    assert (made["StackStatus"], made["ChangeSetId"]) == ("CREATE_COMPLETE", inner["ChangeSetId"])
    assert len(harness.queues()) == 1
    done = harness.cloudformation("DescribeChangeSet", ChangeSetName=inner["ChangeSetId"])
    assert done["ExecutionStatus"] == "EXECUTE_COMPLETE"
    harness.delete()
    assert harness.queues() == []


def test_an_update_shows_what_changes_in_a_nested_stack(harness: CloudFormationHarness) -> None:
    put(harness, "child", child(Q=queue()))
    harness.create(body(Child=nested("child")))
    put(harness, "child", child(Q=queue(DelaySeconds=5)))
    root = create(harness, body(Child=nested("child")))
    (change,) = nested_change_set(harness, root)["Changes"]
    assert change["ResourceChange"]["Details"][0]["Target"]["Name"] == "DelaySeconds"
    execute(harness)
    assert harness.state() == "UPDATE_COMPLETE", harness.reasons()


def test_a_nested_stack_without_changes_fails_alone(harness: CloudFormationHarness) -> None:
    put(harness, "child", child(Q=queue()))
    harness.create(body(Child=nested("child")))
    root = create(harness, body(Child=nested("child"), Q=queue()))
    inner = nested_change_set(harness, root)
    assert (root["Status"], inner["Status"]) == ("CREATE_COMPLETE", "FAILED")
    assert "didn't contain changes" in inner["StatusReason"]
    execute(harness)
    assert harness.state() == "UPDATE_COMPLETE", harness.reasons()


def test_a_nested_stack_that_cannot_be_planned_fails_the_root(harness: CloudFormationHarness) -> None:
    put(harness, "child", child(Q={"Type": "AWS::SQS::Queue", "Properties": {"QueueName": {"Ref": "Missing"}}}))
    root = create(harness, body(Child=nested("child")), "CREATE")
    inner = nested_change_set(harness, root)
    assert "Unresolved resource dependencies [Missing]" in inner["StatusReason"]
    wanted = f"Nested change set {inner['ChangeSetId']} was not successfully created: Currently in FAILED."
    assert (root["Status"], root["ExecutionStatus"], root["StatusReason"]) == ("FAILED", "UNAVAILABLE", wanted)


def test_a_value_that_the_parent_does_not_know_yet_is_marked(harness: CloudFormationHarness) -> None:
    put(harness, "child", child(Q=queue(QueueName={"Ref": "Name"})))
    root = create(harness, body(Child=nested("child", Name={"Ref": "Q"}), Q=queue()), "CREATE")
    (parameter,) = nested_change_set(harness, root)["Parameters"]
    assert parameter["ParameterValue"] == "{{changeSet:KNOWN_AFTER_APPLY}}"


def test_only_the_root_is_executed_and_deleted(harness: CloudFormationHarness) -> None:
    put(harness, "child", child(Q=queue()))
    root = create(harness, body(Child=nested("child")), "CREATE")
    inner = nested_change_set(harness, root)
    with pytest.raises(AwsError, match=r"execution status of \[UNAVAILABLE\]"):
        harness.cloudformation("ExecuteChangeSet", ChangeSetName=inner["ChangeSetId"])
    with pytest.raises(AwsError, match="Delete the root change set") as error:
        harness.cloudformation("DeleteChangeSet", ChangeSetName=inner["ChangeSetId"])
    assert error.value.code == "InvalidChangeSetStatus"
    harness.cloudformation("DeleteChangeSet", **NAMED)
    harness.settle()
    assert harness.stack(inner["StackId"])["StackStatus"] == "DELETE_COMPLETE"
    for key in (root["ChangeSetId"], inner["ChangeSetId"]):
        with pytest.raises(AwsError, match="does not exist"):
            harness.cloudformation("DescribeChangeSet", ChangeSetName=key)


def test_a_template_that_nests_itself_has_an_end(harness: CloudFormationHarness) -> None:
    put(harness, "child", body(Child=nested("child")))
    root = create(harness, body(Child=nested("child")), "CREATE")
    assert root["Status"] == "FAILED"


def test_existing_resources_of_nested_stacks_are_imported_on_request(harness: CloudFormationHarness) -> None:
    def retained(name: str) -> Json:
        return {"Type": "AWS::Logs::LogGroup", "DeletionPolicy": "Retain", "Properties": {"LogGroupName": name}}

    def deploy(kind: str, **resources: Json) -> Json:
        put(harness, "child", child(**resources))
        given = {"ChangeSetType": kind, "TemplateBody": body(Child=nested("child")), "IncludeNestedStacks": True}
        harness.cloudformation("CreateChangeSet", **NAMED, **given, ImportExistingResources=True)
        inner = nested_change_set(harness, harness.cloudformation("DescribeChangeSet", **NAMED))
        execute(harness)
        return [each["ResourceChange"]["Action"] for each in inner["Changes"]]

    for name in ("first", "second"):
        harness.call("logs", "CreateLogGroup", logGroupName=name)
    assert deploy("CREATE", A=retained("first")) == ["Import"]
    assert harness.state() == "CREATE_COMPLETE", harness.reasons()
    assert deploy("UPDATE", A=retained("first"), B=retained("second")) == ["Import"]
    assert harness.state() == "UPDATE_COMPLETE", harness.reasons()
