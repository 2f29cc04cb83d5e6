"""References are found anywhere in a template, and resources are ordered by their references."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamplighter.base.json_text import Json
from lamplighter.lang.template.references import (
    choose_branches,
    creation_order,
    find_attributes,
    find_references,
)
from lamplighter.lang.template.text import TemplateError


@st.composite
def graphs(draw: st.DrawFn) -> dict[str, set[str]]:
    """Names that each need only earlier names, in any order."""
    names = [f"N{number}" for number in range(draw(st.integers(0, 12)))]
    needs = {name: draw(st.sets(st.sampled_from(names[:at]))) if at else set() for at, name in enumerate(names)}
    return {name: needs[name] for name in draw(st.permutations(names))}


@given(graphs())
def test_each_resource_comes_after_those_that_it_needs(needs: dict[str, set[str]]) -> None:
    found = creation_order(needs)
    assert sorted(found) == sorted(needs)
    for at, name in enumerate(found):
        assert needs[name] <= set(found[:at])


@given(graphs(), st.data())
def test_a_circular_dependency_names_only_the_resources_of_the_circle(
    needs: dict[str, set[str]], data: st.DataObject
) -> None:
    circle = [f"C{number}" for number in range(data.draw(st.integers(1, 4)))]
    circular = {name: {circle[at - 1]} for at, name in enumerate(circle)}
    dependent = {name: {*needed, circle[0]} for name, needed in needs.items()}
    with pytest.raises(TemplateError, match="Circular dependency between resources") as caught:
        creation_order({**dependent, **circular})
    assert caught.value.message == f"Circular dependency between resources: [{', '.join(sorted(circle))}]"


def test_references_to_undefined_names_do_not_affect_the_order() -> None:
    assert creation_order({"A": {"AWS::Region", "Parameter"}}) == ["A"]


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ({"Ref": "A"}, {"A"}),
        ([{"x": {"Ref": "A"}}, {"Fn::GetAtt": ["B", "Arn"]}, {"Fn::GetAtt": "C.Arn"}], {"A", "B", "C"}),
        ({"Fn::Sub": "${A}${B.Arn}${!C}${AWS::Region}$${D}"}, {"A", "B", "AWS::Region", "D"}),
        ({"Fn::Sub": ["${A}${V}${ W }", {"V": {"Ref": "B"}, "W": 1}]}, {"A", "B"}),
        ({"Fn::GetAtt": ["A", {"Ref": "B"}]}, {"A", "B"}),
        ({"Fn::If": ["Condition", {"Ref": "A"}, {"Ref": "B"}]}, {"A", "B"}),
        ({"Ref": "A", "Other": 1}, set()),
        ("Ref", set()),
    ],
)
def test_references_are_found(value: Json, found: set[str]) -> None:
    assert set(find_references(value)) == found


def test_attributes_are_found_with_their_resources() -> None:
    value = [{"Fn::GetAtt": ["A", "Arn"]}, {"x": {"Fn::GetAtt": "B.Outputs.C"}}, {"Fn::GetAtt": ["D", {"Ref": "E"}]}]
    assert list(find_attributes(value)) == [("Fn::GetAtt", "A", "Arn"), ("Fn::GetAtt", "B", "Outputs.C")]
    text = ["${A.Arn} ${B} ${!C.Arn} ${D.Arn} ${E.X}", {"D.Arn": {"Fn::GetAtt": "F.Id"}}]
    found = [("Fn::GetAtt", "F", "Id"), ("Fn::Sub", "A", "Arn"), ("Fn::Sub", "E", "X")]
    assert list(find_attributes({"Fn::Sub": text})) == found


def test_a_choice_is_replaced_by_the_branch_that_its_condition_chooses() -> None:
    value = {"A": [{"Fn::If": ["Yes", {"Ref": "B"}, {"Ref": "C"}]}, {"Fn::If": ["No", 1, {"Fn::If": ["Yes", 2, 3]}]}]}
    assert choose_branches(value, {"Yes": True, "No": False}) == {"A": [{"Ref": "B"}, 2]}
