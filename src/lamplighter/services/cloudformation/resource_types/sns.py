"""Define the resource types of SNS.

`Metadata: {Lamplighter: {Command: [word, …], Directory: /folder}}` subscribes a command on this machine to a topic.
`Metadata: {Lamplighter: {Protocol: "lamplighter:slack", Endpoint: …}}` subscribes a chat service or a monitor.
`Metadata: {Lamplighter: {Confirmed: true}}` states that a subscription's endpoint needs no confirmation, because the
owner of this machine configured it.
See https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_SNS.html.
"""

import shlex
from collections.abc import Mapping
from dataclasses import replace

from lamplighter.base.chat_services import SECRET_ADDRESS_PROTOCOLS
from lamplighter.base.json_text import Json
from lamplighter.services.cloudformation.resource_types.read_properties import read_tags
from lamplighter.services.cloudformation.resource_types.resource_type import (
    CreatedResource,
    NameRule,
    Plan,
    PresentProperties,
    Properties,
    ResourceRequest,
    ResourceType,
    call_with_id,
    exists_by_call,
    identify_by_arn,
    list_all,
    make_no_call,
    update_tags,
)

TOPIC_PROPERTIES = (
    *("ArchivePolicy", "ContentBasedDeduplication", "DisplayName", "FifoThroughputScope", "FifoTopic"),
    *("KmsMasterKeyId", "MaximumMessageSize", "SignatureVersion", "TracingConfig"),
)
PREFIXES = {"http/s": "HTTP", "sqs": "SQS", "lambda": "Lambda", "firehose": "Firehose", "application": "Application"}
"""The beginnings of the attributes for DeliveryStatusLogging, by protocol: HTTPSuccessFeedbackRoleArn …"""
SUBSCRIPTION_PROPERTIES = (
    *("DeliveryPolicy", "FilterPolicy", "FilterPolicyScope", "RawMessageDelivery", "RedrivePolicy", "ReplayPolicy"),
    "SubscriptionRoleArn",
)
ENDPOINT_PROPERTIES = ("TopicArn", "Protocol", "Endpoint")
CONFIRMED = "Confirmed"
"""A flag from the engine's own metadata, stored as if it were a property. Older engines stored it as True."""


def _topic_attributes(request: ResourceRequest) -> dict[str, Json]:
    found = request.pick(*TOPIC_PROPERTIES)
    for entry in request.get("DeliveryStatusLogging", []):
        protocol = str(entry.get("Protocol"))
        prefix = PREFIXES.get(protocol, protocol)
        found |= {f"{prefix}{name}": value for name, value in entry.items() if name != "Protocol"}
    return found


def _create_topic(request: ResourceRequest) -> Plan[CreatedResource]:
    given = {"Attributes": _topic_attributes(request), **request.tag_parameter}
    key = (yield "CreateTopic", {"Name": request.name, **given})["TopicArn"]
    yield from _put_protection_policy(request, key)
    yield from _update_subscriptions(request, key)
    return _identify_topic(request, key)


def _identify_topic(_request: ResourceRequest, key: str) -> CreatedResource:
    return CreatedResource(key, {"TopicArn": key, "TopicName": key.rpartition(":")[2]})


def _put_protection_policy(request: ResourceRequest, key: str) -> Plan[None]:
    policy = request.get("DataProtectionPolicy")
    if policy is not None and policy != request.before.get("DataProtectionPolicy"):
        yield "PutDataProtectionPolicy", {"ResourceArn": key, "DataProtectionPolicy": policy}


def _update_topic(request: ResourceRequest) -> Plan[CreatedResource]:
    old, new = _topic_attributes(replace(request, properties=request.before)), _topic_attributes(request)
    for name in {**old, **new}:
        if old.get(name) != new.get(name):
            given = {"AttributeName": name, "AttributeValue": new.get(name, "")}
            yield "SetTopicAttributes", {"TopicArn": request.physical, **given}
    yield from _put_protection_policy(request, request.physical)
    yield from _update_subscriptions(request, request.physical)
    yield from update_tags(request)
    return request.unchanged


def _update_subscriptions(request: ResourceRequest, key: str) -> Plan[None]:
    wanted, before = request.get("Subscription", []), request.before.get("Subscription", [])
    removed = [each for each in before if each not in wanted]
    if removed:
        answer = yield "ListSubscriptionsByTopic", {"TopicArn": key}
        for found in answer["Subscriptions"]:
            is_lost = {"Protocol": found["Protocol"], "Endpoint": found["Endpoint"]} in removed
            if is_lost and found["SubscriptionArn"].startswith("arn:"):
                yield "Unsubscribe", {"SubscriptionArn": found["SubscriptionArn"]}
    for each in wanted:
        if each not in before:
            yield "Subscribe", {"TopicArn": key, "Protocol": each["Protocol"], "Endpoint": each["Endpoint"]}


def _read_topic(request: ResourceRequest) -> Plan[Properties | None]:
    found = (yield "GetTopicAttributes", {"TopicArn": request.physical})["Attributes"]
    tags = yield from read_tags("ListTagsForResource", "ResourceArn", request.physical, "Tags")
    listed = yield from list_all("ListSubscriptionsByTopic", {"TopicArn": request.physical}, "Subscriptions")
    present = [(each["Protocol"], each["Endpoint"]) for each in listed]
    # Other resources may subscribe to the topic, too: only a missing subscription is a difference.
    wanted = request.get("Subscription", [])
    kept = [each for each in wanted if (each.get("Protocol"), each.get("Endpoint")) in present]
    name = request.physical.rpartition(":")[2]
    return {**found, "TopicName": name, "Tags": tags, "Subscription": kept}


