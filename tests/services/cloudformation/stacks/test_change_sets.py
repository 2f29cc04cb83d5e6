"""A change set says what an update would do, and does it when it is carried out."""

import pytest

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json
from tests.services.cloudformation.cloudformation_harness import CloudFormationHarness, body, queue, topic


def change(harness: CloudFormationHarness, text: str, name: str = "change", **params: Json) -> Json:
    """Make a change set; what it says."""
    harness.cloudformation("CreateChangeSet", StackName="stack", ChangeSetName=name, TemplateBody=text, **params)
    return harness.cloudformation("DescribeChangeSet", StackName="stack", ChangeSetName=name)


def actions(described: Json) -> list[tuple[str, str, str | None]]:
    changes = [change["ResourceChange"] for change in described["Changes"]]
    return [(change["Action"], change["LogicalResourceId"], change.get("Replacement")) for change in changes]


def test_a_stack_comes_up_by_its_first_change_set(harness: CloudFormationHarness) -> None:
    described = change(harness, body(Q=queue(), T=topic()), ChangeSetType="CREATE")
    assert (described["Status"], described["ExecutionStatus"]) == ("CREATE_COMPLETE", "AVAILABLE")
    assert actions(described) == [("Add", "Q", None), ("Add", "T", None)]
    assert harness.state() == "REVIEW_IN_PROGRESS"
    assert harness.queues() == []
    harness.cloudformation("ExecuteChangeSet", StackName="stack", ChangeSetName="change")
    harness.settle()
    assert harness.state() == "CREATE_COMPLETE"
    assert harness.stack()["ChangeSetId"] == described["ChangeSetId"]
    assert harness.events()[0] == ("stack", "REVIEW_IN_PROGRESS")
    after = harness.cloudformation("DescribeChangeSet", ChangeSetName=described["ChangeSetId"])
    assert after["ExecutionStatus"] == "EXECUTE_COMPLETE"


def test_a_change_set_says_what_is_added_modified_made_anew_and_removed(harness: CloudFormationHarness) -> None:
    policy = {"Type": "AWS::SQS::QueuePolicy", "Properties": {"Queues": [{"Ref": "B"}], "PolicyDocument": {}}}
    harness.create(body(A=queue(DelaySeconds=1), B=queue(QueueName="b1"), C=topic(), P=policy))
    described = change(harness, body(A=queue(DelaySeconds=2), B=queue(QueueName="b2"), D=topic(), P=policy))
    assert sorted(actions(described)) == [
        ("Add", "D", None),
        ("Modify", "A", "False"),
        ("Modify", "B", "True"),
        ("Modify", "P", "False"),
        ("Remove", "C", None),
    ]
    details = {
        change["ResourceChange"]["LogicalResourceId"]: change["ResourceChange"] for change in described["Changes"]
    }
    (detail,) = details["B"]["Details"]
    assert detail["Target"] == {"Attribute": "Properties", "Name": "QueueName", "RequiresRecreation": "Always"}
    assert details["P"]["Details"][0]["Evaluation"] == "Dynamic"
    assert harness.state() == "CREATE_COMPLETE"
    harness.cloudformation("ExecuteChangeSet", StackName="stack", ChangeSetName="change")
    harness.settle()
    assert harness.state() == "UPDATE_COMPLETE"
    assert "b2" in harness.queues()


def test_a_change_set_without_changes_fails_and_says_so(harness: CloudFormationHarness) -> None:
    harness.create(body(Q=queue()))
    described = change(harness, body(Q=queue()))
    assert (described["Status"], described["ExecutionStatus"]) == ("FAILED", "UNAVAILABLE")
    assert described["StatusReason"].startswith("The submitted information didn't contain changes.")
    with pytest.raises(AwsError, match="cannot be executed in its current status") as caught:
        harness.cloudformation("ExecuteChangeSet", StackName="stack", ChangeSetName="change")
    assert caught.value.code == "InvalidChangeSetStatus"


