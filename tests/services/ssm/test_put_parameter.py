"""PutParameter: names, values, tiers, versions, and two callers at once.

https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html
"""

from concurrent.futures import ThreadPoolExecutor

import pytest
from botocore.exceptions import ClientError

from lamplighter.base.json_text import Json
from tests.served_engine import EngineAccount
from tests.services.refused_calls import refusal, refused

STRING: Json = {"Type": "String", "Value": "1"}
CHARACTERS_OF_ARN = len("arn:aws:ssm:us-east-1:111122223333:parameter")


@pytest.mark.parametrize("name", ["a", "A.b-c_9", "/a/b", "/app/aws", "/app/ssm/x", "/a" * 15, "x.aws"])
def test_a_name_that_aws_allows_comes_back_as_it_was_given(ssm: Json, name: str) -> None:
    ssm.put_parameter(Name=name, **STRING)
    assert ssm.get_parameter(Name=name)["Parameter"]["Name"] == name


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("AWSome", "can't be prefixed with"),
        ("/ssm/x", "can't be prefixed with"),
        ("/SSMx", "can't be prefixed with"),
        ("größe", "can be formed as a mix of letters"),
        ("a:1", "can be formed as a mix of letters"),
        ("/a/", "can be formed as a mix of letters"),
        ("/a b", "can be formed as a mix of letters"),
        ("a/b", "Parameter name must be a fully qualified name."),
    ],
)
def test_another_name_is_refused_with_the_rule_that_it_breaks(ssm: Json, name: str, words: str) -> None:
    code, message = refusal(ssm.put_parameter, Name=name, **STRING)
    assert code == "ValidationException"
    assert words in message


@pytest.mark.parametrize("name", ["/" + "x" * 1_100, "x" * 1_100])
def test_a_name_has_at_most_1011_characters_with_those_of_its_arn(ssm: Json, name: str) -> None:
    """`This count of 1011 characters includes the characters in the ARN that precede the name you specify.`"""
    most = 1_011 - CHARACTERS_OF_ARN - (not name.startswith("/"))
    assert refused(ssm.put_parameter, Name=name[: most + 1], **STRING) == "ValidationException"
    ssm.put_parameter(Name=name[:most], **STRING)
    assert len(ssm.get_parameter(Name=name[:most])["Parameter"]["ARN"]) == 1_011


def test_spaces_around_a_name_are_removed(ssm: Json) -> None:
    """`The service removes any spaces specified for the beginning or end of a parameter name.`"""
    ssm.put_parameter(Name=" /a ", **STRING)
    assert ssm.get_parameter(Name="/a")["Parameter"]["Name"] == "/a"
    assert ssm.get_parameter(Name=" /a:1 ")["Parameter"]["Value"] == "1"
    assert ssm.get_parameters(Names=["/a "])["Parameters"][0]["Name"] == "/a"
    assert refused(ssm.put_parameter, Name="/a ", **STRING) == "ParameterAlreadyExists"


@pytest.mark.parametrize("value", ["{{ssm:other}}", "a {{}} b", "{{ name }}"])
def test_a_value_cannot_hold_another_parameter(ssm: Json, value: str) -> None:
    code, message = refusal(ssm.put_parameter, Name="p", Type="String", Value=value)
    assert (code, "nest another parameter" in message) == ("ValidationException", True)
    assert refused(ssm.get_parameter, Name="p") == "ParameterNotFound"


