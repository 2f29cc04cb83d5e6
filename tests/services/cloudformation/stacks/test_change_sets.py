"""A change set lists what an update would do; its execution updates the stack."""

import pytest

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json
from tests.services.cloudformation.cloudformation_harness import CloudFormationHarness, body, queue, topic


def create_change_set(harness: CloudFormationHarness, text: str, name: str = "change", **params: Json) -> Json:
    """Create a change set and return its description."""
    harness.cloudformation("CreateChangeSet", StackName="stack", ChangeSetName=name, TemplateBody=text, **params)
    return harness.cloudformation("DescribeChangeSet", StackName="stack", ChangeSetName=name)


def actions(described: Json) -> list[tuple[str, str, str | None]]:
    changes = [each["ResourceChange"] for each in described["Changes"]]
    return [(each["Action"], each["LogicalResourceId"], each.get("Replacement")) for each in changes]


def test_executing_the_first_change_set_creates_the_stack(harness: CloudFormationHarness) -> None:
    described = create_change_set(harness, body(Q=queue(), T=topic()), ChangeSetType="CREATE")
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


def test_a_change_set_lists_additions_modifications_replacements_and_removals(harness: CloudFormationHarness) -> None:
    policy = {"Type": "AWS::SQS::QueuePolicy", "Properties": {"Queues": [{"Ref": "B"}], "PolicyDocument": {}}}
    harness.create(body(A=queue(DelaySeconds=1), B=queue(QueueName="b1"), C=topic(), P=policy))
    described = create_change_set(harness, body(A=queue(DelaySeconds=2), B=queue(QueueName="b2"), D=topic(), P=policy))
    assert sorted(actions(described)) == [
        ("Add", "D", None),
        ("Modify", "A", "False"),
        ("Modify", "B", "True"),
        ("Modify", "P", "False"),
        ("Remove", "C", None),
    ]
    details = {each["ResourceChange"]["LogicalResourceId"]: each["ResourceChange"] for each in described["Changes"]}
    (detail,) = details["B"]["Details"]
    assert detail["Target"] == {"Attribute": "Properties", "Name": "QueueName", "RequiresRecreation": "Always"}
    (caused,) = details["P"]["Details"]
    assert (caused["ChangeSource"], caused["CausingEntity"], caused["Evaluation"]) == (
        "ResourceReference",
        "B",
        "Static",
    )
    assert [details[name].get("PolicyAction") for name in "ABCD"] == [None, "ReplaceAndDelete", "Delete", None]
    assert harness.state() == "CREATE_COMPLETE"
    harness.cloudformation("ExecuteChangeSet", StackName="stack", ChangeSetName="change")
    harness.settle()
    assert harness.state() == "UPDATE_COMPLETE"
    assert "b2" in harness.queues()


def test_a_change_set_without_changes_fails_with_a_reason(harness: CloudFormationHarness) -> None:
    harness.create(body(Q=queue()))
    described = create_change_set(harness, body(Q=queue()))
    assert (described["Status"], described["ExecutionStatus"]) == ("FAILED", "UNAVAILABLE")
    assert described["StatusReason"].startswith("The submitted information didn't contain changes.")
    with pytest.raises(AwsError, match="cannot be executed in its current status") as caught:
        harness.cloudformation("ExecuteChangeSet", StackName="stack", ChangeSetName="change")
    assert caught.value.code == "InvalidChangeSetStatus"


def test_executing_a_change_set_deletes_the_others_and_frees_their_names(harness: CloudFormationHarness) -> None:
    harness.create(body(Q=queue()))
    create_change_set(harness, body(Q=queue(DelaySeconds=2)), "two")
    executed = create_change_set(harness, body(Q=queue(DelaySeconds=1)), "one")["ChangeSetId"]
    harness.cloudformation("ExecuteChangeSet", StackName="stack", ChangeSetName="one")
    harness.settle()
    assert harness.cloudformation("ListChangeSets", StackName="stack")["Summaries"] == []
    found = harness.cloudformation("DescribeChangeSet", ChangeSetName=executed)
    assert (found["ChangeSetName"], found["ExecutionStatus"]) == ("one", "EXECUTE_COMPLETE")
    again = create_change_set(harness, body(Q=queue(DelaySeconds=3)), "one")
    assert (again["ExecutionStatus"], again["ChangeSetId"] == executed) == ("AVAILABLE", False)


