"""Create, change, list and delete managed policies and their versions.

See https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreatePolicy.html. A policy has at most five versions, of
which one is the default; that one is in force.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256

from lamplighter.base.errors import require
from lamplighter.base.json_text import Json
from lamplighter.base.world import World
from lamplighter.bus import Caller
from lamplighter.operations.tags import TagOperations
from lamplighter.services.iam.entities import (
    ID_LETTERS,
    TAGS,
    entity_arn,
    make_id,
    name_of_arn,
    page_of_all,
    shown_tags,
    tag_rules,
)
from lamplighter.services.iam.errors import (
    DeleteConflict,
    EntityAlreadyExists,
    InvalidInput,
    LimitExceeded,
    NoSuchEntity,
)
from lamplighter.services.iam.policies import aws_managed_policies
from lamplighter.services.iam.policies.documents import check_managed_policy, encode_document
from lamplighter.services.iam.tables import policies, roles
from lamplighter.services.iam.tables.policies import PolicyRow, VersionRow
from lamplighter.store.db import Reader, Tx

MAX_POLICIES = 5000
"""AWS's quota of an account, which is only shown."""
MAX_VERSIONS = 5
_POLICY_ARN = re.compile(r"arn:[a-z-]+:iam::([0-9]{12}|aws):policy/.+")
_AWS_CREATED = 1_423_000_000_000
"""The creation time of AWS's own policies in answers: February 2015, when AWS introduced them."""


TAG_OPERATIONS = TagOperations.of_rows(
    tag_rules("PolicyArn"), lambda reader, _caller, policy: _find_own(reader, policy), policies.put
)
"""TagPolicy and UntagPolicy."""


class ManagedPolicies:
    """The operations that create managed policies and versions."""

    def __init__(self, world: World) -> None:
        self._world = world

    def create(self, tx: Tx, caller: Caller, params: Json) -> Json:
        """Handle CreatePolicy."""
        name, path, now = params["PolicyName"], params.get("Path", "/"), tx.now
        if policies.get(tx, caller.account, name) is not None:
            raise EntityAlreadyExists(f"A policy called {name} already exists. Duplicate names are not allowed.")
        policy = PolicyRow(
            entity_arn(caller.account, "policy", path, name),
            caller.account,
            name,
            path,
            make_id(self._world, "ANPA"),
            params.get("Description"),
            1,
            1,
            TAGS.read(params.get("Tags")),
            now,
            now,
        )
        policies.put(tx, policy)
        policies.put_version(tx, VersionRow(policy.arn, 1, check_managed_policy(params["PolicyDocument"]), now))
        shown = show_policy(tx, policy)
        shown.pop("Description", None)  # CreatePolicy does not return it
        return {"Policy": shown}

    def create_version(self, tx: Tx, _caller: Caller, params: Json) -> Json:
        """Handle CreatePolicyVersion."""
        policy, now = _find_own(tx, params["PolicyArn"]), tx.now
        document = check_managed_policy(params["PolicyDocument"])
        if len(policies.versions(tx, policy.arn)) >= MAX_VERSIONS:
            raise LimitExceeded(
                "A managed policy can have up to 5 versions. Before you create a new version, you must delete an "
                "existing version."
            )
        number = policy.last_version + 1
        default = number if params.get("SetAsDefault") else policy.default_version
        policy = replace(policy, last_version=number, default_version=default, updated=now)
        policies.put(tx, policy)
        row = VersionRow(policy.arn, number, document, now)
        policies.put_version(tx, row)
        shown = _show_version(policy, row)
        del shown["Document"]
        return {"PolicyVersion": shown}


def check_policy_exists(reader: Reader, policy: str) -> None:
    """Raise an error unless a policy may be attached."""
    if not _POLICY_ARN.fullmatch(policy):
        raise InvalidInput(f"ARN {policy} is not valid.")
    if not aws_managed_policies.is_aws_managed(policy) and policies.by_arn(reader, policy) is None:
        raise NoSuchEntity(f"Policy {policy} does not exist or is not attachable.")


def path_of(policy: str) -> str:
    """Return the path in a policy's ARN."""
    return policy.split(":", 5)[5].removeprefix("policy").rpartition("/")[0] + "/"


