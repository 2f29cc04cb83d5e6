"""Simulate requests: SimulatePrincipalPolicy and SimulateCustomPolicy.

See https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html. The resources are not looked
up, so all condition keys of a request come from `ContextEntries`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lamplighter.base.json_text import Json
from lamplighter.bus import Caller
from lamplighter.lang.iam_policy.check_policy import MalformedPolicy, parse_policy
from lamplighter.lang.iam_policy.evaluate import Effect, Policy, compile_policy, decide
from lamplighter.lang.iam_policy.text_patterns import Context
from lamplighter.services.iam.access.role_permissions import NamedPolicy, compile_role
from lamplighter.services.iam.entities import PAGES
from lamplighter.services.iam.errors import InvalidInput, NoSuchEntity
from lamplighter.store.db import Reader

STRICTNESS = (Effect.EXPLICIT_DENY, Effect.IMPLICIT_DENY, Effect.ALLOW)


@dataclass(frozen=True, slots=True)
class _Simulation:
    policies: Sequence[NamedPolicy]
    boundaries: Sequence[Policy]
    context: Context


def simulate_principal(reader: Reader, _caller: Caller, params: Json) -> Json:
    """Handle SimulatePrincipalPolicy for a role."""
    source = params["PolicySourceArn"]
    role = compile_role(reader, source)
    if role is None:
        raise NoSuchEntity(f"The entity {source} cannot be found: an engine has roles, and no users and groups.")
    boundaries = _given_boundaries(params) or ([] if role.boundary is None else [role.boundary])
    found = _Simulation([*role.named, *_given_policies(params)], boundaries, _context(params))
    return _answer(found, params)


def simulate_custom(_reader: Reader, _caller: Caller, params: Json) -> Json:
    """Handle SimulateCustomPolicy."""
    return _answer(_Simulation(list(_given_policies(params)), _given_boundaries(params), _context(params)), params)


def _given_policies(params: Json) -> Iterator[NamedPolicy]:
    for at, text in enumerate(params.get("PolicyInputList", []), 1):
        yield NamedPolicy(f"PolicyInputList.{at}", "none", compile_policy(_parse(text)))


def _given_boundaries(params: Json) -> list[Policy]:
    return [compile_policy(_parse(each)) for each in params.get("PermissionsBoundaryPolicyInputList", [])]


def _parse(text: str) -> Json:
    try:
        return parse_policy(text)
    except MalformedPolicy as error:
        raise InvalidInput(error) from None


def _context(params: Json) -> Context:
    found = {}
    for entry in params.get("ContextEntries", []):
        values = tuple(entry.get("ContextKeyValues", []))
        is_list = str(entry.get("ContextKeyType", "")).endswith("List")
        found[str(entry.get("ContextKeyName", "")).lower()] = values if is_list or len(values) != 1 else values[0]
    return found


def _answer(simulation: _Simulation, params: Json) -> Json:
    resources = list(dict.fromkeys(params.get("ResourceArns") or ["*"]))
    return PAGES.page_of_list(
        "EvaluationResults", params, params["ActionNames"], lambda each: _evaluate_all(simulation, each, resources)
    )


def _evaluate_all(simulation: _Simulation, action: str, resources: list[str]) -> Json:
    """Return the result of one action: the strictest decision about its resources, and the decision about each."""
    results = [_evaluate(simulation, action, resource) for resource in resources]
    strictest = min(results, key=lambda each: STRICTNESS.index(each["EvalResourceDecision"]))
    decision = strictest["EvalResourceDecision"]
    deciding = [each for each in results if each["EvalResourceDecision"] == decision]
    matched = [statement for each in deciding for statement in each["MatchedStatements"]]
    others = {name: value for name, value in strictest.items() if name != "EvalResourceDecision"}
    return {
        **others,
        "EvalActionName": action,
        "EvalResourceName": resources[0] if len(resources) == 1 else "*",
        "EvalDecision": decision,
        "MatchedStatements": [each for at, each in enumerate(matched) if each not in matched[:at]],
        **({} if resources == ["*"] else {"EvalDecisionDetails": {}, "ResourceSpecificResults": results}),
    }


def _evaluate(simulation: _Simulation, action: str, resource: str) -> Json:
    name, context = action.lower(), simulation.context
    effect = decide((each.policy for each in simulation.policies), name, resource, context)
    bounded = [decide([each], name, resource, context) for each in simulation.boundaries]
    inside = all(each is Effect.ALLOW for each in bounded)
    if effect is Effect.ALLOW and not inside:
        effect = Effect.EXPLICIT_DENY if Effect.EXPLICIT_DENY in bounded else Effect.IMPLICIT_DENY
    allows = effect is not Effect.EXPLICIT_DENY
    matched = [
        {"SourcePolicyId": each.id, "SourcePolicyType": each.kind}
        for each in simulation.policies
        for statement in each.policy
        if statement.allows is allows and statement.applies(name, resource, context)
    ]
    keys = {
        condition.key
        for each in simulation.policies
        for statement in each.policy
        if statement.matches_action(name)
        for condition in statement.conditions
    }
    detail = {"PermissionsBoundaryDecisionDetail": {"AllowedByPermissionsBoundary": inside}}
    return {
        "EvalResourceName": resource,
        "EvalResourceDecision": effect.value,
        "MatchedStatements": matched,
        "MissingContextValues": sorted(each for each in keys if each.lower() not in context),
        **(detail if simulation.boundaries else {}),
    }
