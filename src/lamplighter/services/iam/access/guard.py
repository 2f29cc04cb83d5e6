"""Decide calls by the policies of IAM's roles: calls with temporary credentials, and the engine's calls for a role.

A key of the credentials file may do
everything, because it is the account's own. Calls that services make for each other pass, too: a role needs permissions
for its own calls only, as on AWS.
See https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html.
"""

import logging

from lamplighter.base.aws import arn
from lamplighter.base.aws.role_session import RoleSession
from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json, dumps
from lamplighter.base.world import World
from lamplighter.bus import Bus, Caller
from lamplighter.lang.iam_policy.evaluate import Effect, decide_for_principal
from lamplighter.lang.iam_policy.principals import Principal
from lamplighter.lang.iam_policy.text_patterns import Context, ContextValue
from lamplighter.runs.failures.missing_statement import missing_statement
from lamplighter.services.iam.access.condition_keys import keys_of_service, principal_keys, service_keys, tag_keys
from lamplighter.services.iam.access.decide_permission import (
    EXPLICIT_DENY_OF_RESOURCE,
    NO_RESOURCE_POLICY,
    denial_reason,
    principal_of,
)
from lamplighter.services.iam.access.denial_text import Denied, denial_text
from lamplighter.services.iam.access.needed_permission import Permission, in_own_partition
from lamplighter.services.iam.access.needed_permissions import TARGETS, NeededPermissions, is_decided, session_actions
from lamplighter.services.iam.access.resource_policies import Resource, ResourcePolicies, decide_for
from lamplighter.services.iam.access.resource_tags import RequestContext, tags_of
from lamplighter.services.iam.access.role_permissions import PermissionsCache, RolePermissions
from lamplighter.store.db import Reader

POLICY_SERVICES = ("sns", "sqs")
"""The services whose resources need a policy that allows the call of another service; log groups need one, too."""
ASSUME = "sts:assumerole"

log = logging.getLogger("lamplighter.iam")


class IamGuard:
    """Decides the calls of one engine."""

    def __init__(self, bus: Bus, world: World) -> None:
        self._bus = bus
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
        for each in needs.permissions:
            permission = in_own_partition(each)
            resource = self._resource(reader, caller, permission)
            context = self._context(reader, caller, keys, permission, resource)
            reason = denial_reason(role, session, permission, resource, context)
            if reason is not None:
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
        keys |= tag_keys(params)
        principal, trust = _principal(caller, session), () if found is None else found.trust
        for action in ("sts:AssumeRole", *session_actions(params)):
            if decide_for_principal(trust, principal, action.lower(), role, keys) is not Effect.ALLOW:
                user = principal.arns[0] if principal.arns else caller.account
                raise Denied("sts", denial_text(user, action, role))

    def check_service_call(
        self, reader: Reader, principal: str, caller: Caller, service: str, operation: str, params: Json
    ) -> None:
        """Raise `Denied` unless the policy of the called resource allows a service's call for `caller.origin`."""
        if service not in POLICY_SERVICES and (service, operation) != (TARGETS, "PutLogEvent"):
            return
        keys = keys_of_service(principal, service, caller.origin)
        for permission in self._needed.of_call(reader, caller, service, operation, params).permissions:
            policy = self._resource_policies.of(reader, caller, permission, default=True).policy
            effect = decide_for(policy, Principal(service=principal), permission, keys)
            if effect is not Effect.ALLOW:
                raise _denied_service(service, principal, permission, effect, keys)

    # --- roles --------------------------------------------------------------------------------------------------------

    def _find_role(self, reader: Reader, service: str, session: RoleSession) -> RolePermissions:
        """Return the permissions of a session's role. Raises `Denied` if a service may not assume the role."""
        role = self._cache.of_role(reader, session.role)
        if role is None or session.role_id not in ("", role.role_id):
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

    def _resource(self, reader: Reader, caller: Caller, permission: Permission) -> Resource:
        """Return a permission's resource with its policy; that of a role is its trust policy."""
        if permission.action.startswith("sts:"):
            role = self._cache.of_role(reader, permission.resource)
            return Resource(caller.account) if role is None else Resource(role.arn.split(":")[4], role.trust)
        return self._resource_policies.of(reader, caller, permission)

    def _context(
        self, reader: Reader, caller: Caller, keys: Context, permission: Permission, resource: Resource
    ) -> Context:
        """Return the condition keys for a permission: those of the request, and those of the resource."""
        account = resource.account or caller.account
        own = {"aws:resourceaccount": account, "s3:resourceaccount": account}
        return RequestContext(
            {**keys, **permission.context, **own},
            lambda: tags_of(self._bus, reader, caller, permission.resource),
        )

    # --- a denial -----------------------------------------------------------------------------------------------------

    def _denied(
        self, service: str, session: RoleSession, permission: Permission, role: RolePermissions, reason: str
    ) -> Denied:
        text = denial_text(session.arn, permission.action, permission.resource, reason)
        hint = missing_statement(text, str(permission.context.get("iam:passedtoservice", "")))
        without = "".join(f"; this engine does not have the text of {each}" for each in role.without_text)
        log.warning("denied: %s%s%s", text, "" if hint is None else f"; {hint}", without)
        return Denied(service, text)


def _denied_service(service: str, principal: str, permission: Permission, effect: Effect, keys: Context) -> Denied:
    """Return the denial of a service's call, and log the statement that the resource's policy lacks."""
    if effect is Effect.EXPLICIT_DENY:
        text = denial_text(principal, permission.action, permission.resource, EXPLICIT_DENY_OF_RESOURCE)
        log.warning("denied: %s", text)
        return Denied(service, text)
    text = denial_text(principal, permission.action, permission.resource, NO_RESOURCE_POLICY)
    statement = {"Effect": "Allow", "Principal": {"Service": principal}, "Action": permission.action}
    statement["Resource"] = permission.resource
    if "aws:sourcearn" in keys:
        statement["Condition"] = {"ArnEquals": {"aws:SourceArn": keys["aws:sourcearn"]}}
    log.warning("denied: %s; add to the policy of %s: %s", text, permission.resource, dumps(statement))
    return Denied(service, text)


def _principal(caller: Caller, session: RoleSession | None) -> Principal:
    if session is not None:
        return principal_of(session)
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
