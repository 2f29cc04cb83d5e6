"""Define the resource types of EventBridge.

See https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_Events.html.
"""

from collections.abc import Generator, Mapping

from lamplighter.base.json_text import Json, dumps, loads
from lamplighter.services.cloudformation.errors import ResourceFailed
from lamplighter.services.cloudformation.resource_types.resource_type import (
    CreatedResource,
    CreatePlan,
    DeletePlan,
    ExistsPlan,
    ResourceRequest,
    ResourceType,
    ServiceCall,
    delete_by_calls,
    lamplighter_metadata,
    update_tags,
)

RULE_PROPERTIES = ("Description", "EventPattern", "RoleArn", "ScheduleExpression", "State", "EventBusName")
MAX_TARGETS_PER_CALL = 10
"""The most targets of one PutTargets or RemoveTargets call."""


def _bus_parameter(request: ResourceRequest) -> Mapping[str, Json]:
    return request.pick("EventBusName")


def _rule_name(request: ResourceRequest) -> str:
    """Return the name of a rule; Ref of a rule on a custom event bus is `bus|rule`."""
    return request.physical.rpartition("|")[2]


def _create_rule(request: ResourceRequest) -> CreatePlan:
    name = request.name
    tags = {"Tags": list(request.tags)} if request.tags else {}
    answer = yield ServiceCall("events", "PutRule", {"Name": name, **request.pick(*RULE_PROPERTIES), **tags})
    yield from _put_targets(request, name)
    yield from _annotate(request, name)
    bus = str(request.get("EventBusName", "default")).rpartition("/")[2]
    return CreatedResource(name if bus == "default" else f"{bus}|{name}", {"Arn": answer["RuleArn"], "RuleName": name})


def _annotate(request: ResourceRequest, name: str) -> Generator[ServiceCall, Json, None]:
    """Annotate a rule as its metadata states: with its job and its kind of alert.

    The metadata is `{Lamplighter: {Job: …, Pattern: …, …}}`.
    """
    annotation = lamplighter_metadata(request.metadata)
    if {"Job", "Pattern"} <= annotation.keys():
        yield ServiceCall("events", "SetMark", {"Name": name, **_bus_parameter(request), "Mark": dict(annotation)})


def _put_targets(request: ResourceRequest, name: str) -> Generator[ServiceCall, Json, None]:
    targets = request.get("Targets", [])
    for at in range(0, len(targets), MAX_TARGETS_PER_CALL):
        answer = yield ServiceCall(
            "events",
            "PutTargets",
            {"Rule": name, **_bus_parameter(request), "Targets": targets[at : at + MAX_TARGETS_PER_CALL]},
        )
        for failed in answer.get("FailedEntries", []):
            raise ResourceFailed(f"{failed['ErrorCode']}: {failed.get('ErrorMessage', '')}")


def _update_rule(request: ResourceRequest) -> CreatePlan:
    name = _rule_name(request)
    yield ServiceCall("events", "PutRule", {"Name": name, **request.pick(*RULE_PROPERTIES)})
    kept = {target.get("Id") for target in request.get("Targets", [])}
    removed = [target["Id"] for target in request.before.get("Targets", []) if target["Id"] not in kept]
    for at in range(0, len(removed), MAX_TARGETS_PER_CALL):
        yield ServiceCall(
            "events",
            "RemoveTargets",
            {"Rule": name, **_bus_parameter(request), "Ids": removed[at : at + MAX_TARGETS_PER_CALL]},
        )
    yield from _put_targets(request, name)
    yield from _annotate(request, name)
    yield from update_tags("events", request, {"ResourceARN": request.attributes["Arn"]}, "TagKeys")
    return CreatedResource(request.physical, request.attributes)


def _delete_rule(request: ResourceRequest) -> DeletePlan:
    name = _rule_name(request)
    ids = [target["Id"] for target in request.get("Targets", [])]
    for at in range(0, len(ids), MAX_TARGETS_PER_CALL):
        yield ServiceCall(
            "events",
            "RemoveTargets",
            {"Rule": name, **_bus_parameter(request), "Ids": ids[at : at + MAX_TARGETS_PER_CALL]},
        )
    yield ServiceCall("events", "DeleteRule", {"Name": name, **_bus_parameter(request)})


