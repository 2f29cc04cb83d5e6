"""Deliver notifications to endpoints after the commit, with the retries of the subscription's policy.

Guarantees that an endpoint gets a notification at least once (`delivery/attempts.py`). A message that cannot be
delivered is sent to the subscription's dead-letter queue, and the engine's health and `doctor` report it. After an
endpoint is unsubscribed, no further attempts are made. See
https://docs.aws.amazon.com/sns/latest/dg/sns-dead-letter-queues.html.
"""

import asyncio
import logging
import math
from collections.abc import Mapping
from functools import partial
from weakref import WeakValueDictionary

from lamplighter.base.errors import AwsError, Unavailable
from lamplighter.base.json_text import Json, loads
from lamplighter.base.world import World
from lamplighter.delivery.attempts import Attempts
from lamplighter.delivery.tables import lost_alerts
from lamplighter.delivery.tables.lost_alerts import LostAlert
from lamplighter.outbound.port import DeliveryFailed
from lamplighter.runs.named_execution import named_execution
from lamplighter.services.sns.delivery import delivery_policy, retry_delays
from lamplighter.services.sns.delivery.endpoints import EndpointAddress, EndpointSenders
from lamplighter.services.sns.delivery.retry_delays import RetryDelays
from lamplighter.services.sns.delivery.sqs_endpoint import SqsEndpoint
from lamplighter.services.sns.messages.notification import (
    NOTIFICATION,
    SUBSCRIPTION,
    UNSUBSCRIPTION,
    Notification,
    from_json,
)
from lamplighter.services.sns.subscriptions import protocols
from lamplighter.services.sns.tables import deliveries as rows
from lamplighter.services.sns.tables import subscriptions, topics
from lamplighter.services.sns.tables.deliveries import DELIVERED, FAILED, WAITING, SnsDelivery
from lamplighter.services.sns.tables.subscriptions import CONFIRMED, DELETED, PENDING, Subscription
from lamplighter.store.db import OutboxRow, Reader, Store, Tx
from lamplighter.store.timers import Timer

SERVICE = "sns"
MAX_PARALLEL_ATTEMPTS = 8
"""The most simultaneous attempts for one subscription."""
SERVER_ERROR = 500
"""The HTTP status from which on an error is the server's: nothing was stored, and the caller tries again."""
REQUIRED_STATUS = {NOTIFICATION: CONFIRMED, SUBSCRIPTION: PENDING, UNSUBSCRIPTION: DELETED}
"""The status that a subscription must have to get each type of notification."""

log = logging.getLogger("lamplighter.sns")


