"""Read a role from IAM: the statements of its policies, and which services may assume it.

Reads inline and managed policies, and the permissions boundary. An organisation's policy may still refuse a call: who
reads roles cannot see it.
See https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import unquote

from lamplighter.base.errors import LamplighterError
from lamplighter.base.json_text import Json, JsonError, loads
from lamplighter.cli.call_errors import ClientError
from lamplighter.lang.iam_policy.text_patterns import as_list, matches_pattern


class UnreadablePolicy(LamplighterError):
    """A policy that is not in the form in which IAM stores policies."""


@dataclass(frozen=True, slots=True)
class Role:
    """A role with the statements of its policies and of its trust policy."""

    name: str
    statements: tuple[Json, ...]
    trust: tuple[Json, ...]
    boundary: tuple[Json, ...] | None = None
    """The statements of the permissions boundary, which must allow each call, too; None if there is none."""

    def trusts(self, service: str) -> bool:
        """Return whether the trust policy allows a service to assume the role."""
        allowing = (each for each in self.trust if _allows_action(each, "sts:AssumeRole"))
        return any(_names_service(each.get("Principal", {}), service) for each in allowing)


def read_role(iam: Json, arn: str) -> Role | None:
    """Return the role of an ARN, or None if it does not exist."""
    name = arn.rpartition("/")[2]
    try:
        found = iam.get_role(RoleName=name)["Role"]
    except ClientError as error:
        if error.response["Error"]["Code"] == "NoSuchEntity":
            return None
        raise
    statements = [each for document in _read_policies(iam, name) for each in _policy_statements(document)]
    trust = _policy_statements(found["AssumeRolePolicyDocument"])
    limit = found.get("PermissionsBoundary")
    boundary = None if limit is None else tuple(_policy_statements(_read_managed(iam, limit["PermissionsBoundaryArn"])))
    return Role(name, tuple(statements), tuple(trust), boundary)


def _allows_action(statement: Json, action: str) -> bool:
    """Return whether a statement names an action as allowed; its resources and conditions are not looked at."""
    actions = as_list(statement.get("Action", [])) if statement.get("Effect") == "Allow" else []
    return any(matches_pattern(each, action, ignore_case=True) for each in actions)


def _read_policies(iam: Json, name: str) -> Iterator[Json]:
    for page in iam.get_paginator("list_role_policies").paginate(RoleName=name):
        for each in page["PolicyNames"]:
            yield iam.get_role_policy(RoleName=name, PolicyName=each)["PolicyDocument"]
    for page in iam.get_paginator("list_attached_role_policies").paginate(RoleName=name):
        for each in page["AttachedPolicies"]:
            yield _read_managed(iam, each["PolicyArn"])


def _read_managed(iam: Json, arn: str) -> Json:
    version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
    return iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]


def _policy_statements(document: Json) -> list[Json]:
    try:
        known = loads(unquote(document)) if isinstance(document, str) else document
    except JsonError as error:
        raise UnreadablePolicy(f"a policy that is no JSON: {error}") from None
    return as_list(known.get("Statement", []))


def _names_service(principal: Json, service: str) -> bool:
    """Return whether a principal is a service, by the service's global or regional name."""
    services = as_list(principal.get("Service", [])) if isinstance(principal, dict) else []
    short = service.removesuffix(".amazonaws.com")
    return any(each == service or (each.startswith(f"{short}.") and ".amazonaws.com" in each) for each in services)
