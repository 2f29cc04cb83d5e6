"""Put, read and delete the inline policies of roles, and attach managed policies to roles.

See https://docs.aws.amazon.com/IAM/latest/APIReference/API_PutRolePolicy.html and API_AttachRolePolicy.html there.
"""

from lamplighter.base.errors import AwsError, require
from lamplighter.base.json_text import Json
from lamplighter.bus import Caller
from lamplighter.services.iam.entities import name_of_arn, page_of_all
from lamplighter.services.iam.errors import LimitExceeded, NoSuchEntity
from lamplighter.services.iam.policies.documents import (
    MAX_INLINE_LENGTH,
    check_document,
    counted_length,
    encode_document,
)
from lamplighter.services.iam.policies.managed_policies import check_policy_exists, path_of
from lamplighter.services.iam.roles.find_role import find_role
from lamplighter.services.iam.tables import roles
from lamplighter.store.db import Reader, Tx

MAX_ATTACHED = 10
"""The quota of managed policies per role."""


def put_policy(tx: Tx, caller: Caller, params: Json, *, limited: bool) -> None:
    """Handle PutRolePolicy; `limited` states whether AWS's limit of size holds.

    It does if IAM is enforced, or the engine has AWS's limits. Otherwise a role has no effect, and no stack that this
    engine ran before may fail by it.
    """
    role, name = find_role(tx, caller, params["RoleName"]), params["PolicyName"]
    document = check_document(params["PolicyDocument"])
    others = {each: text for each, text in roles.inline_policies(tx, role.arn).items() if each != name}
    if limited and sum(map(counted_length, (*others.values(), document))) > MAX_INLINE_LENGTH:
        raise LimitExceeded(f"Maximum policy size of {MAX_INLINE_LENGTH} bytes exceeded for role {role.name}")
    roles.put_inline_policy(tx, role.arn, name, document)


def get_policy(reader: Reader, caller: Caller, params: Json) -> Json:
    """Handle GetRolePolicy."""
    role, name = find_role(reader, caller, params["RoleName"]), params["PolicyName"]
    document = require(roles.inline_policies(reader, role.arn).get(name), lambda: _no_policy(name))
    return {"RoleName": role.name, "PolicyName": name, "PolicyDocument": encode_document(document)}


def delete_policy(tx: Tx, caller: Caller, params: Json) -> None:
    """Handle DeleteRolePolicy."""
    role = find_role(tx, caller, params["RoleName"])
    if not roles.delete_inline_policy(tx, role.arn, params["PolicyName"]):
        raise _no_policy(params["PolicyName"])


def list_policies(reader: Reader, caller: Caller, params: Json) -> Json:
    """Handle ListRolePolicies."""
    found = list(roles.inline_policies(reader, find_role(reader, caller, params["RoleName"]).arn))
    return page_of_all("PolicyNames", params, found, str, str)


def attach_policy(tx: Tx, caller: Caller, params: Json) -> None:
    """Handle AttachRolePolicy."""
    role, policy = find_role(tx, caller, params["RoleName"]), params["PolicyArn"]
    check_policy_exists(tx, policy)
    attached = roles.attached_policies(tx, role.arn)
    if policy not in attached and len(attached) >= MAX_ATTACHED:
        raise LimitExceeded(f"Cannot exceed quota for PoliciesPerRole: {MAX_ATTACHED}")
    roles.attach(tx, role.arn, policy)


def detach_policy(tx: Tx, caller: Caller, params: Json) -> None:
    """Handle DetachRolePolicy."""
    role, policy = find_role(tx, caller, params["RoleName"]), params["PolicyArn"]
    if not roles.detach(tx, role.arn, policy):
        raise NoSuchEntity(f"Policy {policy} was not found.")


def list_attached(reader: Reader, caller: Caller, params: Json) -> Json:
    """Handle ListAttachedRolePolicies."""
    prefix = params.get("PathPrefix", "/")
    attached = roles.attached_policies(reader, find_role(reader, caller, params["RoleName"]).arn)
    found = sorted((each for each in attached if path_of(each).startswith(prefix)), key=name_of_arn)
    return page_of_all(
        "AttachedPolicies",
        params,
        found,
        lambda each: {"PolicyName": name_of_arn(each), "PolicyArn": each},
        name_of_arn,
    )


def _no_policy(name: str) -> AwsError:
    return NoSuchEntity(f"The role policy with name {name} cannot be found.")
