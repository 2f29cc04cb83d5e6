"""What a template needs from elsewhere is fetched between turns, and said to be missing where nobody has it."""

import asyncio

import pytest

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json, dumps, loads
from tests.engines import ROLE
from tests.services.cloudformation.elsewhere import beside
from tests.services.cloudformation.office import Office, body, queue, topic

PASS = {"StartAt": "A", "States": {"A": {"Type": "Pass", "Result": "${what}", "End": True}}}
URL = "https://bucket.s3.us-east-1.amazonaws.com/child.json"


def nested(**properties: Json) -> Json:
    return {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": URL, **properties}}


def child(delay: int = 1) -> str:
    return dumps(
        {
            "Parameters": {"Name": {"Type": "String"}},
            "Resources": {"Q": queue(QueueName={"Ref": "Name"}, DelaySeconds=delay)},
            "Outputs": {"Arn": {"Value": {"Fn::GetAtt": ["Q", "Arn"]}}},
        }
    )


@pytest.mark.parametrize(
    "url",
    [
        "https://bucket.s3.amazonaws.com/a/b.json",
        "https://s3.us-east-1.amazonaws.com/bucket/a/b.json",
        "http://127.0.0.1:9000/bucket/a/b.json",
    ],
)
def test_a_template_is_read_from_a_bucket(office: Office, url: str) -> None:
    beside(office).objects["bucket/a/b.json"] = body(Q=queue())
    office.cf("CreateStack", StackName="stack", TemplateURL=url)
    office.settle()
    assert office.state() == "CREATE_COMPLETE"


def test_a_template_in_a_bucket_nobody_configured_is_refused_with_what_to_do(office: Office) -> None:
    with pytest.raises(AwsError, match="--endpoint s3=URL"):
        office.cf("CreateStack", StackName="stack", TemplateURL=URL)


def test_a_parameter_of_systems_manager_is_looked_up(office: Office) -> None:
    beside(office).parameters["/names/queue"] = "looked-up"
    text = dumps(
        {
            "Parameters": {"Name": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/names/queue"}},
            "Resources": {"Q": queue(QueueName={"Ref": "Name"})},
        }
    )
    office.create(text)
    assert office.queues() == ["looked-up"]
    (shown,) = office.stack()["Parameters"]
    assert (shown["ParameterValue"], shown["ResolvedValue"]) == ("/names/queue", "looked-up")


def test_a_parameter_of_systems_manager_nobody_can_look_up_stands_for_itself(office: Office) -> None:
    text = dumps(
        {
            "Parameters": {"Version": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/cdk/version"}},
            "Resources": {"T": topic(DisplayName={"Ref": "Version"})},
        }
    )
    office.create(text)
    assert office.state() == "CREATE_COMPLETE"


def test_a_parameter_that_a_stack_recorded_is_found_here(office: Office) -> None:
    parameter = {"Type": "AWS::SSM::Parameter", "Properties": {"Name": "/a", "Type": "String", "Value": "here"}}
    office.create(body(P=parameter), name="first")
    office.create(body(Q=queue(QueueName="{{resolve:ssm:/a}}")), name="second")
    assert office.queues() == ["here"]


def test_dynamic_references_are_resolved_when_a_resource_is_made(office: Office) -> None:
    elsewhere = beside(office)
    elsewhere.parameters["/a:2"] = "from-ssm"
    elsewhere.secrets["db"] = dumps({"name": "from-secret"})
    office.create(
        body(
            A=queue(QueueName="q-{{resolve:ssm:/a:2}}"),
            B=queue(QueueName={"Fn::Sub": "q-{{resolve:secretsmanager:db:SecretString:name}}"}),
        )
    )
    assert office.queues() == ["q-from-secret", "q-from-ssm"]


def test_a_dynamic_reference_that_leads_nowhere_fails_its_resource(office: Office) -> None:
    office.create(body(A=queue(QueueName="{{resolve:ssm:/nothing}}")))
    assert office.state() == "ROLLBACK_COMPLETE"
    assert any("--endpoint ssm=URL" in reason for reason in office.reasons())


def test_a_definition_is_read_from_a_bucket_and_filled_in(office: Office) -> None:
    beside(office).objects["bucket/machine.json"] = dumps(PASS)
    machine = {
        "Type": "AWS::StepFunctions::StateMachine",
        "Properties": {
            "RoleArn": ROLE,
            "DefinitionS3Location": {"Bucket": "bucket", "Key": "machine.json"},
            "DefinitionSubstitutions": {"what": {"Ref": "AWS::StackName"}},
        },
    }
    office.create(body(M=machine))
    assert office.state() == "CREATE_COMPLETE", office.reasons()
    execution = office.start(office.physical("M"))
    office.settle()
    assert loads(office.describe(execution)["output"]) == "stack"


def test_a_stack_in_a_stack_is_waited_for_and_its_outputs_are_seen(office: Office) -> None:
    beside(office).objects["bucket/child.json"] = child()
    text = dumps(
        {
            "Resources": {
                "Child": nested(Parameters={"Name": "inner"}),
                "T": topic(DisplayName={"Fn::GetAtt": ["Child", "Outputs.Arn"]}),
            }
        }
    )
    key = office.create(text)
    assert office.state() == "CREATE_COMPLETE", office.reasons()
    inner = office.stack(office.physical("Child"))
    assert (inner["ParentId"], inner["RootId"]) == (key, key)
    attributes = office.call("sns", "GetTopicAttributes", TopicArn=office.physical("T"))["Attributes"]
    assert attributes["DisplayName"].endswith(":inner")
    office.delete()
    assert office.state(key) == "DELETE_COMPLETE"
    assert office.state(inner["StackId"]) == "DELETE_COMPLETE"
    assert office.queues() == []


def test_a_stack_in_a_stack_is_changed_with_it(office: Office) -> None:
    elsewhere = beside(office)
    elsewhere.objects["bucket/child.json"] = child()
    office.create(body(Child=nested(Parameters={"Name": "one"})))
    office.update(body(Child=nested(Parameters={"Name": "two"})))
    assert office.state() == "UPDATE_COMPLETE", office.reasons()
    assert office.queues() == ["two"]
    elsewhere.objects["bucket/child.json"] = child(2)
    office.update(None)
    inner = office.physical("Child")
    assert office.state(inner) == "UPDATE_COMPLETE"
    assert ("Q", "UPDATE_COMPLETE") in office.events(inner)


def test_a_stack_in_a_stack_that_fails_fails_its_parent(office: Office) -> None:
    beside(office).objects["bucket/child.json"] = child(99_999)
    key = office.create(body(Child=nested(Parameters={"Name": "one"})))
    assert office.state() == "ROLLBACK_COMPLETE"
    assert any("was not successfully created" in reason for reason in office.reasons())
    assert office.state(
        office.cf("DescribeStackResources", StackName=key)["StackResources"][0]["PhysicalResourceId"]
    ) == ("DELETE_COMPLETE")


def test_a_stack_in_a_stack_goes_back_with_it(office: Office) -> None:
    beside(office).objects["bucket/child.json"] = child()
    office.create(body(Child=nested(Parameters={"Name": "one"})))
    bad = queue(DelaySeconds=99_999) | {"DependsOn": "Child"}
    office.update(body(Child=nested(Parameters={"Name": "two"}), Bad=bad))
    assert office.state() == "UPDATE_ROLLBACK_COMPLETE", office.reasons()
    assert office.queues() == ["one"]


def test_a_stack_in_a_stack_that_is_named_no_longer_goes(office: Office) -> None:
    beside(office).objects["bucket/child.json"] = child()
    office.create(body(Child=nested(Parameters={"Name": "one"}), T=topic()))
    inner = office.physical("Child")
    office.update(body(T=topic()))
    assert office.state() == "UPDATE_COMPLETE"
    assert office.state(inner) == "DELETE_COMPLETE"


def test_a_stack_that_contains_itself_ends(office: Office) -> None:
    beside(office).objects["bucket/child.json"] = body(Child=nested())
    office.create(body(Child=nested()))
    assert office.state() == "ROLLBACK_COMPLETE"
    assert all(
        each["StackStatus"] in ("ROLLBACK_COMPLETE", "DELETE_COMPLETE")
        for each in office.cf("ListStacks")["StackSummaries"]
    )


def test_a_stack_that_takes_too_long_is_rolled_back(office: Office) -> None:
    elsewhere = beside(office)
    elsewhere.objects["bucket/machine.json"] = dumps(PASS)

    async def sleep() -> None:
        await asyncio.sleep(3600)

    elsewhere.before = sleep
    machine = {
        "Type": "AWS::StepFunctions::StateMachine",
        "Properties": {"RoleArn": ROLE, "DefinitionS3Location": {"Bucket": "bucket", "Key": "machine.json"}},
    }
    text = body(Q=queue(), M=machine | {"DependsOn": "Q"})
    office.create(text, TimeoutInMinutes=5)
    assert office.state() == "CREATE_IN_PROGRESS"
    office.advance(301_000)
    assert office.state() == "ROLLBACK_COMPLETE"
    assert office.queues() == []
    assert any("exceeded the specified timeout" in reason for reason in office.reasons())
    office.advance(3_600_000)
    assert office.state() == "ROLLBACK_COMPLETE"


def test_parts_of_a_template_are_fetched_from_their_buckets(office: Office) -> None:
    elsewhere = beside(office)
    elsewhere.objects["parts/queue.yaml"] = "DelaySeconds: 7\nVisibilityTimeout: !Ref Timeout"
    elsewhere.objects["parts/outputs.json"] = dumps({"Outputs": {"Url": {"Value": {"Ref": "Q"}}}})
    part = {"Name": "AWS::Include", "Parameters": {"Location": {"Fn::Sub": "s3://${Bucket}/queue.yaml"}}}
    text = dumps(
        {
            "Transform": {"Name": "AWS::Include", "Parameters": {"Location": "s3://parts/outputs.json"}},
            "Parameters": {"Bucket": {"Type": "String"}, "Timeout": {"Type": "Number", "Default": 9}},
            "Resources": {"Q": {"Type": "AWS::SQS::Queue", "Properties": {"Fn::Transform": part}}},
        }
    )
    with pytest.raises(AwsError, match="CAPABILITY_AUTO_EXPAND"):
        office.create(text, values={"Bucket": "parts"})
    office.create(text, values={"Bucket": "parts"}, Capabilities=["CAPABILITY_AUTO_EXPAND"])
    assert office.state() == "CREATE_COMPLETE", office.reasons()
    wanted = ["DelaySeconds", "VisibilityTimeout"]
    url = office.outputs()["Url"]
    found = office.call("sqs", "GetQueueAttributes", QueueUrl=url, AttributeNames=wanted)["Attributes"]
    assert found == {"DelaySeconds": "7", "VisibilityTimeout": "9"}
