"""List the permissions that a call needs: its own action on each resource, tags of a new resource, and passed roles.

See https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html:
"some operations require several different actions".
"""

from base64 import b64decode
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json, loads
from lamplighter.bus import Bus, Caller
from lamplighter.lang.iam_policy.text_patterns import ContextValue
from lamplighter.services.iam.access import iam_resources
from lamplighter.services.iam.access.condition_keys import request_tags, service_keys, tag_keys
from lamplighter.services.iam.access.needed_permission import Permission, ResourceRule, named, no_resource
from lamplighter.services.iam.access.passed_roles import TASKS, passed_roles, task_roles
from lamplighter.services.iam.access.resource_rules import ACTIONS, PREFIXES, RESOURCE_RULES, cluster_arn, group_arn
from lamplighter.services.iam.access.resource_tags import tags_of
from lamplighter.services.iam.access.storage_permissions import storage_permissions
from lamplighter.services.iam.access.storage_rules import secret_arn
from lamplighter.store.db import Reader

FREE_OPERATIONS = frozenset({("sts", "GetCallerIdentity"), ("sts", "GetSessionToken")})
"""Operations that need no permission: "no permissions are required to perform this operation"."""
CREATE_OPERATIONS = ("Create", "Register", "RunTask", "PutRule", "PutMetricAlarm", "PutCompositeAlarm", "PutParameter")
TAG_ACTIONS = {"sqs": "TagQueue", "ssm": "AddTagsToResource", "s3": "PutBucketTagging"}
"""The actions that tag new resources, if they are not TagResource."""
TARGETS = "events.targets"
"""EventBridge's own operations, with which it sends events to other buses and to API destinations."""
TARGET_ACTIONS: Mapping[str, tuple[str, ResourceRule]] = {
    "PutEventOnBus": ("events:PutEvents", named("events", "bus", "event-bus/{}")),
    "InvokeApiDestination": ("events:InvokeApiDestination", named("events", "destination")),
}
COMMAND = "lamplighter:command"
"""The protocol of a subscription that runs a command on this machine, as a task without an image does."""
MAX_DEFINITIONS = 4_096


@dataclass(frozen=True, slots=True)
class CallNeeds:
    """What a call needs."""

    permissions: list[Permission]
    trusted_roles: list[tuple[str, str]] = field(default_factory=list)
    """The roles that a service assumes at once because of the call, each with the service."""


class NeededPermissions:
    """Lists permissions; remembers the roles of task definitions, whose revisions never change."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._definitions: dict[str, Json] = {}

    def of_call(self, reader: Reader, caller: Caller, service: str, operation: str, params: Json) -> CallNeeds:
        """Return what a call needs."""
        context: dict[str, ContextValue] = {**service_keys(service, operation, params, caller), **tag_keys(params)}
        if (service, operation) == (TARGETS, "PutLogEvent"):
            stream = f"{group_arn(params['group'], caller)}:log-stream:{params['stream']}"
            return CallNeeds([Permission(f"logs:{each}", stream) for each in ("CreateLogStream", "PutLogEvents")])
        if (service, operation) == ("ecs", "RunTask"):
            return self._of_run_task(reader, caller, params, context)
        resources = _resources(self._bus, reader, caller, service, operation, params)
        action, find_secrets = action_of(service, operation), partial(self._find_secrets, reader, caller)
        pairs = storage_permissions(service, operation, params, action, resources, find_secrets)
        permissions = [Permission(*each, context) for each in pairs]
        if service == "http":
            permissions.append(Permission("events:RetrieveConnectionCredentials", _connection(params)))
        elif operation.startswith(CREATE_OPERATIONS) and request_tags(params):
            permissions += _of_tags(service, operation, resources, context)
        if (service, operation) == ("sts", "AssumeRole"):
            permissions += [Permission(each, params["RoleArn"], context) for each in session_actions(params)]
        if (service, operation) == ("states", "TestState") and params.get("revealSecrets"):
            permissions.append(Permission("states:RevealSecrets", "*"))
        if (service, operation) in (("sqs", "StartMessageMoveTask"), ("sqs", "CancelMessageMoveTask")):
            permissions += _of_moving(resources[0], params, context)
        if (service, operation) == ("sns", "Subscribe") and params.get("Protocol") == COMMAND:
            permissions += [Permission(each, "*") for each in ("ecs:RegisterTaskDefinition", "ecs:RunTask")]
        for role, to in passed_roles(service, operation, params):
            permissions.append(Permission("iam:PassRole", role, {"iam:passedtoservice": to}))
        return CallNeeds(permissions)

    def _find_secrets(self, reader: Reader, caller: Caller, names: list[str]) -> list[str]:
        """Return the ARNs of secrets, or those of all secrets if there are no names."""
        if names:
            return [self._secret_arn(reader, caller, each) for each in names]
        return list(self._bus.read(reader, caller, "secretsmanager", "FindArns", {})["ARNs"])

    def _secret_arn(self, reader: Reader, caller: Caller, secret: str) -> str:
        """Return the whole ARN of a secret: a call may name it by its name, or by an ARN without the suffix."""
        try:
            answer = self._bus.read(reader, caller, "secretsmanager", "FindArn", {"SecretId": secret})
        except AwsError:
            return secret_arn(secret, caller)
        return str(answer["ARN"])

    def _of_run_task(self, reader: Reader, caller: Caller, params: Json, context: dict[str, ContextValue]) -> CallNeeds:
        """Return what RunTask needs: its own action, the roles that it passes, and the tags that it adds."""
        definition = self._definition(reader, caller, params)
        resource = definition.get("taskDefinitionArn") or next(iter(RESOURCE_RULES["ecs"]["RunTask"](params, caller)))
        roles = task_roles(params, definition)
        permissions = [Permission("ecs:RunTask", resource, context)]
        permissions += [Permission("iam:PassRole", role, {"iam:passedtoservice": TASKS}) for role in roles]
        if request_tags(params) or self._propagates_tags(reader, caller, params, resource):
            tasks = f"{cluster_arn(params, caller).replace(':cluster/', ':task/', 1)}/*"
            permissions.append(Permission("ecs:TagResource", tasks, {**context, "ecs:createaction": "RunTask"}))
        return CallNeeds(permissions, [(role, TASKS) for role in roles])

    def _propagates_tags(self, reader: Reader, caller: Caller, params: Json, definition: str) -> bool:
        """Return whether tasks get tags of their definition: TagResource "is only evaluated if tags are applied"."""
        propagated = params.get("propagateTags") == "TASK_DEFINITION"
        return propagated and bool(tags_of(self._bus, reader, caller, definition))

    def _definition(self, reader: Reader, caller: Caller, params: Json) -> Json:
        """Return the ARN and the roles of a task definition; nothing if there is none, which RunTask itself reports."""
        name = str(params.get("taskDefinition", ""))
        found = self._definitions.get(name)
        if found is None:
            try:
                answer = self._bus.read(reader, caller, "ecs", "DescribeTaskDefinition", {"taskDefinition": name})
            except AwsError:
                return {}
            whole = answer["taskDefinition"]
            found = {each: whole.get(each) for each in ("taskDefinitionArn", "taskRoleArn", "executionRoleArn")}
            if name == found["taskDefinitionArn"]:  # a family alone means its latest revision
                if len(self._definitions) >= MAX_DEFINITIONS:
                    self._definitions.clear()
                self._definitions[name] = found
        return found


def _resources(bus: Bus, reader: Reader, caller: Caller, service: str, operation: str, params: Json) -> list[str]:
    """Return the ARNs of the resources of a call's own action."""
    if service == "iam":
        return [iam_resources.iam_resource(reader, caller, operation, params)]
    found = _found_resources(partial(bus.read, reader, caller, service), service, operation, params)
    if found:
        return found
    if service == "http":
        return [(caller.session.source if caller.session is not None else "") or "*"]
    rule = (
        TARGET_ACTIONS[operation][1]
        if service == TARGETS
        else RESOURCE_RULES.get(service, {}).get(operation, no_resource)
    )
    return list(rule(params, caller))


