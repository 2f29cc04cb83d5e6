"""Define the resource types of IAM: roles and their policies.

Users, groups and access keys are only recorded, because an engine has none; a policy's `Users` and `Groups` have no
effect. See https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_IAM.html.
"""

from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import unquote

from lamplighter.base.json_text import Json
from lamplighter.services.cloudformation.resource_types.read_properties import call_if_found, pick
from lamplighter.services.cloudformation.resource_types.resource_type import (
    CreatedResource,
    NameRule,
    Plan,
    PresentProperties,
    Properties,
    ResourceRequest,
    ResourceType,
    call_with_id,
    exists_by_call,
    update_tags,
)

ROLE_PROPERTIES = ("AssumeRolePolicyDocument", "Description", "MaxSessionDuration", "Path", "PermissionsBoundary")
ROLE_NAMES = ("RoleName", *ROLE_PROPERTIES, "Policies", "ManagedPolicyArns", "Tags")
MANAGED_NAMES = ("ManagedPolicyName", "Path", "Description", "PolicyDocument", "Tags")
"""The properties of roles and managed policies that are compared."""
DEFAULT_MAX_SESSION = 3600
MAX_VERSIONS = 5


# --- roles ------------------------------------------------------------------------------------------------------------


def _create_role(request: ResourceRequest) -> Plan[CreatedResource]:
    given = {**request.pick(*ROLE_PROPERTIES), **request.tag_parameter}
    role = (yield "CreateRole", {"RoleName": request.name, **given})["Role"]
    yield from _put_policies(replace(request, physical=request.name))
    return CreatedResource(request.name, {"Arn": role["Arn"], "RoleId": role["RoleId"]})


def _update_role(request: ResourceRequest) -> Plan[CreatedResource]:
    role = {"RoleName": request.physical}
    session = request.get("MaxSessionDuration", DEFAULT_MAX_SESSION)
    yield "UpdateRole", {**role, "Description": request.get("Description", ""), "MaxSessionDuration": session}
    yield "UpdateAssumeRolePolicy", {**role, "PolicyDocument": request.get("AssumeRolePolicyDocument")}
    boundary = request.get("PermissionsBoundary")
    if boundary is not None:
        yield "PutRolePermissionsBoundary", {**role, "PermissionsBoundary": boundary}
    elif request.before.get("PermissionsBoundary") is not None:
        yield "DeleteRolePermissionsBoundary", role
    yield from _put_policies(request)
    yield from update_tags(request, role, "Role")
    return request.unchanged


def _put_policies(request: ResourceRequest) -> Plan[None]:
    """Put the inline policies and attachments of a role, and remove those of the properties before."""
    role = {"RoleName": request.physical}
    wanted = {each["PolicyName"]: each["PolicyDocument"] for each in request.get("Policies", [])}
    before = {each["PolicyName"]: each["PolicyDocument"] for each in request.before.get("Policies") or []}
    for name, document in wanted.items():
        if before.get(name) != document:
            yield "PutRolePolicy", {**role, "PolicyName": name, "PolicyDocument": document}
    for name in before.keys() - wanted.keys():
        yield "DeleteRolePolicy", {**role, "PolicyName": name}
    attached, attached_before = request.get("ManagedPolicyArns", []), request.before.get("ManagedPolicyArns") or []
    for policy in attached_before:
        if policy not in attached:
            yield "DetachRolePolicy", {**role, "PolicyArn": policy}
    for policy in attached:
        if policy not in attached_before:
            yield "AttachRolePolicy", {**role, "PolicyArn": policy}


def _delete_role(request: ResourceRequest) -> Plan[object]:
    """Delete a role and what its own properties put into it; other policies keep it, as on AWS."""
    yield from _put_policies(replace(request, before=request.properties, properties={}))
    return (yield "DeleteRole", {"RoleName": request.physical})


def _read_role(request: ResourceRequest) -> Plan[Properties | None]:
    named = {"RoleName": request.physical}
    found = (yield "GetRole", named)["Role"]
    boundary = found.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn")
    attached = (yield "ListAttachedRolePolicies", named).get("AttachedPolicies", [])
    arns = {each["PolicyArn"] for each in attached}
    return {
        **pick(found, ROLE_NAMES),
        "AssumeRolePolicyDocument": unquote(found["AssumeRolePolicyDocument"]),
        "PermissionsBoundary": boundary,
        "Policies": (yield from _present_policies(request)),
        "ManagedPolicyArns": [each for each in request.get("ManagedPolicyArns", []) if each in arns],
    }


def _present_policies(request: ResourceRequest) -> Plan[Json]:
    """Return the policies of the template that the role has: other resources may add policies to it, too."""
    found = []
    for wanted in request.get("Policies", []):
        named = {"RoleName": request.physical, "PolicyName": wanted["PolicyName"]}
        answer = yield from call_if_found("GetRolePolicy", named)
        if answer is not None:
            found.append({"PolicyName": wanted["PolicyName"], "PolicyDocument": unquote(answer["PolicyDocument"])})
    return found


# --- policies of several roles ----------------------------------------------------------------------------------------


def _put_policy(request: ResourceRequest) -> Plan[CreatedResource]:
    """Put an inline policy into the roles of AWS::IAM::Policy, and remove it from those of the properties before."""
    name, wanted = request.get("PolicyName"), request.get("Roles", [])
    for role in wanted:
        yield "PutRolePolicy", {"RoleName": role, "PolicyName": name, "PolicyDocument": request.get("PolicyDocument")}
    for role in request.before.get("Roles") or []:
        if role not in wanted or request.before.get("PolicyName") != request.get("PolicyName"):
            yield "DeleteRolePolicy", {"RoleName": role, "PolicyName": request.before["PolicyName"]}
    physical = request.physical or request.name
    return CreatedResource(physical, {"Id": physical})


