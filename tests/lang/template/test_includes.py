"""Parts that are kept elsewhere stand where they are named."""

import pytest
from hypothesis import given

from lamplighter.base.json_text import Json
from lamplighter.lang.template.includes import include_sections, macro_names, resolve_includes
from lamplighter.lang.template.text import TemplateError
from tests.lang.template.templates import plain

PARTS: dict[str, Json] = {
    "members": {"A": 1, "B": 2},
    "text": "x",
    "outer": {"In": {"Fn::Transform": {"Name": "AWS::Include", "Parameters": {"Location": "members"}}}},
    "itself": {"Fn::Transform": {"Name": "AWS::Include", "Parameters": {"Location": "itself"}}},
    "sections": {"Mappings": {"M": {}}, "Description": "theirs", "Outputs": {"O": 1}},
}


def part(location: Json) -> Json:
    return PARTS[location]


def call(location: str, name: str = "AWS::Include") -> Json:
    return {"Name": name, "Parameters": {"Location": location}}


@given(plain)
def test_a_value_without_transforms_is_itself(value: Json) -> None:
    assert resolve_includes(value, part) == value
    assert list(macro_names(value)) == []


def test_a_part_takes_the_place_of_its_transform() -> None:
    assert resolve_includes({"X": {"Fn::Transform": call("text")}}, part) == {"X": "x"}
    assert resolve_includes([{"Fn::Transform": call("members"), "B": 3}], part) == [{"A": 1, "B": 3}]
    assert resolve_includes({"Fn::Transform": call("outer")}, part) == {"In": {"A": 1, "B": 2}}


def test_a_part_of_the_whole_template_adds_to_its_sections() -> None:
    document = {"Description": "mine", "Outputs": {"P": 2}}
    found = include_sections(document, call("sections"), part)
    assert found == {"Description": "mine", "Outputs": {"O": 1, "P": 2}, "Mappings": {"M": {}}}


def test_macros_are_named_wherever_they_are() -> None:
    assert list(macro_names({"A": [{"Fn::Transform": call("x")}, {"Fn::Transform": "Mine"}]})) == [
        "AWS::Include",
        "Mine",
    ]


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ({"Fn::Transform": call("x", "Mine")}, "No transform named Mine found"),
        ({"Fn::Transform": {"Name": "AWS::Include"}}, "the Location parameter is missing"),
        ({"Fn::Transform": call("itself")}, "the parts are nested more than 10 levels deep"),
        ({"Fn::Transform": call("text"), "A": 1}, "must be an object"),
        ({"Fn::Transform": 1}, "No transform named"),
    ],
)
def test_what_cannot_be_included_is_refused(value: Json, told: str) -> None:
    with pytest.raises(TemplateError, match=told):
        resolve_includes(value, part)
