"""Compute the condition keys of a request: the global ones, and those of each service.

`aws:ResourceTag` is not among them: it would need the tags of every resource at every call. A condition on it does not
hold. See https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html.
"""

from lamplighter.base.json_text import Json
from lamplighter.base.role_session import RoleSession
from lamplighter.base.world import format_iso_time
from lamplighter.bus import Caller
from lamplighter.lang.iam_policy.text_patterns import ContextValue
from lamplighter.services.iam.access.resource_rules import cluster_arn

CLOUDWATCH, EVENTBRIDGE = "cloudwatch.amazonaws.com", "events.amazonaws.com"


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
    }
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
    if isinstance(given, dict):
        return {str(name): str(value) for name, value in given.items()}
    pairs = ((each.get("key", each.get("Key")), each.get("value", each.get("Value", ""))) for each in given)
    return {str(name): str(value) for name, value in pairs if name is not None}


def service_keys(service: str, operation: str, params: Json, caller: Caller) -> dict[str, ContextValue]:
    """Return the condition keys of a service for a request."""
    match service, operation:
        case "ecs", "RunTask" | "StopTask" | "DescribeTasks" | "ListTasks":
            return {"ecs:cluster": cluster_arn(params, caller)}
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
        case "s3", "ListObjectsV2" | "ListObjects":
            found = {"s3:prefix": params.get("Prefix"), "s3:delimiter": params.get("Delimiter")}
        case _:
            return {}
    return {key: str(value) for key, value in found.items() if value is not None}
