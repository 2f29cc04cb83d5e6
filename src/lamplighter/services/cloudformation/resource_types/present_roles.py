"""Read the properties that roles and managed policies have now.

Other resources of a stack, such as AWS::IAM::Policy, add policies to a role, too: only a policy of the template that is
missing or changed is a difference. See
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-stack-drift.html.
"""

from collections.abc import Mapping
from urllib.parse import unquote

from lamplighter.base.json_text import Json
from lamplighter.services.cloudformation.resource_types import iam
from lamplighter.services.cloudformation.resource_types.read_properties import PresentProperties, call_if_found, pick
from lamplighter.services.cloudformation.resource_types.resource_type import Plan, Properties, ResourceRequest

ROLE_NAMES = ("RoleName", *iam.ROLE_PROPERTIES, "Policies", "ManagedPolicyArns", "Tags")
MANAGED_NAMES = ("ManagedPolicyName", "Path", "Description", "PolicyDocument", "Tags")


def _role(request: ResourceRequest) -> Plan[Properties | None]:
    named = {"RoleName": request.physical}
    found = (yield "GetRole", named)["Role"]
    boundary = found.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn")
    attached = (yield "ListAttachedRolePolicies", named).get("AttachedPolicies", [])
    arns = {each["PolicyArn"] for each in attached}
    return {
        **pick(found, ROLE_NAMES),
        "AssumeRolePolicyDocument": unquote(found["AssumeRolePolicyDocument"]),
        "PermissionsBoundary": boundary,
        "Policies": (yield from _inline_policies(request)),
        "ManagedPolicyArns": [each for each in request.get("ManagedPolicyArns", []) if each in arns],
    }


def _inline_policies(request: ResourceRequest) -> Plan[Json]:
    """Return the policies of the template that the role has."""
    found = []
    for wanted in request.get("Policies", []):
        named = {"RoleName": request.physical, "PolicyName": wanted["PolicyName"]}
        answer = yield from call_if_found("GetRolePolicy", named)
        if answer is not None:
            found.append({"PolicyName": wanted["PolicyName"], "PolicyDocument": unquote(answer["PolicyDocument"])})
    return found


def _managed_policy(request: ResourceRequest) -> Plan[Properties | None]:
    found = (yield "GetPolicy", {"PolicyArn": request.physical})["Policy"]
    version = {"PolicyArn": request.physical, "VersionId": found["DefaultVersionId"]}
    document = (yield "GetPolicyVersion", version)["PolicyVersion"]["Document"]
    named = pick(found, MANAGED_NAMES, ManagedPolicyName="PolicyName")
    return {**named, "PolicyDocument": unquote(document)}


KINDS: Mapping[str, PresentProperties] = {
    "AWS::IAM::Role": PresentProperties(ROLE_NAMES, _role),
    "AWS::IAM::ManagedPolicy": PresentProperties(MANAGED_NAMES, _managed_policy),
}
