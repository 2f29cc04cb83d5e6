"""A loop stands for what its fragment says of each item."""

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
def test_a_loop_over_resources_makes_one_for_each_item(names: list[str]) -> None:
    loop = ["Name", names, {"Topic${Name}": topic({"Fn::Sub": "${Name}-${AWS::Region}"})}]
    found = expand_loops({"Resources": {"Fn::ForEach::Topics": loop, "Own": topic("own")}}, SCOPE)
    made = {f"Topic{name}": topic({"Fn::Sub": f"{name}-${{AWS::Region}}"}) for name in names}
    assert found == {"Resources": {**made, "Own": topic("own")}}


@given(items, items)
def test_loops_in_loops_make_every_pair(outer: list[str], inner: list[str]) -> None:
    within = {"Fn::ForEach::In": ["Y", inner, {"T${X}x${Y}": topic({"Ref": "Y"})}]}
    found = expand_loops({"Resources": {"Fn::ForEach::Out": ["X", outer, within]}}, SCOPE)["Resources"]
    assert found == {f"T{x}x{y}": topic(y) for x in outer for y in inner}


def test_a_collection_may_be_a_parameter_or_in_a_map() -> None:
    for collection, names in (({"Ref": "Names"}, "ab"), ({"Fn::FindInMap": ["Map", {"Ref": "Stage"}, "of"]}, "pq")):
        found = expand_loops({"Outputs": {"Fn::ForEach::O": ["X", collection, {"O${X}": {"Value": "${X}"}}]}}, SCOPE)
        assert found["Outputs"] == {f"O{name}": {"Value": name} for name in names}


def test_a_loop_inside_of_properties_makes_members() -> None:
    properties = {"Fn::ForEach::P": ["X", ["A", "B"], {"Prop${X}": {"Ref": "X"}}], "Other": 1}
    found = expand_loops({"Resources": {"T": {"Properties": properties}}}, SCOPE)
    assert found["Resources"]["T"]["Properties"] == {"PropA": "A", "PropB": "B", "Other": 1}


def test_what_is_not_alphanumeric_is_left_out_of_names_where_that_is_asked_for() -> None:
    loop = ["X", ["10.0.0.1"], {"Ip&{X}": topic("${X}")}]
    assert expand_loops({"Resources": {"Fn::ForEach::L": loop}}, SCOPE)["Resources"] == {"Ip10001": topic("10.0.0.1")}


def test_other_sections_are_left_alone() -> None:
    document = {"Mappings": {"Fn::ForEach::X": ["X", ["a"], {}]}, "Metadata": "${X}"}
    assert expand_loops(document, SCOPE) == document


@pytest.mark.parametrize(
    ("loop", "told"),
    [
        (["X", ["a"]], "must be a list of an identifier, a collection and a fragment"),
        ({}, "must be a list of an identifier, a collection and a fragment"),
        (["X", "a", {}], "the collection of Fn::ForEach::L must be a list"),
        (["X", {"Ref": "Queue"}, {}], "Cannot reference resources"),
        (["X", [str(number) for number in range(10_001)], {}], "repetitions"),
    ],
)
def test_a_loop_that_is_none_is_refused(loop: Json, told: str) -> None:
    with pytest.raises(TemplateError, match=told):
        expand_loops({"Resources": {"Fn::ForEach::L": loop}}, SCOPE)
