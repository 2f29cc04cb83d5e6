"""Roles and policies of IAM as registers."""

import json

from tests.chaos.storm.client_calls import ClientCalls
from tests.chaos.storm.registers.register import Register
from tests.served_engine import ACCOUNT

TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "states.amazonaws.com"}, "Action": "sts:AssumeRole"},
            {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "sts:AssumeRole"},
        ],
    }
)
READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"
INLINE = "inline"


def _document(value: str) -> str:
    allow = {"Sid": value, "Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [allow]})


def _value(document: object) -> str:
    found = json.loads(document) if isinstance(document, str) else document
    value: str = found["Statement"][0]["Sid"]  # type: ignore[index]
    return value


def create_role(calls: ClientCalls, name: str) -> None:
    """Create a role, which may exist."""
    calls.repeat(("EntityAlreadyExists",), "iam", "create_role", RoleName=name, AssumeRolePolicyDocument=TRUST)


def put_role(calls: ClientCalls, name: str, value: str, is_new: bool) -> None:
    """Write the inline policy of a role, and create the role first if it is new."""
    if is_new:
        create_role(calls, name)
    document = _document(value)
    calls.repeat((), "iam", "put_role_policy", RoleName=name, PolicyName=INLINE, PolicyDocument=document)


def remove_role(calls: ClientCalls, name: str) -> None:
    """Delete a role with its inline policy."""
    calls.repeat(("NoSuchEntity",), "iam", "delete_role_policy", RoleName=name, PolicyName=INLINE)
    calls.repeat(("NoSuchEntity",), "iam", "delete_role", RoleName=name)


def read_role(calls: ClientCalls, name: str) -> str | None:
    """Return the value of a role's inline policy."""
    found = calls.find("NoSuchEntity", "iam", "get_role_policy", RoleName=name, PolicyName=INLINE)
    return None if found is None else _value(found["PolicyDocument"])


def attach(calls: ClientCalls, name: str, _value: str, is_new: bool) -> None:
    """Attach a managed policy to a role."""
    if is_new:
        calls.repeat_unless("EntityAlreadyExists", "iam", "create_role", RoleName=name, AssumeRolePolicyDocument=TRUST)
    calls.repeat((), "iam", "attach_role_policy", RoleName=name, PolicyArn=READ_ONLY)


def detach(calls: ClientCalls, name: str) -> None:
    """Detach the managed policy from its role; the role stays."""
    calls.repeat(("NoSuchEntity",), "iam", "detach_role_policy", RoleName=name, PolicyArn=READ_ONLY)


def read_attached(calls: ClientCalls, name: str) -> str | None:
    """Return the managed policy that is attached to a role."""
    found = calls.find("NoSuchEntity", "iam", "list_attached_role_policies", RoleName=name)
    return next((each["PolicyArn"] for each in (found or {}).get("AttachedPolicies", [])), None)


def put_policy(calls: ClientCalls, name: str, value: str, is_new: bool) -> None:
    """Write the default version of a managed policy, after the deletion of its other versions."""
    document = _document(value)
    if is_new:
        calls.repeat(("EntityAlreadyExists",), "iam", "create_policy", PolicyName=name, PolicyDocument=document)
        return
    _remove_old_versions(calls, name)
    given = {"PolicyArn": _policy_arn(name), "PolicyDocument": document, "SetAsDefault": True}
    calls.repeat_unless("LimitExceeded", "iam", "create_policy_version", **given)


def _remove_old_versions(calls: ClientCalls, name: str) -> None:
    versions = calls.repeat((), "iam", "list_policy_versions", PolicyArn=_policy_arn(name))["Versions"]
    for version in [each["VersionId"] for each in versions if not each["IsDefaultVersion"]]:
        given = {"PolicyArn": _policy_arn(name), "VersionId": version}
        calls.repeat(("NoSuchEntity",), "iam", "delete_policy_version", **given)


def remove_policy(calls: ClientCalls, name: str) -> None:
    """Delete a managed policy with all versions."""
    _remove_old_versions(calls, name)
    calls.repeat(("NoSuchEntity",), "iam", "delete_policy", PolicyArn=_policy_arn(name))


def read_policy(calls: ClientCalls, name: str) -> str | None:
    """Return the value of the default version of a managed policy."""
    while True:
        policy = calls.find("NoSuchEntity", "iam", "get_policy", PolicyArn=_policy_arn(name))
        if policy is None:
            return None
        given = {"PolicyArn": _policy_arn(name), "VersionId": policy["Policy"]["DefaultVersionId"]}
        found = calls.find("NoSuchEntity", "iam", "get_policy_version", **given)
        if found is not None:  # else it was replaced and deleted between the two calls
            return _value(found["PolicyVersion"]["Document"])


def _policy_arn(name: str) -> str:
    return f"arn:aws:iam::{ACCOUNT}:policy/{name}"


ROLES = (
    Register("role", put_role, remove_role, read_role),
    Register("attached", attach, detach, read_attached, lambda _rng: READ_ONLY),
    Register("policy", put_policy, remove_policy, read_policy),
)
