"""A value that was accepted obeys its parameter."""

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
from tests.lang.template.templates import refusal
from tests.random_parameters import documents


def accepted(definition: Json, text: str | None) -> Json:
    """What Ref gives for a text, or without one; TemplateError where it is refused."""
    definitions = read_parameters({"Parameters": {"P": definition}})
    return ref_value(definition, resolve_values(definitions, {} if text is None else {"P": text})["P"])


@given(st.text(max_size=8), st.integers(0, 8), st.integers(0, 8))
def test_text_is_accepted_where_its_length_allows_it(text: str, least: int, most: int) -> None:
    definition = {"Type": "String", "MinLength": least, "MaxLength": str(most)}
    if least <= len(text) <= most:
        assert accepted(definition, text) == text
    else:
        with pytest.raises(TemplateError, match=r"must contain at (least|most)"):
            accepted(definition, text)


@given(st.integers(-99, 99), st.integers(-99, 99), st.integers(-99, 99))
def test_numbers_are_accepted_between_their_limits(number: int, least: int, most: int) -> None:
    definition = {"Type": "Number", "MinValue": least, "MaxValue": most}
    if least <= number <= most:
        assert accepted(definition, str(number)) == str(number)
    else:
        with pytest.raises(TemplateError, match=r"must be a number not (less|greater) than"):
            accepted(definition, str(number))


@given(st.lists(st.text("abc ", min_size=1, max_size=4), min_size=1))
def test_a_list_is_its_items_without_the_blanks_around_them(items: list[str]) -> None:
    assert accepted({"Type": "CommaDelimitedList"}, ",".join(items)) == [item.strip() for item in items]
    assert accepted({"Type": "List<AWS::EC2::Subnet::Id>"}, ",".join(items)) == [item.strip() for item in items]


def test_what_is_not_given_is_its_default() -> None:
    assert accepted({"Type": "Number", "Default": 3}, None) == "3"
    assert accepted({"Type": "String", "Default": True}, None) == "true"
    assert accepted({"Type": "List<Number>", "Default": "1, 2"}, None) == ["1", "2"]


@pytest.mark.parametrize(
    ("definition", "text", "told"),
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
def test_what_does_not_obey_is_refused(definition: Json, text: str | None, told: str) -> None:
    with pytest.raises(TemplateError, match=told):
        accepted(definition, text)


@pytest.mark.parametrize(
    ("definition", "told"),
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
def test_a_parameter_that_is_none_is_refused(definition: Json, told: str) -> None:
    with pytest.raises(TemplateError, match=told):
        read_parameters({"Parameters": {"P": definition}})


def test_a_value_for_nobody_is_refused() -> None:
    with pytest.raises(TemplateError, match=r"Parameters: \[X, Y\] do not exist in the template"):
        resolve_values({}, {"X": "1", "Y": "2"})


@pytest.mark.parametrize(
    ("kind", "stored", "listed"),
    [
        ("AWS::SSM::Parameter::Value<String>", True, False),
        ("AWS::SSM::Parameter::Value<List<String>>", True, True),
        ("AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>", True, False),
        ("AWS::SSM::Parameter::Name", False, False),
        ("AWS::EC2::VPC::Id", False, False),
    ],
)
def test_types_that_name_something_elsewhere_are_known(kind: str, stored: bool, listed: bool) -> None:
    definition = {"Type": kind}
    assert is_ssm_parameter(definition) is stored
    assert isinstance(ref_value(definition, "x"), list) is listed
    assert not is_no_echo(definition)
    assert is_no_echo({**definition, "NoEcho": "true"})


@given(st.dictionaries(st.sampled_from(("Type", "Default", "MinLength", "AllowedValues", "NoEcho")), documents))
def test_any_definition_is_accepted_or_refused_in_words(definition: Json) -> None:
    told = refusal(lambda: accepted({"Type": "String", **definition}, None))
    assert told is None or told.startswith(("Template format error", "Parameter"))
