"""The documents that endpoints get: notifications, and the confirmation of a subscription or of its end.

Promises AWS's members in AWS's order and spelling. See
https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from urllib.parse import urlencode

from lamplighter.base.json_text import Json, dumps
from lamplighter.base.world import iso
from lamplighter.services.sns.messages.signing import Signer
from lamplighter.wire.access.unsigned_requests import CERTIFICATE, CONFIRMATION, UNSUBSCRIBE

NOTIFICATION = "Notification"
SUBSCRIPTION = "SubscriptionConfirmation"
UNSUBSCRIPTION = "UnsubscribeConfirmation"


@dataclass(frozen=True, slots=True)
class Notification:
    """What is brought to one endpoint."""

    type: str
    id: str
    """The MessageId."""
    topic: str
    subscription: str
    text: str
    timestamp: int
    """Milliseconds since the epoch."""
    subject: str | None = None
    attributes: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """Type and value, bytes in base64."""
    sequence: str | None = None
    group: str | None = None
    deduplication: str | None = None
    token: str | None = None
    raw: bool = False
    version: str = "1"
    """Of the signature."""

    def to_json(self) -> Json:
        """As it is kept."""
        return asdict(self)


def from_json(kept: Json) -> Notification:
    """A notification as it was kept."""
    attributes = {name: (kind, value) for name, (kind, value) in kept["attributes"].items()}
    return Notification(**(kept | {"attributes": attributes}))


@dataclass(frozen=True, slots=True)
class EngineUrls:
    """The addresses at which this engine is found by those who get its messages."""

    url: str
    pages: bool = False
    """Whether a link opens a page with a button: mail scanners open every link of a mail."""

    def for_mail(self) -> "EngineUrls":
        """The links for a mail."""
        return replace(self, pages=True)

    def confirm(self, topic: str, token: str) -> str:
        """What confirms a subscription: when it is opened, or by the button of the page."""
        return self._link(CONFIRMATION, "ConfirmSubscription", {"TopicArn": topic, "Token": token})

    def unsubscribe(self, subscription: str) -> str:
        """What ends a subscription by the button of its page."""
        return self._link(UNSUBSCRIBE, "Unsubscribe", {"SubscriptionArn": subscription})

    def _link(self, page: str, operation: str, params: Mapping[str, str]) -> str:
        path, query = (page, params) if self.pages else ("/", {"Action": operation, **params})
        return f"{self.url}{path}?{urlencode(query, safe=':')}"

    @property
    def certificate(self) -> str:
        """What verifies a signature."""
        return f"{self.url}{CERTIFICATE}"

    def queue(self, account: str, name: str) -> str:
        """The URL of a queue."""
        return f"{self.url}/{account}/{name}"


def signed_members(notification: Notification, links: EngineUrls, signer: Signer) -> Json:
    """A notification as the JSON document that its endpoint gets."""
    document: dict[str, str] = {"Type": notification.type, "MessageId": notification.id}
    if notification.sequence is not None:
        document["SequenceNumber"] = notification.sequence
    if notification.token is not None:
        document["Token"] = notification.token
    document["TopicArn"] = notification.topic
    if notification.subject is not None:
        document["Subject"] = notification.subject
    document["Message"] = notification.text
    if notification.token is not None:
        document["SubscribeURL"] = links.confirm(notification.topic, notification.token)
    document["Timestamp"] = iso(notification.timestamp)
    signature = signer.sign(notification.version, document)
    document |= {"SignatureVersion": notification.version, "Signature": signature, "SigningCertURL": links.certificate}
    if notification.type == NOTIFICATION:
        document["UnsubscribeURL"] = links.unsubscribe(notification.subscription)
    return document | ({"MessageAttributes": attributes_document(notification)} if notification.attributes else {})


def attributes_document(notification: Notification) -> Json:
    """The message attributes as documents have them."""
    return {name: {"Type": kind, "Value": value} for name, (kind, value) in notification.attributes.items()}


def write_document(document: Json) -> str:
    """A document as AWS writes it."""
    return _lines({name: _value(value) for name, value in document.items()}, "  ")


def _value(value: Json) -> str:
    if not isinstance(value, dict):
        return dumps(value)
    return _lines({name: dumps(each) for name, each in value.items()}, "    ")


def _lines(entries: Mapping[str, str], indent: str) -> str:
    lines = ",\n".join(f"{indent}{dumps(name)} : {value}" for name, value in entries.items())
    return f"{{\n{lines}\n{indent[2:]}}}"
