"""Publish and PublishBatch: taking messages in and handing them to every subscription that wants them.

Promises that a message is taken and handed on in one transaction, and that a FIFO topic takes a message once in five
minutes and hands its messages on in the order in which it took them. See
https://docs.aws.amazon.com/sns/latest/api/API_Publish.html and
https://docs.aws.amazon.com/sns/latest/dg/fifo-message-dedup.html.
"""

import logging
import re
from dataclasses import dataclass

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json
from lamplighter.base.precompute import LARGE
from lamplighter.base.world import World
from lamplighter.bus import PREPARED, Caller, Prepared, Work
from lamplighter.services.sns.arns import find_topic, parse_arn
from lamplighter.services.sns.delivery.deliver import DeliverySender
from lamplighter.services.sns.errors import (
    BatchEntryIdsNotDistinct,
    BatchRequestTooLong,
    EmptyBatchRequest,
    InvalidBatchEntryId,
    InvalidParameter,
    TooManyEntriesInBatchRequest,
)
from lamplighter.services.sns.messages import message as messages
from lamplighter.services.sns.messages.message import Message
from lamplighter.services.sns.messages.notification import NOTIFICATION, Notification
from lamplighter.services.sns.subscriptions import filter_policy, protocols
from lamplighter.services.sns.subscriptions.filter_policy import FilteredMessage, PolicyMatches
from lamplighter.services.sns.tables import subscriptions, topics
from lamplighter.services.sns.tables.subscriptions import Subscription
from lamplighter.services.sns.tables.topics import AcceptedMessage, Topic
from lamplighter.store.db import Reader, Tx

MEMORY = 5 * 60_000
"""Milliseconds for which a FIFO topic remembers what it took."""
BATCH = 10
SMALL = 4_096
"""Bytes up to which messages are looked at in the turn, however many filter policies there are."""
FIRST_SEQUENCE = 10**19
"""AWS's sequence numbers have twenty digits."""

_ID = re.compile("[A-Za-z0-9_-]{1,80}")

log = logging.getLogger("lamplighter.sns")


@dataclass(frozen=True, slots=True)
class Publisher:
    """Takes messages for one engine."""

    world: World
    sender: DeliverySender

    def publish(self, tx: Tx, caller: Caller, params: Json) -> Json:
        """Publish"""
        targets = [name for name in ("TopicArn", "TargetArn", "PhoneNumber") if params.get(name)]
        if len(targets) != 1:
            reason = "no value for required parameter" if not targets else "only one of them may be given"
            raise InvalidParameter("TopicArn or TargetArn", reason)
        if targets == ["PhoneNumber"]:
            messages.read_message(params, None)
            log.warning("%s gets nothing: an engine on one box sends no texts", params["PhoneNumber"])
            return {"MessageId": self.world.uuid()}
        topic = _topic(tx, caller, params[targets[0]], targets[0])
        return self._take(tx, topic, messages.read_message(params, topic), params.get(PREPARED, {}))

    def prepare_publish(self, reader: Reader, _caller: Caller, params: Json) -> Work | None:
        """What of Publish takes as long as the message is large: seeing who wants it."""
        return _judging(reader, params.get("TopicArn") or params.get("TargetArn"), [params])

    def prepare_batch(self, reader: Reader, _caller: Caller, params: Json) -> Work | None:
        """What of PublishBatch takes as long as the messages are large."""
        return _judging(reader, params["TopicArn"], params["PublishBatchRequestEntries"])

    def publish_batch(self, tx: Tx, caller: Caller, params: Json) -> Json:
        """PublishBatch: each entry is taken or told to have failed by itself."""
        topic = _topic(tx, caller, params["TopicArn"], "TopicArn")
        entries = params["PublishBatchRequestEntries"]
        _check_batch(topic, entries)
        answer: Json = {"Successful": [], "Failed": []}
        for entry in entries:
            try:
                taken = self._take(tx, topic, messages.read_message(entry, topic), params.get(PREPARED, {}))
            except AwsError as error:
                code = error.code.removesuffix("Exception")
                failed = {"Id": entry["Id"], "Code": code, "Message": error.message, "SenderFault": True}
                answer["Failed"].append(failed)
            else:
                answer["Successful"].append({"Id": entry["Id"], **taken})
        return answer

    def _take(self, tx: Tx, topic: Topic, message: Message, judged: PolicyMatches) -> Json:
        """Take a message; what it is called from now on."""
        key, sequence = self.world.uuid(), None
        if topic.fifo:
            taken, new = self._deduplicate(tx, topic, message, key)
            key, sequence = taken.message, str(FIRST_SEQUENCE + taken.sequence)
            if not new:
                return {"MessageId": key, "SequenceNumber": sequence}
        topics.count(tx, topic.arn, "published")
        self._send_to_subscribers(tx, topic, message, key, sequence, FilteredMessage(message.attributes, judged))
        return {"MessageId": key} | ({"SequenceNumber": sequence} if sequence is not None else {})

    def _deduplicate(self, tx: Tx, topic: Topic, message: Message, key: str) -> tuple[AcceptedMessage, bool]:
        """A FIFO topic's message as it was taken before, or as it is now; and whether it is new."""
        by_group = topic.attributes.get("FifoThroughputScope") == "MessageGroup"
        scope, deduplication = (message.group or "") if by_group else "", message.deduplication or ""
        now = self.world.now()
        before = topics.find_accepted(tx, topic.arn, scope, deduplication, now)
        if before is not None:
            return before, False
        taken = AcceptedMessage(key, topics.next_sequence(tx, topic.arn))
        topics.remember_accepted(tx, topic.arn, scope, deduplication, taken, now + MEMORY)
        return taken, True

    def _send_to_subscribers(
        self, tx: Tx, topic: Topic, message: Message, key: str, sequence: str | None, filtered_message: FilteredMessage
    ) -> None:
        filtered = 0
        for subscription in subscriptions.confirmed_of_topic(tx, topic.arn):
            text = message.to(subscription.protocol)
            if not filter_policy.wants_message(subscription.attributes, text, filtered_message):
                filtered += 1
                continue
            notification = self._notification(topic, subscription, message, text, key, sequence)
            if subscription.protocol == protocols.SQS:
                self.sender.send_to_queue(tx, subscription, notification)
            elif subscription.protocol in protocols.UNDELIVERABLE:
                where = (subscription.endpoint, subscription.protocol)
                log.warning("message %s is not delivered to %s by %s", key, *where)
            else:
                self.sender.send(tx, subscription, notification)
        if filtered:
            topics.count(tx, topic.arn, "filtered", filtered)

    def _notification(
        self, topic: Topic, subscription: Subscription, message: Message, text: str, key: str, sequence: str | None
    ) -> Notification:
        return Notification(
            NOTIFICATION,
            key,
            topic.arn,
            subscription.arn,
            text,
            self.world.now(),
            message.subject,
            _sent(message),
            sequence,
            message.group,
            message.deduplication,
            raw=subscription.raw,
            version=topic.attributes.get("SignatureVersion", "1"),
        )