@pytest.mark.parametrize("value", [" ", "größe 💡", "a\nb\tc", '{"a":{"b":{}}}', "{{", "}} {{", "x" * 4096, "é" * 2048])
def test_a_value_comes_back_as_it_was_given(ssm: Json, value: str) -> None:
    for name, kind in (("/s", "String"), ("/l", "StringList"), ("/x", "SecureString")):
        ssm.put_parameter(Name=name, Type=kind, Value=value)
        found = ssm.get_parameter(Name=name, WithDecryption=True)["Parameter"]
        assert (found["Type"], found["Value"]) == (kind, value)


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"Value": ""}, "Member must have length greater than or equal to 1"),
        ({"Value": "é" * 2049}, "Standard tier parameters support a maximum parameter value of 4096 characters."),
        ({"Tier": "Advanced", "Value": "x" * 8193}, "a maximum parameter value of 8192 characters"),
        ({"Tier": "Intelligent-Tiering", "Value": "x" * 8193}, "a maximum parameter value of 8192 characters"),
        ({"KeyId": "alias/k"}, "KeyId is required for SecureString type parameter only. KeyId: alias/k"),
        ({"DataType": "Text"}, "The following data type is not supported: Text"),
        ({"Policies": '[{"Type":"Expiration"}]'}, "leave Policies out"),
        ({"Type": None}, "A parameter type is required when you create a parameter."),
        ({"Tags": [{"Key": "aws:x", "Value": "1"}]}, "aws: prefixed tag key names are not allowed"),
        ({"Overwrite": True, "Tags": [{"Key": "x", "Value": "1"}]}, "tags and overwrite can't be used together"),
    ],
)
def test_a_refused_parameter_is_not_stored(ssm: Json, params: Json, words: str) -> None:
    given = {key: value for key, value in ({"Name": "p", **STRING} | params).items() if value is not None}
    code, message = refusal(ssm.put_parameter, **given)
    assert code == "ValidationException"
    assert words in message
    assert ssm.describe_parameters()["Parameters"] == []


@pytest.mark.parametrize(
    ("tier", "size", "chosen"),
    [
        (None, 4096, "Standard"),
        ("Standard", 1, "Standard"),
        ("Advanced", 8192, "Advanced"),
        ("Intelligent-Tiering", 4096, "Standard"),
        ("Intelligent-Tiering", 4097, "Advanced"),
        ("Intelligent-Tiering", 8192, "Advanced"),
    ],
)
def test_the_tier_fits_the_value(ssm: Json, tier: str | None, size: int, chosen: str) -> None:
    given = {"Tier": tier} if tier else {}
    assert ssm.put_parameter(Name="p", Type="String", Value="x" * size, **given)["Tier"] == chosen
    assert ssm.describe_parameters()["Parameters"][0]["Tier"] == chosen


def test_a_change_keeps_what_it_does_not_name(ssm: Json) -> None:
    details: Json = {"Description": "ports", "AllowedPattern": "\\d+"}
    ssm.put_parameter(Name="p", Type="SecureString", Value="1", KeyId="alias/own", **details)
    ssm.put_parameter(Name="p", Value="2", Overwrite=True)
    (shown,) = ssm.describe_parameters()["Parameters"]
    assert {key: shown[key] for key in details} == details
    assert (shown["KeyId"], shown["Type"], shown["Version"]) == ("alias/own", "SecureString", 2)
    code, message = refusal(ssm.put_parameter, Name="p", Value="x", Overwrite=True)
    assert code == "ParameterPatternMismatchException"
    assert message.endswith("allowedPattern: \\d+")
    ssm.put_parameter(Name="p", Value="x", Overwrite=True, AllowedPattern="[a-z]", Description="letters")
    history = ssm.get_parameter_history(Name="p", WithDecryption=True)["Parameters"]
    assert [(each["Value"], each["Description"]) for each in history] == [
        ("1", "ports"),
        ("2", "ports"),
        ("x", "letters"),
    ]


def test_a_pattern_has_to_match_the_whole_value(ssm: Json) -> None:
    ssm.put_parameter(Name="p", Type="String", Value="ab", AllowedPattern="a|ab")
    for value in ("abc", "xab", "ab\n"):
        assert refused(ssm.put_parameter, Name="p", Value=value, Overwrite=True) == "ParameterPatternMismatchException"


def test_the_same_value_again_is_another_version(ssm: Json) -> None:
    for version in (1, 2, 3):
        assert ssm.put_parameter(Name="p", Overwrite=True, **STRING)["Version"] == version


def test_a_parameter_that_is_made_again_begins_with_version_1_and_without_labels(ssm: Json) -> None:
    for value in "12":
        ssm.put_parameter(Name="p", Type="String", Value=value, Overwrite=True)
    ssm.label_parameter_version(Name="p", Labels=["live"])
    ssm.delete_parameter(Name="p")
    assert ssm.put_parameter(Name="p", Type="StringList", Value="3")["Version"] == 1
    (only,) = ssm.get_parameter_history(Name="p")["Parameters"]
    assert (only["Value"], only["Labels"], only["Type"]) == ("3", [], "StringList")


