"""Deliver notifications to endpoints after the commit, with the retries of the subscription's policy.

Guarantees that a delivery is a row until it is finished, that an attempt is an outbox row or a timer, and that an
attempt's outcome is stored in the transaction that decides the next step. So an endpoint gets a notification at least
once. A message that cannot be delivered is sent to the subscription's dead-letter queue, and the engine's health and
`doctor` report it. After an endpoint is unsubscribed, no further attempts are made. See
https://docs.aws.amazon.com/sns/latest/dg/sns-dead-letter-queues.html.
"""

import asyncio
import logging
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from weakref import WeakValueDictionary

from lamplighter.base.errors import AwsError, Unavailable
from lamplighter.base.json_text import Json, loads
from lamplighter.base.world import World
from lamplighter.delivery.tables import lost_alerts
from lamplighter.delivery.tables.lost_alerts import LostAlert
from lamplighter.outbound.port import DeliveryFailed
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
from lamplighter.store import outbox, timers
from lamplighter.store.db import OutboxRow, Reader, Store, Tx
from lamplighter.store.timers import Timer

SERVICE = "sns"
RETRY_TIMER = "retry"
MAX_PARALLEL_ATTEMPTS = 8
"""The most simultaneous attempts for one subscription."""
SERVER_ERROR = 500
"""The HTTP status from which on an error is the server's: nothing was stored, and the caller tries again."""
REQUIRED_STATUS = {NOTIFICATION: CONFIRMED, SUBSCRIPTION: PENDING, UNSUBSCRIPTION: DELETED}
"""The status that a subscription must have to get each type of notification."""

log = logging.getLogger("lamplighter.sns")


@dataclass(frozen=True, slots=True)
class AttemptFailure:
    """Why an attempt failed, and whether another attempt may succeed."""

    reason: str
    retryable: bool


