"""Compile filter patterns for JSON log events: `{ $.eventType = "UpdateTrail" && $.user.id > 1 }`.

"Property selectors point to value nodes in JSON log events. Value nodes can be strings or numbers." A node that is
absent, or is neither a string nor a number, meets no comparison; `IS_CONSTANT` tests for null, true or false. One of
the nodes of a wildcard must meet the condition. See
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html#matching-terms-json-log-events.
"""

import re
from collections.abc import Callable, Mapping

from lamplighter.base.json_text import Json, loads
from lamplighter.lang.log_pattern.conditions import OPERATOR, Condition, ConditionParser, Scanner
from lamplighter.lang.log_pattern.terms import LogPatternError, compile_condition, format_log_value, log_pattern_error

STEP = re.compile(r"\.?\[\s*(?:(\*)|([0-9]{1,9})|'([^']*)'|\"([^\"]*)\")\s*\]|\.(?:(\*)|([A-Za-z0-9_-]+))")
SELECTOR = re.compile(rf"\$(?:{STEP.pattern})+")
IS_CONSTANT = re.compile(r"IS\s+(NULL|TRUE|FALSE)\b")
NOT_EXISTS = re.compile(r"NOT\s+EXISTS\b")
MAX_WILDCARDS = 3
"""The most wildcards in a pattern; a selector may have one."""
CONSTANTS: Mapping[str, Json] = {"NULL": None, "TRUE": True, "FALSE": False}

Step = str | int | None
"""One step of a selector: a member's name, an element's index, or None for a wildcard."""


def compile_json_pattern(pattern: str) -> Callable[[str], Mapping[str, str] | None]:
    """Compile a pattern in braces to a function that returns a matching message's selector values, or None."""
    selectors: dict[str, tuple[Step, ...]] = {}
    scanner = Scanner(pattern[1:-1])
    condition = ConditionParser(scanner, lambda here: _parse_condition(here, selectors)).parse()
    if not scanner.is_at_end() or sum(steps.count(None) for steps in selectors.values()) > MAX_WILDCARDS:
        raise log_pattern_error()

    def match(message: str) -> Mapping[str, str] | None:
        document = _parse_document(message)
        return _selector_values(document, selectors) if document is not None and condition(document) else None

    return match


def _parse_document(message: str) -> Json:
    """Parse a message that is a JSON object; return None for any other message."""
    if not message.lstrip().startswith("{"):
        return None
    try:
        return loads(message)
    except (ValueError, RecursionError):  # not JSON, or a number with thousands of digits
        return None


def _parse_condition(scanner: Scanner, selectors: dict[str, tuple[Step, ...]]) -> Condition[Json]:
    text = scanner.require(SELECTOR)
    steps = selectors[text] = _parse_selector(text)
    if scanner.take(NOT_EXISTS):
        return lambda document: not select_nodes(document, steps)
    constant = scanner.take(IS_CONSTANT)
    if constant is not None:
        expected = CONSTANTS[constant.split()[1]]
        return lambda document: any(node is expected for node in select_nodes(document, steps))
    operator = scanner.require(OPERATOR)
    operand = scanner.operand()
    holds = compile_condition(operator, operand)
    return lambda document: any(_is_value(node) and holds(node) for node in select_nodes(document, steps))


def _parse_selector(selector: str) -> tuple[Step, ...]:
    steps = tuple(_parse_step(*found.groups()) for found in STEP.finditer(selector, 1))
    if steps.count(None) > 1:
        raise LogPatternError("Only one wildcard selector is supported in a property selector")
    return steps


def _parse_step(
    all_elements: str | None, element: str | None, single: str | None, double: str | None, all_fields: str | None,
    field: str | None,
) -> Step:  # fmt: skip
    if all_elements or all_fields:
        return None
    if element is not None:
        return int(element)
    return next(name for name in (single, double, field) if name is not None)


def select_nodes(document: Json, steps: tuple[Step, ...]) -> list[Json]:
    """Return all nodes to which the steps lead."""
    found = [document]
    for step in steps:
        found = [inner for node in found for inner in _follow_step(node, step)]
    return found


def _follow_step(node: Json, step: Step) -> list[Json]:
    if isinstance(node, dict):
        if step is None:
            return list(node.values())
        return [node[step]] if step in node else []
    if isinstance(node, list):
        if step is None:
            return node
        return [node[step]] if isinstance(step, int) and step < len(node) else []
    return []


def _is_value(node: Json) -> bool:
    return isinstance(node, (str, int, float)) and not isinstance(node, bool)


def _selector_values(document: Json, selectors: Mapping[str, tuple[Step, ...]]) -> dict[str, str]:
    values: dict[str, str] = {}
    for text, steps in selectors.items():
        found = [node for node in select_nodes(document, steps) if _is_value(node)]
        if found:
            values[text] = format_log_value(found[0])
    return values
