"""Define the resource types of SNS.

`Metadata: {Lamplighter: {Command: [word, …], Directory: /folder}}` subscribes a command on this machine to a topic.
`Metadata: {Lamplighter: {Confirmed: true}}` states that a subscription's endpoint needs no confirmation, because the
owner of this machine configured it.
See https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_SNS.html.
"""

import shlex
from collections.abc import Generator, Mapping

from lamplighter.base.json_text import Json
from lamplighter.services.cloudformation.resource_types.resource_type import (
    CreatedResource,
    CreatePlan,
    DeletePlan,
    ExistsPlan,
    ResourceRequest,
    ResourceType,
    ServiceCall,
    delete_by_calls,
    exists_by_call,
    update_tags,
)

TOPIC = (
    *("ArchivePolicy", "ContentBasedDeduplication", "DisplayName", "FifoThroughputScope", "FifoTopic"),
    *("KmsMasterKeyId", "MaximumMessageSize", "SignatureVersion", "TracingConfig"),
)
SUBSCRIPTION = (
    *("DeliveryPolicy", "FilterPolicy", "FilterPolicyScope", "RawMessageDelivery", "RedrivePolicy", "ReplayPolicy"),
    "SubscriptionRoleArn",
)
WHERE = ("TopicArn", "Protocol", "Endpoint")
CONFIRMED = "Confirmed"
"""A flag from the engine's own metadata, stored as if it were a property."""


def _feedback(asked: ResourceRequest) -> dict[str, Json]:
    """Return DeliveryStatusLogging as attributes of the topic: HTTPSuccessFeedbackRoleArn …"""
    spelled = {"http/s": "HTTP", "sqs": "SQS", "lambda": "Lambda", "firehose": "Firehose", "application": "Application"}
    found: dict[str, Json] = {}
    for entry in asked.get("DeliveryStatusLogging", []):
        protocol = spelled.get(str(entry.get("Protocol")), str(entry.get("Protocol")))
        found |= {f"{protocol}{name}": value for name, value in entry.items() if name != "Protocol"}
    return found


def _create_topic(asked: ResourceRequest) -> CreatePlan:
    attributes = {**asked.pick(*TOPIC), **_feedback(asked)}
    answer = yield ServiceCall(
        "sns", "CreateTopic", {"Name": asked.name, "Attributes": attributes, "Tags": list(asked.tags) or None}
    )
    key = answer["TopicArn"]
    yield from _protect(asked, key)
    for each in asked.get("Subscription", []):
        yield ServiceCall(
            "sns", "Subscribe", {"TopicArn": key, "Protocol": each["Protocol"], "Endpoint": each["Endpoint"]}
        )
    return CreatedResource(key, {"TopicArn": key, "TopicName": asked.name})


def _protect(asked: ResourceRequest, key: str) -> Generator[ServiceCall, Json, None]:
    policy = asked.get("DataProtectionPolicy")
    if policy is not None and policy != asked.before.get("DataProtectionPolicy"):
        yield ServiceCall("sns", "PutDataProtectionPolicy", {"ResourceArn": key, "DataProtectionPolicy": policy})


def _update_topic(asked: ResourceRequest) -> CreatePlan:
    before = ResourceRequest(asked.logical, asked.type, asked.before, asked.account, asked.region)
    old, new = {**before.pick(*TOPIC), **_feedback(before)}, {**asked.pick(*TOPIC), **_feedback(asked)}
    for name in {**old, **new}:
        if old.get(name) != new.get(name):
            given = {"TopicArn": asked.physical, "AttributeName": name, "AttributeValue": new.get(name, "")}
            yield ServiceCall("sns", "SetTopicAttributes", given)
    yield from _protect(asked, asked.physical)
    yield from _resubscribe(asked)
    yield from update_tags("sns", asked, {"ResourceArn": asked.physical}, "TagKeys")
    return CreatedResource(asked.physical, asked.attributes)


def _resubscribe(asked: ResourceRequest) -> Generator[ServiceCall, Json, None]:
    wanted = asked.get("Subscription", [])
    lost = [each for each in asked.before.get("Subscription", []) if each not in wanted]
    if lost:
        answer = yield ServiceCall("sns", "ListSubscriptionsByTopic", {"TopicArn": asked.physical})
        for found in answer["Subscriptions"]:
            is_lost = {"Protocol": found["Protocol"], "Endpoint": found["Endpoint"]} in lost
            if is_lost and found["SubscriptionArn"].startswith("arn:"):
                yield ServiceCall("sns", "Unsubscribe", {"SubscriptionArn": found["SubscriptionArn"]})
    for each in wanted:
        if each not in asked.before.get("Subscription", []):
            given = {"TopicArn": asked.physical, "Protocol": each["Protocol"], "Endpoint": each["Endpoint"]}
            yield ServiceCall("sns", "Subscribe", given)