def _delete_policy(request: ResourceRequest) -> Plan[object]:
    for role in request.get("Roles", []):
        yield "DeleteRolePolicy", {"RoleName": role, "PolicyName": request.get("PolicyName")}
    return None


def _put_role_policy(request: ResourceRequest) -> Plan[CreatedResource]:
    yield "PutRolePolicy", request.pick("RoleName", "PolicyName", "PolicyDocument")
    return CreatedResource(request.physical or f"{request.get('PolicyName')}|{request.get('RoleName')}")


def _delete_role_policy(request: ResourceRequest) -> Plan[object]:
    return (yield "DeleteRolePolicy", request.pick("RoleName", "PolicyName"))


# --- managed policies -------------------------------------------------------------------------------------------------


def _create_managed(request: ResourceRequest) -> Plan[CreatedResource]:
    given = request.pick("Path", "PolicyDocument", "Description")
    policy = (yield "CreatePolicy", {"PolicyName": request.name, **given, **request.tag_parameter})["Policy"]
    yield from _attach(policy["Arn"], request.get("Roles", []), [])
    return CreatedResource(policy["Arn"], _managed_attributes(policy))


def _update_managed(request: ResourceRequest) -> Plan[CreatedResource]:
    policy = {"PolicyArn": request.physical}
    if request.get("PolicyDocument") != request.before.get("PolicyDocument"):
        versions = (yield "ListPolicyVersions", policy).get("Versions", [])
        if len(versions) >= MAX_VERSIONS:
            oldest = [each["VersionId"] for each in versions if not each["IsDefaultVersion"]][-1]
            yield "DeletePolicyVersion", {**policy, "VersionId": oldest}
        given = {"PolicyDocument": request.get("PolicyDocument"), "SetAsDefault": True}
        yield "CreatePolicyVersion", {**policy, **given}
    yield from _attach(request.physical, request.get("Roles", []), request.before.get("Roles") or [])
    yield from update_tags(request, policy, "Policy")
    found = (yield "GetPolicy", policy)["Policy"]
    return CreatedResource(request.physical, _managed_attributes(found))


def _attach(policy: str, wanted: list[Json], before: list[Json]) -> Plan[None]:
    for role in before:
        if role not in wanted:
            yield "DetachRolePolicy", {"RoleName": role, "PolicyArn": policy}
    for role in wanted:
        if role not in before:
            yield "AttachRolePolicy", {"RoleName": role, "PolicyArn": policy}


def _managed_attributes(policy: Json) -> dict[str, Json]:
    names = ("AttachmentCount", "CreateDate", "DefaultVersionId", "IsAttachable", "PermissionsBoundaryUsageCount")
    found = {name: policy[name] for name in (*names, "PolicyId", "UpdateDate")}
    return {"PolicyArn": policy["Arn"], **found}


def _delete_managed(request: ResourceRequest) -> Plan[object]:
    policy = {"PolicyArn": request.physical}
    yield from _attach(request.physical, [], request.get("Roles", []))
    for each in (yield "ListPolicyVersions", policy)["Versions"]:
        if not each["IsDefaultVersion"]:
            yield "DeletePolicyVersion", {**policy, "VersionId": each["VersionId"]}
    return (yield "DeletePolicy", policy)


# --- service-linked roles --------------------------------------------------------------------------------------------


def _read_managed(request: ResourceRequest) -> Plan[Properties | None]:
    found = (yield "GetPolicy", {"PolicyArn": request.physical})["Policy"]
    version = {"PolicyArn": request.physical, "VersionId": found["DefaultVersionId"]}
    document = (yield "GetPolicyVersion", version)["PolicyVersion"]["Document"]
    named = pick(found, MANAGED_NAMES, ManagedPolicyName="PolicyName")
    return {**named, "PolicyDocument": unquote(document)}


def _create_linked_role(request: ResourceRequest) -> Plan[CreatedResource]:
    role = (yield "CreateServiceLinkedRole", request.pick("AWSServiceName", "CustomSuffix", "Description"))["Role"]
    return CreatedResource(role["RoleName"], {"RoleName": role["RoleName"]})


KINDS: Mapping[str, ResourceType] = {
    "AWS::IAM::Role": ResourceType(
        _create_role,
        _update_role,
        _delete_role,
        NameRule("RoleName", 64),
        exists=exists_by_call("GetRole", "RoleName"),
        present=PresentProperties(ROLE_NAMES, _read_role),
    ),
    "AWS::IAM::Policy": ResourceType(
        _put_policy,
        _put_policy,
        _delete_policy,
        NameRule(None, 128),
        without_effect=("Groups", "Users"),
    ),
    "AWS::IAM::RolePolicy": ResourceType(_put_role_policy, _put_role_policy, _delete_role_policy),
    "AWS::IAM::ManagedPolicy": ResourceType(
        _create_managed,
        _update_managed,
        _delete_managed,
        NameRule("ManagedPolicyName", 128),
        without_effect=("Groups", "Users"),
        exists=exists_by_call("GetPolicy", "PolicyArn"),
        present=PresentProperties(MANAGED_NAMES, _read_managed),
    ),
    "AWS::IAM::ServiceLinkedRole": ResourceType(
        _create_linked_role,
        call_with_id("UpdateRoleDescription", "RoleName", "Description"),
        call_with_id("DeleteServiceLinkedRole", "RoleName"),
        NameRule(None, 64),
        exists=exists_by_call("GetRole", "RoleName"),
    ),
}