def _rule_exists(request: ResourceRequest) -> ExistsPlan:
    """Return whether a rule and all its targets exist."""
    name, existing = _rule_name(request), set[str]()
    yield ServiceCall("events", "DescribeRule", {"Name": name, **_bus_parameter(request)})
    token: Json = {}
    while True:
        answer = yield ServiceCall("events", "ListTargetsByRule", {"Rule": name, **_bus_parameter(request), **token})
        existing |= {target["Id"] for target in answer["Targets"]}
        if "NextToken" not in answer:
            return existing >= {target["Id"] for target in request.get("Targets", [])}
        token = {"NextToken": answer["NextToken"]}


BUS_PROPERTIES = ("EventSourceName", "Description", "KmsKeyIdentifier", "DeadLetterConfig", "LogConfig")


def _create_bus(request: ResourceRequest) -> CreatePlan:
    tags = {"Tags": list(request.tags)} if request.tags else {}
    answer = yield ServiceCall(
        "events", "CreateEventBus", {"Name": request.name, **request.pick(*BUS_PROPERTIES), **tags}
    )
    yield from _put_policy(request, request.name)
    return CreatedResource(
        request.name, {"Arn": answer["EventBusArn"], "Name": request.name, "Policy": dumps(request.get("Policy"))}
    )


def _put_policy(request: ResourceRequest, bus: str) -> Generator[ServiceCall, Json, None]:
    if "Policy" in request.properties:
        yield ServiceCall("events", "PutPermission", {"EventBusName": bus, "Policy": request.properties["Policy"]})
    elif "Policy" in request.before:
        yield ServiceCall("events", "RemovePermission", {"EventBusName": bus, "RemoveAllPermissions": True})


def _update_bus(request: ResourceRequest) -> CreatePlan:
    yield ServiceCall("events", "UpdateEventBus", {"Name": request.physical, **request.pick(*BUS_PROPERTIES[1:])})
    yield from _put_policy(request, request.physical)
    yield from update_tags("events", request, {"ResourceARN": request.attributes["Arn"]}, "TagKeys")
    return CreatedResource(request.physical, {**request.attributes, "Policy": dumps(request.get("Policy"))})


def _put_statement(request: ResourceRequest) -> CreatePlan:
    if "Statement" in request.properties:
        answer = yield ServiceCall("events", "DescribeEventBus", {"Name": request.get("EventBusName")})
        policy = loads(answer.get("Policy") or '{"Version":"2012-10-17","Statement":[]}')
        identified = {"Sid": request.get("StatementId"), **request.properties["Statement"]}
        others = [each for each in policy["Statement"] if each.get("Sid") != identified["Sid"]]
        whole = {**policy, "Statement": [*others, identified]}
        yield ServiceCall("events", "PutPermission", {**_bus_parameter(request), "Policy": whole})
    else:
        given = request.pick("EventBusName", "StatementId", "Action", "Principal", "Condition")
        yield ServiceCall("events", "PutPermission", given)
    return CreatedResource(request.physical or request.name)


ARCHIVE_PROPERTIES = ("Description", "EventPattern", "RetentionDays", "KmsKeyIdentifier")


def _create_archive(request: ResourceRequest) -> CreatePlan:
    given = {
        "ArchiveName": request.name,
        "EventSourceArn": request.get("SourceArn"),
        **request.pick(*ARCHIVE_PROPERTIES),
    }
    answer = yield ServiceCall("events", "CreateArchive", given)
    return CreatedResource(request.name, {"Arn": answer["ArchiveArn"], "ArchiveName": request.name})


def _update_archive(request: ResourceRequest) -> CreatePlan:
    yield ServiceCall("events", "UpdateArchive", {"ArchiveName": request.physical, **request.pick(*ARCHIVE_PROPERTIES)})
    return CreatedResource(request.physical, request.attributes)


CONNECTION_PROPERTIES = (
    "Description", "AuthorizationType", "AuthParameters", "InvocationConnectivityParameters", "KmsKeyIdentifier"
)  # fmt: skip


