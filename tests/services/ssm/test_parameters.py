"""The Parameter Store as boto3 uses it."""

import json

import pytest
from botocore.exceptions import ClientError

from lamplighter.base.json_text import Json
from tests.served_engine import EngineAccount, ServedEngine
from tests.services.refused_calls import refused


def test_each_change_of_a_parameter_is_a_version(account: EngineAccount, ssm: Json) -> None:
    assert ssm.put_parameter(Name="/a/b", Type="String", Value="1")["Version"] == 1
    assert refused(ssm.put_parameter, Name="/a/b", Type="String", Value="2") == "ParameterAlreadyExists"
    assert ssm.put_parameter(Name="/a/b", Value="2", Overwrite=True)["Version"] == 2
    found = ssm.get_parameter(Name="/a/b")["Parameter"]
    assert (found["Value"], found["Version"], found["Type"]) == ("2", 2, "String")
    assert found["ARN"] == f"arn:aws:ssm:us-east-1:{account.account_id}:parameter/a/b"
    assert ssm.get_parameter(Name=found["ARN"])["Parameter"]["Value"] == "2"
    old = ssm.get_parameter(Name="/a/b:1")["Parameter"]
    assert (old["Value"], old["Selector"]) == ("1", ":1")
    assert refused(ssm.get_parameter, Name="/a/b:7") == "ParameterVersionNotFound"
    assert refused(ssm.get_parameter, Name="/none") == "ParameterNotFound"
    assert [each["Value"] for each in ssm.get_parameter_history(Name="/a/b")["Parameters"]] == ["1", "2"]
    assert refused(ssm.put_parameter, Name="/a/b", Type="StringList", Value="x", Overwrite=True) == (
        "HierarchyTypeMismatchException"
    )


def test_a_label_moves_from_version_to_version(ssm: Json) -> None:
    ssm.put_parameter(Name="p", Type="String", Value="1")
    ssm.put_parameter(Name="p", Value="2", Overwrite=True)
    assert ssm.label_parameter_version(Name="p", ParameterVersion=1, Labels=["live", "1no"])["InvalidLabels"] == ["1no"]
    assert ssm.get_parameter(Name="p:live")["Parameter"]["Value"] == "1"
    ssm.label_parameter_version(Name="p", Labels=["live"])
    assert ssm.get_parameter(Name="p:live")["Parameter"]["Value"] == "2"
    ssm.unlabel_parameter_version(Name="p", ParameterVersion=2, Labels=["live"])
    assert refused(ssm.get_parameter, Name="p:live") == "ParameterVersionNotFound"


def test_a_path_is_read_with_or_without_what_is_below(ssm: Json) -> None:
    for name in ("/app/a", "/app/b", "/app/db/c", "/apple"):
        ssm.put_parameter(Name=name, Type="String", Value="1")
    names = [each["Name"] for each in ssm.get_parameters_by_path(Path="/app")["Parameters"]]
    assert names == ["/app/a", "/app/b"]
    pages = ssm.get_paginator("get_parameters_by_path").paginate(
        Path="/app/", Recursive=True, PaginationConfig={"PageSize": 1}
    )
    assert [each["Name"] for page in pages for each in page["Parameters"]] == ["/app/a", "/app/b", "/app/db/c"]
    found = ssm.get_parameters(Names=["/app/a", "/none"])
    assert ([each["Name"] for each in found["Parameters"]], found["InvalidParameters"]) == (["/app/a"], ["/none"])
    filters = [{"Key": "Name", "Option": "Contains", "Values": ["db"]}]
    assert [each["Name"] for each in ssm.describe_parameters(ParameterFilters=filters)["Parameters"]] == ["/app/db/c"]
    assert ssm.delete_parameters(Names=["/app/a", "/x"]) | {"ResponseMetadata": None} == {
        "DeletedParameters": ["/app/a"],
        "InvalidParameters": ["/x"],
        "ResponseMetadata": None,
    }
    assert refused(ssm.delete_parameter, Name="/app/a") == "ParameterNotFound"


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"Name": "aws-x", "Type": "String", "Value": "1"}, "ValidationException"),
        ({"Name": "a/b", "Type": "String", "Value": "1"}, "ValidationException"),
        ({"Name": "a b", "Type": "String", "Value": "1"}, "ValidationException"),
        ({"Name": "a", "Value": "1"}, "ValidationException"),
        ({"Name": "a", "Type": "String", "Value": "x" * 4097}, "ValidationException"),
        ({"Name": "/a" * 16, "Type": "String", "Value": "1"}, "HierarchyLevelLimitExceededException"),
        ({"Name": "a", "Type": "String", "Value": "x", "AllowedPattern": "\\d+"}, "ParameterPatternMismatchException"),
        ({"Name": "a", "Type": "String", "Value": "x", "AllowedPattern": "("}, "InvalidAllowedPatternException"),
    ],
)
def test_what_aws_refuses_is_refused(ssm: Json, params: Json, code: str) -> None:
    assert refused(ssm.put_parameter, **params) == code


def test_a_larger_value_needs_the_advanced_tier(ssm: Json) -> None:
    large = {"Type": "String", "Value": "x" * 5000}
    assert ssm.put_parameter(Name="a", Tier="Intelligent-Tiering", **large)["Tier"] == "Advanced"