def document_in_force(reader: Reader, policy: str) -> str | None:
    """Return the text of a policy's default version, or None if the policy or its text is unknown."""
    if aws_managed_policies.is_aws_managed(policy):
        return aws_managed_policies.document_of(policy)
    found = policies.by_arn(reader, policy)
    row = None if found is None else policies.get_version(reader, policy, found.default_version)
    return None if row is None else row.document


def find_text(reader: Reader, _caller: Caller, params: Json) -> Json:
    """Return the text of a policy that is in force (FindPolicyText, an operation of the engine)."""
    return {"Text": document_in_force(reader, params["PolicyArn"])}


def get_policy(reader: Reader, _caller: Caller, params: Json) -> Json:
    """Handle GetPolicy."""
    return {"Policy": show_policy(reader, _find(reader, params["PolicyArn"]))}


def get_version(reader: Reader, _caller: Caller, params: Json) -> Json:
    """Handle GetPolicyVersion."""
    policy = _find(reader, params["PolicyArn"])
    found = [each for each in _versions(reader, policy) if f"v{each.number}" == params["VersionId"]]
    return {"PolicyVersion": _show_version(policy, found[0] if found else _no_version(policy, params["VersionId"]))}


def list_versions(reader: Reader, _caller: Caller, params: Json) -> Json:
    """Handle ListPolicyVersions."""
    policy = _find(reader, params["PolicyArn"])
    found = [_show_version(policy, each) for each in _versions(reader, policy)]
    for each in found:
        del each["Document"]
    return {"Versions": found, "IsTruncated": False}


def delete_version(tx: Tx, _caller: Caller, params: Json) -> None:
    """Handle DeletePolicyVersion."""
    policy = _find_own(tx, params["PolicyArn"])
    number = _version_number(tx, policy, params["VersionId"])
    if number == policy.default_version:
        raise DeleteConflict("Cannot delete the default version of a policy.")
    policies.delete_version(tx, policy.arn, number)


def set_default_version(tx: Tx, _caller: Caller, params: Json) -> None:
    """Handle SetDefaultPolicyVersion."""
    policy = _find_own(tx, params["PolicyArn"])
    policies.put(tx, replace(policy, default_version=_version_number(tx, policy, params["VersionId"]), updated=tx.now))


def delete_policy(tx: Tx, _caller: Caller, params: Json) -> None:
    """Handle DeletePolicy: one that is attached or has more versions than the default stays."""
    policy = _find_own(tx, params["PolicyArn"])
    if roles.count_attachments(tx, policy.arn) or roles.bounded_by(tx, policy.arn):
        raise DeleteConflict("Cannot delete a policy attached to entities.")
    if len(policies.versions(tx, policy.arn)) > 1:
        raise DeleteConflict(
            "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. "
            "The default version is deleted with the policy."
        )
    policies.delete(tx, policy.arn)


def list_policies(reader: Reader, caller: Caller, params: Json) -> Json:
    """Handle ListPolicies: of AWS's, it lists those whose texts the engine has."""
    found = [each for each in _in_scope(reader, caller, params.get("Scope", "All")) if _is_listed(reader, each, params)]
    return page_of_all(
        "Policies", params, found, lambda each: show_policy(reader, each, listed=True), lambda each: each.name
    )


def _in_scope(reader: Reader, caller: Caller, scope: str) -> list[PolicyRow]:
    own = policies.all_of(reader, caller.account) if scope in ("All", "Local") else []
    served = map(_aws_managed, _aws_arns()) if scope in ("All", "AWS") else ()
    return sorted((*own, *served), key=lambda each: each.name)


def _is_listed(reader: Reader, policy: PolicyRow, params: Json) -> bool:
    if not policy.path.startswith(params.get("PathPrefix", "/")):
        return False
    attached, bounds = roles.count_attachments(reader, policy.arn), bool(roles.bounded_by(reader, policy.arn))
    usage = params.get("PolicyUsageFilter")
    if usage is not None:
        return bool(attached) if usage == "PermissionsPolicy" else bounds
    return not params.get("OnlyAttached") or bool(attached)


