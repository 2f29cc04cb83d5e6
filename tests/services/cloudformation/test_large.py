"""Threads process large templates, with the same results as for small ones."""

import pytest

from lamplighter.base.errors import AwsError, Unavailable
from lamplighter.base.json_text import Json, dumps
from lamplighter.services.cloudformation.tables import stack_events, stack_resources
from lamplighter.services.cloudformation.tables.stack_resources import StackResource
from lamplighter.services.cloudformation.tables.stacks import Stack
from lamplighter.services.cloudformation.templates import external_inputs, parsed_templates
from lamplighter.services.cloudformation.templates.parsed_templates import ParsedTemplate
from lamplighter.store.db import Reader, Tx
from tests.services.cloudformation.cloudformation_harness import CloudFormationHarness, body, queue, topic
from tests.services.cloudformation.fake_services import add_fake_services

FIRST = body(A=queue(DelaySeconds=1), B=topic())
SECOND = body(A=queue(DelaySeconds=2), C=queue())


@pytest.fixture(autouse=True)
def every_template_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(external_inputs, "MAX_INLINE_CHARACTERS", -1)


def count_templates(harness: CloudFormationHarness) -> int:
    [(count,)] = harness.rows("SELECT count(*) FROM stack_templates")
    return int(count)


def test_a_stack_is_created_updated_and_deleted(harness: CloudFormationHarness) -> None:
    harness.create(FIRST)
    assert harness.state() == "CREATE_COMPLETE"
    harness.update(SECOND)
    assert harness.state() == "UPDATE_COMPLETE"
    assert [name for name, status in harness.events() if status == "DELETE_COMPLETE"] == ["B"]
    harness.delete()
    assert len(harness.call("sqs", "ListQueues").get("QueueUrls", [])) == 0


def test_an_invalid_template_is_refused_immediately(harness: CloudFormationHarness) -> None:
    with pytest.raises(AwsError, match=r"Unresolved resource dependencies \[Nobody\]"):
        harness.create(body(A=queue(QueueName={"Ref": "Nobody"})))
    with pytest.raises(AwsError, match="Circular dependency between resources"):
        harness.create(body(A=queue() | {"DependsOn": "B"}, B=queue() | {"DependsOn": "A"}))


def test_an_update_without_changes_is_refused(harness: CloudFormationHarness) -> None:
    harness.create(FIRST)
    with pytest.raises(AwsError, match="No updates are to be performed"):
        harness.update(FIRST)


def test_the_template_of_a_new_stack_is_not_parsed_again_after_its_plan(
    harness: CloudFormationHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_text: str, _stack: Stack, _plan: Json) -> ParsedTemplate:
        raise AssertionError("the template was parsed again")

    monkeypatch.setattr(parsed_templates, "_parse", refuse)
    harness.create(FIRST)
    harness.update(SECOND)
    assert harness.state() == "UPDATE_COMPLETE"


def test_a_change_set_lists_its_changes_and_applies_them(harness: CloudFormationHarness) -> None:
    harness.create(FIRST)
    key = harness.cloudformation("CreateChangeSet", StackName="stack", ChangeSetName="next", TemplateBody=SECOND)["Id"]
    found = harness.cloudformation("DescribeChangeSet", StackName="stack", ChangeSetName="next")["Changes"]
    changes = [(each["ResourceChange"]["Action"], each["ResourceChange"]["LogicalResourceId"]) for each in found]
    assert changes == [("Modify", "A"), ("Remove", "B"), ("Add", "C")]
    harness.cloudformation("ExecuteChangeSet", StackName="stack", ChangeSetName="next")
    harness.settle()
    assert harness.state() == "UPDATE_COMPLETE"
    assert harness.cloudformation("GetTemplate", ChangeSetName=key)["TemplateBody"] == SECOND


def test_a_template_without_a_stack_is_validated_and_summarised(harness: CloudFormationHarness) -> None:
    described = dumps({"Description": "ours", "Resources": {"A": queue()}})
    assert harness.cloudformation("ValidateTemplate", TemplateBody=described)["Description"] == "ours"
    assert harness.cloudformation("GetTemplateSummary", TemplateBody=described)["ResourceTypes"] == ["AWS::SQS::Queue"]


def test_only_the_templates_that_a_stack_needs_are_stored(harness: CloudFormationHarness) -> None:
    harness.create(FIRST)
    harness.update(SECOND)
    harness.update(FIRST)
    assert count_templates(harness) == 1
    harness.cloudformation("CreateChangeSet", StackName="stack", ChangeSetName="next", TemplateBody=SECOND)
    assert count_templates(harness) == 2
    harness.cloudformation("DeleteChangeSet", StackName="stack", ChangeSetName="next")
    assert count_templates(harness) == 1


