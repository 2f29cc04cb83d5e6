"""Implement the operations on topics.

Attributes without an effect here (encryption, tracing, delivery status logging, the archive) are accepted, stored and
returned. See https://docs.aws.amazon.com/sns/latest/api/API_SetTopicAttributes.html.
"""

import re
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from lamplighter.base.aws import arn
from lamplighter.base.json_text import Json, dumps, loads_or
from lamplighter.bus import Caller
from lamplighter.services.sns import archive_policies
from lamplighter.services.sns.arns import (
    PAGES,
    check_region,
    check_topic_name,
    find_own_topic,
    find_topic,
)
from lamplighter.services.sns.delivery import delivery_policy
from lamplighter.services.sns.errors import InvalidParameter, InvalidState
from lamplighter.services.sns.tables import subscriptions
from lamplighter.services.sns.tables import topics as rows
from lamplighter.services.sns.tables.topics import Topic
from lamplighter.services.sns.topics import access_policy, large_messages, tags
from lamplighter.store.db import Reader, Tx

if TYPE_CHECKING:
    from aws_types import sns as aws

FEEDBACK = re.compile("(HTTP|Firehose|Lambda|Application|SQS)(Success|Failure)Feedback(RoleArn|SampleRate)")
UNCHECKED = frozenset({"DisplayName", "KmsMasterKeyId"})
POLICIES = frozenset({"Policy", "DeliveryPolicy", archive_policies.ARCHIVE})
CHOICES = {
    "TracingConfig": ("PassThrough", "Active"),
    "SignatureVersion": ("1", "2"),
    "ContentBasedDeduplication": ("true", "false"),
    "FifoThroughputScope": ("Topic", "MessageGroup"),
}
"""The attributes that have one of a few values."""
DEFAULTS = {
    "ContentBasedDeduplication": "false",
    "FifoThroughputScope": "Topic",
    "SignatureVersion": "1",
    "TracingConfig": "PassThrough",
}
"""The values of attributes that were not set."""
FIFO_ONLY = frozenset({"ContentBasedDeduplication", "FifoThroughputScope", "ArchivePolicy"})
MESSAGE_SIZES = (1_024, 1_048_576)
MAX_POLICY_LENGTH = 30_720
"""The most characters of a policy: see https://docs.aws.amazon.com/sns/latest/api/API_PutDataProtectionPolicy.html."""
MAX_DISPLAY_NAME_LENGTH = 100


class Topics:
    """The operations on topics."""

    def __init__(self, prepare: Callable[[], None]) -> None:
        self._prepare = prepare
        """Prepares the signing key before the first message is published."""

    def create(self, tx: Tx, caller: Caller, params: "aws.CreateTopicInput") -> "aws.CreateTopicOutput":
        """Handle CreateTopic; return an existing topic of this name if it has the given attributes and tags."""
        given: dict[str, str] = params.get("Attributes") or {}
        fifo = _read_boolean(given, "FifoTopic")
        name = check_topic_name(params["Name"], fifo=fifo)
        for key, value in given.items():
            if key != "FifoTopic":
                _check_given(key, value, fifo=fifo)
        attributes = {key: value for key, value in given.items() if value and (key != "FifoTopic" or fifo)}
        topic_tags = tags.RULES.read(params.get("Tags"))
        key = arn.build("sns", caller.region, caller.account, name)
        found = rows.get(tx, key)
        if found is not None:
            _check_same(found, attributes, topic_tags)
            return {"TopicArn": key}
        protection = params.get("DataProtectionPolicy")
        if protection:
            _check_protection(protection)
        topic = Topic(key, caller.account, caller.region, name, tx.now, attributes, topic_tags, protection)
        rows.put(tx, topic)
        tx.after_commit.append(self._prepare)
        return {"TopicArn": key}

    def delete(self, tx: Tx, caller: Caller, params: "aws.DeleteTopicInput") -> None:
        """Handle DeleteTopic: delete the topic with its subscriptions and deliveries; succeed if it is gone."""
        check_region(caller, params["TopicArn"], "TopicArn")
        found = rows.get(tx, params["TopicArn"])
        if found is not None and archive_policies.is_archived(found.attributes):
            raise InvalidState(f"Cannot delete a topic with an active {archive_policies.ARCHIVE}")
        rows.delete(tx, params["TopicArn"])

    def list(self, reader: Reader, caller: Caller, params: "aws.ListTopicsInput") -> Json:
        """Handle ListTopics."""
        read = partial(rows.page, reader, caller.account, caller.region)
        return PAGES.page("Topics", params, "", read, lambda key: {"TopicArn": key}, str)

    def find_policy(self, reader: Reader, _caller: Caller, params: Json) -> Json:
        """Return the policies of a topic, as texts, for IAM's decisions; AWS has no such operation."""
        text = rows.policy_of(reader, params["Resource"])
        if text is None and params["Default"]:
            text = access_policy.policy_of_topic(find_topic(reader, params["Resource"]))
        return {"Policies": [] if text is None else [text]}

    def get_attributes(
        self, reader: Reader, caller: Caller, params: "aws.GetTopicAttributesInput"
    ) -> "aws.GetTopicAttributesOutput":
        """Handle GetTopicAttributes."""
        topic = find_own_topic(reader, caller, params["TopicArn"])
        counts = subscriptions.count_by_status(reader, topic.arn)
        defaults = {
            "Policy": access_policy.default_policy(topic),
            "Owner": topic.account,
            "SubscriptionsPending": str(counts.get(subscriptions.PENDING, 0)),
            "TopicArn": topic.arn,
            "EffectiveDeliveryPolicy": dumps(delivery_policy.effective_topic_policy(topic.attributes)),
            "SubscriptionsConfirmed": str(counts.get(subscriptions.CONFIRMED, 0)),
            "DisplayName": "",
            "SubscriptionsDeleted": str(counts.get(subscriptions.DELETED, 0)),
        }
        fifo = {"ContentBasedDeduplication": "false"} if topic.fifo else {}
        return {"Attributes": defaults | fifo | topic.attributes}

    def set_attributes(self, tx: Tx, caller: Caller, params: "aws.SetTopicAttributesInput") -> None:
        """Handle SetTopicAttributes: set one attribute; an empty value restores the default."""
        topic = find_own_topic(tx, caller, params["TopicArn"])
        name, value = params["AttributeName"], params.get("AttributeValue") or ""
        check_attribute(name, value, fifo=topic.fifo)
        large_messages.check_new_size(tx, topic, name, value)
        kept = {key: old for key, old in topic.attributes.items() if key != name}
        rows.put(tx, replace(topic, attributes=kept | ({name: value} if value else {})))

    def add_permission(self, tx: Tx, caller: Caller, params: "aws.AddPermissionInput") -> None:
        """Handle AddPermission."""
        topic = find_own_topic(tx, caller, params["TopicArn"])
        policy = access_policy.add_statement(topic, params["Label"], params["AWSAccountId"], params["ActionName"])
        rows.put(tx, replace(topic, attributes=topic.attributes | {"Policy": policy}))

    def remove_permission(self, tx: Tx, caller: Caller, params: "aws.RemovePermissionInput") -> None:
        """Handle RemovePermission."""
        topic = find_own_topic(tx, caller, params["TopicArn"])
        policy = access_policy.remove_statement(topic, params["Label"])
        rows.put(tx, replace(topic, attributes=topic.attributes | {"Policy": policy}))

    def get_protection_policy(
        self, reader: Reader, _caller: Caller, params: "aws.GetDataProtectionPolicyInput"
    ) -> "aws.GetDataProtectionPolicyOutput":
        """Handle GetDataProtectionPolicy."""
        topic = find_topic(reader, params["ResourceArn"], "ResourceArn")
        return {"DataProtectionPolicy": topic.protection or ""}

    def put_protection_policy(self, tx: Tx, _caller: Caller, params: "aws.PutDataProtectionPolicyInput") -> None:
        """Handle PutDataProtectionPolicy: store the policy; no message is checked against it."""
        topic = find_topic(tx, params["ResourceArn"], "ResourceArn")
        text = params["DataProtectionPolicy"]
        if text:
            _check_protection(text)
        rows.put(tx, replace(topic, protection=text or None))


