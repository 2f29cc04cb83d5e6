"""Connect IAM to the engine: its operations by AWS's names.

See https://docs.aws.amazon.com/IAM/latest/APIReference/API_Operations.html.
"""

from collections.abc import Mapping
from functools import partial

from lamplighter.base.world import World
from lamplighter.bus import Guard, Operation, Service
from lamplighter.services.iam import account
from lamplighter.services.iam.access.simulate import simulate_custom, simulate_principal
from lamplighter.services.iam.policies import managed_policies
from lamplighter.services.iam.policies.managed_policies import ManagedPolicies
from lamplighter.services.iam.roles import role_policies, roles
from lamplighter.services.iam.roles.roles import Roles

SERVICE = "iam"


class Iam(Service):
    """The IAM service of one engine."""

    name = SERVICE

    def __init__(self, world: World, guard: Guard | None = None, *, aws_limits: bool = False) -> None:
        self._guard = guard
        self.operations: Mapping[str, Operation] = {
            **_role_operations(Roles(world, limited=aws_limits), limited=aws_limits or guard is not None),
            **_policy_operations(ManagedPolicies(world)),
            "GetAccountSummary": Operation(read=account.get_summary),
            "ListAccountAliases": Operation(read=account.list_aliases),
            "ListGroups": Operation(read=account.list_groups),
            "ListInstanceProfilesForRole": Operation(read=account.list_profiles_for_role),
            "ListUsers": Operation(read=account.list_users),
            "SimulateCustomPolicy": Operation(read=simulate_custom),
            "SimulatePrincipalPolicy": Operation(read=simulate_principal),
            # These are not operations of AWS: STS calls them.
            "FindPolicyText": Operation(read=managed_policies.find_text),
            "FindRole": Operation(read=roles.find_for_session),
        }

    def drop_caches(self) -> None:
        """Let the guard forget policies that a failed turn stored."""
        if self._guard is not None:
            self._guard.drop_caches()


def _role_operations(created: Roles, *, limited: bool) -> dict[str, Operation]:
    return {
        "CreateRole": Operation(write=created.create),
        "CreateServiceLinkedRole": Operation(write=created.create_service_linked),
        "GetRole": Operation(read=roles.get_role),
        "ListRoles": Operation(read=roles.list_roles),
        "UpdateRole": Operation(write=roles.update_role),
        "UpdateRoleDescription": Operation(write=roles.update_description),
        "UpdateAssumeRolePolicy": Operation(write=roles.update_trust_policy),
        "PutRolePermissionsBoundary": Operation(write=roles.put_boundary),
        "DeleteRolePermissionsBoundary": Operation(write=roles.delete_boundary),
        "DeleteRole": Operation(write=roles.delete_role),
        "DeleteServiceLinkedRole": Operation(write=roles.delete_service_linked),
        "GetServiceLinkedRoleDeletionStatus": Operation(read=roles.deletion_status),
        **roles.TAG_OPERATIONS.changes("Role"),
        "ListRoleTags": Operation(read=roles.list_tags),
        "PutRolePolicy": Operation(write=partial(role_policies.put_policy, limited=limited)),
        "GetRolePolicy": Operation(read=role_policies.get_policy),
        "DeleteRolePolicy": Operation(write=role_policies.delete_policy),
        "ListRolePolicies": Operation(read=role_policies.list_policies),
        "AttachRolePolicy": Operation(write=role_policies.attach_policy),
        "DetachRolePolicy": Operation(write=role_policies.detach_policy),
        "ListAttachedRolePolicies": Operation(read=role_policies.list_attached),
    }


def _policy_operations(created: ManagedPolicies) -> dict[str, Operation]:
    return {
        "CreatePolicy": Operation(write=created.create),
        "CreatePolicyVersion": Operation(write=created.create_version),
        "GetPolicy": Operation(read=managed_policies.get_policy),
        "GetPolicyVersion": Operation(read=managed_policies.get_version),
        "ListPolicies": Operation(read=managed_policies.list_policies),
        "ListPolicyVersions": Operation(read=managed_policies.list_versions),
        "ListEntitiesForPolicy": Operation(read=managed_policies.list_entities),
        "SetDefaultPolicyVersion": Operation(write=managed_policies.set_default_version),
        "DeletePolicyVersion": Operation(write=managed_policies.delete_version),
        "DeletePolicy": Operation(write=managed_policies.delete_policy),
        **managed_policies.TAG_OPERATIONS.changes("Policy"),
        "ListPolicyTags": Operation(read=managed_policies.list_tags),
    }
