"""Build the documents that endpoints get: notifications, and confirmations that a subscription begins or ends.

Guarantees AWS's members in AWS's order and spelling. See
https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from urllib.parse import urlencode

from lamplighter.base.json_text import Json, dumps
from lamplighter.base.world import format_iso_time
from lamplighter.services.sns.messages.signing import Signer
from lamplighter.wire.access.unsigned_requests import CONFIRMATION_PATH, UNSUBSCRIBE_PATH

NOTIFICATION = "Notification"
SUBSCRIPTION = "SubscriptionConfirmation"
UNSUBSCRIPTION = "UnsubscribeConfirmation"


@dataclass(frozen=True, slots=True)
class Notification:
    """A message or a confirmation for one endpoint."""

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
    """Types and values by name; binary values are in base64."""
    sequence: str | None = None
    group: str | None = None
    deduplication: str | None = None
    token: str | None = None
    raw: bool = False
    version: str = "1"
    """The version of the signature."""
    trace: str | None = None
    """The header X-Amzn-Trace-Id of the request that published the message."""

    @property
    def is_signed(self) -> bool:
        """Return whether the document has a signature: it has no sequence number, as messages of FIFO topics have."""
        return self.sequence is None

    def to_json(self) -> Json:
        """Return the notification as JSON for the database."""
        return asdict(self)


def from_json(kept: Json) -> Notification:
    """Return the notification of a JSON document from the database."""
    attributes = {name: (kind, value) for name, (kind, value) in kept["attributes"].items()}
    return Notification(**(kept | {"attributes": attributes}))


@dataclass(frozen=True, slots=True)
class EngineUrls:
    """The engine's URLs for receivers of messages."""

    url: str
    pages: bool = False
    """Whether links open a page with a button and do nothing else, because mail scanners open every link of a mail."""

    def for_mail(self) -> "EngineUrls":
        """Return the URLs for a mail, whose links open pages."""
        return replace(self, pages=True)

    def confirm(self, topic: str, token: str) -> str:
        """Return the link that confirms a subscription, immediately or by the button of its page."""
        return self._link(CONFIRMATION_PATH, "ConfirmSubscription", {"TopicArn": topic, "Token": token})

    def unsubscribe(self, subscription: str) -> str:
        """Return the link that ends a subscription by the button of its page."""
        return self._link(UNSUBSCRIBE_PATH, "Unsubscribe", {"SubscriptionArn": subscription})

    def _link(self, page: str, operation: str, params: Mapping[str, str]) -> str:
        path, query = (page, params) if self.pages else ("/", {"Action": operation, **params})
        return f"{self.url}{path}?{urlencode(query, safe=':')}"

    def certificate(self, name: str) -> str:
        """Return the URL of the certificate that verifies signatures, which has this name."""
        return f"{self.url}/{name}"

    def queue(self, account: str, name: str) -> str:
        """Return the URL of a queue."""
        return f"{self.url}/{account}/{name}"


def make_document(notification: Notification, urls: EngineUrls, signer: Signer) -> Json:
    """Return the JSON document of a notification, signed unless it comes from a FIFO topic: AWS signs none of those."""
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
        document["SubscribeURL"] = urls.confirm(notification.topic, notification.token)
    document["Timestamp"] = format_iso_time(notification.timestamp)
    if notification.is_signed:
        document |= {
            "SignatureVersion": notification.version,
            "Signature": signer.sign(notification.version, document),
            "SigningCertURL": urls.certificate(signer.certificate_name()),
        }
    if notification.type == NOTIFICATION:
        document["UnsubscribeURL"] = urls.unsubscribe(notification.subscription)
    return document | ({"MessageAttributes": attributes_document(notification)} if notification.attributes else {})


def attributes_document(notification: Notification) -> Json:
    """Return the message attributes in the form that documents contain."""
    return {name: {"Type": kind, "Value": value} for name, (kind, value) in notification.attributes.items()}


def write_document(document: Json) -> str:
    """Return a document as text in AWS's layout."""
    return _lines({name: _value(value) for name, value in document.items()}, "  ")


def _value(value: Json) -> str:
    if not isinstance(value, dict):
        return dumps(value)
    return _lines({name: dumps(each) for name, each in value.items()}, "    ")


def _lines(entries: Mapping[str, str], indent: str) -> str:
    lines = ",\n".join(f"{indent}{dumps(name)} : {value}" for name, value in entries.items())
    return f"{{\n{lines}\n{indent[2:]}}}"
