"""Operations that make a subscription, confirm it and end it.

Endpoints that this engine's owner names are confirmed at once; a web server is asked, and so is who reads mail where
the engine was told to ask (`--confirm-mail`): whoever can call this API owns the engine, and need not be protected from
strangers as AWS's mail readers are. A web server that the owner's own job file names is vouched for, and not asked
either. A subscription that nobody confirms is gone after two days, as its token is. See
https://docs.aws.amazon.com/sns/latest/api/API_Subscribe.html and
https://docs.aws.amazon.com/sns/latest/api/API_ConfirmSubscription.html.
"""

import logging
from dataclasses import dataclass, replace

from lamplighter.base.json_text import Json
from lamplighter.base.world import World
from lamplighter.bus import Caller, Work
from lamplighter.services.sns.arns import check_subscription_arn, find_topic
from lamplighter.services.sns.delivery.deliver import SERVICE, DeliverySender
from lamplighter.services.sns.errors import AuthorizationError, InvalidParameter
from lamplighter.services.sns.messages.notification import SUBSCRIPTION, UNSUBSCRIPTION, Notification
from lamplighter.services.sns.subscriptions import attributes as settings
from lamplighter.services.sns.subscriptions import protocols
from lamplighter.services.sns.tables import subscriptions as rows
from lamplighter.services.sns.tables import topics
from lamplighter.services.sns.tables.subscriptions import CONFIRMED, DELETED, PENDING, Subscription
from lamplighter.services.sns.tables.topics import Topic
from lamplighter.store import timers
from lamplighter.store.db import Reader, Tx
from lamplighter.store.timers import Timer

EXPIRE = "expire"
TOKEN_LIFETIME = 2 * 24 * 3_600_000
""" "Confirmation tokens are valid for two days." """
ASKED = "pending confirmation"

log = logging.getLogger("lamplighter.sns")