def _found_resources(read: Callable[[str, Json], Json], service: str, operation: str, params: Json) -> list[str]:
    """Return the resources that a call finds without naming them: by a prefix, a pointer, or something within them.

    The stack of a change set's ARN counts, and not a StackName that the request has, too.
    """
    try:
        match service, operation:
            case "cloudformation", _ if str(params.get("ChangeSetName", "")).startswith("arn:"):
                return [read("DescribeChangeSet", {"ChangeSetName": params["ChangeSetName"]})["StackId"]]
            case "cloudformation", "DescribeStackResources" if not params.get("StackName"):
                return [each["StackId"] for each in read(operation, params)["StackResources"][:1]]
            case "sqs", "CancelMessageMoveTask":
                return [str(loads(b64decode(params["TaskHandle"]))["sourceArn"])]
    except (AwsError, ValueError, KeyError, TypeError):  # the operation refuses it, too
        pass
    return []


def is_decided(service: str, operation: str) -> bool:
    """Return whether IAM decides about an operation; it does not know the engine's own services."""
    known = service in RESOURCE_RULES or service in ("iam", "http")
    if service == TARGETS:
        return operation in TARGET_ACTIONS
    return known and (service, operation) not in FREE_OPERATIONS


def action_of(service: str, operation: str) -> str:
    """Return the action of an operation as policies spell it."""
    if service == "http":
        return "states:InvokeHTTPEndpoint"
    if service == TARGETS:
        return TARGET_ACTIONS[operation][0]
    prefix = PREFIXES.get(service, service)
    return f"{prefix}:{ACTIONS.get(service, {}).get(operation, operation)}"


def _of_tags(
    service: str, operation: str, resources: list[str], context: dict[str, ContextValue]
) -> Iterator[Permission]:
    if service == "iam":
        action = f"iam:Tag{operation.removeprefix('Create')}"
    else:
        action = f"{PREFIXES.get(service, service)}:{TAG_ACTIONS.get(service, 'TagResource')}"
    keys = {**context, "ecs:createaction": operation} if service == "ecs" else context
    yield from (Permission(action, each, keys) for each in resources)


def session_actions(params: Json) -> list[str]:
    """Return the actions that an AssumeRole needs besides its own."""
    tagged = ["sts:TagSession"] if params.get("Tags") or params.get("TransitiveTagKeys") else []
    return [*tagged, *(["sts:SetSourceIdentity"] if params.get("SourceIdentity") else [])]


def _of_moving(source: str, params: Json, context: dict[str, ContextValue]) -> Iterator[Permission]:
    """Yield what moving messages from a dead-letter queue needs, and what the end of that needs."""
    for name in ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes"):
        yield Permission(f"sqs:{name}", source, context)
    if params.get("DestinationArn"):
        yield Permission("sqs:SendMessage", params["DestinationArn"], context)


def _connection(params: Json) -> str:
    for part in ("Authentication", "InvocationConfig"):
        found = params.get(part)
        if isinstance(found, dict) and isinstance(found.get("ConnectionArn"), str):
            return str(found["ConnectionArn"])
    return "*"
