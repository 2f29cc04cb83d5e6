"""Send messages to queues: to subscribed queues and to the dead-letter queues of subscriptions.

Guarantees that a message is in the queue in the sender's transaction. With raw delivery, the message's attributes
become those of the SQS message; otherwise they are in the envelope. A FIFO queue gets the message group and the
deduplication ID, a standard queue only the group. A dead-letter queue gets the same as a subscribed queue. See
https://docs.aws.amazon.com/sns/latest/dg/sns-large-payload-raw-message-delivery.html.
"""

from base64 import b64decode
from dataclasses import dataclass

from lamplighter.base.aws import arn
from lamplighter.base.json_text import Json
from lamplighter.bus import Bus, Caller
from lamplighter.services.sns.messages.notification import EngineUrls, Notification, make_document, write_document
from lamplighter.services.sns.messages.signing import Signer
from lamplighter.store.db import Tx

SERVICE_PRINCIPAL = "sns.amazonaws.com"


@dataclass(frozen=True, slots=True)
class SqsEndpoint:
    """Sends the messages of one engine's SNS to queues."""

    bus: Bus
    urls: EngineUrls
    signer: Signer

    def sign(self, notification: Notification) -> None:
        """Sign a notification that is sent soon; any thread may do this."""
        make_document(notification, self.urls, self.signer)

    def send(self, tx: Tx, queue: str, notification: Notification) -> None:
        """Send to the queue of an ARN. Raises SQS's `AwsError` if SQS refuses the message; nothing is changed then.

        If the engine enforces IAM, the queue's policy must allow it.
        """
        found = arn.parse(queue)
        assert found is not None
        name = found.resource
        params: Json = {"QueueUrl": self.urls.queue(found.account, name)}
        if notification.raw:
            params["MessageBody"] = notification.text
            if notification.attributes:
                params["MessageAttributes"] = _attributes(notification)
        else:
            params["MessageBody"] = write_document(make_document(notification, self.urls, self.signer))
        if notification.group is not None and (name.endswith(".fifo") or notification.deduplication is None):
            params["MessageGroupId"] = notification.group
        if notification.deduplication is not None and name.endswith(".fifo"):
            params["MessageDeduplicationId"] = notification.deduplication
        caller = Caller(found.account, found.region, origin=notification.topic, trace=notification.trace)
        with tx.nested():
            if self.bus.guard is not None:
                self.bus.guard.check_service_call(tx, SERVICE_PRINCIPAL, caller, "sqs", "SendMessage", params)
            self.bus.invoke(tx, caller, "sqs", "SendMessage", params)


def _attributes(notification: Notification) -> Json:
    return {name: {"DataType": kind, **_typed(kind, value)} for name, (kind, value) in notification.attributes.items()}


def _typed(kind: str, value: str) -> Json:
    return {"BinaryValue": b64decode(value)} if kind.startswith("Binary") else {"StringValue": value}
