"""Check the rules of a Choice and report faults in AWS's words.

See https://states-language.net/spec.html#choice-state.
"""

import math
from collections.abc import Iterator, Mapping

from lamplighter.asl.definition.choice_rules import OPERATOR_NAMES
from lamplighter.asl.definition.diagnostics import (
    SCHEMA,
    Diagnostic,
    check_assigned,
    check_values,
    conflicting_fields,
    missing_fields,
    no_field_of,
    unknown_field,
    wrong_language_field,
)
from lamplighter.asl.definition.fields import (
    ASSIGN,
    RULE_OPERATORS,
    Check,
    check_boolean,
    check_text,
    check_timestamp,
    number_between,
)
from lamplighter.base.json_text import Json


def check_choice_rules(state: Mapping[str, Json], location: str, *, jsonata: bool) -> Iterator[Diagnostic]:
    """Yield the faults in the rules of a Choice."""
    if "Choices" not in state:
        yield missing_fields(["Choices"], location)
        return
    rules = state["Choices"]
    for index, rule in enumerate(rules if isinstance(rules, list) else []):
        place = f"{location}/Choices[{index}]"
        if not isinstance(rule, dict):
            yield Diagnostic(SCHEMA, "Expected value of type Object", place)
            continue
        missing = [name for name in (("Condition", "Next") if jsonata else ("Next",)) if name not in rule]
        if missing:
            yield missing_fields(missing, place)
        yield from check_values(rule, {"Next": check_text, "Comment": check_text, **ASSIGN}, place, jsonata=jsonata)
        yield from check_assigned(rule, place)
        other_language = ("And", "Or", "Not", "Variable", *OPERATOR_NAMES) if jsonata else ("Condition", "Output")
        others = [wrong_language_field(field, place, jsonata=jsonata) for field in rule if field in other_language]
        yield from others
        if not jsonata and not others:
            yield from _check_rule(rule, place)


def _check_rule(rule: Json, location: str) -> Iterator[Diagnostic]:
    if not isinstance(rule, dict):
        yield Diagnostic(SCHEMA, "Expected value of type Object", location)
        return
    if "Condition" in rule:
        yield wrong_language_field("Condition", location, jsonata=False)
        return
    selectors = [name for name in RULE_OPERATORS if name in rule]
    if len(selectors) != 1:
        message = f"The object must have only one of the following fields, [{', '.join(RULE_OPERATORS)}]"
        yield Diagnostic(SCHEMA, message, location)
        return
    operators = [name for name in rule if name in OPERATOR_NAMES]
    operator = selectors[0]
    if operator == "Variable":
        yield from (
            [conflicting_fields(operators, location)]
            if len(operators) > 1
            else _check_comparison(operators, rule, location)
        )
    elif operators:
        yield unknown_field(operators[0], location)
    elif operator in ("And", "Or"):
        inner = rule[operator]
        if not isinstance(inner, list) or not inner:
            yield Diagnostic(SCHEMA, "Value cannot be empty", f"{location}/{operator}")
            return
        for index, each in enumerate(inner):
            yield from _check_nested_rule(each, f"{location}/{operator}[{index}]")
    else:
        yield from _check_nested_rule(rule["Not"], f"{location}/Not")


def _check_nested_rule(rule: Json, location: str) -> Iterator[Diagnostic]:
    """Check a rule inside another rule, which must not have a Next."""
    if isinstance(rule, dict) and "Next" in rule:
        yield unknown_field("Next", location)
    yield from _check_rule(rule, location)


def _check_comparison(operators: list[str], rule: Mapping[str, Json], location: str) -> Iterator[Diagnostic]:
    if operators:
        yield from _check_operand(operators[0], rule, location)
    else:
        yield no_field_of(sorted(OPERATOR_NAMES), location)


def _check_operand(operator: str, rule: Mapping[str, Json], location: str) -> Iterator[Diagnostic]:
    value = rule[operator]
    test: Check = check_text
    if operator.startswith(("Boolean", "Is")) and not operator.endswith("Path"):
        test = check_boolean
    elif operator.startswith("Numeric") and not operator.endswith("Path"):
        test = number_between(-math.inf, math.inf, whole=False)
    elif operator.startswith("Timestamp") and not operator.endswith("Path"):
        test = check_timestamp
    yield from check_values(
        {"Variable": rule["Variable"], operator: value},
        {"Variable": check_text, operator: test},
        location,
        jsonata=False,
    )
