"""Evaluate the Conditions and Rules of a CloudFormation template.

Guarantees the truth of each condition, in any order of writing, and finds the first assertion that a stack's parameters
break.
See https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference-conditions.html
and …/intrinsic-function-reference-rules.html.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace

from lamplighter.base.json_text import Json
from lamplighter.lang.template.functions import TemplateScope, resolve, value_as_text
from lamplighter.lang.template.references import function_name
from lamplighter.lang.template.text import TemplateError, TemplateFormatError

ConditionLookup = Callable[[str], bool]
"""A function that returns the truth of a condition that another condition names."""


def evaluate_conditions(conditions: Mapping[str, Json], scope: TemplateScope) -> dict[str, bool]:
    """Return the truth of each condition."""
    found: dict[str, bool] = {}
    path: list[str] = []

    def truth_of(name: str) -> bool:
        if name not in conditions:
            raise TemplateFormatError(f"Unresolved condition dependency {name} in the Conditions block of the template")
        if name in path:
            raise TemplateError(f"Template error: Circular dependency between conditions: [{', '.join(path)}]")
        if name not in found:
            path.append(name)
            found[name] = _truth(conditions[name], replace(scope, conditions=found), truth_of)
            path.pop()
        return found[name]

    return {name: truth_of(name) for name in conditions}


def failed_assertion(rules: Mapping[str, Json], scope: TemplateScope) -> str | None:
    """Return the message of the first assertion that does not hold, or None if all hold."""

    def no_condition(name: str) -> bool:
        raise TemplateError(f"Template error: a rule cannot name the condition {name}")

    for name, rule in rules.items():
        if "RuleCondition" in rule and not _truth(rule["RuleCondition"], scope, no_condition):
            continue
        for assertion in _assertions(name, rule):
            if not _truth(assertion.get("Assert"), scope, no_condition):
                described = assertion.get("AssertDescription")
                return f"{name}: {described}" if described else f"An assertion of the rule {name} failed"
    return None


def _assertions(name: str, rule: Json) -> list[Json]:
    found = rule.get("Assertions", [])
    if not isinstance(found, list) or any(not isinstance(each, dict) or "Assert" not in each for each in found):
        raise TemplateFormatError(
            f"Rule {name} is malformed. Assertions must be a list of objects with an Assert member"
        )
    return found


def _truth(value: Json, scope: TemplateScope, truth_of: ConditionLookup) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value in ("true", "false"):
        return bool(value == "true")
    name = function_name(value)
    given = value[name] if name is not None else None
    if name == "Condition" and isinstance(given, str):
        return truth_of(given)
    if name == "Fn::Not":
        (one,) = _operands(given, 1, 1, "Template error: every Fn::Not object requires one boolean parameter.")
        return not _truth(one, scope, truth_of)
    if name in ("Fn::And", "Fn::Or"):
        message = (
            f"Template error: every {name} object requires a list of at least 2 and at most 10 boolean parameters."
        )
        each = [_truth(one, scope, truth_of) for one in _operands(given, 2, 10, message)]
        return all(each) if name == "Fn::And" else any(each)
    if name is not None and name in COMPARISONS:
        return _compare(name, given, scope)
    raise TemplateError("Template error: every condition must be a function that returns true or false")


def _operands(given: Json, least: int, most: int, message: str) -> list[Json]:
    if not isinstance(given, list) or not least <= len(given) <= most:
        raise TemplateError(message)
    return given


def _compare(name: str, given: Json, scope: TemplateScope) -> bool:
    message = f"Template error: every {name} object requires a list of 2 string parameters."
    first, second = (resolve(each, scope) for each in _operands(given, 2, 2, message))
    return COMPARISONS[name](first, second)


def _texts(items: Json) -> list[str]:
    return [value_as_text(item) for item in (items if isinstance(items, list) else [items])]


COMPARISONS: Mapping[str, Callable[[Json, Json], bool]] = {
    "Fn::Equals": lambda first, second: value_as_text(first) == value_as_text(second),
    "Fn::Contains": lambda items, expected: value_as_text(expected) in _texts(items),
    "Fn::EachMemberEquals": lambda items, expected: all(item == value_as_text(expected) for item in _texts(items)),
    "Fn::EachMemberIn": lambda items, allowed: set(_texts(items)) <= set(_texts(allowed)),
}