@dataclass(frozen=True, slots=True)
class Subscriber:
    """How subscriptions come and go."""

    world: World
    sender: DeliverySender
    ask_by_mail: bool
    """Whether a mail address is asked first."""
    commands: bool
    """Whether command lines may be subscribed."""

    def subscribe(self, tx: Tx, caller: Caller, params: Json) -> Json:
        """Subscribe"""
        topic = find_topic(tx, params["TopicArn"])
        protocol, endpoint = params["Protocol"], params.get("Endpoint") or ""
        protocols.check_endpoint(protocol, endpoint, commands=self.commands)
        _check_order(topic, protocol, endpoint)
        attributes: dict[str, str] = params.get("Attributes") or {}
        settings.check_attributes(attributes, protocol)
        found = rows.find_by_endpoint(tx, topic.arn, protocol, endpoint)
        if found is not None and found.status == CONFIRMED:
            if any(found.attributes.get(name) != value for name, value in attributes.items()):
                raise InvalidParameter("Attributes", "Subscription already exists with different attributes")
            return {"SubscriptionArn": found.arn}
        if found is not None and found.status == DELETED:
            rows.delete(tx, found.arn)
            found = None
        subscription = self._new(caller, topic, protocol, endpoint) if found is None else found
        subscription = replace(subscription, attributes={name: value for name, value in attributes.items() if value})
        rows.put(tx, subscription)
        if subscription.status == PENDING:
            text = (
                f"You have chosen to subscribe to the topic {topic.arn}.\n"
                "To confirm the subscription, visit the SubscribeURL included in this message."
            )
            self._ask(tx, topic, subscription, SUBSCRIPTION, text)
        elif protocol in protocols.UNDELIVERABLE:
            log.warning("%s gets nothing: an engine on one box has no way to deliver by %s", endpoint, protocol)
        shown = subscription.status == CONFIRMED or params.get("ReturnSubscriptionArn")
        return {"SubscriptionArn": subscription.arn if shown else ASKED}

    def prepare(self, _reader: Reader, _caller: Caller, params: Json) -> Work | None:
        """What of Subscribe takes as long as the filter policy is large."""
        return settings.prepare_check(params.get("Attributes") or {})

    def confirm_without_asking(self, tx: Tx, caller: Caller, params: Json) -> Json:
        """Vouch, which AWS has not: subscribe an endpoint without asking it, or confirm one that was asked."""
        topic = find_topic(tx, params["TopicArn"])
        protocol, endpoint = str(params["Protocol"]), str(params["Endpoint"])
        protocols.check_endpoint(protocol, endpoint, commands=self.commands)
        _check_order(topic, protocol, endpoint)
        found = rows.find_by_endpoint(tx, topic.arn, protocol, endpoint) or self._new(caller, topic, protocol, endpoint)
        rows.put(tx, replace(found, status=CONFIRMED, authenticated=True))
        timers.delete(tx, SERVICE, found.arn, EXPIRE)
        return {"SubscriptionArn": found.arn}

    def confirm(self, tx: Tx, caller: Caller, params: Json) -> Json:
        """ConfirmSubscription; a second time it answers the same."""
        topic = find_topic(tx, params["TopicArn"])
        found = rows.by_token(tx, params["Token"])
        if found is None:
            raise InvalidParameter("Token")
        if found.topic != topic.arn:
            raise InvalidParameter("Topic")
        if found.status != CONFIRMED:
            signed = bool(caller.account)
            locked = signed and (params.get("AuthenticateOnUnsubscribe") or "").lower() == "true"
            rows.put(tx, replace(found, status=CONFIRMED, authenticated=signed, locked=locked))
            timers.delete(tx, SERVICE, found.arn, EXPIRE)
        return {"SubscriptionArn": found.arn}

    def unsubscribe(self, tx: Tx, caller: Caller, params: Json) -> Json:
        """Unsubscribe: what is not there is unsubscribed already.

        Who has not signed, as who opens the link in a mail, leaves the way back: "a final cancellation message is
        delivered to the endpoint".
        """
        found = rows.get(tx, check_subscription_arn(params["SubscriptionArn"]))
        if found is None or found.status == DELETED:
            return {}
        if caller.account:
            rows.delete(tx, found.arn)
            timers.delete_all(tx, SERVICE, found.arn)
            return {}
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
            self._ask(tx, topic, ended, UNSUBSCRIPTION, text)
        return {}

    def fire_timer(self, tx: Tx, timer: Timer) -> None:
        """Nobody has confirmed a subscription in time."""
        found = rows.get(tx, timer.subject)
        if found is not None and found.status != CONFIRMED:
            rows.delete(tx, found.arn)

    def _new(self, caller: Caller, topic: Topic, protocol: str, endpoint: str) -> Subscription:
        asks = protocol in protocols.WEB or (protocol in protocols.MAIL and self.ask_by_mail)
        return Subscription(
            f"{topic.arn}:{self.world.uuid()}",
            topic.arn,
            caller.account,
            topic.region,
            protocol,
            endpoint,
            PENDING if asks else CONFIRMED,
            self._token(),
            authenticated=not asks,
            locked=False,
            attributes={},
        )

    def _token(self) -> str:
        """What nobody can guess."""
        return (self.world.uuid() + self.world.uuid()).replace("-", "")

    def _ask(self, tx: Tx, topic: Topic, subscription: Subscription, kind: str, text: str) -> None:
        """Send the endpoint what it can confirm with, for as long as that is good."""
        notification = Notification(
            kind,
            self.world.uuid(),
            topic.arn,
            subscription.arn,
            text,
            self.world.now(),
            token=subscription.token,
            version=topic.attributes.get("SignatureVersion", "1"),
        )
        self.sender.send(tx, subscription, notification)
        timers.put(tx, Timer(SERVICE, subscription.arn, EXPIRE, self.world.monotonic() + TOKEN_LIFETIME), elapsed=True)


def _check_order(topic: Topic, protocol: str, endpoint: str) -> None:
    if topic.fifo and protocol != protocols.SQS:
        raise InvalidParameter("Protocol", "FIFO topics deliver to Amazon SQS queues only")
    if not topic.fifo and protocol == protocols.SQS and endpoint.endswith(".fifo"):
        reason = "FIFO SQS Queues can not be subscribed to standard SNS topics"
        raise InvalidParameter("Invalid parameter: Endpoint", reason)
