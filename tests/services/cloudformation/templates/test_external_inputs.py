"""External inputs of a template are fetched between turns; a missing input is reported."""

import asyncio
import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json, dumps, loads
from tests.engine_harness import ROLE
from tests.services.cloudformation.cloudformation_harness import CloudFormationHarness, body, queue, topic
from tests.services.cloudformation.fake_services import add_fake_services

PASS = {"StartAt": "A", "States": {"A": {"Type": "Pass", "Result": "${what}", "End": True}}}
URL = "https://bucket.s3.us-east-1.amazonaws.com/child.json"
FAILED = "Transform AWS::Serverless-2016-10-31 failed: "


def nested_stack(**properties: Json) -> Json:
    return {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": URL, **properties}}


def child_template(delay: int = 1) -> str:
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
def test_a_template_is_read_from_a_bucket(harness: CloudFormationHarness, url: str) -> None:
    add_fake_services(harness).objects["bucket/a/b.json"] = body(Q=queue())
    harness.cloudformation("CreateStack", StackName="stack", TemplateURL=url)
    harness.settle()
    assert harness.state() == "CREATE_COMPLETE"


def test_a_template_url_of_a_missing_bucket_is_refused(harness: CloudFormationHarness) -> None:
    with pytest.raises(AwsError, match="The specified bucket does not exist"):
        harness.cloudformation("CreateStack", StackName="stack", TemplateURL=URL)


def test_an_ssm_parameter_is_resolved(harness: CloudFormationHarness) -> None:
    add_fake_services(harness).parameters["/names/queue"] = "looked-up"
    text = dumps(
        {
            "Parameters": {"Name": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/names/queue"}},
            "Resources": {"Q": queue(QueueName={"Ref": "Name"})},
        }
    )
    harness.create(text)
    assert harness.queues() == ["looked-up"]
    (shown,) = harness.stack()["Parameters"]
    assert (shown["ParameterValue"], shown["ResolvedValue"]) == ("/names/queue", "looked-up")


def test_a_parameter_of_a_stack_cannot_be_a_secure_string(harness: CloudFormationHarness) -> None:
    """DescribeStacks, which every role may call, would show the secret as its ResolvedValue."""
    harness.call("ssm", "PutParameter", Name="/secret", Value="hunter2", Type="SecureString")
    name = {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/secret"}
    text = dumps({"Parameters": {"Name": name}, "Resources": {"Q": queue()}})
    with pytest.raises(AwsError, match=r"Parameters \[/secret\] referenced by template have types not supported"):
        harness.cloudformation("CreateStack", StackName="stack", TemplateBody=text)


def test_the_version_of_the_cdks_bootstrap_need_not_exist(harness: CloudFormationHarness) -> None:
    text = dumps(
        {
            "Parameters": {
                "Version": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/cdk-bootstrap/x/version"}
            },
            "Resources": {"T": topic(DisplayName={"Ref": "Version"})},
        }
    )
    harness.create(text)
    assert harness.state() == "CREATE_COMPLETE"


def test_an_ssm_parameter_that_does_not_exist_is_refused(harness: CloudFormationHarness) -> None:
    text = dumps(
        {
            "Parameters": {"Name": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/nothing"}},
            "Resources": {"Q": queue(QueueName={"Ref": "Name"})},
        }
    )
    with pytest.raises(AwsError, match=r"Unable to fetch parameters \[/nothing\] from parameter store"):
        harness.create(text)


def test_an_ssm_parameter_that_another_stack_created_is_resolved(harness: CloudFormationHarness) -> None:
    parameter = {"Type": "AWS::SSM::Parameter", "Properties": {"Name": "/a", "Type": "String", "Value": "here"}}
    harness.create(body(P=parameter), name="first")
    harness.create(body(Q=queue(QueueName="{{resolve:ssm:/a}}")), name="second")
    assert harness.queues() == ["here"]


def test_dynamic_references_are_resolved_when_a_resource_is_created(harness: CloudFormationHarness) -> None:
    services = add_fake_services(harness)
    services.parameters["/a:2"] = "from-ssm"
    services.secrets["db"] = dumps({"name": "from-secret"})
    harness.create(
        body(
            A=queue(QueueName="q-{{resolve:ssm:/a:2}}"),
            B=queue(QueueName={"Fn::Sub": "q-{{resolve:secretsmanager:db:SecretString:name}}"}),
        )
    )
    assert harness.queues() == ["q-from-secret", "q-from-ssm"]


def test_a_dynamic_reference_that_cannot_be_resolved_fails_its_resource(harness: CloudFormationHarness) -> None:
    harness.create(body(A=queue(QueueName="{{resolve:ssm:/nothing}}")))
    assert harness.state() == "ROLLBACK_COMPLETE"
    assert any("Parameter /nothing not found." in reason for reason in harness.reasons())


def test_a_state_machine_definition_is_read_from_a_bucket_and_substituted(harness: CloudFormationHarness) -> None:
    add_fake_services(harness).objects["bucket/machine.json"] = dumps(PASS)
    machine = {
        "Type": "AWS::StepFunctions::StateMachine",
        "Properties": {
            "RoleArn": ROLE,
            "DefinitionS3Location": {"Bucket": "bucket", "Key": "machine.json"},
            "DefinitionSubstitutions": {"what": {"Ref": "AWS::StackName"}},
        },
    }
    harness.create(body(M=machine))
    assert harness.state() == "CREATE_COMPLETE", harness.reasons()
    execution = harness.start(harness.physical("M"))
    harness.settle()
    assert loads(harness.describe(execution)["output"]) == "stack"


def test_a_stack_waits_for_its_nested_stack_and_reads_its_outputs(harness: CloudFormationHarness) -> None:
    add_fake_services(harness).objects["bucket/child.json"] = child_template()
    text = dumps(
        {
            "Resources": {
                "Child": nested_stack(Parameters={"Name": "inner"}),
                "T": topic(DisplayName={"Fn::GetAtt": ["Child", "Outputs.Arn"]}),
            }
        }
    )
    key = harness.create(text)
    assert harness.state() == "CREATE_COMPLETE", harness.reasons()
    inner = harness.stack(harness.physical("Child"))
    assert (inner["ParentId"], inner["RootId"]) == (key, key)
    attributes = harness.call("sns", "GetTopicAttributes", TopicArn=harness.physical("T"))["Attributes"]
    assert attributes["DisplayName"].endswith(":inner")
    harness.delete()
    assert harness.state(key) == "DELETE_COMPLETE"
    assert harness.state(inner["StackId"]) == "DELETE_COMPLETE"
    assert harness.queues() == []


def test_a_nested_stack_is_updated_with_its_parent(harness: CloudFormationHarness) -> None:
    services = add_fake_services(harness)
    services.objects["bucket/child.json"] = child_template()
    harness.create(body(Child=nested_stack(Parameters={"Name": "one"})))
    harness.update(body(Child=nested_stack(Parameters={"Name": "two"})))
    assert harness.state() == "UPDATE_COMPLETE", harness.reasons()
    assert harness.queues() == ["two"]
    services.objects["bucket/child.json"] = child_template(2)
    harness.update(None)
    inner = harness.physical("Child")
    assert harness.state(inner) == "UPDATE_COMPLETE"
    assert ("Q", "UPDATE_COMPLETE") in harness.events(inner)


def test_a_failed_nested_stack_fails_its_parent(harness: CloudFormationHarness) -> None:
    add_fake_services(harness).objects["bucket/child.json"] = child_template(99_999)
    key = harness.create(body(Child=nested_stack(Parameters={"Name": "one"})))
    assert harness.state() == "ROLLBACK_COMPLETE"
    assert any("was not successfully created" in reason for reason in harness.reasons())
    assert harness.state(
        harness.cloudformation("DescribeStackResources", StackName=key)["StackResources"][0]["PhysicalResourceId"]
    ) == ("DELETE_COMPLETE")


def test_a_nested_stack_is_rolled_back_with_its_parent(harness: CloudFormationHarness) -> None:
    add_fake_services(harness).objects["bucket/child.json"] = child_template()
    harness.create(body(Child=nested_stack(Parameters={"Name": "one"})))
    bad = queue(DelaySeconds=99_999) | {"DependsOn": "Child"}
    harness.update(body(Child=nested_stack(Parameters={"Name": "two"}), Bad=bad))
    assert harness.state() == "UPDATE_ROLLBACK_COMPLETE", harness.reasons()
    assert harness.queues() == ["one"]


def test_a_nested_stack_that_is_removed_from_the_template_is_deleted(harness: CloudFormationHarness) -> None:
    add_fake_services(harness).objects["bucket/child.json"] = child_template()
    harness.create(body(Child=nested_stack(Parameters={"Name": "one"}), T=topic()))
    inner = harness.physical("Child")
    harness.update(body(T=topic()))
    assert harness.state() == "UPDATE_COMPLETE"
    assert harness.state(inner) == "DELETE_COMPLETE"


def test_a_stack_that_contains_itself_fails_and_is_rolled_back(harness: CloudFormationHarness) -> None:
    add_fake_services(harness).objects["bucket/child.json"] = body(Child=nested_stack())
    harness.create(body(Child=nested_stack()))
    assert harness.state() == "ROLLBACK_COMPLETE"
    assert all(
        each["StackStatus"] in ("ROLLBACK_COMPLETE", "DELETE_COMPLETE")
        for each in harness.cloudformation("ListStacks")["StackSummaries"]
    )


def test_a_stack_that_exceeds_its_timeout_is_rolled_back(harness: CloudFormationHarness) -> None:
    services = add_fake_services(harness)
    services.objects["bucket/machine.json"] = dumps(PASS)

    async def sleep() -> None:
        await asyncio.sleep(3600)

    services.before = sleep
    machine = {
        "Type": "AWS::StepFunctions::StateMachine",
        "Properties": {"RoleArn": ROLE, "DefinitionS3Location": {"Bucket": "bucket", "Key": "machine.json"}},
    }
    text = body(Q=queue(), M=machine | {"DependsOn": "Q"})
    harness.create(text, TimeoutInMinutes=5)
    assert harness.state() == "CREATE_IN_PROGRESS"
    harness.advance(301_000)
    assert harness.state() == "ROLLBACK_COMPLETE"
    assert harness.queues() == []
    assert any("exceeded the specified timeout" in reason for reason in harness.reasons())
    harness.advance(3_600_000)
    assert harness.state() == "ROLLBACK_COMPLETE"


def test_included_parts_of_a_template_are_fetched_from_their_buckets(harness: CloudFormationHarness) -> None:
    services = add_fake_services(harness)
    services.objects["parts/queue.yaml"] = "DelaySeconds: 7\nVisibilityTimeout: !Ref Timeout"
    services.objects["parts/outputs.json"] = dumps({"Outputs": {"Url": {"Value": {"Ref": "Q"}}}})
    part = {"Name": "AWS::Include", "Parameters": {"Location": {"Fn::Sub": "s3://${Bucket}/queue.yaml"}}}
    text = dumps(
        {
            "Transform": {"Name": "AWS::Include", "Parameters": {"Location": "s3://parts/outputs.json"}},
            "Parameters": {"Bucket": {"Type": "String"}, "Timeout": {"Type": "Number", "Default": 9}},
            "Resources": {"Q": {"Type": "AWS::SQS::Queue", "Properties": {"Fn::Transform": part}}},
        }
    )
    with pytest.raises(AwsError, match="CAPABILITY_AUTO_EXPAND"):
        harness.create(text, values={"Bucket": "parts"})
    harness.create(text, values={"Bucket": "parts"}, Capabilities=["CAPABILITY_AUTO_EXPAND"])
    assert harness.state() == "CREATE_COMPLETE", harness.reasons()
    wanted = ["DelaySeconds", "VisibilityTimeout"]
    url = harness.outputs()["Url"]
    found = harness.call("sqs", "GetQueueAttributes", QueueUrl=url, AttributeNames=wanted)["Attributes"]
    assert found == {"DelaySeconds": "7", "VisibilityTimeout": "9"}


def refused_serverless(harness: CloudFormationHarness) -> str:
    """Return why a stack is refused whose transform this machine cannot run."""
    text = dumps({"Transform": "AWS::Serverless-2016-10-31", "Resources": {"T": topic()}})
    with pytest.raises(AwsError) as caught:
        harness.create(text, Capabilities=["CAPABILITY_AUTO_EXPAND"])
    assert caught.value.code == "ValidationError"
    return caught.value.message


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        (
            "printf 'Traceback:\\n  line 1\\nImportError: no samtranslator\\n' >&2; exit 1",
            "ImportError: no samtranslator",
        ),
        ("exit 3", "exit code 3"),
        ("kill -9 $$", "exit code -9"),
    ],
)
def test_a_failed_serverless_transform_reports_the_reason(
    harness: CloudFormationHarness,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    tmp_path: Path,
    script: str,
    reason: str,
) -> None:
    program = tmp_path / "python"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(program))
    assert refused_serverless(harness) == f"{FAILED}{reason}"
    (logged,) = [each.getMessage() for each in caplog.records if "serverless transform" in each.getMessage()]
    assert "  line 1\n" in logged or "Traceback" not in script


def test_the_transform_without_its_library_fails_with_the_command_that_installs_it(
    harness: CloudFormationHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    find_spec = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "samtranslator" else find_spec(name))
    sentence = (
        "Transform AWS::Serverless-2016-10-31 needs a library that is not installed: pip install 'lamplighter[aws]'"
    )
    assert refused_serverless(harness) == sentence


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (subprocess.TimeoutExpired("python", 60, stderr=b"slow"), "it took longer than 60 seconds"),
        (OSError(24, "Too many open files"), "it could not be started: Too many open files"),
    ],
)
def test_a_serverless_transform_without_an_answer_is_refused(
    harness: CloudFormationHarness, monkeypatch: pytest.MonkeyPatch, error: Exception, reason: str
) -> None:
    def fail(*_arguments: object, **_options: object) -> None:
        raise error

    monkeypatch.setattr(subprocess, "run", fail)
    assert refused_serverless(harness) == f"{FAILED}{reason}"


