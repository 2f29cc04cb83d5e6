"""Decide calls by the policies of IAM's roles: calls with temporary credentials, and the engine's calls for a role.

Guarantees the order of AWS's evaluation: an explicit deny in any policy, then an allow by the role's policies or by the
resource's policy, then the permissions boundary and the session policies. A key of the credentials file may do
everything, because it is the account's own. Calls that services make for each other pass, too: a role needs permissions
for its own calls only, as on AWS.
See https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html.
"""

import logging
from functools import lru_cache

from lamplighter.base import arn
from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json, dumps, loads
from lamplighter.base.role_session import RoleSession
from lamplighter.base.world import World
from lamplighter.bus import Bus, Caller
from lamplighter.lang.iam_policy.evaluate import Effect, Policy, compile_policy, decide, decide_for_principal
from lamplighter.lang.iam_policy.principals import Principal
from lamplighter.lang.iam_policy.text_patterns import Context, ContextValue
from lamplighter.runs.missing_statement import missing_statement
from lamplighter.services.iam.access.condition_keys import principal_keys, service_keys
from lamplighter.services.iam.access.denied import Denied, denial_text
from lamplighter.services.iam.access.needed_permission import Permission
from lamplighter.services.iam.access.needed_permissions import NeededPermissions, is_decided
from lamplighter.services.iam.access.resource_policies import ResourcePolicies
from lamplighter.services.iam.access.role_permissions import PermissionsCache, RolePermissions
from lamplighter.store.db import Reader

IDENTITY, BOUNDARY, SESSION = "identity-based policy", "permissions boundary", "session policy"
ASSUME = "sts:assumerole"

log = logging.getLogger("lamplighter.iam")


class IamGuard:
    """Decides the calls of one engine."""

    def __init__(self, bus: Bus, world: World) -> None:
        self._world = world
        self._cache = PermissionsCache()
        self._needed = NeededPermissions(bus)
        self._resource_policies = ResourcePolicies(bus)

    def drop_caches(self) -> None:
        """Forget the compiled policies, because a turn failed."""
        self._cache.drop()

    def check_call(self, reader: Reader, caller: Caller, service: str, operation: str, params: Json) -> None:
        """Raise `Denied` unless the session of the caller's role may make a call."""
        session = caller.session
        if session is None or not is_decided(service, operation):
            return
        role = self._find_role(reader, service, session)
        keys = principal_keys(caller, session, self._world.now())
        needs = self._needed.of_call(reader, caller, service, operation, params)
        for permission in needs.permissions:
            reason = self._refusal(role, session, permission, keys)
            if reason is not None and not self._resource_allows(reader, session, permission, keys, reason):
                raise self._denied(service, session, permission, role, reason)
        for passed, to in needs.trusted_roles:
            self._check_passed(reader, caller, passed, to)

    def check_role(self, reader: Reader, service: str, session: RoleSession) -> None:
        """Raise `Denied` unless the session's service may assume the session's role."""
        self._find_role(reader, service, session)

    def check_assume(self, reader: Reader, caller: Caller, params: Json) -> None:
        """Raise `Denied` unless the trust policy of AssumeRole's role includes the caller."""
        role, session = params["RoleArn"], caller.session
        found = self._cache.of_role(reader, role)
        keys = {} if session is None else principal_keys(caller, session, self._world.now())
        keys |= service_keys("sts", "AssumeRole", params, caller)
        principal = _principal(caller, session)
        if found is None or decide_for_principal(found.trust, principal, ASSUME, role, keys) is not Effect.ALLOW:
            user = principal.arns[0] if principal.arns else caller.account
            raise Denied("sts", f"User: {user} is not authorized to perform: sts:AssumeRole on resource: {role}")

    def check_service_call(
        self, reader: Reader, principal: str, caller: Caller, service: str, operation: str, params: Json
    ) -> None:
        """Raise `Denied` unless the policy of a topic or a queue allows a service's call for `caller.origin`."""
        if service not in ("sns", "sqs"):
            return
        source = caller.origin
        keys: Context = {"aws:sourcearn": source, "aws:sourceaccount": source.split(":")[4]}
        for permission in self._needed.of_call(reader, caller, service, operation, params).permissions:
            who = Principal(service=principal)
            if self._resource_policies.decide(reader, who, permission, keys) is not Effect.ALLOW:
                reason = "because no resource-based policy allows the {} action"
                text = denial_text(principal, permission.action, permission.resource, reason)
                log.warning(
                    "denied: %s; add to the policy of %s: %s",
                    text,
                    permission.resource,
                    _statement(principal, permission, source),
                )
                raise Denied(service, text)

    # --- roles --------------------------------------------------------------------------------------------------------

    def _find_role(self, reader: Reader, service: str, session: RoleSession) -> RolePermissions:
        """Return the permissions of a session's role. Raises `Denied` if a service may not assume the role."""
        role = self._cache.of_role(reader, session.role)
        if role is None:
            raise Denied(service, f"The role {session.role} does not exist in this engine's IAM, so it allows nothing.")
        if session.service and not _trusts_service(role, session.service, session.source):
            log.warning("%s; its trust policy must have %s", *_trust_hint(role.arn, session.service))
            raise Denied(
                service,
                f"Neither the global service principal {session.service}, nor the regional one is authorized to assume "
                f"the provided role {session.role}.",
            )
        return role

    def _check_passed(self, reader: Reader, caller: Caller, passed: str, to: str) -> None:
        """Raise ECS's error if it cannot assume a role that a call passes to it."""
        role, source = self._cache.of_role(reader, passed), arn.build("ecs", caller.region, caller.account, "task/*")
        if role is None or not _trusts_service(role, to, source):
            log.warning("%s; its trust policy must have %s", *_trust_hint(passed, to))
            raise AwsError(
                f"ECS was unable to assume the role '{passed}' that was provided for this task. Please verify that the "
                "role being passed has the proper trust relationship and permissions and that your IAM user has "
                "permissions to pass this role.",
                code="ClientException",
            )

    def _resource_allows(
        self, reader: Reader, session: RoleSession, permission: Permission, keys: Context, reason: str
    ) -> bool:
        """Return whether a resource's policy allows what the role's policies do not mention.

        The trust policy of a role, which is such a policy, must name the caller itself: its account is not enough.
        """
        if not reason.startswith(f"because no {IDENTITY}"):
            return False
        context = {**keys, **permission.context}
        if permission.action == "sts:AssumeRole":
            role = self._cache.of_role(reader, permission.resource)
            named = Principal(arns=(session.role, session.arn), account="none")
            if role is None:
                return False
            return decide_for_principal(role.trust, named, ASSUME, role.arn, context) is Effect.ALLOW
        effect = self._resource_policies.decide(reader, _principal_of(session), permission, context)
        return effect is Effect.ALLOW

    # --- a decision ---------------------------------------------------------------------------------------------------

    def _refusal(
        self, role: RolePermissions, session: RoleSession, permission: Permission, keys: dict[str, ContextValue]
    ) -> str | None:
        """Return AWS's words for why a permission is denied, or None if it is allowed."""
        context = {**keys, **permission.context} if permission.context else keys
        action, resource = permission.action.lower(), permission.resource
        results = [(IDENTITY, decide(role.policies, action, resource, context))]
        if role.boundary is not None:
            results.append((BOUNDARY, decide([role.boundary], action, resource, context)))
        if session.policies:
            policies = [_compile_text(each) for each in session.policies]
            results.append((SESSION, decide(policies, action, resource, context)))
        for kind, effect in results:
            if effect is Effect.EXPLICIT_DENY:
                return f"with an explicit deny in {'an' if kind == IDENTITY else 'a'} {kind}"
        for kind, effect in results:
            if effect is Effect.IMPLICIT_DENY:
                return f"because no {kind} allows the {{}} action"
        return None

    def _denied(
        self, service: str, session: RoleSession, permission: Permission, role: RolePermissions, reason: str
    ) -> Denied:
        text = denial_text(session.arn, permission.action, permission.resource, reason)
        hint = missing_statement(text, str(permission.context.get("iam:passedtoservice", "")))
        without = "".join(f"; this engine does not have the text of {each}" for each in role.without_text)
        log.warning("denied: %s%s%s", text, "" if hint is None else f"; {hint}", without)
        return Denied(service, text)


