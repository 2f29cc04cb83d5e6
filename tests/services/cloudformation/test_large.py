"""Large templates: what takes long of them is computed by a thread, and everything is as it is with small ones."""

import pytest

from lamplighter.base.errors import AwsError, Unavailable
from lamplighter.base.json_text import dumps
from lamplighter.services.cloudformation.templates import external_inputs
from tests.services.cloudformation.elsewhere import beside
from tests.services.cloudformation.office import Office, body, queue, topic

FIRST = body(A=queue(DelaySeconds=1), B=topic())
SECOND = body(A=queue(DelaySeconds=2), C=queue())


@pytest.fixture(autouse=True)
def every_template_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(external_inputs, "SHORT", -1)


def templates(office: Office) -> int:
    [(count,)] = office.rows("SELECT count(*) FROM stack_templates")
    return int(count)


def test_a_stack_is_made_changed_and_deleted(office: Office) -> None:
    office.create(FIRST)
    assert office.state() == "CREATE_COMPLETE"
    office.update(SECOND)
    assert office.state() == "UPDATE_COMPLETE"
    assert [name for name, status in office.events() if status == "DELETE_COMPLETE"] == ["B"]
    office.delete()
    assert len(office.call("sqs", "ListQueues").get("QueueUrls", [])) == 0


def test_what_is_wrong_is_told_at_once(office: Office) -> None:
    with pytest.raises(AwsError, match=r"Unresolved resource dependencies \[Nobody\]"):
        office.create(body(A=queue(QueueName={"Ref": "Nobody"})))
    with pytest.raises(AwsError, match="Circular dependency between resources"):
        office.create(body(A=queue() | {"DependsOn": "B"}, B=queue() | {"DependsOn": "A"}))


def test_nothing_to_change_is_refused(office: Office) -> None:
    office.create(FIRST)
    with pytest.raises(AwsError, match="No updates are to be performed"):
        office.update(FIRST)


def test_a_change_set_says_what_it_would_do_and_does_it(office: Office) -> None:
    office.create(FIRST)
    office.cf("CreateChangeSet", StackName="stack", ChangeSetName="next", TemplateBody=SECOND)
    found = office.cf("DescribeChangeSet", StackName="stack", ChangeSetName="next")["Changes"]
    changes = [(each["ResourceChange"]["Action"], each["ResourceChange"]["LogicalResourceId"]) for each in found]
    assert changes == [("Modify", "A"), ("Add", "C"), ("Remove", "B")]
    office.cf("ExecuteChangeSet", StackName="stack", ChangeSetName="next")
    office.settle()
    assert office.state() == "UPDATE_COMPLETE"
    assert office.cf("GetTemplate", StackName="stack", ChangeSetName="next")["TemplateBody"] == SECOND


def test_a_template_alone_is_judged_and_summed_up(office: Office) -> None:
    described = dumps({"Description": "ours", "Resources": {"A": queue()}})
    assert office.cf("ValidateTemplate", TemplateBody=described)["Description"] == "ours"
    assert office.cf("GetTemplateSummary", TemplateBody=described)["ResourceTypes"] == ["AWS::SQS::Queue"]


def test_the_templates_that_a_stack_needs_are_kept_and_no_others(office: Office) -> None:
    office.create(FIRST)
    office.update(SECOND)
    office.update(FIRST)
    assert templates(office) == 1
    office.cf("CreateChangeSet", StackName="stack", ChangeSetName="next", TemplateBody=SECOND)
    assert templates(office) == 2
    office.cf("DeleteChangeSet", StackName="stack", ChangeSetName="next")
    assert templates(office) == 1


def test_a_failed_update_can_be_taken_back_to_the_template_before(office: Office) -> None:
    office.create(FIRST)
    office.cf("UpdateStack", StackName="stack", TemplateBody=body(A=queue(DelaySeconds=99_999)), DisableRollback=True)
    office.settle()
    assert (office.state(), templates(office)) == ("UPDATE_FAILED", 2)
    office.cf("RollbackStack", StackName="stack")
    office.settle()
    assert office.state() == "UPDATE_ROLLBACK_COMPLETE"
    assert office.cf("GetTemplate", StackName="stack")["TemplateBody"] == FIRST


def test_while_the_database_is_away_a_request_is_refused_and_nothing_is_made_in_its_place(office: Office) -> None:
    home, away = office.directory, office.directory.with_name("away")
    home.rename(away)
    with pytest.raises(Unavailable):
        office.cf("CreateStack", StackName="stack", TemplateBody=FIRST)
    assert not home.exists()
    away.rename(home)
    office.create(FIRST)
    assert office.state() == "CREATE_COMPLETE"


def test_stacks_in_a_stack_are_each_planned_for_themselves(office: Office) -> None:
    elsewhere = beside(office)
    names = ("one", "two", "three")
    children = {}
    for name in names:
        elsewhere.objects[f"bucket/{name}"] = body(Q=queue(QueueName=name))
        url = f"https://bucket.s3.amazonaws.com/{name}"
        children[name] = {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": url}}
    office.create(body(**children))
    office.update(body(**children, Extra=topic()))
    assert office.state() == "UPDATE_COMPLETE"
    assert sorted(url.rpartition("/")[2] for url in office.call("sqs", "ListQueues")["QueueUrls"]) == sorted(names)
    assert not [name for name, status in office.events() if name in names and status == "DELETE_COMPLETE"]


def test_a_parameter_that_the_stack_made_just_before_is_seen_by_the_stack_in_it(office: Office) -> None:
    parameter = {"Type": "AWS::SSM::Parameter", "Properties": {"Name": "/size", "Type": "String", "Value": "small"}}
    child = {
        "Parameters": {"Size": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/size"}},
        "Resources": {"Q": queue(QueueName={"Ref": "Size"})},
    }
    beside(office).objects["bucket/child"] = dumps(child)
    properties = {"TemplateURL": "https://bucket.s3.amazonaws.com/child"}
    nested = {"Type": "AWS::CloudFormation::Stack", "Properties": properties, "DependsOn": "P"}
    office.create(body(P=parameter, Child=nested))
    assert office.state() == "CREATE_COMPLETE"
    assert [url.rpartition("/")[2] for url in office.call("sqs", "ListQueues")["QueueUrls"]] == ["small"]
