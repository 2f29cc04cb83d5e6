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

RULE = ("Description", "EventPattern", "RoleArn", "ScheduleExpression", "State", "EventBusName")
AT_ONCE = 10
"""The most targets of one PutTargets or RemoveTargets call."""


def _bus(asked: ResourceRequest) -> Mapping[str, Json]:
    return asked.pick("EventBusName")


def _rule_name(asked: ResourceRequest) -> str:
    """Return the name of a rule; Ref of a rule on a custom event bus is `bus|rule`."""
    return asked.physical.rpartition("|")[2]


def _create_rule(asked: ResourceRequest) -> CreatePlan:
    name = asked.name
    tags = {"Tags": list(asked.tags)} if asked.tags else {}
    answer = yield ServiceCall("events", "PutRule", {"Name": name, **asked.pick(*RULE), **tags})
    yield from _put_targets(asked, name)
    yield from _mark(asked, name)
    bus = str(asked.get("EventBusName", "default")).rpartition("/")[2]
    return CreatedResource(name if bus == "default" else f"{bus}|{name}", {"Arn": answer["RuleArn"], "RuleName": name})


def _mark(asked: ResourceRequest, name: str) -> Generator[ServiceCall, Json, None]:
    """Annotate a rule as its metadata states: with its job and its kind of alert.

    The metadata is `{Lamplighter: {Job: …, Pattern: …, …}}`.
    """
    mark = lamplighter_metadata(asked.metadata)
    if {"Job", "Pattern"} <= mark.keys():
        yield ServiceCall("events", "SetMark", {"Name": name, **_bus(asked), "Mark": dict(mark)})


def _put_targets(asked: ResourceRequest, name: str) -> Generator[ServiceCall, Json, None]:
    targets = asked.get("Targets", [])
    for at in range(0, len(targets), AT_ONCE):
        answer = yield ServiceCall(
            "events", "PutTargets", {"Rule": name, **_bus(asked), "Targets": targets[at : at + AT_ONCE]}
        )
        for failed in answer.get("FailedEntries", []):
            raise ResourceFailed(f"{failed['ErrorCode']}: {failed.get('ErrorMessage', '')}")


def _update_rule(asked: ResourceRequest) -> CreatePlan:
    name = _rule_name(asked)
    yield ServiceCall("events", "PutRule", {"Name": name, **asked.pick(*RULE)})
    kept = {target.get("Id") for target in asked.get("Targets", [])}
    lost = [target["Id"] for target in asked.before.get("Targets", []) if target["Id"] not in kept]
    for at in range(0, len(lost), AT_ONCE):
        yield ServiceCall("events", "RemoveTargets", {"Rule": name, **_bus(asked), "Ids": lost[at : at + AT_ONCE]})
    yield from _put_targets(asked, name)
    yield from _mark(asked, name)
    yield from update_tags("events", asked, {"ResourceARN": asked.attributes["Arn"]}, "TagKeys")
    return CreatedResource(asked.physical, asked.attributes)


def _delete_rule(asked: ResourceRequest) -> DeletePlan:
    name = _rule_name(asked)
    ids = [target["Id"] for target in asked.get("Targets", [])]
    for at in range(0, len(ids), AT_ONCE):
        yield ServiceCall("events", "RemoveTargets", {"Rule": name, **_bus(asked), "Ids": ids[at : at + AT_ONCE]})
    yield ServiceCall("events", "DeleteRule", {"Name": name, **_bus(asked)})


def _look_for_rule(asked: ResourceRequest) -> ExistsPlan:
    """Return whether a rule and all its targets exist."""
    name, there = _rule_name(asked), set[str]()
    yield ServiceCall("events", "DescribeRule", {"Name": name, **_bus(asked)})
    token: Json = {}
    while True:
        answer = yield ServiceCall("events", "ListTargetsByRule", {"Rule": name, **_bus(asked), **token})
        there |= {target["Id"] for target in answer["Targets"]}
        if "NextToken" not in answer:
            return there >= {target["Id"] for target in asked.get("Targets", [])}
        token = {"NextToken": answer["NextToken"]}


BUS = ("EventSourceName", "Description", "KmsKeyIdentifier", "DeadLetterConfig", "LogConfig")


def _create_bus(asked: ResourceRequest) -> CreatePlan:
    tags = {"Tags": list(asked.tags)} if asked.tags else {}
    answer = yield ServiceCall("events", "CreateEventBus", {"Name": asked.name, **asked.pick(*BUS), **tags})
    yield from _put_policy(asked, asked.name)
    return CreatedResource(
        asked.name, {"Arn": answer["EventBusArn"], "Name": asked.name, "Policy": dumps(asked.get("Policy"))}
    )


def _put_policy(asked: ResourceRequest, bus: str) -> Generator[ServiceCall, Json, None]:
    if "Policy" in asked.properties:
        yield ServiceCall("events", "PutPermission", {"EventBusName": bus, "Policy": asked.properties["Policy"]})
    elif "Policy" in asked.before:
        yield ServiceCall("events", "RemovePermission", {"EventBusName": bus, "RemoveAllPermissions": True})


def _update_bus(asked: ResourceRequest) -> CreatePlan:
    yield ServiceCall("events", "UpdateEventBus", {"Name": asked.physical, **asked.pick(*BUS[1:])})
    yield from _put_policy(asked, asked.physical)
    yield from update_tags("events", asked, {"ResourceARN": asked.attributes["Arn"]}, "TagKeys")
    return CreatedResource(asked.physical, {**asked.attributes, "Policy": dumps(asked.get("Policy"))})


