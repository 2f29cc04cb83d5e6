"""Implement the operations that create, confirm and end a subscription.

Most endpoints are confirmed immediately. A web server must confirm its subscription, and so must a mail address if the
engine was started with `--confirm-mail`. AWS protects mail addresses from strangers by confirmation; here every caller
of the API is the owner of the engine. A web server that the owner's job file names is confirmed immediately, too. An
unconfirmed subscription is deleted after two days, when its token expires. See
https://docs.aws.amazon.com/sns/latest/api/API_Subscribe.html and
https://docs.aws.amazon.com/sns/latest/api/API_ConfirmSubscription.html.
"""

import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from lamplighter.base.errors import require
from lamplighter.base.json_text import Json
from lamplighter.base.world import World
from lamplighter.bus import Caller, Work
from lamplighter.services.sns.arns import check_subscription_arn, find_own_topic, find_topic
from lamplighter.services.sns.delivery.deliver import SERVICE, DeliverySender
from lamplighter.services.sns.errors import AuthorizationError, InvalidParameter
from lamplighter.services.sns.messages.notification import SUBSCRIPTION, UNSUBSCRIPTION, Notification
from lamplighter.services.sns.subscriptions import attributes as settings
from lamplighter.services.sns.subscriptions import protocols
from lamplighter.services.sns.tables import subscriptions as rows
from lamplighter.services.sns.tables import topics
from lamplighter.services.sns.tables.subscriptions import CONFIRMED, DELETED, PENDING, Subscription
from lamplighter.services.sns.tables.topics import Topic
from lamplighter.services.sns.topics import large_messages
from lamplighter.store import timers
from lamplighter.store.db import Reader, Tx
from lamplighter.store.timers import Timer

if TYPE_CHECKING:
    from aws_types import sns as aws

EXPIRY_TIMER = "expire"
TOKEN_LIFETIME = 2 * 24 * 3_600_000
"""The lifetime of a token in milliseconds: "Confirmation tokens are valid for two days."
"""
PENDING_ARN = "pending confirmation"

log = logging.getLogger("lamplighter.sns")


