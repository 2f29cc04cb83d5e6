"""Define the resource types of EventBridge.

See https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_Events.html.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from lamplighter.base.json_text import Json, dumps, loads
from lamplighter.services.cloudformation.errors import ResourceFailed
from lamplighter.services.cloudformation.resource_types.read_properties import pick, read_by_call, read_tags
from lamplighter.services.cloudformation.resource_types.resource_type import (
    CreatedResource,
    NameRule,
    Plan,
    PresentProperties,
    Properties,
    ResourceRequest,
    ResourceType,
    call_with_id,
    lamplighter_metadata,
    list_all,
    update_tags,
)

RULE_NAMES = ("Name", "Description", "EventPattern", "RoleArn", "ScheduleExpression", "State", "Targets", "Tags")
"""The properties of a rule that are compared."""
RULE_PROPERTIES = ("Description", "EventPattern", "RoleArn", "ScheduleExpression", "State", "EventBusName")
BUS_PROPERTIES = ("Description", "KmsKeyIdentifier", "DeadLetterConfig", "LogConfig")
ARCHIVE_PROPERTIES = ("Description", "EventPattern", "RetentionDays", "KmsKeyIdentifier")
CONNECTION_PROPERTIES = (
    "Description", "AuthorizationType", "AuthParameters", "InvocationConnectivityParameters", "KmsKeyIdentifier"
)  # fmt: skip
DESTINATION_PROPERTIES = (
    "Description", "ConnectionArn", "HttpMethod", "InvocationEndpoint", "InvocationRateLimitPerSecond"
)  # fmt: skip
MAX_TARGETS_PER_CALL = 10
"""The most targets of one PutTargets or RemoveTargets call."""


def _rule_name(request: ResourceRequest) -> str:
    """Return the name of a rule; Ref of a rule on a custom event bus is `bus|rule`."""
    return request.physical.rpartition("|")[2]


def _create_rule(request: ResourceRequest) -> Plan[CreatedResource]:
    name = request.name
    yield "PutRule", {"Name": name, **request.pick(*RULE_PROPERTIES), **request.tag_parameter}
    yield from _put_targets(request, name)
    bus = str(request.get("EventBusName", "default")).rpartition("/")[2]
    return _identify_rule(request, name if bus == "default" else f"{bus}|{name}")


def _identify_rule(request: ResourceRequest, physical: str) -> CreatedResource:
    arn = request.arn("events", f"rule/{physical.replace('|', '/')}")
    return CreatedResource(physical, {"Arn": arn, "RuleName": physical.rpartition("|")[2]})


def _rule_id(arn: str) -> str:
    """Return the physical id of a rule, `name` or `bus|name`; its ARN is that of `rule/name` or `rule/bus/name`."""
    return arn.partition(":rule/")[2].replace("/", "|")


def _update_rule(request: ResourceRequest) -> Plan[CreatedResource]:
    name = _rule_name(request)
    yield "PutRule", {"Name": name, **request.pick(*RULE_PROPERTIES)}
    kept = {target.get("Id") for target in request.get("Targets", [])}
    before = [target["Id"] for target in request.before.get("Targets", [])]
    yield from _remove_targets(request, [each for each in before if each not in kept])
    yield from _put_targets(request, name)
    yield from update_tags(request)
    return request.unchanged


def _put_targets(request: ResourceRequest, name: str) -> Plan[None]:
    """Put the targets of a rule, and annotate it as its metadata states: with its job and its kind of alert.

    The metadata is `{Lamplighter: {Job: …, Pattern: …, …}}`.
    """
    rule = request.pick("EventBusName")
    for targets in _in_batches(request.get("Targets", [])):
        answer = yield "PutTargets", {"Rule": name, **rule, "Targets": targets}
        for failed in answer.get("FailedEntries", []):
            raise ResourceFailed(f"{failed['ErrorCode']}: {failed.get('ErrorMessage', '')}")
    annotation = lamplighter_metadata(request.metadata)
    if {"Job", "Pattern"} <= annotation.keys():
        yield "SetAnnotation", {"Name": name, **rule, "Annotation": dict(annotation)}


def _remove_targets(request: ResourceRequest, targets: Sequence[str]) -> Plan[None]:
    for ids in _in_batches(targets):
        yield "RemoveTargets", {"Rule": _rule_name(request), **request.pick("EventBusName"), "Ids": ids}


def _in_batches(items: Sequence[Json]) -> Iterator[Sequence[Json]]:
    return (items[at : at + MAX_TARGETS_PER_CALL] for at in range(0, len(items), MAX_TARGETS_PER_CALL))


def _delete_rule(request: ResourceRequest) -> Plan[None]:
    yield from _remove_targets(request, [target["Id"] for target in request.get("Targets", [])])
    yield "DeleteRule", {"Name": _rule_name(request), **request.pick("EventBusName")}


def _rule_exists(request: ResourceRequest) -> Plan[bool]:
    name, bus = _rule_name(request), request.pick("EventBusName")
    yield "DescribeRule", {"Name": name, **bus}
    existing = yield from list_all("ListTargetsByRule", {"Rule": name, **bus}, "Targets")
    return {target["Id"] for target in existing} >= {target["Id"] for target in request.get("Targets", [])}


def _read_rule(request: ResourceRequest) -> Plan[Properties | None]:
    name, bus = _rule_name(request), request.pick("EventBusName")
    found = yield "DescribeRule", {"Name": name, **bus}
    targets = yield from list_all("ListTargetsByRule", {"Rule": name, **bus}, "Targets")
    tags = yield from read_tags("ListTagsForResource", "ResourceARN", found["Arn"], "Tags")
    return {**pick(found, RULE_NAMES), "Targets": targets, "Tags": tags}


def _create_bus(request: ResourceRequest) -> Plan[CreatedResource]:
    given = {**request.pick("EventSourceName", *BUS_PROPERTIES), **request.tag_parameter}
    yield "CreateEventBus", {"Name": request.name, **given}
    yield from _put_policy(request, request.name)
    found = _identify_bus(request, request.name)
    return replace(found, attributes={**found.attributes, "Policy": dumps(request.get("Policy"))})


def _identify_bus(request: ResourceRequest, name: str) -> CreatedResource:
    return CreatedResource(name, {"Arn": request.arn("events", f"event-bus/{name}"), "Name": name})


def _put_policy(request: ResourceRequest, bus: str) -> Plan[None]:
    if "Policy" in request.properties:
        yield "PutPermission", {"EventBusName": bus, "Policy": request.properties["Policy"]}
    elif "Policy" in request.before:
        yield "RemovePermission", {"EventBusName": bus, "RemoveAllPermissions": True}


def _update_bus(request: ResourceRequest) -> Plan[CreatedResource]:
    yield "UpdateEventBus", {"Name": request.physical, **request.pick(*BUS_PROPERTIES)}
    yield from _put_policy(request, request.physical)
    yield from update_tags(request)
    return CreatedResource(request.physical, {**request.attributes, "Policy": dumps(request.get("Policy"))})


def _put_statement(request: ResourceRequest) -> Plan[CreatedResource]:
    if "Statement" in request.properties:
        answer = yield "DescribeEventBus", {"Name": request.get("EventBusName")}
        policy = loads(answer.get("Policy") or '{"Version":"2012-10-17","Statement":[]}')
        identified = {"Sid": request.get("StatementId"), **request.properties["Statement"]}
        others = [each for each in policy["Statement"] if each.get("Sid") != identified["Sid"]]
        whole = {**policy, "Statement": [*others, identified]}
        yield "PutPermission", {**request.pick("EventBusName"), "Policy": whole}
    else:
        yield "PutPermission", request.pick("EventBusName", "StatementId", "Action", "Principal", "Condition")
    return CreatedResource(request.physical or request.name)


def _remove_statement(request: ResourceRequest) -> Plan[None]:
    yield "RemovePermission", {**request.pick("EventBusName"), "StatementId": request.properties["StatementId"]}


def _create_archive(request: ResourceRequest) -> Plan[CreatedResource]:
    given = {"EventSourceArn": request.get("SourceArn"), **request.pick(*ARCHIVE_PROPERTIES)}
    yield "CreateArchive", {"ArchiveName": request.name, **given}
    return _identify_archive(request, request.name)


def _identify_archive(request: ResourceRequest, name: str) -> CreatedResource:
    return CreatedResource(name, {"Arn": request.arn("events", f"archive/{name}"), "ArchiveName": name})


def _create_connection(request: ResourceRequest) -> Plan[CreatedResource]:
    answer = yield "CreateConnection", {"Name": request.name, **request.pick(*CONNECTION_PROPERTIES)}
    described = yield "DescribeConnection", {"Name": request.name}
    secret = {"SecretArn": described.get("SecretArn", "")}
    return CreatedResource(request.name, {**_arn_attributes(answer["ConnectionArn"]), **secret})


def _create_destination(request: ResourceRequest) -> Plan[CreatedResource]:
    answer = yield "CreateApiDestination", {"Name": request.name, **request.pick(*DESTINATION_PROPERTIES)}
    return CreatedResource(request.name, _arn_attributes(answer["ApiDestinationArn"]))


def _arn_attributes(key: str) -> dict[str, Json]:
    # "The ARN of the connection, without its UUID": policies use this form.
    return {"Arn": key, "ArnForPolicy": key.rpartition("/")[0]}


KINDS: Mapping[str, ResourceType] = {
    "AWS::Events::Rule": ResourceType(
        _create_rule,
        _update_rule,
        _delete_rule,
        NameRule("Name", 64),
        # The schema lists it as conditional; here another bus always requires another rule.
        ("EventBusName",),
        exists=_rule_exists,
        present=PresentProperties(RULE_NAMES, _read_rule),
        identify=_identify_rule,
        physical_id=_rule_id,
    ),
    "AWS::Events::EventBus": ResourceType(
        _create_bus,
        _update_bus,
        call_with_id("DeleteEventBus", "Name"),
        NameRule("Name", 256),
        # UpdateEventBus does not have it.
        ("EventSourceName",),
        # https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-events-eventbus.html#aws-resource-events-eventbus-return-values
        repeated_attributes=("Name", "Policy"),
        present=PresentProperties(("Name", *BUS_PROPERTIES), read_by_call("DescribeEventBus", "Name")),
        identify=_identify_bus,
    ),
    "AWS::Events::EventBusPolicy": ResourceType(_put_statement, _put_statement, _remove_statement),
    "AWS::Events::Archive": ResourceType(
        _create_archive,
        call_with_id("UpdateArchive", "ArchiveName", *ARCHIVE_PROPERTIES),
        call_with_id("DeleteArchive", "ArchiveName"),
        NameRule("ArchiveName", 48),
        # https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-events-archive.html#aws-resource-events-archive-return-values
        repeated_attributes=("ArchiveName",),
        present=PresentProperties(
            ("ArchiveName", "SourceArn", *ARCHIVE_PROPERTIES),
            read_by_call("DescribeArchive", "ArchiveName", SourceArn="EventSourceArn"),
        ),
        identify=_identify_archive,
    ),
    "AWS::Events::Connection": ResourceType(
        _create_connection,
        call_with_id("UpdateConnection", "Name", *CONNECTION_PROPERTIES),
        call_with_id("DeleteConnection", "Name"),
        NameRule("Name", 64),
        present=PresentProperties(
            ("Name", "Description", "AuthorizationType"), read_by_call("DescribeConnection", "Name")
        ),
    ),
    "AWS::Events::ApiDestination": ResourceType(
        _create_destination,
        call_with_id("UpdateApiDestination", "Name", *DESTINATION_PROPERTIES),
        call_with_id("DeleteApiDestination", "Name"),
        NameRule("Name", 64),
        present=PresentProperties(("Name", *DESTINATION_PROPERTIES), read_by_call("DescribeApiDestination", "Name")),
    ),
}
