"""A Fn::ForEach loop expands to its fragment for each item."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamplighter.base.json_text import Json
from lamplighter.lang.template.for_each import expand_loops
from lamplighter.lang.template.functions import TemplateScope
from lamplighter.lang.template.text import TemplateError

SCOPE = TemplateScope({"Names": ["a", "b"], "Stage": "live"}, {"Map": {"live": {"of": ["p", "q"]}}})
items = st.lists(st.text("abc", min_size=1, max_size=3), max_size=4, unique=True)


def topic(name: Json) -> Json:
    return {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": name}}


@given(items)
def test_a_loop_over_resources_creates_one_for_each_item(names: list[str]) -> None:
    loop = ["Name", names, {"Topic${Name}": topic({"Fn::Sub": "${Name}-${AWS::Region}"})}]
    found = expand_loops({"Resources": {"Fn::ForEach::Topics": loop, "Own": topic("own")}}, SCOPE)
    expanded = {f"Topic{name}": topic({"Fn::Sub": f"{name}-${{AWS::Region}}"}) for name in names}
    assert found == {"Resources": {**expanded, "Own": topic("own")}}


@given(items, items)
def test_nested_loops_create_every_pair(outer: list[str], inner: list[str]) -> None:
    inner_loop = {"Fn::ForEach::In": ["Y", inner, {"T${X}x${Y}": topic({"Ref": "Y"})}]}
    found = expand_loops({"Resources": {"Fn::ForEach::Out": ["X", outer, inner_loop]}}, SCOPE)["Resources"]
    assert found == {f"T{x}x{y}": topic(y) for x in outer for y in inner}


def test_a_collection_can_be_a_parameter_or_in_a_mapping() -> None:
    for collection, names in (({"Ref": "Names"}, "ab"), ({"Fn::FindInMap": ["Map", {"Ref": "Stage"}, "of"]}, "pq")):
        found = expand_loops({"Outputs": {"Fn::ForEach::O": ["X", collection, {"O${X}": {"Value": "${X}"}}]}}, SCOPE)
        assert found["Outputs"] == {f"O{name}": {"Value": name} for name in names}


def test_a_loop_inside_properties_creates_members() -> None:
    properties = {"Fn::ForEach::P": ["X", ["A", "B"], {"Prop${X}": {"Ref": "X"}}], "Other": 1}
    found = expand_loops({"Resources": {"T": {"Properties": properties}}}, SCOPE)
    assert found["Resources"]["T"]["Properties"] == {"PropA": "A", "PropB": "B", "Other": 1}


def test_an_ampersand_placeholder_removes_characters_that_are_not_alphanumeric() -> None:
    loop = ["X", ["10.0.0.1"], {"Ip&{X}": topic("${X}")}]
    assert expand_loops({"Resources": {"Fn::ForEach::L": loop}}, SCOPE)["Resources"] == {"Ip10001": topic("10.0.0.1")}


def test_other_sections_are_unchanged() -> None:
    document = {"Mappings": {"Fn::ForEach::X": ["X", ["a"], {}]}, "Metadata": "${X}"}
    assert expand_loops(document, SCOPE) == document


@pytest.mark.parametrize(
    ("loop", "message"),
    [
        (["X", ["a"]], "must be a list of an identifier, a collection and a fragment"),
        ({}, "must be a list of an identifier, a collection and a fragment"),
        (["X", "a", {}], "the collection of Fn::ForEach::L must be a list"),
        (["X", {"Ref": "Queue"}, {}], "Cannot reference resources"),
        (["X", [str(number) for number in range(10_001)], {}], "repetitions"),
    ],
)
def test_an_invalid_loop_is_rejected(loop: Json, message: str) -> None:
    with pytest.raises(TemplateError, match=message):
        expand_loops({"Resources": {"Fn::ForEach::L": loop}}, SCOPE)