def _statement(principal: str, permission: Permission, source: str) -> str:
    """Return the statement that lets a service call a topic or a queue for a resource."""
    given = {"Effect": "Allow", "Principal": {"Service": principal}, "Action": permission.action}
    condition = {"ArnEquals": {"aws:SourceArn": source}}
    return dumps({**given, "Resource": permission.resource, "Condition": condition})


def _principal_of(session: RoleSession) -> Principal:
    return Principal(arns=(session.arn, session.role), account=session.role.split(":")[4])


def _principal(caller: Caller, session: RoleSession | None) -> Principal:
    if session is not None:
        return _principal_of(session)
    section = caller.signer.section if caller.signer is not None else ""
    name = "root" if section in ("", "default") else f"user/{section}"
    return Principal(arns=(arn.build("iam", "", caller.account, name),), account=caller.account)


def _trusts_service(role: RolePermissions, service: str, source: str) -> bool:
    """Return whether a service may assume a role, for a resource whose ARN is `source` if it is known."""
    keys: dict[str, ContextValue] = {}
    if source:
        keys = {"aws:sourcearn": _sources(source), "aws:sourceaccount": source.split(":")[4]}
    else:
        keys = {"aws:sourceaccount": role.arn.split(":")[4]}
    effect = decide_for_principal(role.trust, Principal(service=service), ASSUME, role.arn, keys)
    return effect is Effect.ALLOW


def _sources(source: str) -> ContextValue:
    """Return the values of aws:SourceArn: Scheduler also states the group of a schedule."""
    if ":schedule/" not in source:
        return source
    return source, source.replace(":schedule/", ":schedule-group/").rpartition("/")[0]


def _trust_hint(role: str, service: str) -> tuple[str, str]:
    statement = f'{{"Effect": "Allow", "Principal": {{"Service": "{service}"}}, "Action": "sts:AssumeRole"}}'
    return f"denied: {service} may not assume the role {role}", statement


@lru_cache(maxsize=256)
def _compile_text(text: str) -> Policy:
    return compile_policy(loads(text))
