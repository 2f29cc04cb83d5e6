"""Describe an account: GetAccountSummary, ListAccountAliases, and the empty lists of what the engine does not serve.

See https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountSummary.html.
"""

from lamplighter.base.json_text import Json
from lamplighter.bus import Caller
from lamplighter.services.iam.policies.documents import MAX_INLINE_LENGTH, MAX_MANAGED_LENGTH, MAX_TRUST_LENGTH
from lamplighter.services.iam.policies.managed_policies import MAX_POLICIES, MAX_VERSIONS
from lamplighter.services.iam.roles.find_role import find_role
from lamplighter.services.iam.roles.role_policies import MAX_ATTACHED
from lamplighter.services.iam.roles.roles import MAX_ROLES
from lamplighter.services.iam.tables import policies, roles
from lamplighter.store.db import Reader


def get_summary(reader: Reader, caller: Caller, _params: Json) -> Json:
    """Handle GetAccountSummary."""
    found = {
        "Roles": roles.count(reader, caller.account),
        "Policies": policies.count(reader, caller.account),
        "PolicyVersionsInUse": policies.count_versions(reader, caller.account),
        "InstanceProfiles": 0,
        "RolesQuota": MAX_ROLES,
        "PoliciesQuota": MAX_POLICIES,
        "VersionsPerPolicyQuota": MAX_VERSIONS,
        "AttachedPoliciesPerRoleQuota": MAX_ATTACHED,
        "PolicySizeQuota": MAX_MANAGED_LENGTH,
        "AssumeRolePolicySizeQuota": MAX_TRUST_LENGTH,
        "RolePolicySizeQuota": MAX_INLINE_LENGTH,
        "Users": 0,
        "Groups": 0,
        "AccountAccessKeysPresent": 0,
        "AccountMFAEnabled": 0,
    }
    return {"SummaryMap": found}


def list_aliases(_reader: Reader, _caller: Caller, _params: Json) -> Json:
    """Handle ListAccountAliases: an account has none."""
    return {"AccountAliases": [], "IsTruncated": False}


def list_users(_reader: Reader, _caller: Caller, _params: Json) -> Json:
    """Handle ListUsers: the users of an engine are in its users file, not in IAM."""
    return {"Users": [], "IsTruncated": False}


def list_groups(_reader: Reader, _caller: Caller, _params: Json) -> Json:
    """Handle ListGroups."""
    return {"Groups": [], "IsTruncated": False}


def list_profiles_for_role(reader: Reader, caller: Caller, params: Json) -> Json:
    """Handle ListInstanceProfilesForRole, which Terraform calls before it deletes a role."""
    find_role(reader, caller, params["RoleName"])
    return {"InstanceProfiles": [], "IsTruncated": False}
