"""Conditions are true or false whatever their order; rules name what they refuse."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamplighter.base.json_text import Json
from lamplighter.lang.template.conditions import evaluate_conditions, failed_assertion
from lamplighter.lang.template.functions import TemplateScope
from lamplighter.lang.template.text import TemplateError

SCOPE = TemplateScope({"Stage": "live", "List": ["a", "b"], "None": []})


@st.composite
def formulas(draw: st.DrawFn, names: tuple[str, ...] = (), depth: int = 3) -> tuple[Json, Json]:
    """A condition, and the same as a formula: a truth, a name, or ("not" | "and" | "or", formulas)."""
    kind = draw(st.sampled_from(("equals", "not", "and", "or", *(("name",) if names else ())))) if depth else "equals"
    if kind == "equals":
        left, right = draw(st.sampled_from(("live", "test"))), {"Ref": "Stage"}
        return {"Fn::Equals": [left, right]}, left == "live"
    if kind == "name":
        name = draw(st.sampled_from(names))
        return {"Condition": name}, name
    many = st.just(1) if kind == "not" else st.integers(2, 3)
    parts = [draw(formulas(names, depth - 1)) for _ in range(draw(many))]
    return {f"Fn::{kind.title()}": [part for part, _ in parts]}, (kind, [formula for _, formula in parts])


@st.composite
def sections(draw: st.DrawFn) -> tuple[dict[str, Json], dict[str, Json]]:
    """A Conditions section in any order, and its formulas."""
    conditions: dict[str, Json] = {}
    meant: dict[str, Json] = {}
    for name in ("A", "B", "C", "D")[: draw(st.integers(1, 4))]:
        conditions[name], meant[name] = draw(formulas(tuple(meant)))
    return {name: conditions[name] for name in draw(st.permutations(list(conditions)))}, meant


def truth(formula: Json, meant: dict[str, Json]) -> bool:
    if isinstance(formula, bool):
        return formula
    if isinstance(formula, str):
        return truth(meant[formula], meant)
    kind, parts = formula
    found = [truth(part, meant) for part in parts]
    return not found[0] if kind == "not" else all(found) if kind == "and" else any(found)


@given(sections())
def test_conditions_are_what_logic_says(section: tuple[dict[str, Json], dict[str, Json]]) -> None:
    conditions, meant = section
    assert evaluate_conditions(conditions, SCOPE) == {name: truth(meant[name], meant) for name in conditions}


def test_values_of_any_kind_are_compared_as_text() -> None:
    equal = {"Fn::Equals": [1, "1"]}, {"Fn::Equals": [True, "true"]}, {"Fn::Equals": [{"Ref": "Stage"}, "live"]}
    assert all(evaluate_conditions({"C": each}, SCOPE)["C"] for each in equal)


@pytest.mark.parametrize(
    ("conditions", "told"),
    [
        ({"A": {"Condition": "B"}, "B": {"Condition": "A"}}, "Circular dependency between conditions"),
        ({"A": {"Condition": "Nobody"}}, "Unresolved condition dependency Nobody"),
        ({"A": {"Fn::And": [{"Fn::Equals": [1, 1]}]}}, "at least 2 and at most 10"),
        ({"A": {"Fn::Not": []}}, "one boolean parameter"),
        ({"A": {"Fn::Equals": [1]}}, "a list of 2 string parameters"),
        ({"A": {"Ref": "Stage"}}, "returns true or false"),
        ({"A": {"Fn::Equals": [{"Ref": "Queue"}, 1]}}, "Cannot reference resources"),
    ],
)
def test_a_condition_that_is_none_is_refused(conditions: Json, told: str) -> None:
    with pytest.raises(TemplateError, match=told):
        evaluate_conditions(conditions, SCOPE)


def rule(assertion: Json, **more: Json) -> dict[str, Json]:
    return {"Rule": {"Assertions": [{"Assert": assertion}], **more}}


def test_rules_hold_or_say_what_is_broken() -> None:
    live, test = ({"Fn::Equals": [{"Ref": "Stage"}, stage]} for stage in ("live", "test"))
    assert failed_assertion(rule(live), SCOPE) is None
    assert failed_assertion(rule(test), SCOPE) == "An assertion of the rule Rule failed"
    assert failed_assertion(rule(test, RuleCondition=test), SCOPE) is None
    described = {"Rule": {"Assertions": [{"Assert": test, "AssertDescription": "test only"}]}}
    assert failed_assertion(described, SCOPE) == "Rule: test only"


def test_rules_look_into_lists() -> None:
    for name, given_, holds in (
        ("Contains", [["x", "a"], "a"], True),
        ("Contains", [{"Ref": "List"}, "c"], False),
        ("EachMemberEquals", [["a", "a"], "a"], True),
        ("EachMemberEquals", [{"Ref": "List"}, "a"], False),
        ("EachMemberIn", [{"Ref": "List"}, ["a", "b", "c"]], True),
        ("EachMemberIn", [{"Ref": "List"}, ["a"]], False),
    ):
        assert (failed_assertion(rule({f"Fn::{name}": given_}), SCOPE) is None) is holds, name


@pytest.mark.parametrize("wrong", [1, [1], [{}], {"Assert": True}])
def test_assertions_that_are_none_are_refused(wrong: Json) -> None:
    with pytest.raises(TemplateError, match="Rule Rule is malformed"):
        failed_assertion({"Rule": {"Assertions": wrong}}, SCOPE)
