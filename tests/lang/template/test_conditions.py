"""Conditions are evaluated in any order; a failed rule is named."""

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
    """A condition, and the same as a formula: a bool, a name, or ("not" | "and" | "or", formulas)."""
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
    formulas_by_name: dict[str, Json] = {}
    for name in ("A", "B", "C", "D")[: draw(st.integers(1, 4))]:
        conditions[name], formulas_by_name[name] = draw(formulas(tuple(formulas_by_name)))
    return {name: conditions[name] for name in draw(st.permutations(list(conditions)))}, formulas_by_name


def evaluate_formula(formula: Json, formulas_by_name: dict[str, Json]) -> bool:
    if isinstance(formula, bool):
        return formula
    if isinstance(formula, str):
        return evaluate_formula(formulas_by_name[formula], formulas_by_name)
    kind, parts = formula
    found = [evaluate_formula(part, formulas_by_name) for part in parts]
    return not found[0] if kind == "not" else all(found) if kind == "and" else any(found)


@given(sections())
def test_conditions_have_the_truth_values_of_their_formulas(section: tuple[dict[str, Json], dict[str, Json]]) -> None:
    conditions, formulas_by_name = section
    assert evaluate_conditions(conditions, SCOPE) == {
        name: evaluate_formula(formulas_by_name[name], formulas_by_name) for name in conditions
    }


def test_values_of_any_kind_are_compared_as_text() -> None:
    equal = {"Fn::Equals": [1, "1"]}, {"Fn::Equals": [True, "true"]}, {"Fn::Equals": [{"Ref": "Stage"}, "live"]}
    assert all(evaluate_conditions({"C": each}, SCOPE)["C"] for each in equal)


@pytest.mark.parametrize(
    ("conditions", "message"),
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
def test_an_invalid_condition_is_rejected(conditions: Json, message: str) -> None:
    with pytest.raises(TemplateError, match=message):
        evaluate_conditions(conditions, SCOPE)


def rule(assertion: Json, **more: Json) -> dict[str, Json]:
    return {"Rule": {"Assertions": [{"Assert": assertion}], **more}}


def test_a_failed_rule_reports_its_failed_assertion() -> None:
    live, test = ({"Fn::Equals": [{"Ref": "Stage"}, stage]} for stage in ("live", "test"))
    assert failed_assertion(rule(live), SCOPE) is None
    assert failed_assertion(rule(test), SCOPE) == "An assertion of the rule Rule failed"
    assert failed_assertion(rule(test, RuleCondition=test), SCOPE) is None
    described = {"Rule": {"Assertions": [{"Assert": test, "AssertDescription": "test only"}]}}
    assert failed_assertion(described, SCOPE) == "Rule: test only"


def test_rules_compare_the_members_of_lists() -> None:
    for name, given_, expected in (
        ("Contains", [["x", "a"], "a"], True),
        ("Contains", [{"Ref": "List"}, "c"], False),
        ("EachMemberEquals", [["a", "a"], "a"], True),
        ("EachMemberEquals", [{"Ref": "List"}, "a"], False),
        ("EachMemberIn", [{"Ref": "List"}, ["a", "b", "c"]], True),
        ("EachMemberIn", [{"Ref": "List"}, ["a"]], False),
    ):
        assert (failed_assertion(rule({f"Fn::{name}": given_}), SCOPE) is None) is expected, name


@pytest.mark.parametrize("wrong", [1, [1], [{}], {"Assert": True}])
def test_invalid_assertions_are_rejected(wrong: Json) -> None:
    with pytest.raises(TemplateError, match="Rule Rule is malformed"):
        failed_assertion({"Rule": {"Assertions": wrong}}, SCOPE)
