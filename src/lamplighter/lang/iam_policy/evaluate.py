"""Compile IAM policies, and evaluate requests against them as IAM does.

Guarantees "by default, all requests are implicitly denied; an explicit allow overrides this default; an explicit deny
overrides any allows", and returns the reason. A condition with an unknown operator never holds, and the reason names
it. Policies of organisations are not supported: one machine has no organisation.
See https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from lamplighter.base.json_text import Json
from lamplighter.lang.iam_policy.conditions import Condition, compile_conditions
from lamplighter.lang.iam_policy.principals import Principal, includes
from lamplighter.lang.iam_policy.text_patterns import (
    Context,
    ContextValue,
    MatchesInContext,
    as_list,
    compile_pattern,
    compile_with_variables,
    has_variables,
)

OTHER_ACTIONS = "it is about other actions"
VERSION_WITH_VARIABLES = "2012-10-17"


@dataclass(frozen=True, slots=True)
class IamCall:
    """A request as IAM sees it."""

    action: str
    """The action as policies spell it: ecs:RunTask."""
    resource: str
    context: Mapping[str, ContextValue] = field(default_factory=dict)
    """The values of condition keys."""


@dataclass(frozen=True, slots=True)
class PolicyDecision:
    """IAM's decision about a call, and the reason."""

    allowed: bool
    reason: str


class Effect(StrEnum):
    """What a set of policies says about a request."""

    ALLOW = "allowed"
    EXPLICIT_DENY = "explicitDeny"
    IMPLICIT_DENY = "implicitDeny"


@dataclass(frozen=True, slots=True)
class Statement:
    """A compiled statement of a policy."""

    name: str
    """The Sid, or the place in the policy."""
    allows: bool
    matches_action: Callable[[str], bool]
    """Whether the statement is about an action, which is in lower case."""
    matches_resource: MatchesInContext
    conditions: tuple[Condition, ...]
    includes_principal: Callable[[Principal], bool]

    def applies(self, action: str, resource: str, context: Context) -> bool:
        """Return whether the statement applies to a request; the action and the names of keys are in lower case."""
        return (
            self.matches_action(action)
            and self.matches_resource(resource, context)
            and all(each.holds(context) for each in self.conditions)
        )

    def mismatches(self, call: IamCall, context: Context) -> Iterator[str]:
        """Yield the reasons why the statement does not apply to a call, the most basic first."""
        if not self.matches_action(call.action.lower()):
            yield OTHER_ACTIONS
        if not self.matches_resource(call.resource, context):
            yield f"it does not include the resource {call.resource}"
        for each in self.conditions:
            if not each.holds(context):
                found = context.get(each.key.lower(), "missing")
                actual = found if isinstance(found, str) else ", ".join(found)
                yield f"its condition {each.operator} {each.key} = {each.expected} does not hold: the key is {actual}"


Policy = Sequence[Statement]


def compile_policy(document: Json) -> Policy:
    """Compile a policy that has passed `check_policy`."""
    variables = document.get("Version") == VERSION_WITH_VARIABLES
    return tuple(
        compile_statement(each, at, variables=variables) for at, each in enumerate(as_list(document["Statement"]), 1)
    )


def compile_statement(statement: Json, at: int, *, variables: bool = True) -> Statement:
    """Compile one statement; `at` is its place in the policy."""
    return Statement(
        name=statement.get("Sid") or f"statement {at}",
        allows=statement["Effect"] == "Allow",
        matches_action=_compile_actions(statement),
        matches_resource=_compile_resources(statement, variables=variables),
        conditions=tuple(compile_conditions(statement.get("Condition"), variables=variables)),
        includes_principal=_compile_principal(statement),
    )


def _compile_actions(statement: Json) -> Callable[[str], bool]:
    given, negated = _element(statement, "Action")
    names = [each.lower() for each in given]
    if "*" in names:
        return lambda _action: not negated
    exact = frozenset(each for each in names if "*" not in each and "?" not in each)
    patterns = [compile_pattern(each) for each in names if each not in exact]
    if not patterns and not negated:
        return exact.__contains__
    return lambda action: (action in exact or any(each(action) for each in patterns)) is not negated


def _compile_resources(statement: Json, *, variables: bool) -> MatchesInContext:
    given, negated = _element(statement, "Resource")
    if "*" in given or not {"Resource", "NotResource"} & statement.keys():  # a trust policy names no resource
        return lambda _resource, _context: not negated
    dynamic = [compile_with_variables(each) for each in given if variables and has_variables(each)]
    static = [compile_pattern(each) for each in given if not (variables and has_variables(each))]

    def matches(resource: str, context: Context) -> bool:
        found = any(each(resource) for each in static) or any(each(resource, context) for each in dynamic)
        return found is not negated

    return matches


def _element(statement: Json, name: str) -> tuple[list[str], bool]:
    """Return the values of an element, and whether the statement excludes them."""
    if name in statement:
        return as_list(statement[name]), False
    return as_list(statement.get(f"Not{name}", [])), f"Not{name}" in statement


def _compile_principal(statement: Json) -> Callable[[Principal], bool]:
    if "NotPrincipal" in statement:
        excluded = statement["NotPrincipal"]
        return lambda principal: not includes(excluded, principal)
    given = statement.get("Principal")
    return lambda principal: includes(given, principal)


def decide(policies: Iterable[Policy], action: str, resource: str, context: Context) -> Effect:
    """Return what policies say about a request. The action and the names of the condition keys are in lower case."""
    found = Effect.IMPLICIT_DENY
    for policy in policies:
        for each in policy:
            if (found is Effect.IMPLICIT_DENY or not each.allows) and each.applies(action, resource, context):
                if not each.allows:
                    return Effect.EXPLICIT_DENY
                found = Effect.ALLOW
    return found


def decide_for_principal(policy: Policy, principal: Principal, action: str, resource: str, context: Context) -> Effect:
    """Return what a trust policy or a resource policy says about a principal's request."""
    return decide([[each for each in policy if each.includes_principal(principal)]], action, resource, context)


def evaluate_policy(statements: Iterable[Json], call: IamCall) -> PolicyDecision:
    """Return whether the statements of identity-based policies allow a call, and why."""
    return explain([compile_statement(each, at) for at, each in enumerate(statements, 1)], call)


def explain(statements: Iterable[Statement], call: IamCall) -> PolicyDecision:
    """Return whether statements allow a call, and why: the statement that decides, or the closest one."""
    near_miss, allowed = "", None
    context = {key.lower(): value for key, value in call.context.items()}
    for each in statements:
        mismatches = list(each.mismatches(call, context))
        if mismatches:
            near_miss = near_miss or (
                "" if mismatches[0] == OTHER_ACTIONS else f"; {each.name} is close, but {mismatches[0]}"
            )
        elif not each.allows:
            return PolicyDecision(allowed=False, reason=f"an explicit deny in {each.name}")
        else:
            allowed = allowed or f"{each.name} allows it"
    if allowed is not None:
        return PolicyDecision(allowed=True, reason=allowed)
    return PolicyDecision(allowed=False, reason=f"no identity-based policy allows the {call.action} action{near_miss}")


def allows_action_somewhere(statements: Iterable[Json], action: str) -> bool:
    """Return whether any statement allows an action, on whichever resource."""
    return any(each["Effect"] == "Allow" and _compile_actions(each)(action.lower()) for each in statements)
