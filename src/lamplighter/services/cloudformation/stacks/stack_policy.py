"""Evaluate stack policies, which state what an update may do to which resources.

Guarantees AWS's rules: without a policy, everything may be updated; with a policy, only what a statement allows and
none denies. Rejects an invalid policy when it is set. See
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/protect-stack-resources.html.
"""

from collections.abc import Iterator

from lamplighter.base.json_text import Json, loads, loads_unique
from lamplighter.lang.wildcard import compile_pieces
from lamplighter.services.cloudformation.errors import StackValidationError

MODIFY, REPLACE, DELETE = "Update:Modify", "Update:Replace", "Update:Delete"
ACTIONS = frozenset({"Update:*", MODIFY, REPLACE, DELETE})
MEMBERS = frozenset({"Sid", "Effect", "Action", "NotAction", "Principal", "NotPrincipal", "Resource", "NotResource"})
MAX_POLICY_LENGTH = 16_384


def check_policy(text: str) -> str:
    """Return the text of a policy; raise `StackValidationError` if it is invalid."""
    if not 1 <= len(text) <= MAX_POLICY_LENGTH:
        raise StackValidationError(f"Stack policy must be between 1 and {MAX_POLICY_LENGTH} characters long")
    document = loads_unique(text)
    if document is None:
        raise StackValidationError("Error validating stack policy: the policy is not well-formed JSON")
    statements = document.get("Statement") if isinstance(document, dict) else None
    if not isinstance(statements, list):
        raise StackValidationError("Error validating stack policy: Statement must be a list")
    for number, statement in enumerate(statements, 1):
        fault = _statement_fault(statement)
        if fault is not None:
            raise StackValidationError(f"Error validating stack policy: Statement [#{number}]: {fault}")
    return text


def _statement_fault(statement: Json) -> str | None:
    if not isinstance(statement, dict):
        return "the statement must be an object"
    unknown = sorted(set(statement) - MEMBERS - {"Condition"})
    if unknown:
        return f"unknown element {unknown[0]}"
    if statement.get("Effect") not in ("Allow", "Deny"):
        return "Effect must be Allow or Deny"
    if "Action" not in statement and "NotAction" not in statement:
        return "Action is missing"
    actions = [*_listed(statement.get("Action")), *_listed(statement.get("NotAction"))]
    if not set(actions) <= ACTIONS:
        return f"Action must be one of {', '.join(sorted(ACTIONS))}"
    if "Resource" not in statement and "NotResource" not in statement:
        return "Resource is missing"
    return None


def denied_reason(policy: str | None, action: str, logical: str, kind: str) -> str | None:
    """Return why the policy denies an action on a resource, or None if the policy allows the action."""
    if policy is None:
        return None
    statements = loads(policy)["Statement"]
    matching = [
        (number, statement["Effect"])
        for number, statement in enumerate(statements, 1)
        if _applies_to(statement, action, logical, kind)
    ]
    denied_action = f"[{action}] for resource [LogicalResourceId/{logical}]"
    for number, effect in matching:
        if effect == "Deny":
            return f"Action denied by stack policy: Statement [#{number}] does not allow {denied_action}"
    return None if matching else f"Action denied by stack policy: no statement allows {denied_action}"


def _applies_to(statement: Json, action: str, logical: str, kind: str) -> bool:
    for element, value in (("Action", action), ("Resource", f"LogicalResourceId/{logical}")):
        if element in statement and not _matches(statement[element], value):
            return False
        if f"Not{element}" in statement and _matches(statement[f"Not{element}"], value):
            return False
    return all(_condition_holds(*pair, kind) for pair in _conditions(statement.get("Condition")))


def _conditions(given: Json) -> Iterator[tuple[str, Json]]:
    for operator, keys in given.items() if isinstance(given, dict) else ():
        for key, values in keys.items() if isinstance(keys, dict) else ():
            if key == "ResourceType":
                yield operator, values


def _condition_holds(operator: str, values: Json, kind: str) -> bool:
    """Return whether a condition on the resource's type holds; StringLike accepts wildcards, StringEquals does not."""
    return _matches(values, kind) if operator == "StringLike" else kind in _listed(values)


def _matches(patterns: Json, text: str) -> bool:
    return any(compile_pieces(pattern.split("*"))(text) for pattern in _listed(patterns))


def _listed(given: Json) -> list[str]:
    return [str(each) for each in (given if isinstance(given, list) else [given] if given is not None else [])]
