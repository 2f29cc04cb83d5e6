"""Compute the condition keys of a request: the global ones, and those of each service.

A key that the engine does not know has no value, so that most conditions on it do not hold, as on AWS. The tags of the
resource are in `resource_tags.py`. See https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html.
"""

from collections.abc import Mapping

from lamplighter.base.aws.role_session import RoleSession
from lamplighter.base.json_text import Json
from lamplighter.base.world import format_iso_time
from lamplighter.bus import Caller
from lamplighter.lang.iam_policy.text_patterns import ContextValue
from lamplighter.services.iam.access.resource_rules import cluster_arn
from lamplighter.services.iam.access.tag_lists import as_tags

CLUSTER_OPERATIONS = ("DescribeTasks", "ExecuteCommand", "ListTasks", "RunTask", "StopTask")
"""The operations of ECS that are about a cluster: the default one, if the request names none."""
CLOUDWATCH, EVENTBRIDGE = "cloudwatch.amazonaws.com", "events.amazonaws.com"


S3_KEYS: Mapping[str, str] = {
    "s3:prefix": "Prefix",
    "s3:delimiter": "Delimiter",
    "s3:max-keys": "MaxKeys",
    "s3:versionid": "VersionId",
    "s3:x-amz-acl": "ACL",
    "s3:x-amz-copy-source": "CopySource",
    "s3:x-amz-metadata-directive": "MetadataDirective",
    "s3:x-amz-server-side-encryption": "ServerSideEncryption",
    "s3:x-amz-server-side-encryption-aws-kms-key-id": "SSEKMSKeyId",
    "s3:x-amz-storage-class": "StorageClass",
}
STACK_KEYS: Mapping[str, str] = {
    "cloudformation:changesetname": "ChangeSetName",
    "cloudformation:rolearn": "RoleARN",
    "cloudformation:stackpolicyurl": "StackPolicyURL",
    "cloudformation:templateurl": "TemplateURL",
}
SECRET_KEYS: Mapping[str, str] = {
    "secretsmanager:name": "Name",
    "secretsmanager:secretid": "SecretId",
    "secretsmanager:versionid": "VersionId",
    "secretsmanager:versionstage": "VersionStage",
    "secretsmanager:kmskeyid": "KmsKeyId",
}
"""Condition keys whose values are parameters of the request."""


