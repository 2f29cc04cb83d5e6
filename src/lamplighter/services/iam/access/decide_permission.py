"""Decide about one permission of a role's session, in the order of AWS's evaluation, and say why it is denied.

Guarantees: an explicit deny in any policy decides. Otherwise the role's policies or the resource's policy must allow,
or both of them if the resource belongs to another account. The permissions boundary and the session's policies must
allow, too, unless the resource's policy names the session itself. The account of a role, as the principal of a
resource's policy, allows nothing by itself: it leaves the decision to the policies of the account's identities.
See https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html and
https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html.
"""

from functools import lru_cache

from lamplighter.base.aws.role_session import RoleSession
from lamplighter.base.json_text import loads
from lamplighter.lang.iam_policy.evaluate import Effect, Policy, compile_policy, decide
from lamplighter.lang.iam_policy.principals import Principal
from lamplighter.lang.iam_policy.text_patterns import Context
from lamplighter.services.iam.access.needed_permission import Permission
from lamplighter.services.iam.access.resource_policies import Resource, decide_for
from lamplighter.services.iam.access.role_permissions import RolePermissions

IDENTITY, BOUNDARY, SESSION = "identity-based policy", "permissions boundary", "session policy"
EXPLICIT_DENY_OF_RESOURCE = "with an explicit deny in a resource-based policy"
NO_RESOURCE_POLICY = "because no resource-based policy allows the {} action"
NO_ACCOUNT = "none"
"""The account of a principal that only a policy which names it includes."""
AWS = "aws"
"""The account of AWS's own resources, such as managed policies."""


def principal_of(session: RoleSession) -> Principal:
    """Return the principal for which the session of a role stands."""
    return Principal(arns=(session.arn, session.role), account=session.role.split(":")[4])


def denial_reason(
    role: RolePermissions, session: RoleSession, permission: Permission, resource: Resource, context: Context
) -> str | None:
    """Return AWS's words for why a permission is denied, or None if it is allowed."""
    effects = _effects_of_role(role, session, permission, context)
    for kind, effect in effects:
        if effect is Effect.EXPLICIT_DENY:
            return f"with an explicit deny in {'an' if kind == IDENTITY else 'a'} {kind}"
    who, resource_policy = principal_of(session), resource.policy
    is_foreign = resource.account not in ("", AWS, who.account)
    if decide_for(resource_policy, who, permission, context) is Effect.EXPLICIT_DENY:
        return EXPLICIT_DENY_OF_RESOURCE
    missing = [kind for kind, effect in effects if effect is Effect.IMPLICIT_DENY]
    if not missing and not is_foreign:
        return None
    named = who if is_foreign else Principal(arns=who.arns, account=NO_ACCOUNT)
    if decide_for(resource_policy, named, permission, context) is not Effect.ALLOW:
        return _no_policy(missing[0]) if missing else NO_RESOURCE_POLICY
    if not is_foreign:
        missing = [kind for kind in missing if kind != IDENTITY]
    if not missing or (not is_foreign and _names_session(resource_policy, session, permission, context)):
        return None
    return _no_policy(missing[0])


def _no_policy(kind: str) -> str:
    return f"because no {kind} allows the {{}} action"


def _effects_of_role(
    role: RolePermissions, session: RoleSession, permission: Permission, context: Context
) -> list[tuple[str, Effect]]:
    """Return what each kind of the policies of a role and its session says."""
    action, resource = permission.action.lower(), permission.resource
    found = [(IDENTITY, decide(role.policies, action, resource, context))]
    if role.boundary is not None:
        found.append((BOUNDARY, decide([role.boundary], action, resource, context)))
    if session.policies:
        policies = [_compile_text(each) for each in session.policies]
        found.append((SESSION, decide(policies, action, resource, context)))
    return found


def _names_session(policy: Policy, session: RoleSession, permission: Permission, context: Context) -> bool:
    """Return whether a resource's policy allows what it does to the session itself, and not to everyone."""
    itself, someone = Principal(arns=(session.arn,), account=NO_ACCOUNT), Principal(account=NO_ACCOUNT)
    return (
        decide_for(policy, itself, permission, context) is Effect.ALLOW
        and decide_for(policy, someone, permission, context) is not Effect.ALLOW
    )


@lru_cache(maxsize=256)
def _compile_text(text: str) -> Policy:
    return compile_policy(loads(text))
