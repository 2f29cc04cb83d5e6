"""Implement Publish and PublishBatch: accept messages and queue their deliveries to all matching subscriptions.

Guarantees that a message is accepted and its deliveries queued in one transaction. Guarantees that a FIFO topic accepts
a message once in five minutes and delivers its messages in the order in which it accepted them. See
https://docs.aws.amazon.com/sns/latest/api/API_Publish.html and
https://docs.aws.amazon.com/sns/latest/dg/fifo-message-dedup.html.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json
from lamplighter.base.precompute import LARGE_TEXT_LENGTH
from lamplighter.base.world import World
from lamplighter.bus import PREPARED, Caller, Prepared, Work
from lamplighter.services.sns.arns import find_own_topic
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
from lamplighter.services.sns.mobile import platform_endpoints
from lamplighter.services.sns.mobile.mobile_arns import is_endpoint_arn
from lamplighter.services.sns.sms import phone_numbers
from lamplighter.services.sns.subscriptions import filter_policy, protocols
from lamplighter.services.sns.subscriptions.filter_policy import FilteredMessage, PolicyMatches
from lamplighter.services.sns.tables import subscriptions, topics
from lamplighter.services.sns.tables.subscriptions import Subscription
from lamplighter.services.sns.tables.topics import AcceptedMessage, Topic
from lamplighter.store.db import Reader, Tx

DEDUPLICATION_INTERVAL = 5 * 60_000
"""Milliseconds in which a FIFO topic recognises a duplicate."""
MAX_BATCH_ENTRIES = 10
MAX_ENTRY_ID_LENGTH = 80
SMALL_BYTES = 4_096
"""The most bytes of messages that are filtered within the turn, however many filter policies there are."""
FIRST_SEQUENCE = 10**19
"""The offset of sequence numbers: AWS's have twenty digits."""