def _judging(reader: Reader, arn: str | None, entries: list[Json]) -> Work | None:
    """Seeing beforehand who wants messages, where they are large for so many filter policies."""
    size = sum(map(_size, entries)) if arn and len(entries) <= BATCH else 0
    topic = topics.get(reader, arn) if arn and size > SMALL else None
    if topic is None or size > messages.max_size(topic):
        return None
    found = [each for each in subscriptions.confirmed_of_topic(reader, topic.arn) if "FilterPolicy" in each.attributes]
    if size * len(found) <= LARGE:
        return None
    return lambda: Prepared({key: value for entry in entries for key, value in _judged(topic, entry, found).items()})


def _judged(topic: Topic, entry: Json, found: list[Subscription]) -> PolicyMatches:
    try:
        message = messages.read_message(entry, topic)
    except AwsError:
        return {}  # Publish refuses it in its turn
    return filter_policy.match_policies(
        [(each.attributes, message.to(each.protocol)) for each in found], message.attributes
    )


def _sent(message: Message) -> dict[str, tuple[str, str]]:
    """As AWS says, "Message attributes are sent only when the message structure is String, not JSON"."""
    return {} if message.texts else {name: (each.type, each.value) for name, each in message.attributes.items()}


def _topic(tx: Tx, caller: Caller, text: str, what: str) -> Topic:
    """The topic of an ARN, which must be of the region that is asked."""
    if parse_arn(text, what).region != caller.region:
        raise InvalidParameter(what)
    return find_topic(tx, text, what)


def _check_batch(topic: Topic, entries: list[Json]) -> None:
    if not entries:
        raise EmptyBatchRequest
    if len(entries) > BATCH:
        raise TooManyEntriesInBatchRequest
    ids = [entry["Id"] for entry in entries]
    if not all(map(_ID.fullmatch, ids)):
        raise InvalidBatchEntryId
    if len(set(ids)) < len(ids):
        raise BatchEntryIdsNotDistinct
    if sum(_size(entry) for entry in entries) > messages.max_size(topic):
        raise BatchRequestTooLong


def _size(entry: Json) -> int:
    """How many bytes of a batch an entry is, right or wrong."""
    attributes = (entry.get("MessageAttributes") or {}).items()
    values = [each.get("StringValue") or each.get("BinaryValue") or "" for _, each in attributes]
    kinds = [each.get("DataType") or "" for _, each in attributes]
    parts = [entry["Message"], *(name for name, _ in attributes), *kinds, *values]
    return sum(len(part.encode() if isinstance(part, str) else part) for part in parts)
