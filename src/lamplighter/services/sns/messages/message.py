"""Validate a message to publish: its text, its subject and its attributes.

Guarantees that a `Message` satisfies AWS's rules. Rejects other messages with AWS's error for the broken rule.
See https://docs.aws.amazon.com/sns/latest/api/API_Publish.html and
https://docs.aws.amazon.com/sns/latest/dg/sns-message-attributes.html.
"""

import re
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256

from lamplighter.base.json_text import Json, loads_or, loads_unique
from lamplighter.base.number_text import parse_decimal
from lamplighter.services.sns.errors import InvalidAttributeValue, InvalidParameter
from lamplighter.services.sns.tables.topics import Topic

MAX_BYTES = 262_144
"""The most bytes of a message with its attributes, unless the topic sets another limit."""
MAX_SUBJECT_LENGTH = 100
"""The most characters of a subject; AWS accepts exactly this many, too."""
DEFAULT_PROTOCOL = "default"
PUSH_PREFIX = "AWS.SNS."
"""The prefix of the attributes that control mobile pushes."""

_NAME = re.compile(r"(?!.*\.\.)[A-Za-z0-9_-]([A-Za-z0-9_.-]{0,254}[A-Za-z0-9_-])?")
_RESERVED = re.compile(r"(aws|amazon)\.", re.IGNORECASE)
_TYPE = re.compile(r"(String|Number|Binary)(\..+)?", re.DOTALL)
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")
_TOKEN = re.compile(r"[A-Za-z0-9!\"#$%&'()*+,./:;<=>?@\[\\\]^_`{|}~-]{1,128}")


@dataclass(frozen=True, slots=True)
class Attribute:
    """A message attribute, as the envelope contains it."""

    type: str
    """String, String.Array, Number, Binary, or one of these with a custom label."""
    value: str
    """The value as text; binary values are in base64."""


@dataclass(frozen=True, slots=True)
class Message:
    """A validated message."""

    text: str
    """The text for all protocols without a text in `texts`."""
    texts: Mapping[str, str]
    """The texts by protocol."""
    subject: str | None
    attributes: Mapping[str, Attribute]
    group: str | None
    deduplication: str | None
    trace: str | None = None

    def text_for(self, protocol: str) -> str:
        """Return the text for a protocol."""
        return self.texts.get(protocol, self.text)


def read_message(params: Json, topic: Topic | None) -> Message:
    """Return the message of a Publish request or of a PublishBatch entry; `topic` is None for a phone number.

    Raises `InvalidParameter` or `InvalidAttributeValue`.
    """
    text = params["Message"]
    if not text:
        raise InvalidParameter("Empty message")
    subject = params.get("Subject")
    if subject is not None:
        _check_subject(subject)
    attributes = {name: _attribute(name, given) for name, given in (params.get("MessageAttributes") or {}).items()}
    if message_size(text, attributes) > max_size(topic):
        raise InvalidParameter("Message too long")
    texts = _texts_by_protocol(text, params.get("MessageStructure"))
    check_group_and_deduplication(params, topic)
    group, deduplication = params.get("MessageGroupId"), params.get("MessageDeduplicationId")
    if topic is not None and topic.fifo and deduplication is None:
        deduplication = sha256(text.encode()).hexdigest()
    return Message(texts.get(DEFAULT_PROTOCOL, text), texts, subject, attributes, group, deduplication)


def max_size(topic: Topic | None) -> int:
    """Return the most bytes of a message to this topic."""
    return int(topic.attributes.get("MaximumMessageSize", MAX_BYTES)) if topic is not None else MAX_BYTES


def message_size(text: str, attributes: Mapping[str, Attribute]) -> int:
    """Return a message's size in bytes: the body, and each attribute's name, type and value."""
    parts = [text, *(part for name, each in attributes.items() for part in (name, each.type, each.value))]
    return sum(len(part.encode()) for part in parts)


def _check_subject(subject: str) -> None:
    """Check AWS's rule: "UTF-8 text with no line breaks or control characters, and less than 100 characters long"."""
    if not subject or len(subject) > MAX_SUBJECT_LENGTH or _CONTROL.search(subject):
        raise InvalidParameter("Subject")


def _texts_by_protocol(text: str, structure: str | None) -> Mapping[str, str]:
    if structure is None:
        return {}
    if structure != "json":
        raise InvalidParameter("MessageStructure")
    members = loads_unique(text)  # "Duplicate keys are not allowed."
    if not isinstance(members, dict):
        raise InvalidParameter("Message Structure - JSON message body failed to parse")
    # "Non-string values will cause the key to be ignored."
    texts = {name: value for name, value in members.items() if isinstance(value, str)}
    if DEFAULT_PROTOCOL not in texts:
        raise InvalidParameter("Message Structure - No default entry in JSON message body")
    return texts


def _attribute(name: str, given: Json) -> Attribute:
    if not _NAME.fullmatch(name) or (_RESERVED.match(name) and not name.startswith(PUSH_PREFIX)):
        raise InvalidParameter(f"Invalid message attribute name: {name}")
    kind = given.get("DataType") or ""
    if not kind:
        raise InvalidAttributeValue(f"The message attribute '{name}' must contain non-empty message attribute type.")
    if not _TYPE.fullmatch(kind) or len(kind) > 256:
        raise InvalidAttributeValue(
            f"The message attribute '{name}' has an invalid message attribute type, the set of supported type prefixes "
            "is Binary, Number, and String."
        )
    base = kind.partition(".")[0]
    field, other = ("BinaryValue", "StringValue") if base == "Binary" else ("StringValue", "BinaryValue")
    value = given.get(field)
    if not value:
        if given.get(other):
            word = field.removesuffix("Value")
            raise InvalidAttributeValue(f"The message attribute '{name}' with type '{kind}' must use field '{word}'.")
        raise InvalidAttributeValue(
            f"The message attribute '{name}' must contain non-empty message attribute value for message attribute type "
            f"'{kind}'."
        )
    if base == "Binary":
        return Attribute(kind, b64encode(value if isinstance(value, bytes) else value.encode()).decode())
    if base == "Number" and not _is_number(value):
        raise InvalidAttributeValue(f"Could not cast message attribute '{name}' value to number.")
    if kind == "String.Array" and not isinstance(loads_or(value, None), list):
        raise InvalidAttributeValue(f"The message attribute '{name}' with type 'String.Array' must hold a JSON array.")
    return Attribute(kind, value)


def _is_number(text: str) -> bool:
    try:
        parse_decimal(text)
    except ValueError:
        return False
    return True


def check_group_and_deduplication(params: Json, topic: Topic | None) -> None:
    """Raise `InvalidParameter` for an invalid message group or deduplication ID, or if the topic requires another one.

    A standard topic passes the group on to its queues: see https://docs.aws.amazon.com/sns/latest/api/API_Publish.html.
    """
    group, deduplication = params.get("MessageGroupId"), params.get("MessageDeduplicationId")
    for name, value in (("MessageGroupId", group), ("MessageDeduplicationId", deduplication)):
        if value is not None and not _TOKEN.fullmatch(value):
            raise InvalidParameter(name)
    if topic is None or not topic.fifo:
        if deduplication is not None:
            raise InvalidParameter(
                "MessageDeduplicationId",
                "The request includes MessageDeduplicationId parameter that is not valid for this topic type",
            )
        return
    if group is None:
        raise InvalidParameter("The MessageGroupId parameter is required for FIFO topics")
    if deduplication is None and topic.attributes.get("ContentBasedDeduplication") != "true":
        raise InvalidParameter(
            "The topic should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided "
            "explicitly"
        )