_ENTRY_ID = re.compile("[A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True)
class MessageIdentity:
    """The MessageId of a message, and its time in milliseconds since the epoch."""

    id: str
    time: int


@dataclass(frozen=True, slots=True)
class PreparedBatch:
    """What is known about a batch before its turn."""

    identities: Sequence[MessageIdentity]
    """One for each entry; the signatures are made for these."""
    matches: PolicyMatches


@dataclass(frozen=True, slots=True)
class Publisher:
    """Accepts the messages of one engine."""

    world: World
    sender: DeliverySender

    def publish(self, tx: Tx, caller: Caller, params: Json) -> Json:
        """Handle Publish."""
        targets = [name for name in ("TopicArn", "TargetArn", "PhoneNumber") if params.get(name) is not None]
        if len(targets) != 1:
            reason = "no value for required parameter" if not targets else "only one of them may be given"
            raise InvalidParameter("TopicArn or TargetArn", reason)
        if targets == ["PhoneNumber"]:
            return self._publish_to_phone(tx, params)
        if targets == ["TargetArn"] and is_endpoint_arn(params["TargetArn"]):
            return self._publish_to_mobile(tx, params)
        topic = find_own_topic(tx, caller, params[targets[0]], targets[0])
        message = replace(messages.read_message(params, topic), trace=caller.trace)
        matches = params.get(PREPARED, {})
        return self._accept(tx, topic, message, self._new_identity(), matches)

    def _publish_to_phone(self, tx: Tx, params: Json) -> Json:
        """Accept a text message, as AWS does, and report at once that it is lost."""
        number = params["PhoneNumber"]
        phone_numbers.check_publishable(number)
        messages.read_message(params, None)
        self.sender.report_lost(tx, protocols.SMS, number)
        return {"MessageId": self.world.uuid()}

    def _publish_to_mobile(self, tx: Tx, params: Json) -> Json:
        """Accept a push to an enabled endpoint of a mobile application, and report at once that it is lost."""
        endpoint = platform_endpoints.find_target(tx, params["TargetArn"])
        messages.read_message(params, None)
        self.sender.report_lost(tx, protocols.APPLICATION, endpoint.arn)
        return {"MessageId": self.world.uuid()}

    def prepare_publish(self, reader: Reader, _caller: Caller, params: Json) -> Work | None:
        """Return the part of Publish that grows with the message: filtering. Return None if the message is small."""
        filtering = _filter_work(reader, params.get("TopicArn") or params.get("TargetArn"), [params])
        return None if filtering is None else lambda: Prepared(filtering())

    def prepare_batch(self, reader: Reader, _caller: Caller, params: Json) -> Work | None:
        """Return the work of PublishBatch that makes its turn long: filtering large messages, and signing."""
        entries = params["PublishBatchRequestEntries"]
        filtering = _filter_work(reader, params["TopicArn"], entries)
        topic = topics.get(reader, params["TopicArn"]) if 0 < len(entries) <= MAX_BATCH_ENTRIES else None
        signs = topic is not None and _signs_for_queues(reader, topic)
        if filtering is None and not signs:
            return None
        identities = [self._new_identity() for _ in entries]

        def prepare() -> Prepared:
            if topic is not None and signs:
                self._sign(topic, entries, identities)
            return Prepared(PreparedBatch(identities, filtering() if filtering is not None else {}))

        return prepare

    def _sign(self, topic: Topic, entries: list[Json], identities: Sequence[MessageIdentity]) -> None:
        """Sign the entries of a batch for queues; `publish_batch` rejects those that cannot be read."""
        for entry, identity in zip(entries, identities, strict=True):
            try:
                message = messages.read_message(entry, topic)
                text = message.text_for(protocols.SQS)
                self.sender.sign_for_queues(_notification(topic, "", message, text, identity, raw=False))
            except AwsError:
                continue

    def publish_batch(self, tx: Tx, caller: Caller, params: Json) -> Json:
        """Handle PublishBatch: accept or reject each entry separately."""
        topic = find_own_topic(tx, caller, params["TopicArn"], "TopicArn")
        entries = params["PublishBatchRequestEntries"]
        _check_batch(topic, entries)
        prepared = params.get(PREPARED) or PreparedBatch([self._new_identity() for _ in entries], {})
        answer: Json = {"Successful": [], "Failed": []}
        for entry, identity in zip(entries, prepared.identities, strict=True):
            try:
                message = replace(messages.read_message(entry, topic), trace=caller.trace)
                accepted = self._accept(tx, topic, message, identity, prepared.matches)
            except AwsError as error:
                code = error.code.removesuffix("Exception")
                failed = {"Id": entry["Id"], "Code": code, "Message": error.message, "SenderFault": True}
                answer["Failed"].append(failed)
            else:
                answer["Successful"].append({"Id": entry["Id"], **accepted})
        return answer

    def _new_identity(self) -> MessageIdentity:
        return MessageIdentity(self.world.uuid(), self.world.now())

    def _accept(
        self, tx: Tx, topic: Topic, message: Message, identity: MessageIdentity, known_matches: PolicyMatches
    ) -> Json:
        """Accept a message; return its MessageId and, for a FIFO topic, its sequence number."""
        key, sequence = identity.id, None
        if topic.fifo:
            accepted, new = self._deduplicate(tx, topic, message, key)
            key, sequence = accepted.message, str(FIRST_SEQUENCE + accepted.sequence)
            if not new:
                return {"MessageId": key, "SequenceNumber": sequence}
        topics.increment_count(tx, topic.arn, "published")
        filtered_message = FilteredMessage(message.attributes, known_matches)
        self._send_to_subscribers(tx, topic, message, identity, sequence, filtered_message)
        return {"MessageId": key} | ({"SequenceNumber": sequence} if sequence is not None else {})

    def _deduplicate(self, tx: Tx, topic: Topic, message: Message, key: str) -> tuple[AcceptedMessage, bool]:
        """Return the earlier message with the same deduplication ID, or the new message; and whether it is new."""
        by_group = topic.attributes.get("FifoThroughputScope") == "MessageGroup"
        scope, deduplication = (message.group or "") if by_group else "", message.deduplication or ""
        now = tx.now
        before = topics.find_accepted(tx, topic.arn, scope, deduplication, now)
        if before is not None:
            return before, False
        accepted = AcceptedMessage(key, topics.next_sequence(tx, topic.arn))
        topics.remember_accepted(tx, topic.arn, scope, deduplication, accepted, now + DEDUPLICATION_INTERVAL)
        return accepted, True

    def _send_to_subscribers(
        self,
        tx: Tx,
        topic: Topic,
        message: Message,
        identity: MessageIdentity,
        sequence: str | None,
        filtered_message: FilteredMessage,
    ) -> None:
        filtered = 0
        for subscription in subscriptions.confirmed_of_topic(tx, topic.arn):
            text = message.text_for(subscription.protocol)
            if not filter_policy.wants_message(subscription.attributes, text, filtered_message):
                filtered += 1
                continue
            notification = _notification(
                topic, subscription.arn, message, text, identity, sequence, raw=subscription.raw
            )
            if subscription.protocol == protocols.SQS:
                self.sender.send_to_queue(tx, subscription, notification)
            elif subscription.protocol in protocols.UNDELIVERABLE:
                self.sender.refuse(tx, subscription, notification)
            else:
                self.sender.send(tx, subscription, notification)
        if filtered:
            topics.increment_count(tx, topic.arn, "filtered", filtered)


def _notification(
    topic: Topic,
    subscription: str,
    message: Message,
    text: str,
    identity: MessageIdentity,
    sequence: str | None = None,
    *,
    raw: bool,
) -> Notification:
    return Notification(
        NOTIFICATION,
        identity.id,
        topic.arn,
        subscription,
        text,
        identity.time,
        message.subject,
        _attributes_to_send(message),
        sequence,
        message.group,
        message.deduplication,
        raw=raw,
        version=topic.attributes.get("SignatureVersion", "1"),
        trace=message.trace,
    )


def _signs_for_queues(reader: Reader, topic: Topic) -> bool:
    """Return whether queues get signed documents in the turn that accepts the messages of a topic."""
    found = () if topic.fifo else subscriptions.confirmed_of_topic(reader, topic.arn)
    return any(each.protocol == protocols.SQS and not each.raw for each in found)


def _filter_work(reader: Reader, arn: str | None, entries: list[Json]) -> Callable[[], PolicyMatches] | None:
    """Return the work of filtering the messages before the turn, or None if it is small."""
    size = sum(map(_size, entries)) if arn and len(entries) <= MAX_BATCH_ENTRIES else 0
    topic = topics.get(reader, arn) if arn and size > SMALL_BYTES else None
    if topic is None or size > messages.max_size(topic):
        return None
    found = [each for each in subscriptions.confirmed_of_topic(reader, topic.arn) if "FilterPolicy" in each.attributes]
    if size * len(found) <= LARGE_TEXT_LENGTH:
        return None
    return lambda: {key: value for entry in entries for key, value in _filter_results(topic, entry, found).items()}


def _filter_results(topic: Topic, entry: Json, found: list[Subscription]) -> PolicyMatches:
    try:
        message = messages.read_message(entry, topic)
    except AwsError:
        return {}  # Publish rejects it in its turn
    return filter_policy.match_policies(
        [(each.attributes, message.text_for(each.protocol)) for each in found], message.attributes
    )


def _attributes_to_send(message: Message) -> dict[str, tuple[str, str]]:
    """Return the message attributes that are sent to subscribers.

    "Message attributes are sent only when the message structure is String, not JSON".
    """
    return {} if message.texts else {name: (each.type, each.value) for name, each in message.attributes.items()}


def _check_batch(topic: Topic, entries: list[Json]) -> None:
    if not entries:
        raise EmptyBatchRequest
    if len(entries) > MAX_BATCH_ENTRIES:
        raise TooManyEntriesInBatchRequest
    ids = [entry["Id"] for entry in entries]
    for each in ids:
        if len(each) > MAX_ENTRY_ID_LENGTH:
            raise InvalidBatchEntryId(f"The Id of a batch entry in the batch request is too long: {each}")
        if not _ENTRY_ID.fullmatch(each):
            raise InvalidBatchEntryId(
                f"The Id of a batch entry in the batch request contains an impermissible character: {each}"
            )
    if len(set(ids)) < len(ids):
        raise BatchEntryIdsNotDistinct
    if sum(_size(entry) for entry in entries) > messages.max_size(topic):
        raise BatchRequestTooLong
    for entry in entries:
        messages.check_group_and_deduplication(entry, topic)


def _size(entry: Json) -> int:
    """Return the size of a batch entry in bytes, whether the entry is valid or not."""
    attributes = (entry.get("MessageAttributes") or {}).items()
    values = [each.get("StringValue") or each.get("BinaryValue") or "" for _, each in attributes]
    kinds = [each.get("DataType") or "" for _, each in attributes]
    parts = [entry["Message"], *(name for name, _ in attributes), *kinds, *values]
    return sum(len(part.encode() if isinstance(part, str) else part) for part in parts)