def _put_statement(asked: ResourceRequest) -> CreatePlan:
    if "Statement" in asked.properties:
        answer = yield ServiceCall("events", "DescribeEventBus", {"Name": asked.get("EventBusName")})
        policy = loads(answer.get("Policy") or '{"Version":"2012-10-17","Statement":[]}')
        identified = {"Sid": asked.get("StatementId"), **asked.properties["Statement"]}
        others = [each for each in policy["Statement"] if each.get("Sid") != identified["Sid"]]
        whole = {**policy, "Statement": [*others, identified]}
        yield ServiceCall("events", "PutPermission", {**_bus(asked), "Policy": whole})
    else:
        given = asked.pick("EventBusName", "StatementId", "Action", "Principal", "Condition")
        yield ServiceCall("events", "PutPermission", given)
    return CreatedResource(asked.physical or asked.name)


ARCHIVE = ("Description", "EventPattern", "RetentionDays", "KmsKeyIdentifier")


def _create_archive(asked: ResourceRequest) -> CreatePlan:
    given = {"ArchiveName": asked.name, "EventSourceArn": asked.get("SourceArn"), **asked.pick(*ARCHIVE)}
    answer = yield ServiceCall("events", "CreateArchive", given)
    return CreatedResource(asked.name, {"Arn": answer["ArchiveArn"], "ArchiveName": asked.name})


def _update_archive(asked: ResourceRequest) -> CreatePlan:
    yield ServiceCall("events", "UpdateArchive", {"ArchiveName": asked.physical, **asked.pick(*ARCHIVE)})
    return CreatedResource(asked.physical, asked.attributes)


CONNECTION = (
    "Description", "AuthorizationType", "AuthParameters", "InvocationConnectivityParameters", "KmsKeyIdentifier"
)  # fmt: skip


def _create_connection(asked: ResourceRequest) -> CreatePlan:
    answer = yield ServiceCall("events", "CreateConnection", {"Name": asked.name, **asked.pick(*CONNECTION)})
    key = answer["ConnectionArn"]
    described = yield ServiceCall("events", "DescribeConnection", {"Name": asked.name})
    # "The ARN of the connection, without its UUID": policies use this form.
    short = key.rpartition("/")[0]
    return CreatedResource(asked.name, {"Arn": key, "ArnForPolicy": short, "SecretArn": described.get("SecretArn", "")})


def _update_connection(asked: ResourceRequest) -> CreatePlan:
    yield ServiceCall("events", "UpdateConnection", {"Name": asked.physical, **asked.pick(*CONNECTION)})
    return CreatedResource(asked.physical, asked.attributes)


DESTINATION = ("Description", "ConnectionArn", "HttpMethod", "InvocationEndpoint", "InvocationRateLimitPerSecond")


def _create_destination(asked: ResourceRequest) -> CreatePlan:
    answer = yield ServiceCall("events", "CreateApiDestination", {"Name": asked.name, **asked.pick(*DESTINATION)})
    key = answer["ApiDestinationArn"]
    return CreatedResource(asked.name, {"Arn": key, "ArnForPolicy": key.rpartition("/")[0]})


def _update_destination(asked: ResourceRequest) -> CreatePlan:
    yield ServiceCall("events", "UpdateApiDestination", {"Name": asked.physical, **asked.pick(*DESTINATION)})
    return CreatedResource(asked.physical, asked.attributes)


KINDS: Mapping[str, ResourceType] = {
    "AWS::Events::Rule": ResourceType(
        _create_rule,
        _update_rule,
        _delete_rule,
        name="Name",
        longest=64,
        replaces=frozenset({"Name", "EventBusName"}),
        look=_look_for_rule,
        attributes=frozenset({"Arn", "RuleName"}),
    ),
    "AWS::Events::EventBus": ResourceType(
        _create_bus,
        _update_bus,
        delete_by_calls(lambda asked: ServiceCall("events", "DeleteEventBus", {"Name": asked.physical})),
        name="Name",
        longest=256,
        replaces=frozenset({"Name", "EventSourceName"}),
        attributes=frozenset({"Arn", "Name", "Policy"}),
    ),
    "AWS::Events::EventBusPolicy": ResourceType(
        _put_statement,
        _put_statement,
        delete_by_calls(
            lambda asked: ServiceCall(
                "events", "RemovePermission", {**_bus(asked), "StatementId": asked.properties["StatementId"]}
            )
        ),
        replaces=frozenset({"EventBusName", "StatementId"}),
    ),
    "AWS::Events::Archive": ResourceType(
        _create_archive,
        _update_archive,
        delete_by_calls(lambda asked: ServiceCall("events", "DeleteArchive", {"ArchiveName": asked.physical})),
        name="ArchiveName",
        longest=48,
        replaces=frozenset({"ArchiveName", "SourceArn"}),
        attributes=frozenset({"Arn", "ArchiveName"}),
    ),
    "AWS::Events::Connection": ResourceType(
        _create_connection,
        _update_connection,
        delete_by_calls(lambda asked: ServiceCall("events", "DeleteConnection", {"Name": asked.physical})),
        name="Name",
        longest=64,
        replaces=frozenset({"Name"}),
        attributes=frozenset({"Arn", "ArnForPolicy", "SecretArn"}),
    ),
    "AWS::Events::ApiDestination": ResourceType(
        _create_destination,
        _update_destination,
        delete_by_calls(lambda asked: ServiceCall("events", "DeleteApiDestination", {"Name": asked.physical})),
        name="Name",
        longest=64,
        replaces=frozenset({"Name"}),
        attributes=frozenset({"Arn", "ArnForPolicy"}),
    ),
}
