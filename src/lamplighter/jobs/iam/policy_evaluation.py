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
    nearly, allowed = "", None
    for at, statement in enumerate(statements, 1):
        misses = list(_misses(statement, call))
        name = statement.get("Sid") or f"statement {at}"
        if misses:
            nearly = nearly or ("" if misses[0] == ACTION else f"; {name} is close, but {misses[0]}")
        elif statement["Effect"] == "Deny":
            return PolicyDecision(allowed=False, reason=f"an explicit deny in {name}")
        else:
            allowed = allowed or f"{name} allows it"
    if allowed is not None:
        return PolicyDecision(allowed=True, reason=allowed)
    return PolicyDecision(allowed=False, reason=f"no identity-based policy allows the {call.action} action{nearly}")


def allows_action_somewhere(statements: Iterable[Json], action: str) -> bool:
    """Return whether any statement allows an action, on whichever resource."""
    return any(
        statement["Effect"] == "Allow" and _is_about(statement, "Action", action, fold=True) for statement in statements
    )


ACTION = "it is about other actions"


def _misses(statement: Json, call: IamCall) -> Iterable[str]:
    """Yield the reasons why a statement does not apply to a call, the most basic first."""
    if not _is_about(statement, "Action", call.action, fold=True):
        yield ACTION
    if not _is_about(statement, "Resource", call.resource, fold=False):
        yield f"it does not include the resource {call.resource}"
    for operator, keys in statement.get("Condition", {}).items():
        for key, wanted in keys.items():
            if not _holds(operator, key, wanted, call.context):
                is_there = _lower(call.context).get(key.lower(), "missing")
                yield f"its condition {operator} {key} = {wanted} does not hold: the key is {is_there}"


def _is_about(statement: Json, element: str, value: str, *, fold: bool) -> bool:
    patterns = statement.get(element, statement.get(f"Not{element}", []))
    found = any(matches_pattern(pattern, value, fold=fold) for pattern in _several(patterns))
    return found is (element in statement)


def _several(value: Json) -> list[Json]:
    return value if isinstance(value, list) else [value]


def matches_pattern(pattern: str, value: str, *, fold: bool = False) -> bool:
    """Return whether a text matches a pattern in which * is any text and ? any character."""
    return _compiled(pattern.lower())(value.lower()) if fold else _compiled(pattern)(value)


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> Matches:
    return compile_pieces(pattern.split("*"), single=True)


def matches_arn(pattern: str, value: str) -> bool:
    """Return whether an ARN matches: "Each of the six colon-delimited components of the ARN is checked separately"."""
    wanted, found = pattern.split(":", 5), value.split(":", 5)
    return len(wanted) == len(found) == 6 and all(matches_pattern(*pair) for pair in zip(wanted, found, strict=True))


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


def _holds(operator: str, key: str, wanted: Json, context: Mapping[str, str]) -> bool:
    values = [str(each).lower() if isinstance(each, bool) else str(each) for each in _several(wanted)]
    value = _lower(context).get(key.lower())
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


def _lower(context: Mapping[str, str]) -> dict[str, str]:
    return {key.lower(): value for key, value in context.items()}