def _with_command(properties: Properties, extensions: Properties) -> Properties:
    words, folder = extensions.get("Command"), extensions.get("Directory")
    if not words or not isinstance(words, list):
        return properties
    line = shlex.join(map(str, words))
    line = f"cd {shlex.quote(str(folder))} && exec {line}" if folder else line
    command = {"Protocol": "lamplighter:command", "Endpoint": line}
    return {**properties, "Subscription": [*properties.get("Subscription", []), command]}


def _with_chat_service(properties: Properties, extensions: Properties) -> Properties:
    protocol, endpoint = extensions.get("Protocol"), extensions.get("Endpoint")
    if protocol not in SECRET_ADDRESS_PROTOCOLS or not isinstance(endpoint, str):
        return properties
    chat = {"Protocol": protocol, "Endpoint": endpoint}
    return {**properties, "Subscription": [*properties.get("Subscription", []), chat]}


def _with_own_subscription(properties: Properties, extensions: Properties) -> Properties:
    return _with_chat_service(_with_command(properties, extensions), extensions)


def _with_confirmation(properties: Properties, extensions: Properties) -> Properties:
    return {**properties, CONFIRMED: "by the owner"} if extensions.get(CONFIRMED) is True else properties


def _subscribe(request: ResourceRequest) -> Plan[CreatedResource]:
    if request.get(CONFIRMED):
        return (yield from _update_subscription(request))
    given = {"Attributes": request.pick(*SUBSCRIPTION_PROPERTIES), "ReturnSubscriptionArn": True}
    answer = yield "Subscribe", {**request.pick(*ENDPOINT_PROPERTIES), **given}
    return identify_by_arn(request, answer["SubscriptionArn"])


def _update_subscription(request: ResourceRequest) -> Plan[CreatedResource]:
    arn = request.physical
    if request.get(CONFIRMED) != request.before.get(CONFIRMED) and request.get(CONFIRMED):
        arn = (yield "AddConfirmedSubscription", request.pick(*ENDPOINT_PROPERTIES))["SubscriptionArn"]
    for name in SUBSCRIPTION_PROPERTIES:
        if request.before.get(name) != request.get(name):
            given = {"AttributeName": name, "AttributeValue": request.get(name)}
            yield "SetSubscriptionAttributes", {"SubscriptionArn": arn, **given}
    return identify_by_arn(request, arn)


def _subscription_exists(request: ResourceRequest) -> Plan[bool]:
    """Return whether the topic lists a subscription with the same protocol and endpoint.

    A subscription that its reader ended with the link of a mail is no longer listed, although it could be restored.
    """
    found = yield from list_all("ListSubscriptionsByTopic", {"TopicArn": request.get("TopicArn")}, "Subscriptions")
    wanted = (request.get("Protocol"), request.get("Endpoint"))
    return any((each["Protocol"], each["Endpoint"]) == wanted for each in found)


def _read_subscription(request: ResourceRequest) -> Plan[Properties | None]:
    answer = yield "GetSubscriptionAttributes", {"SubscriptionArn": request.physical}
    attributes: Properties = answer["Attributes"]
    return attributes


def _put_policies(request: ResourceRequest) -> Plan[CreatedResource]:
    for topic in request.get("Topics", []):
        yield from _put_policy(request, topic)
    name = request.physical or request.name
    return CreatedResource(name, {"Id": name})


def _put_inline_policy(request: ResourceRequest) -> Plan[CreatedResource]:
    topic = request.get("TopicArn")
    yield from _put_policy(request, topic)
    return CreatedResource(topic)


def _put_policy(request: ResourceRequest, topic: str) -> Plan[None]:
    given = {"AttributeName": "Policy", "AttributeValue": request.get("PolicyDocument")}
    yield "SetTopicAttributes", {"TopicArn": topic, **given}


KINDS: Mapping[str, ResourceType] = {
    "AWS::SNS::Topic": ResourceType(
        _create_topic,
        _update_topic,
        call_with_id("DeleteTopic", "TopicArn"),
        NameRule("TopicName", 256, fifo_property="FifoTopic"),
        # https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-sns-topic.html#aws-resource-sns-topic-return-values
        repeated_attributes=("TopicName",),
        adapt_properties=_with_own_subscription,
        exists=exists_by_call("GetTopicAttributes", "TopicArn"),
        present=PresentProperties((*TOPIC_PROPERTIES, "TopicName", "Subscription", "Tags"), _read_topic),
        identify=_identify_topic,
    ),
    "AWS::SNS::Subscription": ResourceType(
        _subscribe,
        _update_subscription,
        call_with_id("Unsubscribe", "SubscriptionArn"),
        # One engine has all regions: the topic's ARN contains the region.
        without_effect=("Region",),
        adapt_properties=_with_confirmation,
        exists=_subscription_exists,
        present=PresentProperties((*SUBSCRIPTION_PROPERTIES, "TopicArn", "Protocol"), _read_subscription),
        identify=identify_by_arn,
    ),
    # A deleted policy stays in place: it allows nothing that the topic's owner, the only user, may not do anyway.
    "AWS::SNS::TopicPolicy": ResourceType(_put_policies, _put_policies, make_no_call),
    "AWS::SNS::TopicInlinePolicy": ResourceType(_put_inline_policy, _put_inline_policy, make_no_call),
}