@dataclass(frozen=True, slots=True)
class SubscriptionOperations:
    """Creates, confirms and ends subscriptions."""

    world: World
    sender: DeliverySender
    ask_by_mail: bool
    """Whether a mail address must confirm its subscription."""
    commands: bool
    """Whether command lines may be subscribed."""

    def subscribe(self, tx: Tx, caller: Caller, params: "aws.SubscribeInput") -> "aws.SubscribeOutput":
        """Handle Subscribe."""
        topic = find_own_topic(tx, caller, params["TopicArn"])
        protocol, endpoint = params["Protocol"], params.get("Endpoint") or ""
        protocols.check_endpoint(protocol, endpoint, commands=self.commands)
        _check_fifo(topic, protocol, endpoint)
        attributes: dict[str, str] = params.get("Attributes") or {}
        settings.check_attributes(attributes, protocol, endpoint)
        found = rows.find_by_endpoint(tx, topic.arn, protocol, endpoint)
        if found is not None and found.status == CONFIRMED:
            if not settings.have_same_values(found.attributes, attributes):
                raise InvalidParameter("Attributes", "Subscription already exists with different attributes")
            return {"SubscriptionArn": found.arn}
        if found is not None and found.status == DELETED:
            rows.delete(tx, found.arn)
            found = None
        if found is None:
            large_messages.check_new_subscription(tx, topic, protocol)
        subscription = self._new(caller, topic, protocol, endpoint) if found is None else found
        subscription = replace(subscription, attributes={name: value for name, value in attributes.items() if value})
        rows.put(tx, subscription)
        if subscription.status == PENDING:
            text = (
                f"You have chosen to subscribe to the topic {topic.arn}.\n"
                "To confirm the subscription, visit the SubscribeURL included in this message."
            )
            self._request_confirmation(tx, topic, subscription, SUBSCRIPTION, text)
        elif protocol in protocols.UNDELIVERABLE:
            log.warning("%s will get no messages: this engine does not support the protocol %s", endpoint, protocol)
        shows_arn = subscription.status == CONFIRMED or params.get("ReturnSubscriptionArn")
        return {"SubscriptionArn": subscription.arn if shows_arn else PENDING_ARN}

    def prepare(self, _reader: Reader, _caller: Caller, params: Json) -> Work | None:
        """Return the work of Subscribe that grows with the filter policy, or None if the policy is small."""
        return settings.prepare_check(params.get("Attributes") or {})

    def confirm_without_asking(self, tx: Tx, caller: Caller, params: Json) -> Json:
        """Handle AddConfirmedSubscription: create or confirm a subscription without asking the endpoint."""
        topic = find_topic(tx, params["TopicArn"])
        protocol, endpoint = str(params["Protocol"]), str(params["Endpoint"])
        protocols.check_endpoint(protocol, endpoint, commands=self.commands)
        _check_fifo(topic, protocol, endpoint)
        found = rows.find_by_endpoint(tx, topic.arn, protocol, endpoint) or self._new(caller, topic, protocol, endpoint)
        rows.put(tx, replace(found, status=CONFIRMED, authenticated=True, token=""))
        timers.delete(tx, SERVICE, found.arn, EXPIRY_TIMER)
        return {"SubscriptionArn": found.arn}

    def confirm(
        self, tx: Tx, caller: Caller, params: "aws.ConfirmSubscriptionInput"
    ) -> "aws.ConfirmSubscriptionOutput":
        """Handle ConfirmSubscription; a repeated request gets the same answer."""
        topic = find_topic(tx, params["TopicArn"])
        found = require(rows.by_token(tx, params["Token"] or "-"), lambda: InvalidParameter("Token"))
        if found.topic != topic.arn:
            raise InvalidParameter("Topic")
        if found.status != CONFIRMED:
            signed = bool(caller.account)
            locked = signed and (params.get("AuthenticateOnUnsubscribe") or "").lower() == "true"
            rows.put(tx, replace(found, status=CONFIRMED, authenticated=signed, locked=locked))
            timers.delete(tx, SERVICE, found.arn, EXPIRY_TIMER)
        return {"SubscriptionArn": found.arn}

    def unsubscribe(self, tx: Tx, caller: Caller, params: "aws.UnsubscribeInput") -> None:
        """Handle Unsubscribe; succeed if the subscription does not exist.

        An unsigned request, such as from the link in a mail, leaves a subscription that can be restored: "a final
        cancellation message is delivered to the endpoint".
        """
        found = rows.get(tx, check_subscription_arn(params["SubscriptionArn"]))
        if found is None or found.status == DELETED:
            return
        if caller.account:
            rows.delete(tx, found.arn)
            timers.delete_all(tx, SERVICE, found.arn)
            return
        if found.locked:
            raise AuthorizationError("The subscription may be ended by its owner only")
        topic = topics.get(tx, found.topic)
        ended = replace(found, status=DELETED, token=self._token())
        rows.put(tx, ended)
        if topic is not None and found.protocol in protocols.WEB | protocols.MAIL:
            text = (
                f"You have chosen to deactivate subscription {found.arn}.\n"
                "To cancel this operation and restore the subscription, visit the SubscribeURL included in this "
                "message."
            )
            self._request_confirmation(tx, topic, ended, UNSUBSCRIPTION, text)

    def fire_timer(self, tx: Tx, timer: Timer) -> None:
        """Delete a subscription that was not confirmed in time."""
        found = rows.get(tx, timer.subject)
        if found is not None and found.status != CONFIRMED:
            rows.delete(tx, found.arn)

    def _new(self, caller: Caller, topic: Topic, protocol: str, endpoint: str) -> Subscription:
        needs_confirmation = protocols.needs_confirmation(protocol, ask_by_mail=self.ask_by_mail)
        return Subscription(
            f"{topic.arn}:{self.world.uuid()}",
            topic.arn,
            caller.account,
            topic.region,
            protocol,
            endpoint,
            PENDING if needs_confirmation else CONFIRMED,
            self._token(),
            authenticated=not needs_confirmation,
            locked=False,
            attributes={},
        )

    def _token(self) -> str:
        """Return a token that cannot be guessed."""
        return (self.world.uuid() + self.world.uuid()).replace("-", "")

    def _request_confirmation(self, tx: Tx, topic: Topic, subscription: Subscription, kind: str, text: str) -> None:
        """Send the endpoint its token, and set the timer for the token's expiry."""
        notification = Notification(
            kind,
            self.world.uuid(),
            topic.arn,
            subscription.arn,
            text,
            tx.now,
            token=subscription.token,
            version=topic.attributes.get("SignatureVersion", "1"),
        )
        self.sender.send(tx, subscription, notification)
        timers.put(
            tx,
            Timer(SERVICE, subscription.arn, EXPIRY_TIMER, self.world.monotonic() + TOKEN_LIFETIME),
            steady_clock=True,
        )


def _check_fifo(topic: Topic, protocol: str, endpoint: str) -> None:
    if topic.fifo and protocol != protocols.SQS:
        raise InvalidParameter(f"Invalid protocol type: {protocol}")
    if not topic.fifo and protocol == protocols.SQS and endpoint.endswith(".fifo"):
        reason = "FIFO SQS Queues can not be subscribed to standard SNS topics"
        raise InvalidParameter("Invalid parameter: Endpoint", reason)