def test_an_arn_changes_a_parameter_but_creates_none(account: EngineAccount, ssm: Json) -> None:
    ssm.put_parameter(Name="/a", **STRING)
    arn = ssm.get_parameter(Name="/a")["Parameter"]["ARN"]
    assert ssm.put_parameter(Name=arn, Value="2", Overwrite=True)["Version"] == 2
    assert ssm.get_parameter(Name="/a")["Parameter"]["Value"] == "2"
    assert refused(ssm.put_parameter, Name=f"{arn}x", **STRING) == "ParameterNotFound"
    other = arn.replace(account.account_id, "999999999999")
    assert refused(ssm.get_parameter, Name=other) == "ParameterNotFound"


def test_accounts_and_regions_have_parameters_of_their_own(account: EngineAccount, ssm: Json) -> None:
    other_region = account.client("ssm", region="eu-west-1")
    other_account = account.client("ssm", key="999999999998")
    ssm.put_parameter(Name="/a", **STRING)
    arn = ssm.get_parameter(Name="/a")["Parameter"]["ARN"]
    for other in (other_region, other_account):
        assert refused(other.get_parameter, Name="/a") == "ParameterNotFound"
        assert other.get_parameters_by_path(Path="/")["Parameters"] == []
        other.put_parameter(Name="/a", Type="String", Value="other")
        other.delete_parameter(Name="/a")
    assert other_region.get_parameter(Name=arn)["Parameter"]["Value"] == "1"
    assert ssm.get_parameter(Name="/a")["Parameter"]["Value"] == "1"


def test_the_hundred_and_first_version_takes_the_place_of_the_first_unless_that_has_a_label(ssm: Json) -> None:
    for number in range(1, 102):
        ssm.put_parameter(Name="p", Type="String", Value=str(number), Overwrite=True)
    assert refused(ssm.get_parameter, Name="p:1") == "ParameterVersionNotFound"
    assert ssm.get_parameter(Name="p:2")["Parameter"]["Value"] == "2"
    ssm.label_parameter_version(Name="p", ParameterVersion=2, Labels=["kept"])
    code, message = refusal(ssm.put_parameter, Name="p", Value="new", Overwrite=True)
    assert code == "ParameterMaxVersionLimitExceeded"
    assert "You attempted to create a new version of p" in message
    assert "Version 2, the oldest version, can't be deleted because it has a label" in message
    assert ssm.get_parameter(Name="p")["Parameter"]["Version"] == 101
    ssm.label_parameter_version(Name="p", Labels=["kept"])
    assert ssm.put_parameter(Name="p", Value="new", Overwrite=True)["Version"] == 102
    pages = ssm.get_paginator("get_parameter_history").paginate(Name="p")
    found = [[each["Version"] for each in page["Parameters"]] for page in pages]
    assert found == [list(range(3, 53)), list(range(53, 103))]


def test_of_callers_who_create_the_same_parameter_at_once_one_succeeds(ssm: Json) -> None:
    def create(number: int) -> str:
        try:
            ssm.put_parameter(Name="p", Type="String", Value=str(number))
        except ClientError as error:
            return str(error.response["Error"]["Code"])
        return "created"

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(create, range(8))) == ["ParameterAlreadyExists"] * 7 + ["created"]


def test_callers_who_change_a_parameter_at_once_make_a_version_each(ssm: Json) -> None:
    def change(value: int) -> tuple[int, str]:
        answer = ssm.put_parameter(Name="p", Type="String", Value=str(value), Overwrite=True)
        return answer["Version"], str(value)

    with ThreadPoolExecutor(8) as pool:
        made = dict(pool.map(change, range(24)))
    history = ssm.get_parameter_history(Name="p")["Parameters"]
    assert {each["Version"]: each["Value"] for each in history} == made
    assert sorted(made) == list(range(1, 25))
