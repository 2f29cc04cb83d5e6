"""Compile the policies of roles, once for each change of IAM.

Guarantees that what it returns is never older than the transaction that reads it: a version, which is a row, changes
with every role and policy.
"""

from dataclasses import dataclass

from lamplighter.base.json_text import loads
from lamplighter.lang.iam_policy.evaluate import Policy, compile_policy
from lamplighter.services.iam.policies import aws_managed_policies
from lamplighter.services.iam.policies.managed_policies import document_in_force
from lamplighter.services.iam.tables import roles, version
from lamplighter.store.db import Reader

MAX_ROLES = 1_024
"""The most roles whose compiled policies are kept in memory."""


@dataclass(frozen=True, slots=True)
class NamedPolicy:
    """A compiled policy of a role."""

    id: str
    """The name of an inline policy, or the ARN of a managed one."""
    kind: str
    """IAM's word: role, user-managed or aws-managed."""
    policy: Policy


@dataclass(frozen=True, slots=True)
class RolePermissions:
    """The compiled policies of a role."""

    arn: str
    name: str
    role_id: str
    trust: Policy
    policies: tuple[Policy, ...]
    named: tuple[NamedPolicy, ...]
    boundary: Policy | None
    """The permissions boundary; None if there is none."""
    without_text: tuple[str, ...]
    """Attached policies of AWS whose texts this engine does not have."""
    tags: dict[str, str]


class PermissionsCache:
    """The compiled policies of the roles of one engine."""

    def __init__(self) -> None:
        self._version = -1
        self._roles: dict[tuple[int, str], RolePermissions | None] = {}

    def of_role(self, reader: Reader, arn: str) -> RolePermissions | None:
        """Return the permissions of a role, or None if there is no such role."""
        now = version.current(reader)
        if now != self._version or len(self._roles) > MAX_ROLES:
            self._roles.clear()
            self._version = now
        # The version is part of the key: a thread that plans a stack may read an older state of IAM.
        key = now, arn
        if key not in self._roles:
            self._roles[key] = compile_role(reader, arn)
        return self._roles[key]

    def drop(self) -> None:
        """Forget everything, because a turn failed: its version may be given again to another change."""
        self._version = -1
        self._roles.clear()


def compile_role(reader: Reader, arn: str) -> RolePermissions | None:
    """Return the permissions of a role as they are stored, or None if there is no such role."""
    role = roles.by_arn(reader, arn)
    if role is None:
        return None
    attached = {each: document_in_force(reader, each) for each in roles.attached_policies(reader, arn)}
    named = [
        NamedPolicy(name, "role", compile_policy(loads(text)))
        for name, text in roles.inline_policies(reader, arn).items()
    ]
    for each, found in attached.items():
        if found is not None:
            kind = "aws-managed" if aws_managed_policies.is_aws_managed(each) else "user-managed"
            named.append(NamedPolicy(each, kind, compile_policy(loads(found))))
    return RolePermissions(
        arn,
        role.name,
        role.role_id,
        compile_policy(loads(role.trust)),
        tuple(each.policy for each in named),
        tuple(named),
        compile_boundary(reader, role.boundary),
        tuple(each for each, found in attached.items() if found is None),
        role.tags,
    )


def compile_boundary(reader: Reader, arn: str | None) -> Policy | None:
    """Return a permissions boundary; one without a text allows nothing."""
    if arn is None:
        return None
    text = document_in_force(reader, arn)
    return () if text is None else compile_policy(loads(text))