class DeliverySender:
    """Delivers the notifications of one engine to endpoints."""

    def __init__(self, store: Store, world: World, senders: EndpointSenders, sqs_endpoint: SqsEndpoint) -> None:
        self._store = store
        self._world = world
        self._senders = senders
        self._sqs_endpoint = sqs_endpoint
        self._attempts = Attempts(SERVICE, "", world, rows.count_attempt, self._retry_delay, self._end)
        self._semaphores: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()
        """The limits of simultaneous attempts, by subscription."""
        self._failing_endpoints: set[str] = set()
        """The endpoints that the log has reported as failing."""

    # --- queue a delivery ---------------------------------------------------------------------------------------------

    def send(self, tx: Tx, subscription: Subscription, notification: Notification) -> None:
        """Queue a notification for a subscription: it is sent after the commit, or when the throttle allows it."""
        delivery = rows.put(tx, self._new_delivery(subscription, notification, WAITING, None))
        wait = self._throttle(tx, subscription) if notification.type == NOTIFICATION else 0
        self._attempts.schedule(tx, delivery.id, wait)

    def send_to_queue(self, tx: Tx, subscription: Subscription, notification: Notification) -> None:
        """Send a notification to a subscribed queue in this turn.

        If SQS refuses it, AWS counts that as a client-side error, so that there is no second attempt.
        """
        try:
            self._sqs_endpoint.send(tx, subscription.endpoint, notification)
        except AwsError as error:
            if error.status >= SERVER_ERROR:
                raise
            self._record_failure(tx, subscription, notification, f"{error.code}: {error.message}")
        else:
            rows.put(tx, self._new_delivery(subscription, notification, DELIVERED, None))
            topics.increment_count(tx, subscription.topic, "delivered")

    def refuse(self, tx: Tx, subscription: Subscription, notification: Notification) -> None:
        """Record that a notification is lost because this engine cannot deliver by the subscription's protocol."""
        self._record_failure(tx, subscription, notification, _unsupported(subscription.protocol))

    def _record_failure(self, tx: Tx, subscription: Subscription, notification: Notification, reason: str) -> None:
        delivery = rows.put(tx, self._new_delivery(subscription, notification, FAILED, reason))
        self._give_up(tx, delivery, notification)

    def report_lost(self, tx: Tx, protocol: str, endpoint: str) -> None:
        """Report that a message which was published to an endpoint without a topic is lost, for the same reason."""
        recipient, reason = lost_alerts.recipient_name(protocol, endpoint), _unsupported(protocol)
        log.error("a message for %s is lost: %s", recipient, reason)
        lost_alerts.put(tx, LostAlert(tx.now, recipient, reason))

    def sign_for_queues(self, notification: Notification) -> None:
        """Sign a notification that is sent to queues soon; any thread may do this."""
        self._sqs_endpoint.sign(notification)

    def _new_delivery(
        self, subscription: Subscription, notification: Notification, status: str, error: str | None
    ) -> SnsDelivery:
        now = self._world.now()
        rest = rows.body_after_delivery(named_execution(notification.text))
        return SnsDelivery(
            0,
            subscription.topic,
            subscription.arn,
            subscription.protocol,
            subscription.endpoint,
            notification.id,
            notification.type,
            status,
            attempts=0 if status == WAITING else 1,
            created=now,
            changed=now,
            error=error,
            body=notification.to_json() if status == WAITING else rest,
        )

    def _throttle(self, tx: Tx, subscription: Subscription) -> int:
        """Return how many milliseconds the message must wait for the throttle, and reserve that time.

        The reserved times have fractions, so that the average rate is the policy's. Only the wait is rounded, upwards.
        """
        if subscription.protocol not in protocols.WITH_POLICY:
            return 0
        rate = (_effective_policy(tx, subscription)["throttlePolicy"] or {}).get("maxReceivesPerSecond")
        if not rate:
            return 0
        now = self._world.monotonic()
        send_at = max(now, subscription.throttled_until)
        subscriptions.set_throttled_until(tx, subscription.arn, send_at + 1000 / rate)
        return math.ceil(send_at - now)

    def fire_timer(self, tx: Tx, timer: Timer) -> None:
        """Queue the next attempt of a delivery."""
        self._attempts.fire_timer(tx, timer)

    # --- one attempt --------------------------------------------------------------------------------------------------

    async def handle_outbox_row(self, row: OutboxRow) -> None:
        """Make one attempt and store its outcome.

        Deliveries that wait for their attempt are not held in memory: the notification is read when the attempt starts.
        """
        key = self._attempts.delivery_id(row)
        subscription = rows.subscription_of(self._store.reader, key)
        semaphore = self._semaphores.setdefault(subscription or "", asyncio.Semaphore(MAX_PARALLEL_ATTEMPTS))
        async with semaphore:
            error = await self._attempt(self._store.reader, key)
            await self._store.write_with_retry(lambda tx: self._attempts.store_outcome(tx, row, error))

    async def _attempt(self, reader: Reader, key: int) -> AwsError | None:
        delivery = rows.get(reader, key)
        if delivery is None:
            return None
        notification = _notification(delivery)
        if notification is None:
            return DeliveryFailed("the stored notification cannot be read", retryable=False)
        subscription = subscriptions.get(reader, delivery.subscription)
        if subscription is None or subscription.status != REQUIRED_STATUS[notification.type]:
            return DeliveryFailed("the subscription no longer exists", retryable=False)
        if delivery.protocol in protocols.IN_ORDER and rows.has_earlier_waiting(reader, delivery):
            return DeliveryFailed("an earlier message to this endpoint is not delivered yet", retryable=True)
        try:
            await self._senders.send(delivery.protocol, _address(reader, subscription), notification)
        except (DeliveryFailed, Unavailable) as error:
            return error
        except Exception:
            log.exception("%s (%d) failed with an internal error of the engine", _description(delivery), key)
            return DeliveryFailed("an internal error of the engine; see its log", retryable=True)
        return None

    # --- a retry, or the end ------------------------------------------------------------------------------------------

    def _retry_delay(self, tx: Tx, delivery: SnsDelivery, error: AwsError) -> int | None:
        subscription = subscriptions.get(tx, delivery.subscription)
        if subscription is None:
            return None
        delay = retry_delays.retry_delay(_policy_delays(tx, subscription), delivery.attempts - 1)
        if delay is not None:
            tx.after_commit.append(partial(self._log_failing, delivery))
            delay = max(delay, error.retry_after * 1_000) if isinstance(error, DeliveryFailed) else delay
        return delay

    def _end(self, tx: Tx, delivery: SnsDelivery, error: AwsError | None) -> None:
        rows.finish(tx, delivery, DELIVERED if error is None else FAILED)
        if error is not None:
            self._give_up(tx, delivery, _notification(delivery))
            return
        _count_outcome(tx, delivery, "delivered")
        tx.after_commit.append(partial(self._log_recovered, delivery))
        topic = delivery.topic.rpartition(":")[2]
        fields = {"messageId": delivery.message, "topic": delivery.topic}
        log.info("%s: %s %s", topic, _description(delivery), self._result(delivery), extra={"fields": fields})

    def _result(self, delivery: SnsDelivery) -> str:
        folder = self._senders.outbound.mail.folder if delivery.protocol in protocols.MAIL else None
        return (
            "succeeded"
            if folder is None
            else f"was not sent, because there is no mail server: it is a file in {folder}"
        )

    def _log_failing(self, delivery: SnsDelivery) -> None:
        """Log once that an endpoint is failing: there are many retries, and the last may be hours away."""
        if delivery.endpoint not in self._failing_endpoints:
            self._failing_endpoints.add(delivery.endpoint)
            log.warning("%s failed: %s; it will be retried", _description(delivery), delivery.error)

    def _log_recovered(self, delivery: SnsDelivery) -> None:
        if delivery.endpoint in self._failing_endpoints:
            self._failing_endpoints.remove(delivery.endpoint)
            log.info("%s works again", _description(delivery))

    def _give_up(self, tx: Tx, delivery: SnsDelivery, notification: Notification | None) -> None:
        _count_outcome(tx, delivery, "failed")
        reason = delivery.error or ""
        log.error("message %s of %s: %s failed: %s", delivery.message, delivery.topic, _description(delivery), reason)
        subscription = subscriptions.get(tx, delivery.subscription)
        if subscription is None:
            return
        recipient = lost_alerts.recipient_name(delivery.protocol, delivery.endpoint)
        lost_alerts.put(tx, LostAlert(tx.now, recipient, reason))
        if notification is None or notification.type != NOTIFICATION:
            return
        queue = dead_letter_queue(subscription.attributes)
        if queue is None:
            return
        try:
            self._sqs_endpoint.send(tx, queue, notification)
        except AwsError as error:
            if error.status >= SERVER_ERROR:
                raise
            log.error("the dead-letter queue %s rejected the message, too: %s: %s", queue, error.code, error.message)
        else:
            topics.increment_count(tx, delivery.topic, "redriven")


