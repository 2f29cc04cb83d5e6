"""A parsed template refers only to names that it defines; any other template is rejected with a message."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamplighter.base.json_text import Json
from lamplighter.lang.template.template import (
    PSEUDO_PARAMETERS,
    check_conditional_references,
    parse_template,
    transform_names,
)
from lamplighter.lang.template.text import TemplateError
from tests.lang.template.templates import plain, rejection_message
from tests.random_parameters import documents

QUEUE = {"Type": "AWS::SQS::Queue"}


def test_a_template_is_parsed_into_its_parts() -> None:
    found = parse_template(
        {
            "Description": "all of it",
            "Parameters": {"P": {"Type": "String"}},
            "Conditions": {"C": {"Fn::Equals": [{"Ref": "P"}, 1]}},
            "Resources": {
                "Q": {**QUEUE, "Properties": {"QueueName": {"Ref": "P"}}, "Condition": "C", "DependsOn": "T"},
                "T": {"Type": "AWS::SNS::Topic", "DeletionPolicy": "Retain", "Metadata": 1, "CreationPolicy": {}},
            },
            "Outputs": {"O": {"Value": {"Ref": "Q"}, "Export": {"Name": "x"}, "Condition": "C", "Description": 1}},
        }
    )
    queue, output = found.resources["Q"], found.outputs["O"]
    assert (queue.type, queue.condition, queue.depends_on) == ("AWS::SQS::Queue", "C", ("T",))
    assert (found.resources["T"].deletion_policy, found.resources["T"].metadata) == ("Retain", 1)
    assert (output.export, output.condition, output.description) == ("x", "C", "1")


def test_transforms_are_listed_in_order_and_those_inside_values_last() -> None:
    assert transform_names({"Transform": "A"}) == ["A"]
    inner = {"Resources": {"Q": {"Fn::Transform": {"Name": "C"}}}}
    assert transform_names({"Transform": ["B", {"Name": "A"}], **inner}) == ["B", "A", "C"]
    assert transform_names({}) == []


@given(st.sampled_from(sorted(PSEUDO_PARAMETERS)))
def test_pseudo_parameters_can_be_referenced(name: str) -> None:
    assert (
        rejection_message(lambda: parse_template({"Resources": {"Q": {**QUEUE, "Properties": {"A": {"Ref": name}}}}}))
        is None
    )


def resource(**members: Json) -> Json:
    return {"Resources": {"Q": {**QUEUE, **members}}}


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({}, "At least one Resources member must be defined"),
        ({**resource(), "Nonsense": {}}, r"Invalid template property or properties \[Nonsense\]"),
        (
            {**resource(), "AWSTemplateFormatVersion": "2020-01-01"},
            "2020-01-01 is not a supported value",
        ),
        ({**resource(), "Description": {}}, "Description must be a string"),
        ({**resource(), "Description": "x" * 1025}, "length is greater than 1024"),
        ({**resource(), "Mappings": []}, "Every Mappings member must be an object"),
        ({"Resources": {"Q": {}}}, "Every Resources object must contain a Type member"),
        ({"Resources": {"Q": {"Type": "Queue"}}}, r"Unrecognized resource types: \[Queue\]"),
        ({"Resources": {"a-b": QUEUE}}, "Resource name a-b is non alphanumeric"),
        ({"Resources": {f"Q{number}": QUEUE for number in range(501)}}, "greater than maximum allowed, 500"),
        (resource(Nonsense=1), "Invalid template resource property 'Nonsense'"),
        (resource(Properties=[]), "must be an object"),
        (resource(DependsOn={}), "DependsOn must be a string or list of strings"),
        (resource(DependsOn="Nobody"), r"Unresolved resource dependencies \[Nobody\] in the Resources block"),
        (resource(Properties={"A": {"Ref": "Nobody"}}), r"dependencies \[Nobody\] in the Resources block"),
        (resource(Properties={"A": {"Fn::Sub": "${Nobody.Arn}"}}), "references invalid resource attribute Nobody.Arn"),
        (resource(Properties={"A": {"Fn::GetAtt": "Nobody.Arn"}}), "references undefined resource Nobody"),
        (resource(Condition="Nobody"), "Template format error: Condition Nobody is not defined."),
        (resource(Condition={}), "Every Condition member must be a string"),
        ({**resource(), "Outputs": {"O": {}}}, "Every Outputs member must contain a Value object"),
        ({**resource(), "Outputs": {"O": {"Value": {"Ref": "X"}}}}, r"^Unresolved resource dependencies \[X\] in the"),
        ({**resource(), "Outputs": {"O": {"Value": 1, "Export": "x"}}}, "The Export member must contain a Name"),
        ({**resource(), "Parameters": {"Q": {"Type": "String"}}}, "a resource and a parameter have the same name"),
        ({**resource(), "Conditions": {"C": {"Fn::Equals": [{"Ref": "Q"}, 1]}}}, "Cannot reference resources"),
    ],
)
def test_an_invalid_template_is_rejected_in_cloudformation_s_words(document: Json, message: str) -> None:
    with pytest.raises(TemplateError, match=message):
        parse_template(document)


SECTIONS = ("Resources", "Outputs", "Parameters", "Mappings", "Conditions", "Rules", "Description", "Transform")


@given(st.dictionaries(st.sampled_from(SECTIONS), st.dictionaries(st.text("ab", min_size=1), documents) | plain))
def test_any_document_is_a_template_or_is_rejected(document: Json) -> None:
    assert rejection_message(lambda: parse_template(document)) != ""


@pytest.mark.parametrize(
    ("block", "message"),
    [
        ("Outputs", "Unresolved resource dependencies [Q] in the Outputs block of the template"),
        (
            "Resources",
            "Template format error: Unresolved resource dependencies [Q] in the Resources block of the template",
        ),
    ],
)
def test_a_reference_to_a_resource_that_its_condition_leaves_out_is_refused(block: str, message: str) -> None:
    left_out = {"Type": "AWS::SQS::Queue", "Condition": "C"}
    user = {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": {"Ref": "Q"}}}
    source: Json = {"Resources": {"Q": left_out}, "Conditions": {"C": {"Fn::Equals": ["a", "b"]}}}
    if block == "Outputs":
        source["Outputs"] = {"O": {"Value": {"Ref": "Q"}}}
    else:
        source["Resources"]["T"] = user
    with pytest.raises(TemplateError) as error:
        check_conditional_references(parse_template(source), {"C": False})
    assert str(error.value) == message
