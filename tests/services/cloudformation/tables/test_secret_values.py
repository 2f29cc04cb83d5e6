"""The database has no secret of a stack as plain text, and stacks work with their secrets as without."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from lamplighter.base.json_text import Json, dumps, loads
from tests.services.cloudformation.cloudformation_harness import CloudFormationHarness, queue, topic

PARAMETER, DEFAULT, STATED, RESOLVED = "hush-parameter", "hush-default", "hush-stated", "hush-resolved"
REFERENCE = "{{resolve:secretsmanager:db:SecretString:password}}"


@pytest.fixture
def harness(tmp_path: Path) -> Iterator[CloudFormationHarness]:
    with CloudFormationHarness.running(tmp_path / "data") as harness:
        harness.call("secretsmanager", "CreateSecret", Name="db", SecretString=dumps({"password": RESOLVED}))
        yield harness


def database(password: Json) -> Json:
    return {"Type": "AWS::RDS::DBInstance", "Properties": {"MasterUserPassword": password, "Engine": "postgres"}}


def secret(value: Json) -> Json:
    return {"Type": "AWS::SecretsManager::Secret", "Properties": {"SecretString": value}}


def text(size: int = 10, **more: Json) -> str:
    resources = {
        "FromParameter": secret({"Ref": "Password"}),
        "FromDefault": secret({"Fn::Sub": "the ${Old} one"}),
        "Stated": secret(STATED),
        "Resolved": secret(REFERENCE),
        "Database": database({"Ref": "Password"}),
        "Copy": database({"Fn::GetAtt": ["Database", "MasterUserPassword"]}),
        "Sized": {"Type": "AWS::RDS::DBInstance", "Properties": {"AllocatedStorage": size}},
    }
    parameters = {
        "Password": {"Type": "String", "NoEcho": True},
        "Old": {"Type": "String", "NoEcho": "true", "Default": DEFAULT},
    }
    return dumps({"Parameters": parameters, "Resources": resources | more})


def secrets_in_files(harness: CloudFormationHarness) -> list[str]:
    """Return the secrets that the files of the database contain as plain text, in use or in free pages."""
    content = b"".join(path.read_bytes() for path in harness.directory.glob("lamplighter.db*"))
    assert b"FromParameter" in content
    return [each for each in (PARAMETER, DEFAULT, STATED, RESOLVED) if each.encode() in content]


def value_of(harness: CloudFormationHarness, logical: str) -> str:
    answer = harness.call("secretsmanager", "GetSecretValue", SecretId=harness.physical(logical))
    found: str = answer["SecretString"]
    return found


def test_the_database_has_no_secret_of_a_stack_as_plain_text(harness: CloudFormationHarness) -> None:
    harness.create(text(), values={"Password": f"{PARAMETER} 1"})
    assert harness.state() == "CREATE_COMPLETE", harness.reasons()
    assert value_of(harness, "FromParameter") == f"{PARAMETER} 1"
    assert value_of(harness, "FromDefault") == f"the {DEFAULT} one"
    assert (value_of(harness, "Stated"), value_of(harness, "Resolved")) == (STATED, RESOLVED)
    assert secrets_in_files(harness) == []
    new = [{"ParameterKey": "Password", "ParameterValue": f"{PARAMETER} 2"}]
    wanted: Json = {"StackName": "stack", "ChangeSetName": "c"}
    harness.cloudformation("CreateChangeSet", **wanted, TemplateBody=text(20), Parameters=new)
    changes = harness.cloudformation("DescribeChangeSet", **wanted, IncludePropertyValues=True)["Changes"]
    names = [each["ResourceChange"]["LogicalResourceId"] for each in changes]
    assert names == ["Copy", "Database", "FromParameter", "Sized"]
    assert "hush" not in dumps(changes)
    assert secrets_in_files(harness) == []
    harness.cloudformation("ExecuteChangeSet", **wanted)
    harness.settle()
    assert (harness.state(), value_of(harness, "FromParameter")) == ("UPDATE_COMPLETE", f"{PARAMETER} 2")
    assert secrets_in_files(harness) == []


def test_a_failed_update_rolls_back_to_the_secrets_before_it(harness: CloudFormationHarness) -> None:
    harness.create(text(), values={"Password": f"{PARAMETER} 1"})
    bad = queue(QueueName="not a name") | {"DependsOn": ["Database", "FromParameter", "FromDefault"]}
    harness.update(text(Bad=bad), values={"Password": f"{PARAMETER} 2", "Old": f"{DEFAULT} 2"})
    assert harness.state() == "UPDATE_ROLLBACK_COMPLETE", harness.reasons()
    assert value_of(harness, "FromParameter") == f"{PARAMETER} 1"
    assert value_of(harness, "FromDefault") == f"the {DEFAULT} one"
    assert secrets_in_files(harness) == []
    same = [{"ParameterKey": "Password", "UsePreviousValue": True}]
    harness.cloudformation("UpdateStack", StackName="stack", TemplateBody=text(30), Parameters=same)
    harness.settle()
    changed = [name for name, status in harness.events() if status == "UPDATE_COMPLETE"][-2:]
    assert changed == ["Sized", "stack"]  # a previous value is the same value


def test_drift_of_a_secret_is_detected_and_not_shown(harness: CloudFormationHarness) -> None:
    harness.create(text(Shown=topic(DisplayName={"Ref": "Password"})), values={"Password": PARAMETER})
    wanted: Json = {"StackName": "stack", "LogicalResourceId": "Shown"}
    same = harness.cloudformation("DetectStackResourceDrift", **wanted)["StackResourceDrift"]
    assert same["StackResourceDriftStatus"] == "IN_SYNC"
    new = {"AttributeName": "DisplayName", "AttributeValue": "hush-changed"}
    harness.call("sns", "SetTopicAttributes", TopicArn=harness.physical("Shown"), **new)
    found = harness.cloudformation("DetectStackResourceDrift", **wanted)["StackResourceDrift"]
    assert found["StackResourceDriftStatus"] == "MODIFIED"
    (difference,) = found["PropertyDifferences"]
    assert (difference["PropertyPath"], difference["ExpectedValue"]) == ("/DisplayName", "****")
    assert loads(found["ExpectedProperties"])["DisplayName"] == "****"
    assert "hush" not in dumps([same, found])


def test_a_stack_keeps_its_secrets_over_a_restart_and_can_be_deleted(harness: CloudFormationHarness) -> None:
    harness.create(text(), values={"Password": PARAMETER})
    harness.restart()
    assert harness.stack()["Parameters"][0]["ParameterValue"] == "****"
    assert loads(harness.cloudformation("GetTemplate", StackName="stack")["TemplateBody"])["Resources"]["Stated"]
    harness.delete()
    assert harness.call("secretsmanager", "ListSecrets")["SecretList"][0]["Name"] == "db"
    assert secrets_in_files(harness) == []


def test_an_attribute_in_a_branch_that_is_not_chosen_is_not_read(harness: CloudFormationHarness) -> None:
    value = {"Fn::If": ["Never", {"Fn::GetAtt": ["Out", "QueueName"]}, "chosen"]}
    template = {
        "Conditions": {"Never": {"Fn::Equals": ["a", "b"]}},
        "Resources": {"Out": queue() | {"Condition": "Never"}, "T": topic(DisplayName=value)},
    }
    harness.create(dumps(template))
    assert harness.state() == "CREATE_COMPLETE", harness.reasons()