def _unsupported(protocol: str) -> str:
    return f"this engine does not deliver by the protocol {protocol}"


def dead_letter_queue(attributes: Mapping[str, str]) -> str | None:
    """Return the ARN of a subscription's dead-letter queue, or None."""
    text = attributes.get("RedrivePolicy")
    found: str | None = loads(text)["deadLetterTargetArn"] if text else None
    return found


def _effective_policy(reader: Reader, subscription: Subscription) -> Json:
    topic = topics.get(reader, subscription.topic)
    return delivery_policy.effective_policy(topic.attributes if topic is not None else {}, subscription.attributes)


def _policy_delays(reader: Reader, subscription: Subscription) -> RetryDelays:
    if subscription.protocol in protocols.WITH_POLICY:
        policy = _effective_policy(reader, subscription)["healthyRetryPolicy"]
        # The engine tries the webhook of a job file as long as a mail, unless somebody has set a policy.
        is_promised = not subscription.token and policy == delivery_policy.DEFAULT_RETRY_POLICY
        return retry_delays.SMTP if is_promised else retry_delays.delays_of_policy(policy)
    people = protocols.MAIL | protocols.SECRET_ADDRESS
    return retry_delays.SMTP if subscription.protocol in people else retry_delays.MANAGED


def _address(reader: Reader, subscription: Subscription) -> EndpointAddress:
    topic = topics.get(reader, subscription.topic)
    name = topic.attributes.get("DisplayName", "") if topic is not None else ""
    kind = _effective_policy(reader, subscription)["requestPolicy"]["headerContentType"]
    return EndpointAddress(subscription.endpoint, kind, name)


def _description(delivery: SnsDelivery) -> str:
    """Describe for the log what is delivered, and to which endpoint; an address may contain a password."""
    if delivery.protocol in (*protocols.SECRET_ADDRESS, protocols.HTTP, protocols.HTTPS):
        return f"delivery to {lost_alerts.recipient_name(delivery.protocol, delivery.endpoint)}"
    return f"{'mail' if delivery.protocol in protocols.MAIL else 'delivery'} to {delivery.endpoint}"


def _count_outcome(tx: Tx, delivery: SnsDelivery, counter: str) -> None:
    """Count the outcome of a message; confirmations are not counted."""
    if delivery.type == NOTIFICATION:
        topics.increment_count(tx, delivery.topic, counter)


def _notification(delivery: SnsDelivery) -> Notification | None:
    """Return the notification of a delivery, or None if it cannot be read."""
    try:
        return from_json(delivery.body)
    except (KeyError, TypeError, ValueError):
        return None
