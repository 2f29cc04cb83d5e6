"""Labels of versions, tags of parameters, and the events of changes.

https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-labels.html
"""

from pathlib import Path

import pytest

from lamplighter.base.json_text import Json
from tests.engine_harness import ACCOUNT, REGION, EngineHarness
from tests.services.refused_calls import refusal, refused

P: Json = {"ResourceType": "Parameter", "ResourceId": "p"}


@pytest.fixture
def versioned(ssm: Json) -> Json:
    """Return a client whose account has a parameter with three versions."""
    for value in "123":
        ssm.put_parameter(Name="p", Type="String", Value=value, Overwrite=True)
    return ssm


def labels(ssm: Json) -> list[list[str]]:
    """Return the labels of each version of the parameter."""
    return [each["Labels"] for each in ssm.get_parameter_history(Name="p")["Parameters"]]


@pytest.mark.parametrize(
    ("label", "valid"),
    [
        ("a", True),
        ("A_b-c.9", True),
        ("x" * 100, True),
        ("my-aws", True),
        (".a", True),
        ("9a", False),
        ("aws", False),
        ("AWSx", False),
        ("Ssm", False),
        ("a b", False),
        ("größe", False),
        ("a/b", False),
        ("a\n", False),
    ],
)
def test_an_invalid_label_is_named_and_not_kept(versioned: Json, label: str, valid: bool) -> None:
    answer = versioned.label_parameter_version(Name="p", ParameterVersion=2, Labels=["good", label])
    assert (answer["InvalidLabels"], answer["ParameterVersion"]) == ([] if valid else [label], 2)
    assert labels(versioned) == [[], ["good", label] if valid else ["good"], []]


def test_a_label_again_changes_nothing_and_elsewhere_moves(versioned: Json) -> None:
    for _ in range(2):
        versioned.label_parameter_version(Name="p", ParameterVersion=1, Labels=["a", "b", "a"])
        assert labels(versioned) == [["a", "b"], [], []]
    assert versioned.label_parameter_version(Name="p", Labels=["b"])["ParameterVersion"] == 3
    assert labels(versioned) == [["a"], [], ["b"]]
    versioned.label_parameter_version(Name="p", Labels=["B"])
    assert labels(versioned) == [["a"], [], ["b", "B"]], "labels are case-sensitive"


def test_a_version_has_ten_labels_at_most(versioned: Json) -> None:
    ten = [f"l{number}" for number in range(10)]
    versioned.label_parameter_version(Name="p", Labels=ten)
    versioned.label_parameter_version(Name="p", Labels=ten)
    versioned.label_parameter_version(Name="p", ParameterVersion=1, Labels=["more"])
    code, message = refusal(versioned.label_parameter_version, Name="p", Labels=["more"])
    assert code == "ParameterVersionLabelLimitExceeded"
    assert "A parameter version can have maximum 10 labels." in message
    assert labels(versioned) == [["more"], [], ten], "the refused label stays where it was"
    assert refused(versioned.label_parameter_version, Name="p", Labels=[*ten, "x"]) == "ValidationException"


def test_a_removed_label_is_gone_and_an_unknown_one_is_invalid(versioned: Json) -> None:
    versioned.label_parameter_version(Name="p", ParameterVersion=2, Labels=["a", "b"])
    answer = versioned.unlabel_parameter_version(Name="p", ParameterVersion=2, Labels=["b", "c"])
    assert (answer["RemovedLabels"], answer["InvalidLabels"]) == (["b"], ["c"])
    again = versioned.unlabel_parameter_version(Name="p", ParameterVersion=2, Labels=["b"])
    assert (again["RemovedLabels"], again["InvalidLabels"]) == ([], ["b"])
    elsewhere = versioned.unlabel_parameter_version(Name="p", ParameterVersion=1, Labels=["a"])
    assert elsewhere["RemovedLabels"] == []
    assert labels(versioned) == [[], ["a"], []]


