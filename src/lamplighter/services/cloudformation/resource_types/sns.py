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

TOPIC_PROPERTIES = (
    *("ArchivePolicy", "ContentBasedDeduplication", "DisplayName", "FifoThroughputScope", "FifoTopic"),
    *("KmsMasterKeyId", "MaximumMessageSize", "SignatureVersion", "TracingConfig"),
)
SUBSCRIPTION_PROPERTIES = (
    *("DeliveryPolicy", "FilterPolicy", "FilterPolicyScope", "RawMessageDelivery", "RedrivePolicy", "ReplayPolicy"),
    "SubscriptionRoleArn",
)
ENDPOINT_PROPERTIES = ("TopicArn", "Protocol", "Endpoint")
CONFIRMED = "Confirmed"
"""A flag from the engine's own metadata, stored as if it were a property."""


def _feedback_attributes(request: ResourceRequest) -> dict[str, Json]:
    """Return DeliveryStatusLogging as attributes of the topic: HTTPSuccessFeedbackRoleArn …"""
    prefixes = {
        "http/s": "HTTP",
        "sqs": "SQS",
        "lambda": "Lambda",
        "firehose": "Firehose",
        "application": "Application",
    }
    found: dict[str, Json] = {}
    for entry in request.get("DeliveryStatusLogging", []):
        protocol = prefixes.get(str(entry.get("Protocol")), str(entry.get("Protocol")))
        found |= {f"{protocol}{name}": value for name, value in entry.items() if name != "Protocol"}
    return found


def _create_topic(request: ResourceRequest) -> CreatePlan:
    attributes = {**request.pick(*TOPIC_PROPERTIES), **_feedback_attributes(request)}
    answer = yield ServiceCall(
        "sns", "CreateTopic", {"Name": request.name, "Attributes": attributes, "Tags": list(request.tags) or None}
    )
    key = answer["TopicArn"]
    yield from _put_protection_policy(request, key)
    for each in request.get("Subscription", []):
        yield ServiceCall(
            "sns", "Subscribe", {"TopicArn": key, "Protocol": each["Protocol"], "Endpoint": each["Endpoint"]}
        )
    return CreatedResource(key, {"TopicArn": key, "TopicName": request.name})


def _put_protection_policy(request: ResourceRequest, key: str) -> Generator[ServiceCall, Json, None]:
    policy = request.get("DataProtectionPolicy")
    if policy is not None and policy != request.before.get("DataProtectionPolicy"):
        yield ServiceCall("sns", "PutDataProtectionPolicy", {"ResourceArn": key, "DataProtectionPolicy": policy})


def _update_topic(request: ResourceRequest) -> CreatePlan:
    before = ResourceRequest(request.logical, request.type, request.before, request.account, request.region)
    old, new = (
        {**before.pick(*TOPIC_PROPERTIES), **_feedback_attributes(before)},
        {**request.pick(*TOPIC_PROPERTIES), **_feedback_attributes(request)},
    )
    for name in {**old, **new}:
        if old.get(name) != new.get(name):
            given = {"TopicArn": request.physical, "AttributeName": name, "AttributeValue": new.get(name, "")}
            yield ServiceCall("sns", "SetTopicAttributes", given)
    yield from _put_protection_policy(request, request.physical)
    yield from _update_subscriptions(request)
    yield from update_tags("sns", request, {"ResourceArn": request.physical}, "TagKeys")
    return CreatedResource(request.physical, request.attributes)


def _update_subscriptions(request: ResourceRequest) -> Generator[ServiceCall, Json, None]:
    wanted = request.get("Subscription", [])
    removed = [each for each in request.before.get("Subscription", []) if each not in wanted]
    if removed:
        answer = yield ServiceCall("sns", "ListSubscriptionsByTopic", {"TopicArn": request.physical})
        for found in answer["Subscriptions"]:
            is_lost = {"Protocol": found["Protocol"], "Endpoint": found["Endpoint"]} in removed
            if is_lost and found["SubscriptionArn"].startswith("arn:"):
                yield ServiceCall("sns", "Unsubscribe", {"SubscriptionArn": found["SubscriptionArn"]})
    for each in wanted:
        if each not in request.before.get("Subscription", []):
            given = {"TopicArn": request.physical, "Protocol": each["Protocol"], "Endpoint": each["Endpoint"]}
            yield ServiceCall("sns", "Subscribe", given)