def list_entities(reader: Reader, _caller: Caller, params: Json) -> Json:
    """Handle ListEntitiesForPolicy."""
    policy, usage = params["PolicyArn"], params.get("PolicyUsageFilter")
    _find(reader, policy)
    found = roles.attached_to(reader, policy) if usage != "PermissionsBoundary" else []
    found = found or (roles.bounded_by(reader, policy) if usage == "PermissionsBoundary" else [])
    if params.get("EntityFilter", "Role") != "Role":
        found = []
    found = [each for each in found if each.path.startswith(params.get("PathPrefix", "/"))]
    answer = page_of_all(
        "PolicyRoles",
        params,
        found,
        lambda each: {"RoleName": each.name, "RoleId": each.role_id},
        lambda each: each.name,
    )
    return {**answer, "PolicyGroups": [], "PolicyUsers": []}


def list_tags(reader: Reader, _caller: Caller, params: Json) -> Json:
    """Handle ListPolicyTags."""
    return {"Tags": TAGS.format.write(_find(reader, params["PolicyArn"]).tags), "IsTruncated": False}


# --- policies and versions --------------------------------------------------------------------------------------------


def _find(reader: Reader, policy: str) -> PolicyRow:
    if not _POLICY_ARN.fullmatch(policy):
        raise InvalidInput(f"ARN {policy} is not valid.")
    if aws_managed_policies.document_of(policy) is not None:
        return _aws_managed(policy)
    return require(policies.by_arn(reader, policy), lambda: NoSuchEntity(f"Policy {policy} was not found."))


def _find_own(reader: Reader, policy: str) -> PolicyRow:
    """Return a policy that an account may change. Raises `NoSuchEntity` and `InvalidInput`."""
    found = _find(reader, policy)
    if found.account == "aws":
        raise InvalidInput("Cannot perform the operation on a policy that is managed by AWS.")
    return found


def _aws_arns() -> Iterator[str]:
    return (aws_managed_policies.PREFIX + each for each in aws_managed_policies.DOCUMENTS)


def _aws_managed(policy: str) -> PolicyRow:
    name, digest = name_of_arn(policy), sha256(policy.encode()).digest()
    policy_id = "ANPA" + "".join(ID_LETTERS[each % 32] for each in digest[:17])
    return PolicyRow(policy, "aws", name, path_of(policy), policy_id, None, 1, 1, {}, _AWS_CREATED, _AWS_CREATED)


def _versions(reader: Reader, policy: PolicyRow) -> list[VersionRow]:
    text = aws_managed_policies.document_of(policy.arn)
    return policies.versions(reader, policy.arn) if text is None else [VersionRow(policy.arn, 1, text, policy.created)]


def _version_number(tx: Tx, policy: PolicyRow, version: str) -> int:
    return next((each.number for each in _versions(tx, policy) if f"v{each.number}" == version), 0) or (
        _no_version(policy, version).number
    )


def _no_version(policy: PolicyRow, version: str) -> VersionRow:
    raise NoSuchEntity(f"Policy {policy.arn} version {version} does not exist or is not attachable.")


def show_policy(reader: Reader, policy: PolicyRow, *, listed: bool = False) -> dict[str, Json]:
    """Return a policy as answers contain it; a list has neither descriptions nor tags."""
    return {
        "PolicyName": policy.name,
        "PolicyId": policy.policy_id,
        "Arn": policy.arn,
        "Path": policy.path,
        "DefaultVersionId": f"v{policy.default_version}",
        "AttachmentCount": roles.count_attachments(reader, policy.arn),
        "PermissionsBoundaryUsageCount": len(roles.bounded_by(reader, policy.arn)),
        "IsAttachable": True,
        "CreateDate": policy.created // 1000,
        "UpdateDate": policy.updated // 1000,
        **({} if listed else {"Description": policy.description, **shown_tags(policy.tags)}),
    }


def _show_version(policy: PolicyRow, row: VersionRow) -> dict[str, Json]:
    return {
        "Document": encode_document(row.document),
        "VersionId": f"v{row.number}",
        "IsDefaultVersion": row.number == policy.default_version,
        "CreateDate": row.created // 1000,
    }