EXPAND: Json = {"Capabilities": ["CAPABILITY_AUTO_EXPAND"]}


def include(location: str) -> str:
    part = {"Name": "AWS::Include", "Parameters": {"Location": location}}
    return dumps({"Resources": {"Q": {"Type": "AWS::SQS::Queue", "Properties": {"Fn::Transform": part}}}})


def loop(items: Json) -> str:
    resources = {"Fn::ForEach::Queues": ["Name", items, {"Q${Name}": queue()}]}
    return dumps({"Transform": "AWS::LanguageExtensions", "Resources": resources})


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (include("s3://parts/broken.yaml"), "Transform AWS::Include failed with: The specified S3 object's content"),
        (include("s3://parts/missing.yaml"), "Transform AWS::Include failed with: The specified key does not exist."),
        (loop({"Fn::Select": [1, ["a"]]}), "Transform AWS::LanguageExtensions failed with: Fn::Select cannot select"),
        (dumps({"Transform": "Mine", "Resources": {"Q": queue()}}), "No transform named Mine found."),
        (loop(["a"]).replace('"AWS::SQS::Queue"', '"AWS:SQS"'), "Template format error: Unrecognized resource types"),
    ],
)
def test_a_transform_that_fails_makes_a_failed_change_set(
    harness: CloudFormationHarness, text: str, reason: str
) -> None:
    harness.call("s3", "CreateBucket", Bucket="parts")
    harness.call("s3", "PutObject", Bucket="parts", Key="broken.yaml", Body="a: [")
    wanted: Json = {"StackName": "stack", "ChangeSetName": "c"}
    harness.cloudformation("CreateChangeSet", **wanted, ChangeSetType="CREATE", TemplateBody=text)
    found = harness.cloudformation("DescribeChangeSet", **wanted)
    assert (found["Status"], found["ExecutionStatus"], found["Changes"]) == ("FAILED", "UNAVAILABLE", [])
    assert found["StatusReason"].startswith(reason)
    assert harness.cloudformation("GetTemplate", **wanted)["TemplateBody"] == text
    with pytest.raises(AwsError, match=r"cannot be executed in its current status of \[FAILED"):
        harness.cloudformation("ExecuteChangeSet", **wanted)