@dataclass(frozen=True, slots=True)
class DeliverySender:
    """Delivers the notifications of one engine to endpoints."""

    store: Store
    world: World
    senders: EndpointSenders
    sqs_endpoint: SqsEndpoint
    semaphores: WeakValueDictionary[str, asyncio.Semaphore] = field(default_factory=WeakValueDictionary)
    """The limits of simultaneous attempts, by subscription."""
    failing_endpoints: set[str] = field(default_factory=set)
    """The endpoints that the log has reported as failing."""

    # --- queue a delivery ---------------------------------------------------------------------------------------------

    def send(self, tx: Tx, subscription: Subscription, notification: Notification) -> None:
        """Queue a notification for a subscription: it is sent after the commit, or when the throttle allows it."""
        delivery = rows.put(tx, self._new_delivery(subscription, notification, WAITING, None))
        wait = self._throttle(tx, subscription) if notification.type == NOTIFICATION else 0
        self._schedule(tx, delivery.id, wait)

    def send_to_queue(self, tx: Tx, subscription: Subscription, notification: Notification) -> None:
        """Send a notification to a subscribed queue in this turn.

        If SQS refuses it, AWS counts that as a client-side error, so that there is no second attempt.
        """
        try:
            self.sqs_endpoint.send(tx, subscription.endpoint, notification)
        except AwsError as error:
            if error.status >= SERVER_ERROR:
                raise
            reason = f"{error.code}: {error.message}"
            delivery = rows.put(tx, replace(self._new_delivery(subscription, notification, FAILED, reason), attempts=1))
            self._give_up(tx, delivery, notification, subscription, reason)
        else:
            rows.put(tx, replace(self._new_delivery(subscription, notification, DELIVERED, None), attempts=1))
            topics.increment_count(tx, subscription.topic, "delivered")

    def _new_delivery(
        self, subscription: Subscription, notification: Notification, status: str, error: str | None
    ) -> SnsDelivery:
        now = self.world.now()
        return SnsDelivery(
            0,
            subscription.topic,
            subscription.arn,
            subscription.protocol,
            subscription.endpoint,
            notification.id,
            notification.type,
            status,
            attempts=0,
            created=now,
            changed=now,
            error=error,
            body=notification.to_json() if status == WAITING else None,
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
        now = self.world.monotonic()
        send_at = max(now, subscription.throttled_until)
        subscriptions.set_throttled_until(tx, subscription.arn, send_at + 1000 / rate)
        return math.ceil(send_at - now)

    def _schedule(self, tx: Tx, key: int, wait: int) -> None:
        if wait > 0:
            timers.put(tx, Timer(SERVICE, str(key), RETRY_TIMER, self.world.monotonic() + wait), steady_clock=True)
        else:
            outbox.put(tx, SERVICE, str(key), None)

    def fire_timer(self, tx: Tx, timer: Timer) -> None:
        """Queue the next attempt of a delivery."""
        outbox.put(tx, SERVICE, timer.subject, None)

    # --- one attempt --------------------------------------------------------------------------------------------------

    async def handle_outbox_row(self, row: OutboxRow) -> None:
        """Make one attempt and store its outcome.

        Deliveries that wait for their attempt are not held in memory: the notification is read when the attempt starts.
        """
        key = int(row.subject)
        subscription = rows.subscription_of(self.store.reader, key)
        semaphore = self.semaphores.setdefault(subscription or "", asyncio.Semaphore(MAX_PARALLEL_ATTEMPTS))
        async with semaphore:
            failure = await self._attempt(self.store.reader, key)
            await self.store.write_with_retry(lambda tx: self._store_outcome(tx, row, failure))

    async def _attempt(self, reader: Reader, key: int) -> AttemptFailure | None:
        delivery = rows.get(reader, key)
        if delivery is None:
            return None
        notification = _notification(delivery)
        if notification is None:
            return AttemptFailure("the stored notification cannot be read", retryable=False)
        subscription = subscriptions.get(reader, delivery.subscription)
        if subscription is None or subscription.status != REQUIRED_STATUS[notification.type]:
            return AttemptFailure("the subscription no longer exists", retryable=False)
        try:
            await self.senders.send(delivery.protocol, _address(reader, subscription), notification)
        except DeliveryFailed as error:
            return AttemptFailure(str(error), error.retryable)
        except Unavailable as error:
            return AttemptFailure(error.message, retryable=True)
        except Exception:
            log.exception("delivery %d to %s failed with an internal error of the engine", key, delivery.endpoint)
            return AttemptFailure("an internal error of the engine; see its log", retryable=True)
        return None

    def _store_outcome(self, tx: Tx, row: OutboxRow, failure: AttemptFailure | None) -> None:
        if not outbox.delete(tx, row.id):
            return
        key = int(row.subject)
        found = rows.get(tx, key)
        if found is None:
            return
        if failure is None:
            rows.finish(tx, found, DELIVERED, self.world.now(), None)
            _count_outcome(tx, found, "delivered")
            tx.after_commit.append(partial(self._log_recovered, found))
            log.info("message %s of %s is delivered to %s", found.message, found.topic, found.endpoint)
            return
        subscription = subscriptions.get(tx, found.subscription)
        wait = self._retry_delay(tx, found, subscription) if failure.retryable else None
        if wait is None:
            rows.finish(tx, found, FAILED, self.world.now(), failure.reason)
            self._give_up(tx, found, _notification(found), subscription, failure.reason)
        else:
            rows.count_attempt(tx, key, self.world.now(), failure.reason)
            self._schedule(tx, key, wait)
            tx.after_commit.append(partial(self._log_failing, found, failure.reason))

    def _log_failing(self, delivery: SnsDelivery, reason: str) -> None:
        """Log once that an endpoint is failing: there are many retries, and the last may be hours away."""
        if delivery.endpoint not in self.failing_endpoints:
            self.failing_endpoints.add(delivery.endpoint)
            log.warning("%s failed: %s; it will be retried", _description(delivery), reason)

    def _log_recovered(self, delivery: SnsDelivery) -> None:
        if delivery.endpoint in self.failing_endpoints:
            self.failing_endpoints.remove(delivery.endpoint)
            log.info("%s works again", _description(delivery))

    def _retry_delay(self, tx: Tx, delivery: SnsDelivery, subscription: Subscription | None) -> int | None:
        """Return the milliseconds until the next attempt, or None if there is none."""
        if subscription is None:
            return None
        return retry_delays.retry_delay(_policy_delays(tx, subscription), delivery.attempts)

    # --- the end of a delivery ----------------------------------------------------------------------------------------

    def _give_up(
        self,
        tx: Tx,
        delivery: SnsDelivery,
        notification: Notification | None,
        subscription: Subscription | None,
        reason: str,
    ) -> None:
        _count_outcome(tx, delivery, "failed")
        log.error(
            "message %s of %s could not be delivered to %s: %s",
            delivery.message,
            delivery.topic,
            delivery.endpoint,
            reason,
        )
        if subscription is not None:
            recipient = lost_alerts.recipient_name(delivery.protocol, delivery.endpoint)
            lost_alerts.put(tx, LostAlert(self.world.now(), recipient, reason))
        if notification is None or notification.type != NOTIFICATION or subscription is None:
            return
        queue = dead_letter_queue(subscription.attributes)
        if queue is None:
            return
        try:
            self.sqs_endpoint.send(tx, queue, notification)
        except AwsError as error:
            if error.status >= SERVER_ERROR:
                raise
            log.error("the dead-letter queue %s rejected the message, too: %s: %s", queue, error.code, error.message)
        else:
            topics.increment_count(tx, delivery.topic, "redriven")


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
        return retry_delays.delays_of_policy(_effective_policy(reader, subscription)["healthyRetryPolicy"])
    return retry_delays.SMTP if subscription.protocol in protocols.MAIL else retry_delays.MANAGED


def _address(reader: Reader, subscription: Subscription) -> EndpointAddress:
    topic = topics.get(reader, subscription.topic)
    name = topic.attributes.get("DisplayName", "") if topic is not None else ""
    kind = _effective_policy(reader, subscription)["requestPolicy"]["headerContentType"]
    return EndpointAddress(subscription.endpoint, kind, name)


def _description(delivery: SnsDelivery) -> str:
    """Describe for the log what is delivered, and to which endpoint."""
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
