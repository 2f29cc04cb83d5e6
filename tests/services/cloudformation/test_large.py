"""Large templates: what takes long of them is computed by a thread, and everything is as it is with small ones."""

import pytest

from lamplighter.base.errors import AwsError, Unavailable
from lamplighter.base.json_text import dumps
from lamplighter.services.cloudformation.templates import external_inputs
from tests.services.cloudformation.cloudformation_harness import CloudFormationHarness, body, queue, topic
from tests.services.cloudformation.fake_services import beside

FIRST = body(A=queue(DelaySeconds=1), B=topic())
SECOND = body(A=queue(DelaySeconds=2), C=queue())


@pytest.fixture(autouse=True)
def every_template_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(external_inputs, "MAX_INLINE_CHARACTERS", -1)


def templates(harness: CloudFormationHarness) -> int:
    [(count,)] = harness.rows("SELECT count(*) FROM stack_templates")
    return int(count)


def test_a_stack_is_made_changed_and_deleted(harness: CloudFormationHarness) -> None:
    harness.create(FIRST)
    assert harness.state() == "CREATE_COMPLETE"
    harness.update(SECOND)
    assert harness.state() == "UPDATE_COMPLETE"
    assert [name for name, status in harness.events() if status == "DELETE_COMPLETE"] == ["B"]
    harness.delete()
    assert len(harness.call("sqs", "ListQueues").get("QueueUrls", [])) == 0


def test_what_is_wrong_is_told_at_once(harness: CloudFormationHarness) -> None:
    with pytest.raises(AwsError, match=r"Unresolved resource dependencies \[Nobody\]"):
        harness.create(body(A=queue(QueueName={"Ref": "Nobody"})))
    with pytest.raises(AwsError, match="Circular dependency between resources"):
        harness.create(body(A=queue() | {"DependsOn": "B"}, B=queue() | {"DependsOn": "A"}))


def test_nothing_to_change_is_refused(harness: CloudFormationHarness) -> None:
    harness.create(FIRST)
    with pytest.raises(AwsError, match="No updates are to be performed"):
        harness.update(FIRST)


def test_a_change_set_says_what_it_would_do_and_does_it(harness: CloudFormationHarness) -> None:
    harness.create(FIRST)
    harness.cloudformation("CreateChangeSet", StackName="stack", ChangeSetName="next", TemplateBody=SECOND)
    found = harness.cloudformation("DescribeChangeSet", StackName="stack", ChangeSetName="next")["Changes"]
    changes = [(each["ResourceChange"]["Action"], each["ResourceChange"]["LogicalResourceId"]) for each in found]
    assert changes == [("Modify", "A"), ("Add", "C"), ("Remove", "B")]
    harness.cloudformation("ExecuteChangeSet", StackName="stack", ChangeSetName="next")
    harness.settle()
    assert harness.state() == "UPDATE_COMPLETE"
    assert harness.cloudformation("GetTemplate", StackName="stack", ChangeSetName="next")["TemplateBody"] == SECOND


def test_a_template_alone_is_judged_and_summed_up(harness: CloudFormationHarness) -> None:
    described = dumps({"Description": "ours", "Resources": {"A": queue()}})
    assert harness.cloudformation("ValidateTemplate", TemplateBody=described)["Description"] == "ours"
    assert harness.cloudformation("GetTemplateSummary", TemplateBody=described)["ResourceTypes"] == ["AWS::SQS::Queue"]


def test_the_templates_that_a_stack_needs_are_kept_and_no_others(harness: CloudFormationHarness) -> None:
    harness.create(FIRST)
    harness.update(SECOND)
    harness.update(FIRST)
    assert templates(harness) == 1
    harness.cloudformation("CreateChangeSet", StackName="stack", ChangeSetName="next", TemplateBody=SECOND)
    assert templates(harness) == 2
    harness.cloudformation("DeleteChangeSet", StackName="stack", ChangeSetName="next")
    assert templates(harness) == 1


def test_a_failed_update_can_be_taken_back_to_the_template_before(harness: CloudFormationHarness) -> None:
    harness.create(FIRST)
    harness.cloudformation(
        "UpdateStack", StackName="stack", TemplateBody=body(A=queue(DelaySeconds=99_999)), DisableRollback=True
    )
    harness.settle()
    assert (harness.state(), templates(harness)) == ("UPDATE_FAILED", 2)
    harness.cloudformation("RollbackStack", StackName="stack")
    harness.settle()
    assert harness.state() == "UPDATE_ROLLBACK_COMPLETE"
    assert harness.cloudformation("GetTemplate", StackName="stack")["TemplateBody"] == FIRST


def test_while_the_database_is_away_a_request_is_refused_and_nothing_is_made_in_its_place(
    harness: CloudFormationHarness,
) -> None:
    home, away = harness.directory, harness.directory.with_name("away")
    home.rename(away)
    with pytest.raises(Unavailable):
        harness.cloudformation("CreateStack", StackName="stack", TemplateBody=FIRST)
    assert not home.exists()
    away.rename(home)
    harness.create(FIRST)
    assert harness.state() == "CREATE_COMPLETE"


def test_stacks_in_a_stack_are_each_planned_for_themselves(harness: CloudFormationHarness) -> None:
    elsewhere = beside(harness)
    names = ("one", "two", "three")
    children = {}
    for name in names:
        elsewhere.objects[f"bucket/{name}"] = body(Q=queue(QueueName=name))
        url = f"https://bucket.s3.amazonaws.com/{name}"
        children[name] = {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": url}}
    harness.create(body(**children))
    harness.update(body(**children, Extra=topic()))
    assert harness.state() == "UPDATE_COMPLETE"
    assert sorted(url.rpartition("/")[2] for url in harness.call("sqs", "ListQueues")["QueueUrls"]) == sorted(names)
    assert not [name for name, status in harness.events() if name in names and status == "DELETE_COMPLETE"]


def test_a_parameter_that_the_stack_made_just_before_is_seen_by_the_stack_in_it(harness: CloudFormationHarness) -> None:
    parameter = {"Type": "AWS::SSM::Parameter", "Properties": {"Name": "/size", "Type": "String", "Value": "small"}}
    child = {
        "Parameters": {"Size": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/size"}},
        "Resources": {"Q": queue(QueueName={"Ref": "Size"})},
    }
    beside(harness).objects["bucket/child"] = dumps(child)
    properties = {"TemplateURL": "https://bucket.s3.amazonaws.com/child"}
    nested = {"Type": "AWS::CloudFormation::Stack", "Properties": properties, "DependsOn": "P"}
    harness.create(body(P=parameter, Child=nested))
    assert harness.state() == "CREATE_COMPLETE"
    assert [url.rpartition("/")[2] for url in harness.call("sqs", "ListQueues")["QueueUrls"]] == ["small"]
