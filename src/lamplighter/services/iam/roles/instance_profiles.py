"""Create, list and delete instance profiles. The engine has no instances; templates have the profiles.

See https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateInstanceProfile.html.
"""

from dataclasses import replace

from lamplighter.base.errors import require
from lamplighter.base.json_text import Json
from lamplighter.base.world import World
from lamplighter.bus import Caller
from lamplighter.operations.tags import TagOperations
from lamplighter.services.iam.entities import (
    TAGS,
    entity_arn,
    make_id,
    marker,
    page,
    page_of_all,
    page_size,
    shown_tags,
    tag_rules,
)
from lamplighter.services.iam.errors import DeleteConflict, EntityAlreadyExists, LimitExceeded, NoSuchEntity
from lamplighter.services.iam.roles.find_role import find_role
from lamplighter.services.iam.roles.roles import show_role
from lamplighter.services.iam.tables import instance_profiles, roles
from lamplighter.services.iam.tables.instance_profiles import ProfileRow
from lamplighter.store.db import Reader, Tx

TAG_OPERATIONS = TagOperations(
    tag_rules("InstanceProfileName"),
    lambda reader, caller, name: _find(reader, caller, {"InstanceProfileName": name}),
    lambda profile: profile.tags,
    lambda tx, profile, tags: instance_profiles.put(tx, replace(profile, tags=tags)),
)
"""TagInstanceProfile and UntagInstanceProfile."""


class InstanceProfiles:
    """The operation that creates instance profiles."""

    def __init__(self, world: World) -> None:
        self._world = world

    def create(self, tx: Tx, caller: Caller, params: Json) -> Json:
        """Handle CreateInstanceProfile."""
        name, path = params["InstanceProfileName"], params.get("Path", "/")
        if instance_profiles.get(tx, caller.account, name) is not None:
            raise EntityAlreadyExists(f"Instance Profile {name} already exists.")
        profile = ProfileRow(
            entity_arn(caller.account, "instance-profile", path, name),
            caller.account,
            name,
            path,
            make_id(self._world, "AIPA"),
            None,
            TAGS.read(params.get("Tags")),
            self._world.now(),
        )
        instance_profiles.put(tx, profile)
        return {"InstanceProfile": _show(tx, profile)}


def get_profile(reader: Reader, caller: Caller, params: Json) -> Json:
    """Handle GetInstanceProfile."""
    return {"InstanceProfile": _show(reader, _find(reader, caller, params))}


def list_profiles(reader: Reader, caller: Caller, params: Json) -> Json:
    """Handle ListInstanceProfiles."""
    path = params.get("PathPrefix", "/")
    found = instance_profiles.page(reader, caller.account, marker(params), page_size(params) + 1, path)
    return page("InstanceProfiles", found, params, lambda each: _show(reader, each), lambda each: each.name)


def list_for_role(reader: Reader, caller: Caller, params: Json) -> Json:
    """Handle ListInstanceProfilesForRole."""
    found = instance_profiles.of_role(reader, find_role(reader, caller, params["RoleName"]).arn)
    return page_of_all("InstanceProfiles", found, params, lambda each: _show(reader, each), lambda each: each.name)


def add_role(tx: Tx, caller: Caller, params: Json) -> None:
    """Handle AddRoleToInstanceProfile."""
    profile, role = _find(tx, caller, params), find_role(tx, caller, params["RoleName"])
    if profile.role is not None:
        raise LimitExceeded("Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1")
    instance_profiles.put(tx, replace(profile, role=role.arn))


def remove_role(tx: Tx, caller: Caller, params: Json) -> None:
    """Handle RemoveRoleFromInstanceProfile."""
    profile, role = _find(tx, caller, params), find_role(tx, caller, params["RoleName"])
    if profile.role != role.arn:
        raise NoSuchEntity(f"The role with name {role.name} cannot be found.")
    instance_profiles.put(tx, replace(profile, role=None))


def delete_profile(tx: Tx, caller: Caller, params: Json) -> None:
    """Handle DeleteInstanceProfile."""
    profile = _find(tx, caller, params)
    if profile.role is not None:
        raise DeleteConflict("Cannot delete entity, must remove roles from instance profile first.")
    instance_profiles.delete(tx, profile.arn)


def list_tags(reader: Reader, caller: Caller, params: Json) -> Json:
    """Handle ListInstanceProfileTags."""
    return {"Tags": TAGS.format.write(_find(reader, caller, params).tags), "IsTruncated": False}


def _find(reader: Reader, caller: Caller, params: Json) -> ProfileRow:
    name = params["InstanceProfileName"]
    found = instance_profiles.get(reader, caller.account, name)
    return require(found, lambda: NoSuchEntity(f"Instance Profile {name} cannot be found."))


def _show(reader: Reader, profile: ProfileRow) -> Json:
    role = roles.by_arn(reader, profile.role) if profile.role else None
    return {
        "Path": profile.path,
        "InstanceProfileName": profile.name,
        "InstanceProfileId": profile.profile_id,
        "Arn": profile.arn,
        "CreateDate": profile.created // 1000,
        "Roles": [] if role is None else [show_role(role)],
        **shown_tags(profile.tags),
    }
