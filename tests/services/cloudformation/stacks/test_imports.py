"""A change set of type IMPORT takes existing resources over into a stack, without a change to them."""

import pytest

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json, dumps
from lamplighter.services.cloudformation.resource_types.registry import RESOURCE_TYPES, resource_type_of
from lamplighter.services.cloudformation.resource_types.schemas import read_schema
from tests.services.cloudformation.cloudformation_harness import CloudFormationHarness, body, queue, topic
from tests.services.cloudformation.deploy.test_detect_drift import EVERY_TYPE, IAM

RETAINED = {"DeletionPolicy": "Retain"}


def to_import(name: str, kind: str, **identifier: str) -> Json:
    return {"LogicalResourceId": name, "ResourceType": kind, "ResourceIdentifier": identifier}


def import_into(harness: CloudFormationHarness, text: str, *imports: Json, stack: str = "stack") -> list[Json]:
    """Create and execute a change set that imports resources; return its changes."""
    named = {"StackName": stack, "ChangeSetName": "import"}
    given = {"TemplateBody": text, "ChangeSetType": "IMPORT", "ResourcesToImport": list(imports), "Capabilities": IAM}
    key = harness.cloudformation("CreateChangeSet", **named, **given)["Id"]
    changes: list[Json] = harness.cloudformation("DescribeChangeSet", ChangeSetName=key)["Changes"]
    harness.cloudformation("ExecuteChangeSet", ChangeSetName=key)
    harness.settle()
    return [each["ResourceChange"] for each in changes]


def test_an_existing_queue_is_imported_into_a_new_stack_and_managed_by_it(harness: CloudFormationHarness) -> None:
    url = harness.call("sqs", "CreateQueue", QueueName="mine", Attributes={"DelaySeconds": "3"})["QueueUrl"]
    text = body(Q=queue(QueueName="mine", DelaySeconds=3) | RETAINED)
    (change,) = import_into(harness, text, to_import("Q", "AWS::SQS::Queue", QueueUrl=url))
    assert (change["Action"], change["PhysicalResourceId"]) == ("Import", url)
    assert harness.state() == "IMPORT_COMPLETE"
    assert harness.events()[-4:] == [
        *[("stack", "IMPORT_IN_PROGRESS"), ("Q", "IMPORT_IN_PROGRESS"), ("Q", "IMPORT_COMPLETE")],
        ("stack", "IMPORT_COMPLETE"),
    ]
    harness.update(body(Q=queue(QueueName="mine", DelaySeconds=5) | RETAINED, T=topic(DisplayName={"Ref": "Q"})))
    assert harness.state() == "UPDATE_COMPLETE"
    found = harness.call("sqs", "GetQueueAttributes", QueueUrl=url, AttributeNames=["DelaySeconds"])
    assert found["Attributes"] == {"DelaySeconds": "5"}


def test_a_missing_resource_undoes_the_import(harness: CloudFormationHarness) -> None:
    harness.create(body(T=topic()))
    url = harness.call("sqs", "CreateQueue", QueueName="mine")["QueueUrl"]
    text = body(T=topic(), Q=queue() | RETAINED, R=queue() | RETAINED)
    missing = to_import("R", "AWS::SQS::Queue", QueueUrl=url.replace("mine", "nobody"))
    import_into(harness, text, to_import("Q", "AWS::SQS::Queue", QueueUrl=url), missing)
    assert harness.state() == "IMPORT_ROLLBACK_COMPLETE"
    resources = harness.cloudformation("ListStackResources", StackName="stack")["StackResourceSummaries"]
    assert [each["LogicalResourceId"] for each in resources] == ["T"]
    assert harness.queues() == ["mine"]
    assert harness.cloudformation("GetTemplate", StackName="stack")["TemplateBody"] == body(T=topic())


def test_a_resource_of_another_stack_is_not_imported(harness: CloudFormationHarness) -> None:
    harness.create(body(Q=queue()))
    url = harness.physical("Q")
    import_into(harness, body(R=queue() | RETAINED), to_import("R", "AWS::SQS::Queue", QueueUrl=url), stack="other")
    assert harness.state("other") == "IMPORT_ROLLBACK_COMPLETE"


