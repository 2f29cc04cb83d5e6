"""Resources of EventBridge.

See https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_Events.html.
"""

from collections.abc import Generator, Mapping

from lamplighter.base.json_text import Json, dumps, loads
from lamplighter.services.cloudformation.errors import ResourceFailed
from lamplighter.services.cloudformation.resource_types.resource_type import (
    Asked,
    Call,
    Kind,
    Look,
    Made,
    Plan,
    Unmaking,
    gone,
    own_words,
    retag,
)

RULE = ("Description", "EventPattern", "RoleArn", "ScheduleExpression", "State", "EventBusName")
AT_ONCE = 10
"""How many targets PutTargets takes."""


def _bus(asked: Asked) -> Mapping[str, Json]:
    return asked.taken("EventBusName")


def _rule_name(asked: Asked) -> str:
    """Ref of a rule on a bus of its own is `bus|rule`."""
    return asked.physical.rpartition("|")[2]


def _create_rule(asked: Asked) -> Plan:
    name = asked.name
    tags = {"Tags": list(asked.tags)} if asked.tags else {}
    answer = yield Call("events", "PutRule", {"Name": name, **asked.taken(*RULE), **tags})
    yield from _put_targets(asked, name)
    yield from _mark(asked, name)
    bus = str(asked.get("EventBusName", "default")).rpartition("/")[2]
    return Made(name if bus == "default" else f"{bus}|{name}", {"Arn": answer["RuleArn"], "RuleName": name})


def _mark(asked: Asked, name: str) -> Generator[Call, Json, None]:
    """A rule's metadata may say of which job it tells, and of what: `{Lamplighter: {Job: …, Pattern: …, …}}`."""
    mark = own_words(asked.metadata)
    if {"Job", "Pattern"} <= mark.keys():
        yield Call("events", "SetMark", {"Name": name, **_bus(asked), "Mark": dict(mark)})


def _put_targets(asked: Asked, name: str) -> Generator[Call, Json, None]:
    targets = asked.get("Targets", [])
    for at in range(0, len(targets), AT_ONCE):
        answer = yield Call(
            "events", "PutTargets", {"Rule": name, **_bus(asked), "Targets": targets[at : at + AT_ONCE]}
        )
        for failed in answer.get("FailedEntries", []):
            raise ResourceFailed(f"{failed['ErrorCode']}: {failed.get('ErrorMessage', '')}")


def _update_rule(asked: Asked) -> Plan:
    name = _rule_name(asked)
    yield Call("events", "PutRule", {"Name": name, **asked.taken(*RULE)})
    kept = {target.get("Id") for target in asked.get("Targets", [])}
    lost = [target["Id"] for target in asked.before.get("Targets", []) if target["Id"] not in kept]
    for at in range(0, len(lost), AT_ONCE):
        yield Call("events", "RemoveTargets", {"Rule": name, **_bus(asked), "Ids": lost[at : at + AT_ONCE]})
    yield from _put_targets(asked, name)
    yield from _mark(asked, name)
    yield from retag("events", asked, {"ResourceARN": asked.attributes["Arn"]}, "TagKeys")
    return Made(asked.physical, asked.attributes)


def _delete_rule(asked: Asked) -> Unmaking:
    name = _rule_name(asked)
    ids = [target["Id"] for target in asked.get("Targets", [])]
    for at in range(0, len(ids), AT_ONCE):
        yield Call("events", "RemoveTargets", {"Rule": name, **_bus(asked), "Ids": ids[at : at + AT_ONCE]})
    yield Call("events", "DeleteRule", {"Name": name, **_bus(asked)})


def _look_for_rule(asked: Asked) -> Look:
    """A rule and all its targets."""
    name, there = _rule_name(asked), set[str]()
    yield Call("events", "DescribeRule", {"Name": name, **_bus(asked)})
    token: Json = {}
    while True:
        answer = yield Call("events", "ListTargetsByRule", {"Rule": name, **_bus(asked), **token})
        there |= {target["Id"] for target in answer["Targets"]}
        if "NextToken" not in answer:
            return there >= {target["Id"] for target in asked.get("Targets", [])}
        token = {"NextToken": answer["NextToken"]}


BUS = ("EventSourceName", "Description", "KmsKeyIdentifier", "DeadLetterConfig", "LogConfig")


def _create_bus(asked: Asked) -> Plan:
    tags = {"Tags": list(asked.tags)} if asked.tags else {}
    answer = yield Call("events", "CreateEventBus", {"Name": asked.name, **asked.taken(*BUS), **tags})
    yield from _put_policy(asked, asked.name)
    return Made(asked.name, {"Arn": answer["EventBusArn"], "Name": asked.name, "Policy": dumps(asked.get("Policy"))})


def _put_policy(asked: Asked, bus: str) -> Generator[Call, Json, None]:
    if "Policy" in asked.properties:
        yield Call("events", "PutPermission", {"EventBusName": bus, "Policy": asked.properties["Policy"]})
    elif "Policy" in asked.before:
        yield Call("events", "RemovePermission", {"EventBusName": bus, "RemoveAllPermissions": True})


def _update_bus(asked: Asked) -> Plan:
    yield Call("events", "UpdateEventBus", {"Name": asked.physical, **asked.taken(*BUS[1:])})
    yield from _put_policy(asked, asked.physical)
    yield from retag("events", asked, {"ResourceARN": asked.attributes["Arn"]}, "TagKeys")
    return Made(asked.physical, {**asked.attributes, "Policy": dumps(asked.get("Policy"))})


