"""A value is accepted only if it obeys its parameter."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamplighter.base.json_text import Json
from lamplighter.lang.template.parameters import (
    is_no_echo,
    is_ssm_parameter,
    read_parameters,
    ref_value,
    resolve_values,
)
from lamplighter.lang.template.text import TemplateError
from tests.lang.template.templates import rejection_message
from tests.random_parameters import documents


def resolve_parameter(definition: Json, text: str | None) -> Json:
    """Return what Ref returns for a text, or without one; raise TemplateError if the text is rejected."""
    definitions = read_parameters({"Parameters": {"P": definition}})
    return ref_value(definition, resolve_values(definitions, {} if text is None else {"P": text})["P"])


@given(st.text(max_size=8), st.integers(0, 8), st.integers(0, 8))
def test_a_text_is_accepted_if_its_length_is_allowed(text: str, minimum: int, maximum: int) -> None:
    definition = {"Type": "String", "MinLength": minimum, "MaxLength": str(maximum)}
    if minimum <= len(text) <= maximum:
        assert resolve_parameter(definition, text) == text
    else:
        with pytest.raises(TemplateError, match=r"must contain at (least|most)"):
            resolve_parameter(definition, text)


@given(st.integers(-99, 99), st.integers(-99, 99), st.integers(-99, 99))
def test_a_number_is_accepted_between_its_limits(number: int, minimum: int, maximum: int) -> None:
    definition = {"Type": "Number", "MinValue": minimum, "MaxValue": maximum}
    if minimum <= number <= maximum:
        assert resolve_parameter(definition, str(number)) == str(number)
    else:
        with pytest.raises(TemplateError, match=r"must be a number not (less|greater) than"):
            resolve_parameter(definition, str(number))


@given(st.lists(st.text("abc ", min_size=1, max_size=4), min_size=1))
def test_the_items_of_a_list_are_stripped_of_blanks(items: list[str]) -> None:
    assert resolve_parameter({"Type": "CommaDelimitedList"}, ",".join(items)) == [item.strip() for item in items]
    assert resolve_parameter({"Type": "List<AWS::EC2::Subnet::Id>"}, ",".join(items)) == [
        item.strip() for item in items
    ]


def test_a_parameter_without_a_value_has_its_default() -> None:
    assert resolve_parameter({"Type": "Number", "Default": 3}, None) == "3"
    assert resolve_parameter({"Type": "String", "Default": True}, None) == "true"
    assert resolve_parameter({"Type": "List<Number>", "Default": "1, 2"}, None) == ["1", "2"]


@pytest.mark.parametrize(
    ("definition", "text", "message"),
    [
        ({"Type": "String"}, None, r"Parameters: \[P\] must have values"),
        ({"Type": "Number"}, "x", "Parameter 'P' must be a number"),
        ({"Type": "List<Number>"}, "1,x", "Parameter 'P' must be a number"),
        ({"Type": "String", "AllowedValues": ["a", 1]}, "2", "Parameter 'P' must be one of AllowedValues"),
        ({"Type": "String", "AllowedPattern": "[a-z]+"}, "a1", r"must match pattern \[a-z\]\+"),
        ({"Type": "String", "AllowedPattern": "(?!a).*"}, "ab", "must match pattern"),
        ({"Type": "String", "AllowedPattern": "["}, "a", "AllowedPattern of parameter P is not valid"),
        (
            {"Type": "String", "AllowedPattern": "x", "ConstraintDescription": "be x"},
            "y",
            "Parameter 'P' failed to satisfy constraint: be x",
        ),
    ],
)
def test_a_value_that_violates_its_parameter_is_rejected(definition: Json, text: str | None, message: str) -> None:
    with pytest.raises(TemplateError, match=message):
        resolve_parameter(definition, text)


@pytest.mark.parametrize(
    ("definition", "message"),
    [
        ({}, "must contain a Type member"),
        ({"Type": "Text"}, "Unrecognized parameter type: Text"),
        ({"Type": ["String"]}, "Unrecognized parameter type"),
        ({"Type": "Number", "MinValue": "x"}, "MinValue of parameter P must be a number"),
        ({"Type": "String", "AllowedValues": "x"}, "AllowedValues of parameter P must be a list"),
        ({"Type": "String", "Default": ["x"]}, "Every Default member must be a string"),
        ({"Type": "String", "Description": 1}, "Description of parameter P must be a string"),
        ([], "Every Parameters member must be an object"),
    ],
)
def test_an_invalid_parameter_is_rejected(definition: Json, message: str) -> None:
    with pytest.raises(TemplateError, match=message):
        read_parameters({"Parameters": {"P": definition}})


def test_a_value_of_an_unknown_parameter_is_rejected() -> None:
    with pytest.raises(TemplateError, match=r"Parameters: \[X, Y\] do not exist in the template"):
        resolve_values({}, {"X": "1", "Y": "2"})


@pytest.mark.parametrize(
    ("parameter_type", "is_ssm", "is_list"),
    [
        ("AWS::SSM::Parameter::Value<String>", True, False),
        ("AWS::SSM::Parameter::Value<List<String>>", True, True),
        ("AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>", True, False),
        ("AWS::SSM::Parameter::Name", False, False),
        ("AWS::EC2::VPC::Id", False, False),
    ],
)
def test_ssm_parameter_types_and_list_types_are_recognised(parameter_type: str, is_ssm: bool, is_list: bool) -> None:
    definition = {"Type": parameter_type}
    assert is_ssm_parameter(definition) is is_ssm
    assert isinstance(ref_value(definition, "x"), list) is is_list
    assert not is_no_echo(definition)
    assert is_no_echo({**definition, "NoEcho": "true"})


@given(st.dictionaries(st.sampled_from(("Type", "Default", "MinLength", "AllowedValues", "NoEcho")), documents))
def test_any_definition_is_accepted_or_rejected_with_a_message(definition: Json) -> None:
    message = rejection_message(lambda: resolve_parameter({"Type": "String", **definition}, None))
    assert message is None or message.startswith(("Template format error", "Parameter"))
