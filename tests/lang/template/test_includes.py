"""AWS::Include transforms are replaced by the parts that they name."""

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


def read_part(location: Json) -> Json:
    return PARTS[location]


def include(location: str, name: str = "AWS::Include") -> Json:
    return {"Name": name, "Parameters": {"Location": location}}


@given(plain)
def test_a_value_without_transforms_is_unchanged(value: Json) -> None:
    assert resolve_includes(value, read_part) == value
    assert list(macro_names(value)) == []


def test_a_part_replaces_its_transform() -> None:
    assert resolve_includes({"X": {"Fn::Transform": include("text")}}, read_part) == {"X": "x"}
    assert resolve_includes([{"Fn::Transform": include("members"), "B": 3}], read_part) == [{"A": 1, "B": 3}]
    assert resolve_includes({"Fn::Transform": include("outer")}, read_part) == {"In": {"A": 1, "B": 2}}


def test_a_top_level_part_adds_to_the_sections_of_the_template() -> None:
    document = {"Description": "mine", "Outputs": {"P": 2}}
    found = include_sections(document, include("sections"), read_part)
    assert found == {"Description": "mine", "Outputs": {"O": 1, "P": 2}, "Mappings": {"M": {}}}


def test_macros_are_found_anywhere_in_a_value() -> None:
    assert list(macro_names({"A": [{"Fn::Transform": include("x")}, {"Fn::Transform": "Mine"}]})) == [
        "AWS::Include",
        "Mine",
    ]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"Fn::Transform": include("x", "Mine")}, "No transform named Mine found"),
        ({"Fn::Transform": {"Name": "AWS::Include"}}, "the Location parameter is missing"),
        ({"Fn::Transform": include("itself")}, "the parts are nested more than 10 levels deep"),
        ({"Fn::Transform": include("text"), "A": 1}, "must be an object"),
        ({"Fn::Transform": 1}, "No transform named"),
    ],
)
def test_an_invalid_include_is_rejected(value: Json, message: str) -> None:
    with pytest.raises(TemplateError, match=message):
        resolve_includes(value, read_part)
