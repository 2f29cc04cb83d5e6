"""Evaluate IAM policies as IAM does, to prove what a state machine may do before it runs.

Guarantees "by default, all requests are implicitly denied; an explicit allow overrides this default; an explicit deny
overrides any allows", and returns the reason. A condition with an unknown operator never holds, and the reason names
it. Policy variables, principals, permission boundaries and organisations are not supported.
See https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from lamplighter.base.json_text import Json
from lamplighter.lang.wildcard import Matches, compile_pieces


@dataclass(frozen=True, slots=True)
class IamCall:
    """A request as IAM sees it."""

    action: str
    """The action as policies spell it: ecs:RunTask."""
    resource: str
    context: Mapping[str, str] = field(default_factory=dict)
    """The values of condition keys."""


@dataclass(frozen=True, slots=True)
class PolicyDecision:
    """IAM's decision about a call, and the reason."""

    allowed: bool
    reason: str


def evaluate_policy(statements: Iterable[Json], call: IamCall) -> PolicyDecision:
    """Return whether the statements of identity-based policies allow a call, and why."""
    near_miss, allowed = "", None
    for at, statement in enumerate(statements, 1):
        mismatches = list(_mismatches(statement, call))
        name = statement.get("Sid") or f"statement {at}"
        if mismatches:
            near_miss = near_miss or (
                "" if mismatches[0] == OTHER_ACTIONS else f"; {name} is close, but {mismatches[0]}"
            )
        elif statement["Effect"] == "Deny":
            return PolicyDecision(allowed=False, reason=f"an explicit deny in {name}")
        else:
            allowed = allowed or f"{name} allows it"
    if allowed is not None:
        return PolicyDecision(allowed=True, reason=allowed)
    return PolicyDecision(allowed=False, reason=f"no identity-based policy allows the {call.action} action{near_miss}")


def allows_action_somewhere(statements: Iterable[Json], action: str) -> bool:
    """Return whether any statement allows an action, on whichever resource."""
    return any(
        statement["Effect"] == "Allow" and _applies(statement, "Action", action, ignore_case=True)
        for statement in statements
    )


OTHER_ACTIONS = "it is about other actions"


def _mismatches(statement: Json, call: IamCall) -> Iterable[str]:
    """Yield the reasons why a statement does not apply to a call, the most basic first."""
    if not _applies(statement, "Action", call.action, ignore_case=True):
        yield OTHER_ACTIONS
    if not _applies(statement, "Resource", call.resource, ignore_case=False):
        yield f"it does not include the resource {call.resource}"
    for operator, keys in statement.get("Condition", {}).items():
        for key, wanted in keys.items():
            if not _holds(operator, key, wanted, call.context):
                actual = _lower_keys(call.context).get(key.lower(), "missing")
                yield f"its condition {operator} {key} = {wanted} does not hold: the key is {actual}"


def _applies(statement: Json, element: str, value: str, *, ignore_case: bool) -> bool:
    patterns = statement.get(element, statement.get(f"Not{element}", []))
    found = any(matches_pattern(pattern, value, ignore_case=ignore_case) for pattern in as_list(patterns))
    return found is (element in statement)


def as_list(value: Json) -> list[Json]:
    """Return a value of a policy, which may be one item or a list, as a list."""
    return value if isinstance(value, list) else [value]


def matches_pattern(pattern: str, value: str, *, ignore_case: bool = False) -> bool:
    """Return whether a text matches a pattern in which * is any text and ? any character."""
    return _compile_pattern(pattern.lower())(value.lower()) if ignore_case else _compile_pattern(pattern)(value)


@lru_cache(maxsize=1024)
def _compile_pattern(pattern: str) -> Matches:
    return compile_pieces(pattern.split("*"), single=True)


def matches_arn(pattern: str, value: str) -> bool:
    """Return whether an ARN matches: "Each of the six colon-delimited components of the ARN is checked separately"."""
    pattern_parts, value_parts = pattern.split(":", 5), value.split(":", 5)
    return len(pattern_parts) == len(value_parts) == 6 and all(
        matches_pattern(*pair) for pair in zip(pattern_parts, value_parts, strict=True)
    )


_OPERATORS: Mapping[str, tuple[Callable[[str, str], bool], bool]] = {
    "StringEquals": (lambda wanted, value: wanted == value, True),
    "StringNotEquals": (lambda wanted, value: wanted == value, False),
    "StringEqualsIgnoreCase": (lambda wanted, value: wanted.lower() == value.lower(), True),
    "StringNotEqualsIgnoreCase": (lambda wanted, value: wanted.lower() == value.lower(), False),
    "StringLike": (matches_pattern, True),
    "StringNotLike": (matches_pattern, False),
    "ArnEquals": (matches_arn, True),
    "ArnLike": (matches_arn, True),
    "ArnNotEquals": (matches_arn, False),
    "ArnNotLike": (matches_arn, False),
    "Bool": (lambda wanted, value: wanted.lower() == value.lower(), True),
    "NumericEquals": (lambda wanted, value: float(wanted) == float(value), True),
    "NumericLessThan": (lambda wanted, value: float(value) < float(wanted), True),
    "NumericLessThanEquals": (lambda wanted, value: float(value) <= float(wanted), True),
    "NumericGreaterThan": (lambda wanted, value: float(value) > float(wanted), True),
    "NumericGreaterThanEquals": (lambda wanted, value: float(value) >= float(wanted), True),
}
"""For each operator, how to compare one value, and whether the operator requires a match or its absence."""


def _holds(operator: str, key: str, expected: Json, context: Mapping[str, str]) -> bool:
    values = [str(each).lower() if isinstance(each, bool) else str(each) for each in as_list(expected)]
    value = _lower_keys(context).get(key.lower())
    name = operator.removeprefix("ForAnyValue:").removeprefix("ForAllValues:")
    if name == "Null":
        return values == ["true" if value is None else "false"]
    plain = name.removesuffix("IfExists")
    if plain not in _OPERATORS:
        return False
    compare, positive = _OPERATORS[plain]
    if value is None:
        # "If the key is not present in the request, the values do not match", so a negated operator holds.
        return not positive or plain != name or operator.startswith("ForAllValues:")
    return any(compare(each, value) for each in values) is positive


def _lower_keys(context: Mapping[str, str]) -> dict[str, str]:
    return {key.lower(): value for key, value in context.items()}