def check_attribute(name: str, value: str, *, fifo: bool) -> None:
    """Raise `InvalidParameter` for an unknown attribute or an invalid value; an empty value means the default."""
    if not _is_known(name) or (name in FIFO_ONLY and not fifo):
        raise InvalidParameter("AttributeName")
    if not value:
        return
    if name in POLICIES and len(value) > MAX_POLICY_LENGTH:
        raise InvalidParameter(f"{name}: Policy is too large")
    if name == "Policy":
        access_policy.check_policy(value)
    elif name == "DeliveryPolicy":
        delivery_policy.check_topic_policy(value)
    elif name == archive_policies.ARCHIVE:
        archive_policies.check_archive_policy(value)
    elif not _is_valid(name, value):
        raise InvalidParameter(name)


def _check_given(name: str, value: str, *, fifo: bool) -> None:
    """Raise `InvalidParameter` for an attribute of a new topic; CreateTopic names an unknown one."""
    if not _is_known(name):
        raise InvalidParameter("Attributes", f"Unknown attribute {name}")
    check_attribute(name, value, fifo=fifo)


def _is_known(name: str) -> bool:
    names = {*UNCHECKED, *CHOICES, *POLICIES, large_messages.MAX_SIZE}
    return name in names or FEEDBACK.fullmatch(name) is not None


def _is_valid(name: str, value: str) -> bool:
    if name in CHOICES:
        return value in CHOICES[name]
    if name == large_messages.MAX_SIZE:
        return re.fullmatch("[0-9]{4,7}", value) is not None and MESSAGE_SIZES[0] <= int(value) <= MESSAGE_SIZES[1]
    return name != "DisplayName" or (len(value) <= MAX_DISPLAY_NAME_LENGTH and value.isprintable())


def _read_boolean(given: dict[str, str], name: str) -> bool:
    value = given.get(name, "false")
    if value not in ("true", "false"):
        raise InvalidParameter(name)
    return value == "true"


def _check_protection(text: str) -> None:
    if len(text) > MAX_POLICY_LENGTH or not isinstance(loads_or(text, None), dict):
        raise InvalidParameter("DataProtectionPolicy")


def _check_same(found: Topic, attributes: dict[str, str], topic_tags: dict[str, str]) -> None:
    """Raise `InvalidParameter` if the existing topic does not match the request."""
    if any(found.attributes.get(key, DEFAULTS.get(key)) != value for key, value in attributes.items()):
        raise InvalidParameter("Attributes", "Topic already exists with different attributes")
    if not topic_tags.items() <= found.tags.items():
        raise InvalidParameter("Tags", "Topic already exists with different tags")