def test_updating_a_stack_makes_its_change_sets_obsolete(harness: CloudFormationHarness) -> None:
    harness.create(body(Q=queue()))
    create_change_set(harness, body(Q=queue(DelaySeconds=1)))
    harness.update(body(Q=queue(DelaySeconds=2)))
    (listed,) = harness.cloudformation("ListChangeSets", StackName="stack")["Summaries"]
    assert listed["ExecutionStatus"] == "OBSOLETE"
    with pytest.raises(AwsError, match="cannot be executed"):
        harness.cloudformation("ExecuteChangeSet", StackName="stack", ChangeSetName="change")


def test_the_execution_of_a_change_set_fails_with_its_stack(harness: CloudFormationHarness) -> None:
    harness.create(body(Q=queue()))
    bad = body(Q=queue(), R=queue(QueueName="not a name"))
    executed = create_change_set(harness, bad)["ChangeSetId"]
    harness.cloudformation("ExecuteChangeSet", ChangeSetName=executed)
    during = harness.cloudformation("DescribeChangeSet", ChangeSetName=executed)
    assert during["ExecutionStatus"] == "EXECUTE_IN_PROGRESS"
    harness.settle()
    assert harness.state() == "UPDATE_ROLLBACK_COMPLETE"
    after = harness.cloudformation("DescribeChangeSet", ChangeSetName=executed)
    assert after["ExecutionStatus"] == "EXECUTE_FAILED"


def test_a_new_template_that_changes_nothing_has_another_reason(harness: CloudFormationHarness) -> None:
    harness.create(body(Q=queue()))
    described = create_change_set(harness, body(Q=queue()) + "\n")
    assert (described["Status"], described["StatusReason"]) == ("FAILED", "No updates are to be performed.")


def test_an_invalid_page_token_is_refused(harness: CloudFormationHarness) -> None:
    create_change_set(harness, body(**{f"Q{number}": queue() for number in range(120)}), ChangeSetType="CREATE")
    named = {"StackName": "stack", "ChangeSetName": "change"}
    first = harness.cloudformation("DescribeChangeSet", **named)
    rest = harness.cloudformation("DescribeChangeSet", **named, NextToken=first["NextToken"])
    assert (len(first["Changes"]), len(rest["Changes"]), "NextToken" in rest) == (100, 20, False)
    with pytest.raises(AwsError, match="Invalid NextToken"):
        harness.cloudformation("DescribeChangeSet", **named, NextToken="a")


def test_a_deleted_change_set_is_not_found(harness: CloudFormationHarness) -> None:
    harness.create(body(Q=queue()))
    create_change_set(harness, body(Q=queue(DelaySeconds=1)))
    harness.cloudformation("DeleteChangeSet", StackName="stack", ChangeSetName="change")
    harness.cloudformation("DeleteChangeSet", StackName="stack", ChangeSetName="change")
    with pytest.raises(AwsError, match=r"ChangeSet \[change\] does not exist") as caught:
        harness.cloudformation("DescribeChangeSet", StackName="stack", ChangeSetName="change")
    assert caught.value.code == "ChangeSetNotFound"


def test_a_change_set_for_a_missing_stack_is_refused(harness: CloudFormationHarness) -> None:
    with pytest.raises(AwsError, match=r"Stack \[stack\] does not exist"):
        create_change_set(harness, body(Q=queue()))


def test_a_duplicate_name_of_a_change_set_is_refused(harness: CloudFormationHarness) -> None:
    harness.create(body(Q=queue()))
    create_change_set(harness, body(Q=queue(DelaySeconds=1)))
    with pytest.raises(AwsError, match="already exists"):
        create_change_set(harness, body(Q=queue(DelaySeconds=2)))


def test_a_stack_without_an_executed_change_set_can_be_deleted(harness: CloudFormationHarness) -> None:
    create_change_set(harness, body(Q=queue()), ChangeSetType="CREATE")
    harness.delete()
    assert harness.cloudformation("DescribeStacks")["Stacks"] == []


def test_get_template_returns_the_template_of_a_stack_and_of_a_change_set(harness: CloudFormationHarness) -> None:
    harness.create(body(Q=queue()))
    text = body(Q=queue(DelaySeconds=1))
    create_change_set(harness, text)
    assert harness.cloudformation("GetTemplate", StackName="stack")["TemplateBody"] == body(Q=queue())
    assert harness.cloudformation("GetTemplate", StackName="stack", ChangeSetName="change")["TemplateBody"] == text


def test_a_template_is_validated_and_summarised(harness: CloudFormationHarness) -> None:
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