def test_a_template_that_its_transforms_do_not_change_is_stored_once(harness: CloudFormationHarness) -> None:
    harness.create(FIRST)
    repeated = {"Fn::ForEach::Queues": ["N", ["a", "b"], {"Q${N}": queue()}]}
    harness.create(dumps({"Transform": "AWS::LanguageExtensions", "Resources": repeated}), name="other",
                   Capabilities=["CAPABILITY_AUTO_EXPAND"])  # fmt: skip
    rows = harness.rows("SELECT processed FROM stack_templates ORDER BY processed")
    assert [text for (text,) in rows] == ["", body(Qa=queue(), Qb=queue())]
    template = harness.cloudformation("GetTemplate", StackName="stack", TemplateStage="Processed")["TemplateBody"]
    assert template == FIRST


def test_a_failed_update_can_be_rolled_back_to_the_previous_template(harness: CloudFormationHarness) -> None:
    harness.create(FIRST)
    harness.cloudformation(
        "UpdateStack", StackName="stack", TemplateBody=body(A=queue(DelaySeconds=99_999)), DisableRollback=True
    )
    harness.settle()
    assert (harness.state(), count_templates(harness)) == ("UPDATE_FAILED", 2)
    harness.cloudformation("RollbackStack", StackName="stack")
    harness.settle()
    assert harness.state() == "UPDATE_ROLLBACK_COMPLETE"
    assert harness.cloudformation("GetTemplate", StackName="stack")["TemplateBody"] == FIRST


def test_a_request_is_refused_and_creates_no_files_while_the_data_directory_is_missing(
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


def test_nested_stacks_of_one_stack_are_planned_separately(harness: CloudFormationHarness) -> None:
    services = add_fake_services(harness)
    names = ("one", "two", "three")
    children = {}
    for name in names:
        services.objects[f"bucket/{name}"] = body(Q=queue(QueueName=name))
        url = f"https://bucket.s3.amazonaws.com/{name}"
        children[name] = {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": url}}
    harness.create(body(**children))
    harness.update(body(**children, Extra=topic()))
    assert harness.state() == "UPDATE_COMPLETE"
    assert sorted(url.rpartition("/")[2] for url in harness.call("sqs", "ListQueues")["QueueUrls"]) == sorted(names)
    assert not [name for name, status in harness.events() if name in names and status == "DELETE_COMPLETE"]


def test_a_nested_stack_reads_a_parameter_that_its_parent_has_just_created(harness: CloudFormationHarness) -> None:
    parameter = {"Type": "AWS::SSM::Parameter", "Properties": {"Name": "/size", "Type": "String", "Value": "small"}}
    child = {
        "Parameters": {"Size": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/size"}},
        "Resources": {"Q": queue(QueueName={"Ref": "Size"})},
    }
    harness.call("s3", "CreateBucket", Bucket="bucket")
    harness.call("s3", "PutObject", Bucket="bucket", Key="child", Body=dumps(child))
    properties = {"TemplateURL": "https://bucket.s3.amazonaws.com/child"}
    nested = {"Type": "AWS::CloudFormation::Stack", "Properties": properties, "DependsOn": "P"}
    harness.create(body(P=parameter, Child=nested))
    assert harness.state() == "CREATE_COMPLETE"
    assert [url.rpartition("/")[2] for url in harness.call("sqs", "ListQueues")["QueueUrls"]] == ["small"]


def test_a_created_resource_is_stored_once_and_its_events_need_no_earlier_event(
    harness: CloudFormationHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    put, last_time = stack_resources.put, stack_events.last_time
    stored, searches = [], []

    def count_put(tx: Tx, resource: StackResource) -> None:
        stored.append(resource.logical)
        put(tx, resource)

    def count_search(reader: Reader, stack: str) -> int:
        searches.append(stack)
        return last_time(reader, stack)

    monkeypatch.setattr(stack_resources, "put", count_put)
    monkeypatch.setattr(stack_events, "last_time", count_search)
    harness.create(body(**{f"Q{number}": queue() for number in range(25)}))
    assert sorted(stored) == sorted(f"Q{number}" for number in range(25))
    assert len(searches) == 1
    assert [status for name, status in harness.events() if name == "Q3"] == [
        "CREATE_IN_PROGRESS",
        "CREATE_IN_PROGRESS",
        "CREATE_COMPLETE",
    ]