def _with_command(properties: Mapping[str, Json], own: Mapping[str, Json]) -> Mapping[str, Json]:
    words, folder = own.get("Command"), own.get("Directory")
    if not words or not isinstance(words, list):
        return properties
    line = shlex.join(map(str, words))
    line = f"cd {shlex.quote(str(folder))} && exec {line}" if folder else line
    command = {"Protocol": "lamplighter:command", "Endpoint": line}
    return {**properties, "Subscription": [*properties.get("Subscription", []), command]}


def _vouched(properties: Mapping[str, Json], own: Mapping[str, Json]) -> Mapping[str, Json]:
    return {**properties, CONFIRMED: True} if own.get(CONFIRMED) is True else properties


def _subscribe(asked: ResourceRequest) -> CreatePlan:
    if asked.get(CONFIRMED):
        return (yield from _update_subscription(asked))
    answer = yield ServiceCall(
        "sns",
        "Subscribe",
        {**asked.pick(*WHERE), "Attributes": asked.pick(*SUBSCRIPTION), "ReturnSubscriptionArn": True},
    )
    return CreatedResource(answer["SubscriptionArn"], {"Arn": answer["SubscriptionArn"]})


def _update_subscription(asked: ResourceRequest) -> CreatePlan:
    arn = asked.physical
    if asked.get(CONFIRMED) and not asked.before.get(CONFIRMED):
        arn = (yield ServiceCall("sns", "Vouch", asked.pick(*WHERE)))["SubscriptionArn"]
    for name in SUBSCRIPTION:
        if asked.before.get(name) != asked.get(name):
            given = {"SubscriptionArn": arn, "AttributeName": name, "AttributeValue": asked.get(name)}
            yield ServiceCall("sns", "SetSubscriptionAttributes", given)
    return CreatedResource(arn, {"Arn": arn})


def _look_for_subscription(asked: ResourceRequest) -> ExistsPlan:
    """Return whether the topic lists a subscription with the same protocol and endpoint.

    A subscription that its reader ended with the link of a mail is no longer listed, although it could be restored.
    """
    token: Json = {}
    while True:
        answer = yield ServiceCall("sns", "ListSubscriptionsByTopic", {"TopicArn": asked.get("TopicArn"), **token})
        for each in answer["Subscriptions"]:
            if (each["Protocol"], each["Endpoint"]) == (asked.get("Protocol"), asked.get("Endpoint")):
                return True
        if "NextToken" not in answer:
            return False
        token = {"NextToken": answer["NextToken"]}


def _put_policy(asked: ResourceRequest) -> CreatePlan:
    for topic in asked.get("Topics", []):
        given = {"TopicArn": topic, "AttributeName": "Policy", "AttributeValue": asked.get("PolicyDocument")}
        yield ServiceCall("sns", "SetTopicAttributes", given)
    return CreatedResource(asked.physical or asked.name, {"Id": asked.physical or asked.name})


def _put_inline_policy(asked: ResourceRequest) -> CreatePlan:
    topic = asked.get("TopicArn")
    given = {"TopicArn": topic, "AttributeName": "Policy", "AttributeValue": asked.get("PolicyDocument")}
    yield ServiceCall("sns", "SetTopicAttributes", given)
    return CreatedResource(topic)


def _leave_policy(_asked: ResourceRequest) -> DeletePlan:
    """Leave the policy in place: it allows nothing that the topic's owner, the only user, may not do anyway."""
    yield from ()


KINDS: Mapping[str, ResourceType] = {
    "AWS::SNS::Topic": ResourceType(
        _create_topic,
        _update_topic,
        delete_by_calls(lambda asked: ServiceCall("sns", "DeleteTopic", {"TopicArn": asked.physical})),
        name="TopicName",
        longest=256,
        replaces=frozenset({"TopicName", "FifoTopic"}),
        attributes=frozenset({"TopicArn", "TopicName"}),
        here=_with_command,
        look=exists_by_call(lambda asked: ServiceCall("sns", "GetTopicAttributes", {"TopicArn": asked.physical})),
        ending=lambda properties: ".fifo" if str(properties.get("FifoTopic")).lower() == "true" else "",
    ),
    "AWS::SNS::Subscription": ResourceType(
        _subscribe,
        _update_subscription,
        delete_by_calls(lambda asked: ServiceCall("sns", "Unsubscribe", {"SubscriptionArn": asked.physical})),
        replaces=frozenset({"Endpoint", "Protocol", "TopicArn"}),
        # One engine has all regions: the topic's ARN contains the region.
        idle=frozenset({"Region"}),
        attributes=frozenset({"Arn"}),
        here=_vouched,
        look=_look_for_subscription,
    ),
    "AWS::SNS::TopicPolicy": ResourceType(_put_policy, _put_policy, _leave_policy, attributes=frozenset({"Id"})),
    "AWS::SNS::TopicInlinePolicy": ResourceType(
        _put_inline_policy, _put_inline_policy, _leave_policy, replaces=frozenset({"TopicArn"})
    ),
}