def test_an_update_whose_transform_fails_is_rolled_back(harness: CloudFormationHarness) -> None:
    harness.create(loop(["a", "b"]), **EXPAND)
    assert harness.state() == "CREATE_COMPLETE", harness.reasons()
    harness.update(loop({"Fn::Select": [1, ["a"]]}), **EXPAND)
    assert harness.state() == "UPDATE_ROLLBACK_COMPLETE"
    assert any("Fn::Select cannot select nonexistent value" in each for each in harness.reasons())
    assert len(harness.queues()) == 2
    harness.update(loop(["a"]), **EXPAND)
    assert (harness.state(), len(harness.queues())) == ("UPDATE_COMPLETE", 1)


def test_a_stack_that_keeps_its_failed_transform_can_be_updated(harness: CloudFormationHarness) -> None:
    harness.create(loop({"Fn::Select": [1, ["a"]]}), OnFailure="DO_NOTHING", **EXPAND)
    assert harness.state() == "CREATE_FAILED"
    wanted: Json = {"StackName": "stack", "ChangeSetName": "c"}
    harness.cloudformation("CreateChangeSet", **wanted, TemplateBody=loop(["a"]))
    assert harness.cloudformation("DescribeChangeSet", **wanted)["Status"] == "CREATE_COMPLETE"
    harness.update(loop(["a"]), **EXPAND)
    assert (harness.state(), len(harness.queues())) == ("UPDATE_COMPLETE", 1)


def test_an_unchanged_template_with_transforms_updates_nothing_and_succeeds(harness: CloudFormationHarness) -> None:
    harness.create(loop(["a"]), **EXPAND)
    harness.update(loop(["a"]), **EXPAND)
    assert harness.events()[-3:] == [
        ("stack", "UPDATE_IN_PROGRESS"),
        ("stack", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"),
        ("stack", "UPDATE_COMPLETE"),
    ]
    wanted: Json = {"StackName": "stack", "ChangeSetName": "c"}
    harness.cloudformation("CreateChangeSet", **wanted, TemplateBody=loop(["a"]))
    found = harness.cloudformation("DescribeChangeSet", **wanted)
    assert (found["Status"], found["StatusReason"]) == ("FAILED", "No updates are to be performed.")