def test_a_change_set_that_is_carried_out_makes_the_others_obsolete(harness: CloudFormationHarness) -> None:
    harness.create(body(Q=queue()))
    change(harness, body(Q=queue(DelaySeconds=1)), "one")
    change(harness, body(Q=queue(DelaySeconds=2)), "two")
    harness.cloudformation("ExecuteChangeSet", StackName="stack", ChangeSetName="one")
    harness.settle()
    listed = harness.cloudformation("ListChangeSets", StackName="stack")["Summaries"]
    assert {each["ChangeSetName"]: each["ExecutionStatus"] for each in listed} == {
        "one": "EXECUTE_COMPLETE",
        "two": "OBSOLETE",
    }


def test_change_sets_are_deleted_and_not_found_then(harness: CloudFormationHarness) -> None:
    harness.create(body(Q=queue()))
    change(harness, body(Q=queue(DelaySeconds=1)))
    harness.cloudformation("DeleteChangeSet", StackName="stack", ChangeSetName="change")
    harness.cloudformation("DeleteChangeSet", StackName="stack", ChangeSetName="change")
    with pytest.raises(AwsError, match=r"ChangeSet \[change\] does not exist") as caught:
        harness.cloudformation("DescribeChangeSet", StackName="stack", ChangeSetName="change")
    assert caught.value.code == "ChangeSetNotFound"


def test_a_change_set_of_a_stack_that_is_not_there_is_refused(harness: CloudFormationHarness) -> None:
    with pytest.raises(AwsError, match=r"Stack \[stack\] does not exist"):
        change(harness, body(Q=queue()))


def test_a_name_of_a_change_set_that_is_there_is_refused(harness: CloudFormationHarness) -> None:
    harness.create(body(Q=queue()))
    change(harness, body(Q=queue(DelaySeconds=1)))
    with pytest.raises(AwsError, match="already exists"):
        change(harness, body(Q=queue(DelaySeconds=2)))


def test_a_stack_that_waits_for_its_change_set_can_be_deleted(harness: CloudFormationHarness) -> None:
    change(harness, body(Q=queue()), ChangeSetType="CREATE")
    harness.delete()
    assert harness.cloudformation("DescribeStacks")["Stacks"] == []


def test_templates_are_read_back(harness: CloudFormationHarness) -> None:
    harness.create(body(Q=queue()))
    text = body(Q=queue(DelaySeconds=1))
    change(harness, text)
    assert harness.cloudformation("GetTemplate", StackName="stack")["TemplateBody"] == body(Q=queue())
    assert harness.cloudformation("GetTemplate", StackName="stack", ChangeSetName="change")["TemplateBody"] == text


def test_a_template_is_judged_and_summed_up(harness: CloudFormationHarness) -> None:
    text = """
Description: what it is
Parameters:
  Name: {Type: String, Default: a, AllowedValues: [a, b], Description: whose}
Resources:
  R: {Type: "AWS::IAM::Role", Properties: {RoleName: !Ref Name}}
"""
    judged = harness.cloudformation("ValidateTemplate", TemplateBody=text)
    assert judged["Parameters"] == [
        {"ParameterKey": "Name", "NoEcho": False, "DefaultValue": "a", "Description": "whose"}
    ]
    assert judged["Capabilities"] == ["CAPABILITY_NAMED_IAM"]
    summary = harness.cloudformation("GetTemplateSummary", TemplateBody=text)
    assert summary["ResourceTypes"] == ["AWS::IAM::Role"]
    assert summary["Parameters"][0]["ParameterConstraints"] == {"AllowedValues": ["a", "b"]}
    with pytest.raises(AwsError, match="Unresolved resource dependencies"):
        harness.cloudformation("ValidateTemplate", TemplateBody=body(Q=queue(QueueName={"Ref": "Nobody"})))