def _with_command(properties: Mapping[str, Json], extensions: Mapping[str, Json]) -> Mapping[str, Json]:
    words, folder = extensions.get("Command"), extensions.get("Directory")
    if not words or not isinstance(words, list):
        return properties
    line = shlex.join(map(str, words))
    line = f"cd {shlex.quote(str(folder))} && exec {line}" if folder else line
    command = {"Protocol": "lamplighter:command", "Endpoint": line}
    return {**properties, "Subscription": [*properties.get("Subscription", []), command]}


def _with_confirmation(properties: Mapping[str, Json], extensions: Mapping[str, Json]) -> Mapping[str, Json]:
    return {**properties, CONFIRMED: True} if extensions.get(CONFIRMED) is True else properties


def _subscribe(request: ResourceRequest) -> CreatePlan:
    if request.get(CONFIRMED):
        return (yield from _update_subscription(request))
    answer = yield ServiceCall(
        "sns",
        "Subscribe",
        {
            **request.pick(*ENDPOINT_PROPERTIES),
            "Attributes": request.pick(*SUBSCRIPTION_PROPERTIES),
            "ReturnSubscriptionArn": True,
        },
    )
    return CreatedResource(answer["SubscriptionArn"], {"Arn": answer["SubscriptionArn"]})


def _update_subscription(request: ResourceRequest) -> CreatePlan:
    arn = request.physical
    if request.get(CONFIRMED) and not request.before.get(CONFIRMED):
        arn = (yield ServiceCall("sns", "Vouch", request.pick(*ENDPOINT_PROPERTIES)))["SubscriptionArn"]
    for name in SUBSCRIPTION_PROPERTIES:
        if request.before.get(name) != request.get(name):
            given = {"SubscriptionArn": arn, "AttributeName": name, "AttributeValue": request.get(name)}
            yield ServiceCall("sns", "SetSubscriptionAttributes", given)
    return CreatedResource(arn, {"Arn": arn})


def _subscription_exists(request: ResourceRequest) -> ExistsPlan:
    """Return whether the topic lists a subscription with the same protocol and endpoint.

    A subscription that its reader ended with the link of a mail is no longer listed, although it could be restored.
    """
    token: Json = {}
    while True:
        answer = yield ServiceCall("sns", "ListSubscriptionsByTopic", {"TopicArn": request.get("TopicArn"), **token})
        for each in answer["Subscriptions"]:
            if (each["Protocol"], each["Endpoint"]) == (request.get("Protocol"), request.get("Endpoint")):
                return True
        if "NextToken" not in answer:
            return False
        token = {"NextToken": answer["NextToken"]}


def _put_policy(request: ResourceRequest) -> CreatePlan:
    for topic in request.get("Topics", []):
        given = {"TopicArn": topic, "AttributeName": "Policy", "AttributeValue": request.get("PolicyDocument")}
        yield ServiceCall("sns", "SetTopicAttributes", given)
    return CreatedResource(request.physical or request.name, {"Id": request.physical or request.name})


def _put_inline_policy(request: ResourceRequest) -> CreatePlan:
    topic = request.get("TopicArn")
    given = {"TopicArn": topic, "AttributeName": "Policy", "AttributeValue": request.get("PolicyDocument")}
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
        name_property="TopicName",
        max_name_length=256,
        replacement_properties=frozenset({"TopicName", "FifoTopic"}),
        attributes=frozenset({"TopicArn", "TopicName"}),
        adapt_properties=_with_command,
        exists=exists_by_call(lambda asked: ServiceCall("sns", "GetTopicAttributes", {"TopicArn": asked.physical})),
        name_suffix=lambda properties: ".fifo" if str(properties.get("FifoTopic")).lower() == "true" else "",
    ),
    "AWS::SNS::Subscription": ResourceType(
        _subscribe,
        _update_subscription,
        delete_by_calls(lambda asked: ServiceCall("sns", "Unsubscribe", {"SubscriptionArn": asked.physical})),
        replacement_properties=frozenset({"Endpoint", "Protocol", "TopicArn"}),
        # One engine has all regions: the topic's ARN contains the region.
        without_effect=frozenset({"Region"}),
        attributes=frozenset({"Arn"}),
        adapt_properties=_with_confirmation,
        exists=_subscription_exists,
    ),
    "AWS::SNS::TopicPolicy": ResourceType(_put_policy, _put_policy, _leave_policy, attributes=frozenset({"Id"})),
    "AWS::SNS::TopicInlinePolicy": ResourceType(
        _put_inline_policy, _put_inline_policy, _leave_policy, replacement_properties=frozenset({"TopicArn"})
    ),
}