def _put_statement(asked: Asked) -> Plan:
    if "Statement" in asked.properties:
        answer = yield Call("events", "DescribeEventBus", {"Name": asked.get("EventBusName")})
        policy = loads(answer.get("Policy") or '{"Version":"2012-10-17","Statement":[]}')
        identified = {"Sid": asked.get("StatementId"), **asked.properties["Statement"]}
        others = [each for each in policy["Statement"] if each.get("Sid") != identified["Sid"]]
        whole = {**policy, "Statement": [*others, identified]}
        yield Call("events", "PutPermission", {**_bus(asked), "Policy": whole})
    else:
        given = asked.taken("EventBusName", "StatementId", "Action", "Principal", "Condition")
        yield Call("events", "PutPermission", given)
    return Made(asked.physical or asked.name)


ARCHIVE = ("Description", "EventPattern", "RetentionDays", "KmsKeyIdentifier")


def _create_archive(asked: Asked) -> Plan:
    given = {"ArchiveName": asked.name, "EventSourceArn": asked.get("SourceArn"), **asked.taken(*ARCHIVE)}
    answer = yield Call("events", "CreateArchive", given)
    return Made(asked.name, {"Arn": answer["ArchiveArn"], "ArchiveName": asked.name})


def _update_archive(asked: Asked) -> Plan:
    yield Call("events", "UpdateArchive", {"ArchiveName": asked.physical, **asked.taken(*ARCHIVE)})
    return Made(asked.physical, asked.attributes)


CONNECTION = (
    "Description", "AuthorizationType", "AuthParameters", "InvocationConnectivityParameters", "KmsKeyIdentifier"
)  # fmt: skip


def _create_connection(asked: Asked) -> Plan:
    answer = yield Call("events", "CreateConnection", {"Name": asked.name, **asked.taken(*CONNECTION)})
    key = answer["ConnectionArn"]
    described = yield Call("events", "DescribeConnection", {"Name": asked.name})
    # "The ARN of the connection, without its UUID": policies name it so.
    short = key.rpartition("/")[0]
    return Made(asked.name, {"Arn": key, "ArnForPolicy": short, "SecretArn": described.get("SecretArn", "")})


def _update_connection(asked: Asked) -> Plan:
    yield Call("events", "UpdateConnection", {"Name": asked.physical, **asked.taken(*CONNECTION)})
    return Made(asked.physical, asked.attributes)


DESTINATION = ("Description", "ConnectionArn", "HttpMethod", "InvocationEndpoint", "InvocationRateLimitPerSecond")


def _create_destination(asked: Asked) -> Plan:
    answer = yield Call("events", "CreateApiDestination", {"Name": asked.name, **asked.taken(*DESTINATION)})
    key = answer["ApiDestinationArn"]
    return Made(asked.name, {"Arn": key, "ArnForPolicy": key.rpartition("/")[0]})


def _update_destination(asked: Asked) -> Plan:
    yield Call("events", "UpdateApiDestination", {"Name": asked.physical, **asked.taken(*DESTINATION)})
    return Made(asked.physical, asked.attributes)


KINDS: Mapping[str, Kind] = {
    "AWS::Events::Rule": Kind(
        _create_rule,
        _update_rule,
        _delete_rule,
        name="Name",
        longest=64,
        replaces=frozenset({"Name", "EventBusName"}),
        look=_look_for_rule,
        attributes=frozenset({"Arn", "RuleName"}),
    ),
    "AWS::Events::EventBus": Kind(
        _create_bus,
        _update_bus,
        gone(lambda asked: Call("events", "DeleteEventBus", {"Name": asked.physical})),
        name="Name",
        longest=256,
        replaces=frozenset({"Name", "EventSourceName"}),
        attributes=frozenset({"Arn", "Name", "Policy"}),
    ),
    "AWS::Events::EventBusPolicy": Kind(
        _put_statement,
        _put_statement,
        gone(
            lambda asked: Call(
                "events", "RemovePermission", {**_bus(asked), "StatementId": asked.properties["StatementId"]}
            )
        ),
        replaces=frozenset({"EventBusName", "StatementId"}),
    ),
    "AWS::Events::Archive": Kind(
        _create_archive,
        _update_archive,
        gone(lambda asked: Call("events", "DeleteArchive", {"ArchiveName": asked.physical})),
        name="ArchiveName",
        longest=48,
        replaces=frozenset({"ArchiveName", "SourceArn"}),
        attributes=frozenset({"Arn", "ArchiveName"}),
    ),
    "AWS::Events::Connection": Kind(
        _create_connection,
        _update_connection,
        gone(lambda asked: Call("events", "DeleteConnection", {"Name": asked.physical})),
        name="Name",
        longest=64,
        replaces=frozenset({"Name"}),
        attributes=frozenset({"Arn", "ArnForPolicy", "SecretArn"}),
    ),
    "AWS::Events::ApiDestination": Kind(
        _create_destination,
        _update_destination,
        gone(lambda asked: Call("events", "DeleteApiDestination", {"Name": asked.physical})),
        name="Name",
        longest=64,
        replaces=frozenset({"Name"}),
        attributes=frozenset({"Arn", "ArnForPolicy"}),
    ),
}
