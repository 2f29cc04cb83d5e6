"""Valid requests of IAM."""

from lamplighter.base.json_text import Json, dumps
from tests.fuzz.known_texts import ACCOUNT

SERVICE_ROLE: Json = {"RoleName": "AWSServiceRoleForECS"}
ROLE: Json = {"RoleName": "a"}
POLICY: Json = {"PolicyArn": f"arn:aws:iam::{ACCOUNT}:policy/a"}
TAGS: Json = {"Tags": [{"Key": "a", "Value": "b"}]}


def _document(**statement: Json) -> str:
    return dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement}]})


TRUST = _document(Principal={"AWS": ACCOUNT}, Action="sts:AssumeRole")
DOCUMENT = _document(Action="sqs:*", Resource="*")

BEGIN: list[tuple[str, Json]] = [
    ("CreateRole", {**ROLE, "AssumeRolePolicyDocument": TRUST}),
    ("GetRole", ROLE),
    ("ListRoles", {}),
    ("UpdateRole", ROLE),
    ("UpdateRoleDescription", {**ROLE, "Description": "a"}),
    ("UpdateAssumeRolePolicy", {**ROLE, "PolicyDocument": TRUST}),
    ("TagRole", {**ROLE, **TAGS}),
    ("ListRoleTags", ROLE),
    ("PutRolePolicy", {**ROLE, "PolicyName": "a", "PolicyDocument": DOCUMENT}),
    ("GetRolePolicy", {**ROLE, "PolicyName": "a"}),
    ("ListRolePolicies", ROLE),
    ("CreatePolicy", {"PolicyName": "a", "PolicyDocument": DOCUMENT}),
    ("CreatePolicyVersion", {**POLICY, "PolicyDocument": DOCUMENT}),
    ("GetPolicy", POLICY),
    ("GetPolicyVersion", {**POLICY, "VersionId": "v2"}),
    ("ListPolicies", {}),
    ("ListPolicyVersions", POLICY),
    ("SetDefaultPolicyVersion", {**POLICY, "VersionId": "v2"}),
    ("TagPolicy", {**POLICY, **TAGS}),
    ("ListPolicyTags", POLICY),
    ("AttachRolePolicy", {**ROLE, **POLICY}),
    ("ListAttachedRolePolicies", ROLE),
    ("ListEntitiesForPolicy", POLICY),
    ("PutRolePermissionsBoundary", {**ROLE, "PermissionsBoundary": POLICY["PolicyArn"]}),
    ("ListInstanceProfilesForRole", ROLE),
    ("CreateServiceLinkedRole", {"AWSServiceName": "ecs.amazonaws.com"}),
    ("GetAccountSummary", {}),
    ("ListAccountAliases", {}),
    ("ListGroups", {}),
    ("ListUsers", {}),
    ("SimulateCustomPolicy", {"PolicyInputList": [DOCUMENT], "ActionNames": ["sqs:SendMessage"]}),
    (
        "SimulatePrincipalPolicy",
        {"PolicySourceArn": f"arn:aws:iam::{ACCOUNT}:role/a", "ActionNames": ["sqs:SendMessage"]},
    ),
]
END: list[tuple[str, Json]] = [
    ("DeleteServiceLinkedRole", SERVICE_ROLE),
    ("GetServiceLinkedRoleDeletionStatus", {"DeletionTaskId": "task/aws-service-role/ecs.amazonaws.com/a/0123"}),
    ("DeleteRolePermissionsBoundary", ROLE),
    ("DetachRolePolicy", {**ROLE, **POLICY}),
    ("UntagPolicy", {**POLICY, "TagKeys": ["a"]}),
    ("DeletePolicyVersion", {**POLICY, "VersionId": "v1"}),
    ("DeletePolicy", POLICY),
    ("DeleteRolePolicy", {**ROLE, "PolicyName": "a"}),
    ("UntagRole", {**ROLE, "TagKeys": ["a"]}),
    ("DeleteRole", ROLE),
]
