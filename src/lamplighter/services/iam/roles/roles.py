"""Create, change, list and delete roles.

See https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html. A role can be used at once; on AWS, it
takes some seconds.
"""

from dataclasses import replace
from functools import partial

from lamplighter.base.json_text import Json, dumps
from lamplighter.base.world import World
from lamplighter.bus import Caller
from lamplighter.operations.tags import TagOperations
from lamplighter.services.iam.entities import (
    PAGES,
    TAGS,
    entity_arn,
    make_id,
    shown_tags,
    tag_rules,
)
from lamplighter.services.iam.errors import (
    DeleteConflict,
    EntityAlreadyExists,
    InvalidInput,
    LimitExceeded,
    UnmodifiableEntity,
)
from lamplighter.services.iam.policies.documents import check_trust_policy, encode_document
from lamplighter.services.iam.policies.managed_policies import check_policy_exists
from lamplighter.services.iam.roles.find_role import find_role
from lamplighter.services.iam.tables import roles
from lamplighter.services.iam.tables.roles import RoleRow
from lamplighter.store.db import Reader, Tx

MAX_ROLES = 1000
"""AWS's default quota of an account. It holds only if the engine has AWS's limits, because each job of a file has
roles, and a box may have more jobs."""
DEFAULT_SESSION = 3600
SERVICE_ROLES_PATH = "/aws-service-role/"
SERVICE_ROLE_NAMES = {
    "ecs.amazonaws.com": "AWSServiceRoleForECS",
    "events.amazonaws.com": "AWSServiceRoleForCloudWatchEvents",
    "scheduler.amazonaws.com": "AWSServiceRoleForScheduler",
}
"""The names of the service-linked roles that do not consist of the service's name."""


TAG_OPERATIONS = TagOperations.of_rows(tag_rules("RoleName"), find_role, roles.put)
"""TagRole and UntagRole."""


class Roles:
    """The operations on roles."""

    def __init__(self, world: World, *, limited: bool) -> None:
        self._world = world
        self._limited = limited

    def create(self, tx: Tx, caller: Caller, params: Json) -> Json:
        """Handle CreateRole."""
        path = params.get("Path", "/")
        if path.startswith(SERVICE_ROLES_PATH):
            raise InvalidInput("The path /aws-service-role/ is reserved for service-linked roles.")
        return {"Role": self._create(tx, caller, params, path)}

    def create_service_linked(self, tx: Tx, caller: Caller, params: Json) -> Json:
        """Handle CreateServiceLinkedRole. The role's permissions are the service's own business, so it has none."""
        service = params.get("AWSServiceName", "")
        if not service.endswith(".amazonaws.com"):
            raise InvalidInput(f"Service role name {service} is not valid.")
        word = service.partition(".")[0]
        name = SERVICE_ROLE_NAMES.get(service, f"AWSServiceRoleFor{word.title().replace('-', '')}")
        suffix = f"_{params['CustomSuffix']}" if "CustomSuffix" in params else ""
        if roles.get(tx, caller.account, name + suffix) is not None:
            raise InvalidInput(
                f"Service role name {name}{suffix} has been taken in this account, please try a different suffix."
            )
        statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
        given = {
            "RoleName": name + suffix,
            "AssumeRolePolicyDocument": dumps({"Version": "2012-10-17", "Statement": [statement]}),
            "Description": params.get("Description"),
        }
        return {"Role": self._create(tx, caller, given, f"{SERVICE_ROLES_PATH}{service}/")}

    def _create(self, tx: Tx, caller: Caller, params: Json, path: str) -> Json:
        name = params["RoleName"]
        if roles.get(tx, caller.account, name) is not None:
            raise EntityAlreadyExists(f"Role with name {name} already exists.")
        if self._limited and roles.count(tx, caller.account) >= MAX_ROLES:
            raise LimitExceeded(f"Cannot exceed quota for RolesPerAccount: {MAX_ROLES}")
        boundary = params.get("PermissionsBoundary")
        if boundary is not None:
            check_policy_exists(tx, boundary)
        role = RoleRow(
            entity_arn(caller.account, "role", path, name),
            caller.account,
            name,
            path,
            make_id(self._world, "AROA"),
            check_trust_policy(params["AssumeRolePolicyDocument"]),
            params.get("Description"),
            params.get("MaxSessionDuration", DEFAULT_SESSION),
            boundary,
            TAGS.read(params.get("Tags")),
            tx.now,
        )
        roles.put(tx, role)
        shown = show_role(role)
        for name in ("Description", "MaxSessionDuration", "PermissionsBoundary"):
            if name not in params:  # CreateRole returns only what it was given
                shown.pop(name, None)
        return shown