@pytest.mark.parametrize("operation", ["label_parameter_version", "unlabel_parameter_version"])
def test_labels_need_a_parameter_and_its_version(versioned: Json, operation: str) -> None:
    call = getattr(versioned, operation)
    assert refused(call, Name="none", ParameterVersion=1, Labels=["a"]) == "ParameterNotFound"
    assert refused(call, Name="p", ParameterVersion=4, Labels=["a"]) == "ParameterVersionNotFound"


def test_a_parameter_has_fifty_tags_at_most(versioned: Json) -> None:
    def tags(*numbers: int) -> list[Json]:
        return [{"Key": f"k{number}", "Value": ""} for number in numbers]

    versioned.add_tags_to_resource(**P, Tags=tags(*range(50)))
    versioned.add_tags_to_resource(**P, Tags=[{"Key": "k0", "Value": "größe"}])
    assert refused(versioned.add_tags_to_resource, **P, Tags=tags(50)) == "TooManyTagsError"
    found = {each["Key"]: each["Value"] for each in versioned.list_tags_for_resource(**P)["TagList"]}
    assert found == {f"k{number}": "" for number in range(50)} | {"k0": "größe"}
    versioned.remove_tags_from_resource(**P, TagKeys=["k0", "none"])
    versioned.add_tags_to_resource(**P, Tags=tags(50))
    many = {"Name": "q", "Type": "String", "Value": "1", "Tags": tags(*range(51))}
    assert refused(versioned.put_parameter, **many) == "TooManyTagsError"


@pytest.mark.parametrize(
    ("operation", "params"),
    [
        ("add_tags_to_resource", {"Tags": [{"Key": "a", "Value": "1"}]}),
        ("remove_tags_from_resource", {"TagKeys": ["a"]}),
        ("list_tags_for_resource", {}),
    ],
)
def test_tags_are_those_of_a_parameter(versioned: Json, operation: str, params: Json) -> None:
    call = getattr(versioned, operation)
    assert refused(call, ResourceType="Document", ResourceId="p", **params) == "InvalidResourceType"
    assert refused(call, ResourceType="Parameter", ResourceId="none", **params) == "InvalidResourceId"
    call(**P, **params)


def test_tags_stay_with_all_versions_and_a_reserved_key_is_refused(versioned: Json) -> None:
    versioned.add_tags_to_resource(**P, Tags=[{"Key": "a", "Value": "1"}])
    versioned.put_parameter(Name="p", Value="4", Overwrite=True)
    assert versioned.list_tags_for_resource(**P)["TagList"] == [{"Key": "a", "Value": "1"}]
    reserved = [{"Key": "AWS:x", "Value": "1"}]
    assert refused(versioned.add_tags_to_resource, **P, Tags=reserved) == "ValidationException"


def test_each_change_of_a_parameter_is_an_event(tmp_path: Path) -> None:
    """See https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-cwe.html."""
    with EngineHarness.running(tmp_path) as harness:

        def call(operation: str, **params: Json) -> None:
            harness.call("ssm", operation, Name="/p/a", **params)

        call("PutParameter", Type="String", Value="1", Description="größe")
        call("PutParameter", Value="2", Overwrite=True)
        call("LabelParameterVersion", Labels=["live"])
        call("UnlabelParameterVersion", ParameterVersion=2, Labels=["live"])
        call("LabelParameterVersion", Labels=["9"])  # which is no label
        call("GetParameter")
        call("DeleteParameter")
        events = harness.published_events("aws.ssm")
    operations = ["Create", "Update", "LabelParameterVersion", "Delete"]
    common = {"name": "/p/a", "type": "String", "description": "größe"}
    assert [event.detail for event in events] == [common | {"operation": each} for each in operations]
    arn = f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/p/a"
    assert {(each.detail_type, *each.resources) for each in events} == {("Parameter Store Change", arn)}