def test_tags_are_added_and_removed(ssm: Json) -> None:
    ssm.put_parameter(Name="p", Type="String", Value="1", Tags=[{"Key": "a", "Value": "1"}])
    place = {"ResourceType": "Parameter", "ResourceId": "p"}
    ssm.add_tags_to_resource(**place, Tags=[{"Key": "b", "Value": "2"}])
    ssm.remove_tags_from_resource(**place, TagKeys=["a"])
    assert ssm.list_tags_for_resource(**place)["TagList"] == [{"Key": "b", "Value": "2"}]
    assert refused(ssm.list_tags_for_resource, ResourceType="Parameter", ResourceId="x") == "InvalidResourceId"


def test_a_secure_string_is_encrypted_on_disk_and_readable_after_a_kill(served: ServedEngine) -> None:
    ssm = served.client("ssm")
    ssm.put_parameter(Name="/db", Type="SecureString", Value="a-very-secret-password")
    sealed = ssm.get_parameter(Name="/db")["Parameter"]["Value"]
    assert "a-very-secret-password" not in sealed
    served.kill()
    for path in served.data.rglob("*"):
        assert not path.is_file() or b"a-very-secret-password" not in path.read_bytes(), path
    assert (served.data / "secrets.key").stat().st_mode & 0o777 == 0o600
    served.up()
    found = served.client("ssm").get_parameter(Name="/db", WithDecryption=True)["Parameter"]
    assert (found["Value"], found["Type"]) == ("a-very-secret-password", "SecureString")


def test_no_other_key_takes_the_place_of_a_lost_one(served: ServedEngine) -> None:
    served.client("ssm").put_parameter(Name="/db", Type="SecureString", Value="password")
    served.kill()
    key = served.data / "secrets.key"
    kept = key.read_bytes()
    key.unlink()
    served.up()
    ssm = served.client("ssm")
    assert refused(ssm.put_parameter, Name="/other", Type="SecureString", Value="x")
    assert refused(ssm.get_parameter, Name="/db", WithDecryption=True)
    assert not key.exists()
    key.write_bytes(kept)
    assert ssm.get_parameter(Name="/db", WithDecryption=True)["Parameter"]["Value"] == "password"


def test_an_advanced_parameter_stays_advanced(ssm: Json) -> None:
    """See https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html."""
    ssm.put_parameter(Name="/a", Type="String", Value="1", Tier="Advanced")
    change: Json = {"Name": "/a", "Value": "2", "Overwrite": True}
    assert refused(ssm.put_parameter, **change, Tier="Standard") == "ValidationException"
    for tier in ({}, {"Tier": "Intelligent-Tiering"}):
        assert ssm.put_parameter(**change, **tier)["Tier"] == "Advanced"


def test_a_short_name_is_one_parameter_with_and_without_its_slash(ssm: Json) -> None:
    ssm.put_parameter(Name="/size", Type="String", Value="1")
    assert ssm.get_parameter(Name="size")["Parameter"]["Name"] == "/size"
    assert refused(ssm.put_parameter, Name="size", Type="String", Value="2") == "ParameterAlreadyExists"
    ssm.delete_parameter(Name="size")
    ssm.put_parameter(Name="size", Type="String", Value="3")
    assert ssm.get_parameter(Name="/size:1")["Parameter"]["Value"] == "3"


@pytest.mark.parametrize("name", ["//a", "/a//b", "/a/"])
def test_a_name_that_is_no_path_is_a_validation_error(ssm: Json, name: str) -> None:
    assert refused(ssm.get_parameter, Name=name) == "ValidationException"


@pytest.mark.parametrize("path", ["a", "/a b", "/a/ä", "/a#b", "/a:1"])
def test_a_path_with_other_characters_than_names_have_is_a_validation_error(ssm: Json, path: str) -> None:
    assert refused(ssm.get_parameters_by_path, Path=path) == "ValidationException"


def test_a_parameter_reads_a_secret_of_secrets_manager(account: EngineAccount, ssm: Json) -> None:
    manager = account.client("secretsmanager")
    made = manager.create_secret(Name="db/password", SecretString="old")
    manager.put_secret_value(SecretId="db/password", SecretString="new")
    name = "/aws/reference/secretsmanager/db/password"
    found = ssm.get_parameter(Name=name, WithDecryption=True)["Parameter"]
    assert (found["Name"], found["Type"], found["Value"]) == (name, "SecureString", "new")
    assert found["ARN"] == made["ARN"]
    source = json.loads(found["SourceResult"])
    assert (source["Name"], source["SecretString"], source["VersionStages"]) == ("db/password", "new", ["AWSCURRENT"])
    for selector in (":AWSPREVIOUS", f":{made['VersionId']}"):
        old = ssm.get_parameter(Name=f"{name}{selector}", WithDecryption=True)["Parameter"]
        assert (old["Name"], old["Value"], old["Selector"]) == (name, "old", selector)
    assert refused(ssm.get_parameter, Name=f"{name}x", WithDecryption=True) == "ParameterNotFound"
    with pytest.raises(ClientError, match=r"WithDecryption flag must be True for retrieving a Secret Manager secret\."):
        ssm.get_parameter(Name=name)
    several = ssm.get_parameters(Names=[name, f"{name}x"], WithDecryption=True)
    assert [each["Value"] for each in several["Parameters"]] == ["new"]
    assert several["InvalidParameters"] == [f"{name}x"]
    manager.create_secret(Name="key", SecretBinary=b"\0\xff")
    binary = ssm.get_parameter(Name="/aws/reference/secretsmanager/key", WithDecryption=True)["Parameter"]
    assert json.loads(binary["SourceResult"])["SecretBinary"] == binary["Value"] == "AP8="