@pytest.mark.parametrize(
    ("resources", "imports", "message"),
    [
        ({"Q": queue() | RETAINED}, [], "ResourcesToImport must be specified"),
        ({"Q": queue()}, [to_import("Q", "AWS::SQS::Queue", QueueUrl="u")], "must have a DeletionPolicy"),
        ({"Q": queue() | RETAINED}, [to_import("X", "AWS::SQS::Queue", QueueUrl="u")], "missing in the template"),
        ({"Q": queue() | RETAINED}, [to_import("Q", "AWS::SNS::Topic", TopicArn="u")], "has type AWS::SQS::Queue"),
        ({"Q": queue() | RETAINED}, [to_import("Q", "AWS::SQS::Queue", Name="u")], r"must have \[QueueUrl\]"),
        (
            {"Q": queue() | RETAINED, "T": topic()},
            [to_import("Q", "AWS::SQS::Queue", QueueUrl="u")],
            r"cannot modify or add \[T\]",
        ),
    ],
)
def test_an_import_that_cannot_be_is_refused(
    harness: CloudFormationHarness, resources: Json, imports: list[Json], message: str
) -> None:
    with pytest.raises(AwsError, match=message):
        import_into(harness, body(**resources), *imports)


def test_an_imported_resource_has_the_attributes_of_a_created_one(harness: CloudFormationHarness) -> None:
    """All types: a stack retains its resources, and another one imports them and compares their attributes."""
    kinds = {name: each for name, each in EVERY_TYPE.items() if resource_type_of(each["Type"]).identify}
    outputs = {
        f"{name}{attribute}": {"Value": {"Fn::GetAtt": [name, attribute]}}
        for name, each in kinds.items()
        for attribute in (read_schema(each["Type"]).attributes | set(RESOURCE_TYPES[each["Type"]].repeated_attributes))
        if attribute not in ("Policy", "StateMachineRevisionId", "CreationDate", "LastModificationDate", "State")
    }
    retained = {name: each | RETAINED for name, each in EVERY_TYPE.items()}
    text = dumps({"Resources": retained, "Outputs": outputs})
    harness.create(text, Capabilities=IAM)
    before = harness.outputs()
    listed = harness.cloudformation("DescribeStackResources", StackName="stack")["StackResources"]
    physical = {each["LogicalResourceId"]: each["PhysicalResourceId"] for each in listed}
    harness.delete()
    imports = [
        to_import(name, each["Type"], **_identifier(name, each["Type"], physical, before))
        for name, each in kinds.items()
    ]
    import_into(harness, _without_others(retained, physical, outputs, kinds), *imports)
    assert harness.state() == "IMPORT_COMPLETE", harness.reasons()
    assert harness.outputs() == before


def _identifier(name: str, kind: str, physical: dict[str, str], outputs: dict[str, str]) -> dict[str, str]:
    given = dict.fromkeys(read_schema(kind).identifier, physical[name])
    if kind == "AWS::Events::Rule":
        return {"Arn": outputs[f"{name}Arn"]}
    return given | ({"LogGroupName": physical["Logs"]} if kind == "AWS::Logs::MetricFilter" else {})


def _without_others(resources: Json, physical: dict[str, str], outputs: Json, kinds: Json) -> str:
    """Return a template with the importable resources, whose references to others are their physical ids."""
    text = dumps({"Resources": {name: resources[name] for name in kinds}, "Outputs": outputs})
    for name in resources.keys() - kinds.keys():
        text = text.replace(dumps({"Ref": name}), dumps(physical[name]))
    return text


def test_a_resource_without_a_search_of_its_own_is_found_by_its_properties(harness: CloudFormationHarness) -> None:
    bus = {"Type": "AWS::Events::EventBus", "Properties": {"Name": "nobody"}} | RETAINED
    import_into(harness, body(B=bus), to_import("B", "AWS::Events::EventBus", Name="nobody"))
    assert harness.state() == "IMPORT_ROLLBACK_COMPLETE"
    assert any("nobody" in reason for reason in harness.reasons())


def test_existing_resources_of_the_given_names_are_imported_on_request(harness: CloudFormationHarness) -> None:
    harness.call("logs", "CreateLogGroup", logGroupName="mine")
    group = {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "mine"}} | RETAINED
    text = body(L=group, M={"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "new"}})
    harness.create(text, name="refused")
    assert harness.state("refused") == "ROLLBACK_COMPLETE"
    named = {"StackName": "stack", "ChangeSetName": "c", "ChangeSetType": "CREATE", "TemplateBody": text}
    key = harness.cloudformation("CreateChangeSet", **named, ImportExistingResources=True)["Id"]
    described = harness.cloudformation("DescribeChangeSet", ChangeSetName=key)
    changes = {each["ResourceChange"]["LogicalResourceId"]: each["ResourceChange"] for each in described["Changes"]}
    assert (changes["L"]["Action"], changes["L"]["PhysicalResourceId"]) == ("Import", "mine")
    assert (changes["M"]["Action"], described["ImportExistingResources"]) == ("Add", True)
    harness.cloudformation("ExecuteChangeSet", ChangeSetName=key)
    harness.settle()
    assert harness.state() == "CREATE_COMPLETE"
    assert {harness.physical("L"), harness.physical("M")} == {"mine", "new"}
