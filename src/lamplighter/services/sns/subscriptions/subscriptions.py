"""Implement the operations that list subscriptions and get or set their attributes.

See https://docs.aws.amazon.com/sns/latest/api/API_GetSubscriptionAttributes.html.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from lamplighter.base.json_text import Json, dumps
from lamplighter.bus import Caller, Work
from lamplighter.services.sns.arns import PAGES, find_own_topic, find_subscription
from lamplighter.services.sns.delivery import delivery_policy
from lamplighter.services.sns.subscriptions import attributes as settings
from lamplighter.services.sns.subscriptions import protocols
from lamplighter.services.sns.tables import subscriptions as rows
from lamplighter.services.sns.tables import topics
from lamplighter.services.sns.tables.subscriptions import PENDING, Subscription
from lamplighter.store.db import Reader, Tx

if TYPE_CHECKING:
    from aws_types import sns as aws

PRINCIPAL = "lamplighter"
"""The name of the user of IAM that AWS would show: here, every caller acts for the owner of the engine."""


def list_subscriptions(reader: Reader, caller: Caller, params: "aws.ListSubscriptionsInput") -> Json:
    """Handle ListSubscriptions."""
    return _page(params, lambda after, most: rows.page(reader, caller.account, caller.region, after, most))


def list_by_topic(reader: Reader, caller: Caller, params: "aws.ListSubscriptionsByTopicInput") -> Json:
    """Handle ListSubscriptionsByTopic."""
    topic = find_own_topic(reader, caller, params["TopicArn"])
    return _page(params, lambda after, most: rows.page_of_topic(reader, topic.arn, after, most))


def get_attributes(
    reader: Reader, _caller: Caller, params: "aws.GetSubscriptionAttributesInput"
) -> "aws.GetSubscriptionAttributesOutput":
    """Handle GetSubscriptionAttributes."""
    found = find_subscription(reader, params["SubscriptionArn"])
    shown = {
        "SubscriptionPrincipal": f"arn:aws:iam::{found.account}:user/{PRINCIPAL}",
        "Owner": found.account,
        "RawMessageDelivery": "false",
        "TopicArn": found.topic,
        "Endpoint": found.endpoint,
        "Protocol": found.protocol,
        "PendingConfirmation": _boolean_text(found.status == PENDING),
        "ConfirmationWasAuthenticated": _boolean_text(found.authenticated),
        "SubscriptionArn": found.arn,
    }
    if found.protocol in protocols.WITH_POLICY:
        topic = topics.get(reader, found.topic)
        policy = delivery_policy.effective_policy(topic.attributes if topic is not None else {}, found.attributes)
        shown["EffectiveDeliveryPolicy"] = dumps(policy)
    set_attributes = dict(found.attributes)
    if "FilterPolicy" in set_attributes:
        shown["FilterPolicyScope"] = settings.DEFAULTS["FilterPolicyScope"]
    else:  # the scope is remembered, and shown as soon as there is a policy
        set_attributes.pop("FilterPolicyScope", None)
    return {"Attributes": shown | set_attributes}


def prepare_set_attributes(reader: Reader, _caller: Caller, params: Json) -> Work | None:
    """Return the part of SetSubscriptionAttributes that grows with the filter policy, or None if it is small."""
    found = rows.get(reader, params["SubscriptionArn"])
    given = {params["AttributeName"]: params.get("AttributeValue") or ""}
    return settings.prepare_check(found.attributes | given) if found is not None else None


def set_attributes(tx: Tx, _caller: Caller, params: "aws.SetSubscriptionAttributesInput") -> None:
    """Handle SetSubscriptionAttributes: set one attribute; an empty value restores the default."""
    found = find_subscription(tx, params["SubscriptionArn"])
    name, value = params["AttributeName"], params.get("AttributeValue") or ""
    settings.check_attribute(name, found.attributes | {name: value}, found.protocol, found.endpoint)
    kept = {key: old for key, old in found.attributes.items() if key != name}
    rows.put(tx, replace(found, attributes=kept | ({name: value} if value else {})))


def _page(params: Json, read: Callable[[str, int], list[Subscription]]) -> Json:
    return PAGES.page("Subscriptions", params, "", read, _item, lambda each: each.arn)


def _item(found: Subscription) -> Json:
    return {
        "SubscriptionArn": "PendingConfirmation" if found.status == PENDING else found.arn,
        "Owner": found.account,
        "Protocol": found.protocol,
        "Endpoint": found.endpoint,
        "TopicArn": found.topic,
    }


def _boolean_text(value: bool) -> str:  # noqa: FBT001 - it writes a truth value
    return "true" if value else "false"