def principal_keys(caller: Caller, session: RoleSession, now: int) -> dict[str, ContextValue]:
    """Return the global condition keys of a call under a role; `now` is in milliseconds."""
    found: dict[str, ContextValue] = {
        "aws:principalarn": session.role,
        "aws:principalaccount": session.role.split(":")[4],
        "aws:principaltype": "AssumedRole",
        "aws:userid": f"{session.role_id}:{session.name}",
        "aws:requestedregion": caller.region,
        "aws:currenttime": format_iso_time(now),
        "aws:epochtime": str(now // 1000),
        "aws:viaawsservice": "true" if session.called_via else "false",
        "aws:principalisawsservice": "false",
        "aws:securetransport": "true",  # what a policy wants of AWS's addresses is no matter of this machine's
    }
    address = caller.signer.address if caller.signer is not None else ""
    if address and not session.called_via:
        found["aws:sourceip"] = address
    if not session.service and caller.signer is not None and caller.signer.is_temporary:
        found["aws:multifactorauthpresent"] = "false"
    if session.called_via:
        found["aws:calledvia"] = session.called_via
        found["aws:calledviafirst"], found["aws:calledvialast"] = session.called_via[0], session.called_via[-1]
    for name, value in session.tags:
        found[f"aws:principaltag/{name.lower()}"] = value
    return found


def keys_of_service(principal: str, service: str, source: str) -> dict[str, ContextValue]:
    """Return the condition keys of a call that a service makes for the resource `source`.

    EventBridge states no source to a topic: conditions on it are "not supported in Amazon SNS topic policies for
    EventBridge". CloudWatch states the owner of the alarm, which is why a topic's default policy allows its alarms.
    """
    found: dict[str, ContextValue] = {
        "aws:principalisawsservice": "true",
        "aws:principalservicename": principal,
        "aws:securetransport": "true",
    }
    if service == "sns" and principal == EVENTBRIDGE:
        return found
    account = source.split(":")[4]
    owner = {"aws:sourceowner": account} if principal == CLOUDWATCH else {}
    return {**found, "aws:sourcearn": source, "aws:sourceaccount": account, **owner}


def tag_keys(params: Json) -> dict[str, ContextValue]:
    """Return the condition keys of the tags in a request."""
    tags = request_tags(params)
    if not tags:
        keys = params.get("tagKeys") or params.get("TagKeys")
        return {"aws:tagkeys": tuple(keys)} if keys else {}
    return {
        **{f"aws:requesttag/{name.lower()}": value for name, value in tags.items()},
        "aws:tagkeys": tuple(tags),
    }


def request_tags(params: Json) -> dict[str, str]:
    """Return the tags in a request, however its service spells them."""
    given = params.get("tags") or params.get("Tags") or ()
    return as_tags(given)


def service_keys(service: str, operation: str, params: Json, caller: Caller) -> dict[str, ContextValue]:
    """Return the condition keys of a service for a request."""
    match service, operation:
        case "ecs", _ if "cluster" in params or operation in CLUSTER_OPERATIONS:
            return _ecs_keys(operation, params, caller)
        case "http", _:
            return {
                "states:httpendpoint": str(params.get("ApiEndpoint")),
                "states:httpmethod": str(params.get("Method")),
            }
        case "states", _:
            parts = str(params.get("stateMachineArn", "")).split(":")
            return {"states:statemachinequalifier": parts[7]} if len(parts) == 8 else {}
        case "events", "PutTargets":
            return {"events:targetarn": tuple(str(each.get("Arn")) for each in params.get("Targets", []))}
        case "events", "PutEvents":
            entries = params.get("Entries", [])
            return {
                "events:source": tuple(str(each.get("Source")) for each in entries),
                "events:detail-type": tuple(str(each.get("DetailType")) for each in entries),
            }
        case "sns", "Subscribe":
            return {"sns:protocol": str(params.get("Protocol")), "sns:endpoint": str(params.get("Endpoint", ""))}
        case "monitoring", "PutMetricData":
            return {"cloudwatch:namespace": str(params.get("Namespace"))}
        case _:
            return _identity_keys(service, operation, params)


def _ecs_keys(operation: str, params: Json, caller: Caller) -> dict[str, ContextValue]:
    found: dict[str, ContextValue] = {"ecs:cluster": cluster_arn(params, caller)}
    if operation == "RunTask":
        found["ecs:enable-execute-command"] = str(bool(params.get("enableExecuteCommand"))).lower()
    return found


def _identity_keys(service: str, operation: str, params: Json) -> dict[str, ContextValue]:
    match service, operation:
        case "iam", "CreateRole" | "PutRolePermissionsBoundary":
            found = {"iam:permissionsboundary": params.get("PermissionsBoundary")}
        case "iam", "AttachRolePolicy" | "DetachRolePolicy":
            found = {"iam:policyarn": params.get("PolicyArn")}
        case "iam", "CreateServiceLinkedRole":
            found = {"iam:awsservicename": params.get("AWSServiceName")}
        case "sts", "AssumeRole":
            names = {"sts:externalid": "ExternalId", "sts:rolesessionname": "RoleSessionName"}
            found = {key: params.get(name) for key, name in {**names, "sts:sourceidentity": "SourceIdentity"}.items()}
        case "s3", _:
            found = {key: params.get(name) for key, name in S3_KEYS.items()}
        case "cloudformation", _:
            found = {key: params.get(name) for key, name in STACK_KEYS.items()}
        case "secretsmanager", _:
            found = {key: params.get(name) for key, name in SECRET_KEYS.items()}
        case "ssm", "PutParameter":
            found = {"ssm:overwrite": str(bool(params.get("Overwrite"))).lower()}
        case "ssm", "GetParametersByPath":
            found = {"ssm:recursive": str(bool(params.get("Recursive"))).lower()}
        case _:
            return {}
    return {key: str(value) for key, value in found.items() if value is not None}