def _create_connection(request: ResourceRequest) -> CreatePlan:
    answer = yield ServiceCall(
        "events", "CreateConnection", {"Name": request.name, **request.pick(*CONNECTION_PROPERTIES)}
    )
    key = answer["ConnectionArn"]
    described = yield ServiceCall("events", "DescribeConnection", {"Name": request.name})
    # "The ARN of the connection, without its UUID": policies use this form.
    short = key.rpartition("/")[0]
    return CreatedResource(
        request.name, {"Arn": key, "ArnForPolicy": short, "SecretArn": described.get("SecretArn", "")}
    )


def _update_connection(request: ResourceRequest) -> CreatePlan:
    yield ServiceCall("events", "UpdateConnection", {"Name": request.physical, **request.pick(*CONNECTION_PROPERTIES)})
    return CreatedResource(request.physical, request.attributes)


DESTINATION_PROPERTIES = (
    "Description",
    "ConnectionArn",
    "HttpMethod",
    "InvocationEndpoint",
    "InvocationRateLimitPerSecond",
)


def _create_destination(request: ResourceRequest) -> CreatePlan:
    answer = yield ServiceCall(
        "events", "CreateApiDestination", {"Name": request.name, **request.pick(*DESTINATION_PROPERTIES)}
    )
    key = answer["ApiDestinationArn"]
    return CreatedResource(request.name, {"Arn": key, "ArnForPolicy": key.rpartition("/")[0]})


def _update_destination(request: ResourceRequest) -> CreatePlan:
    yield ServiceCall(
        "events", "UpdateApiDestination", {"Name": request.physical, **request.pick(*DESTINATION_PROPERTIES)}
    )
    return CreatedResource(request.physical, request.attributes)


KINDS: Mapping[str, ResourceType] = {
    "AWS::Events::Rule": ResourceType(
        _create_rule,
        _update_rule,
        _delete_rule,
        name_property="Name",
        max_name_length=64,
        replacement_properties=frozenset({"Name", "EventBusName"}),
        exists=_rule_exists,
        attributes=frozenset({"Arn", "RuleName"}),
    ),
    "AWS::Events::EventBus": ResourceType(
        _create_bus,
        _update_bus,
        delete_by_calls(lambda asked: ServiceCall("events", "DeleteEventBus", {"Name": asked.physical})),
        name_property="Name",
        max_name_length=256,
        replacement_properties=frozenset({"Name", "EventSourceName"}),
        attributes=frozenset({"Arn", "Name", "Policy"}),
    ),
    "AWS::Events::EventBusPolicy": ResourceType(
        _put_statement,
        _put_statement,
        delete_by_calls(
            lambda asked: ServiceCall(
                "events", "RemovePermission", {**_bus_parameter(asked), "StatementId": asked.properties["StatementId"]}
            )
        ),
        replacement_properties=frozenset({"EventBusName", "StatementId"}),
    ),
    "AWS::Events::Archive": ResourceType(
        _create_archive,
        _update_archive,
        delete_by_calls(lambda asked: ServiceCall("events", "DeleteArchive", {"ArchiveName": asked.physical})),
        name_property="ArchiveName",
        max_name_length=48,
        replacement_properties=frozenset({"ArchiveName", "SourceArn"}),
        attributes=frozenset({"Arn", "ArchiveName"}),
    ),
    "AWS::Events::Connection": ResourceType(
        _create_connection,
        _update_connection,
        delete_by_calls(lambda asked: ServiceCall("events", "DeleteConnection", {"Name": asked.physical})),
        name_property="Name",
        max_name_length=64,
        replacement_properties=frozenset({"Name"}),
        attributes=frozenset({"Arn", "ArnForPolicy", "SecretArn"}),
    ),
    "AWS::Events::ApiDestination": ResourceType(
        _create_destination,
        _update_destination,
        delete_by_calls(lambda asked: ServiceCall("events", "DeleteApiDestination", {"Name": asked.physical})),
        name_property="Name",
        max_name_length=64,
        replacement_properties=frozenset({"Name"}),
        attributes=frozenset({"Arn", "ArnForPolicy"}),
    ),
}
