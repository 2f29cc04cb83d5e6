"""Check the rules of a Choice and report faults in AWS's words.

See https://states-language.net/spec.html#choice-state.
"""

import math
from collections.abc import Iterator, Mapping

from lamplighter.asl.definition.choice_rules import NAMES
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
    SELECTORS,
    Check,
    check_boolean,
    check_text,
    check_timestamp,
    number_between,
)
from lamplighter.base.json_text import Json


def check_choice_rules(state: Mapping[str, Json], at: str, *, jsonata: bool) -> Iterator[Diagnostic]:
    """Yield the faults in the rules of a Choice."""
    if "Choices" not in state:
        yield missing_fields(["Choices"], at)
        return
    rules = state["Choices"]
    for index, rule in enumerate(rules if isinstance(rules, list) else []):
        place = f"{at}/Choices[{index}]"
        if not isinstance(rule, dict):
            yield Diagnostic(SCHEMA, "Expected value of type Object", place)
            continue
        missing = [name for name in (("Condition", "Next") if jsonata else ("Next",)) if name not in rule]
        if missing:
            yield missing_fields(missing, place)
        yield from check_values(rule, {"Next": check_text, "Comment": check_text, **ASSIGN}, place, jsonata=jsonata)
        yield from check_assigned(rule, place)
        theirs = ("And", "Or", "Not", "Variable", *NAMES) if jsonata else ("Condition", "Output")
        others = [wrong_language_field(field, place, jsonata=jsonata) for field in rule if field in theirs]
        yield from others
        if not jsonata and not others:
            yield from _rule(rule, place)


def _rule(rule: Json, at: str) -> Iterator[Diagnostic]:
    if not isinstance(rule, dict):
        yield Diagnostic(SCHEMA, "Expected value of type Object", at)
        return
    if "Condition" in rule:
        yield wrong_language_field("Condition", at, jsonata=False)
        return
    selectors = [name for name in SELECTORS if name in rule]
    if len(selectors) != 1:
        message = f"The object must have only one of the following fields, [{', '.join(SELECTORS)}]"
        yield Diagnostic(SCHEMA, message, at)
        return
    operators = [name for name in rule if name in NAMES]
    operator = selectors[0]
    if operator == "Variable":
        yield from [conflicting_fields(operators, at)] if len(operators) > 1 else _comparison(operators, rule, at)
    elif operators:
        yield unknown_field(operators[0], at)
    elif operator in ("And", "Or"):
        inner = rule[operator]
        if not isinstance(inner, list) or not inner:
            yield Diagnostic(SCHEMA, "Value cannot be empty", f"{at}/{operator}")
            return
        for index, each in enumerate(inner):
            yield from _nested(each, f"{at}/{operator}[{index}]")
    else:
        yield from _nested(rule["Not"], f"{at}/Not")


def _nested(rule: Json, at: str) -> Iterator[Diagnostic]:
    """Check a rule inside another rule, which must not have a Next."""
    if isinstance(rule, dict) and "Next" in rule:
        yield unknown_field("Next", at)
    yield from _rule(rule, at)


def _comparison(operators: list[str], rule: Mapping[str, Json], at: str) -> Iterator[Diagnostic]:
    if operators:
        yield from _operand(operators[0], rule, at)
    else:
        yield no_field_of(sorted(NAMES), at)


def _operand(operator: str, rule: Mapping[str, Json], at: str) -> Iterator[Diagnostic]:
    value = rule[operator]
    test: Check = check_text
    if operator.startswith(("Boolean", "Is")) and not operator.endswith("Path"):
        test = check_boolean
    elif operator.startswith("Numeric") and not operator.endswith("Path"):
        test = number_between(-math.inf, math.inf, whole=False)
    elif operator.startswith("Timestamp") and not operator.endswith("Path"):
        test = check_timestamp
    yield from check_values(
        {"Variable": rule["Variable"], operator: value}, {"Variable": check_text, operator: test}, at, jsonata=False
    )