def get_role(reader: Reader, caller: Caller, params: Json) -> Json:
    """Handle GetRole."""
    return {"Role": {**show_role(find_role(reader, caller, params["RoleName"])), "RoleLastUsed": {}}}


def find_for_session(reader: Reader, caller: Caller, params: Json) -> Json:
    """Return a role, or None if there is none (FindRole, an operation of the engine)."""
    role = roles.get(reader, caller.account, params["RoleName"])
    return {"Role": None if role is None else show_role(role)}


def list_roles(reader: Reader, caller: Caller, params: Json) -> Json:
    """Handle ListRoles, which returns neither tags nor permissions boundaries."""
    read = partial(roles.page, reader, caller.account, path=params.get("PathPrefix", "/"))
    return PAGES.page(
        "Roles", params, "", read, lambda each: show_role(replace(each, tags={}, boundary=None)), lambda each: each.name
    )


def update_role(tx: Tx, caller: Caller, params: Json) -> None:
    """Handle UpdateRole."""
    role = _find_changeable(tx, caller, params["RoleName"])
    description = params.get("Description", role.description)
    roles.put(tx, replace(role, description=description, max_session=params.get("MaxSessionDuration", DEFAULT_SESSION)))


def update_description(tx: Tx, caller: Caller, params: Json) -> Json:
    """Handle UpdateRoleDescription."""
    role = replace(find_role(tx, caller, params["RoleName"]), description=params["Description"])
    roles.put(tx, role)
    return {"Role": show_role(role)}


def update_trust_policy(tx: Tx, caller: Caller, params: Json) -> None:
    """Handle UpdateAssumeRolePolicy."""
    role = _find_changeable(tx, caller, params["RoleName"])
    roles.put(tx, replace(role, trust=check_trust_policy(params["PolicyDocument"])))


def put_boundary(tx: Tx, caller: Caller, params: Json) -> None:
    """Handle PutRolePermissionsBoundary."""
    role = _find_changeable(tx, caller, params["RoleName"])
    check_policy_exists(tx, params["PermissionsBoundary"])
    roles.put(tx, replace(role, boundary=params["PermissionsBoundary"]))


def delete_boundary(tx: Tx, caller: Caller, params: Json) -> None:
    """Handle DeleteRolePermissionsBoundary."""
    roles.put(tx, replace(_find_changeable(tx, caller, params["RoleName"]), boundary=None))


def delete_role(tx: Tx, caller: Caller, params: Json) -> None:
    """Handle DeleteRole: a role that still has policies stays."""
    role = _find_changeable(tx, caller, params["RoleName"])
    if roles.attached_policies(tx, role.arn):
        raise DeleteConflict("Cannot delete entity, must detach all policies first.")
    if roles.inline_policies(tx, role.arn):
        raise DeleteConflict("Cannot delete entity, must delete policies first.")
    roles.delete(tx, role.arn)


def delete_service_linked(tx: Tx, caller: Caller, params: Json) -> Json:
    """Handle DeleteServiceLinkedRole; the role is deleted at once."""
    role = find_role(tx, caller, params["RoleName"])
    roles.delete(tx, role.arn)
    return {"DeletionTaskId": f"task{role.path}{role.name}/{role.role_id.lower()}"}


def deletion_status(_reader: Reader, _caller: Caller, _params: Json) -> Json:
    """Handle GetServiceLinkedRoleDeletionStatus."""
    return {"Status": "SUCCEEDED"}


def list_tags(reader: Reader, caller: Caller, params: Json) -> Json:
    """Handle ListRoleTags."""
    tags = find_role(reader, caller, params["RoleName"]).tags
    return {"Tags": TAGS.format.write(tags), "IsTruncated": False}


def show_role(role: RoleRow) -> dict[str, Json]:
    """Return a role as answers contain it."""
    boundary = {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": role.boundary}
    return {
        "Path": role.path,
        "RoleName": role.name,
        "RoleId": role.role_id,
        "Arn": role.arn,
        "CreateDate": role.created // 1000,
        "AssumeRolePolicyDocument": encode_document(role.trust),
        "Description": role.description,
        "MaxSessionDuration": role.max_session,
        **({"PermissionsBoundary": boundary} if role.boundary else {}),
        **shown_tags(role.tags),
    }


def _find_changeable(tx: Tx, caller: Caller, name: str) -> RoleRow:
    """Return a role that its account may change. Raises `UnmodifiableEntity` for a service-linked role."""
    role = find_role(tx, caller, name)
    if role.path.startswith(SERVICE_ROLES_PATH):
        raise UnmodifiableEntity(
            f"Cannot perform the operation on the protected role '{name}' - this role is only modifiable by AWS"
        )
    return role
