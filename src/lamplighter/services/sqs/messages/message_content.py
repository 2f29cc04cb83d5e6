"""Check a message's body, attributes and size, and store the attributes as text.

See https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html and
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html.
"""

import re
from base64 import b64decode, b64encode
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation

from lamplighter.base.json_text import Json, dumps, loads
from lamplighter.services.sqs.errors import InvalidMessageContents, InvalidParameterValue, MissingParameter

FORBIDDEN_CHARACTERS = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
ATTRIBUTE_NAME = re.compile(r"[\w.-]+")
RESERVED_PREFIX = re.compile(r"(aws|amazon)\.", re.IGNORECASE)
TRACE_HEADER = "AWSTraceHeader"
MAX_ATTRIBUTES = 10
MAX_NAME_LENGTH = 256
MAX_DIGITS = 38

Attributes = Mapping[str, Json]


def check_body(body: str) -> str:
    """Return the body of a message. Raises an error if SQS rejects it."""
    if not body:
        raise MissingParameter("MessageBody")
    if FORBIDDEN_CHARACTERS.search(body):
        raise InvalidMessageContents
    return body


def check_attributes(attributes: Attributes) -> Attributes:
    """Return message attributes in the form to store. Raises an error if SQS rejects one."""
    if len(attributes) > MAX_ATTRIBUTES:
        raise InvalidParameterValue(
            f"Number of message attributes [{len(attributes)}] exceeds the allowed maximum [{MAX_ATTRIBUTES}]."
        )
    return {_check_name(name): _check_value(name, value) for name, value in attributes.items()}


def check_system_attributes(attributes: Attributes) -> Attributes:
    """Return message system attributes: "the only supported message system attribute is AWSTraceHeader", a String."""
    for name, value in attributes.items():
        if name != TRACE_HEADER:
            raise InvalidParameterValue(f"Message system attribute name '{name}' is invalid.")
        if _check_value(name, value)["DataType"] != "String":
            raise InvalidParameterValue(f"The message system attribute '{name}' must be of type 'String'.")
    return {name: _check_value(name, value) for name, value in attributes.items()}


def _check_name(name: str) -> str:
    if not name:
        raise InvalidParameterValue("The request must contain non-empty message attribute name.")
    if not ATTRIBUTE_NAME.fullmatch(name):
        raise InvalidParameterValue(
            f"The message attribute name '{name}' is invalid. Attribute names can contain A-Z, a-z, 0-9, "
            "underscore (_), hyphen (-), and period (.) characters."
        )
    if len(name) > MAX_NAME_LENGTH:
        raise InvalidParameterValue(f"Length of message attribute name must be less than {MAX_NAME_LENGTH} bytes.")
    if RESERVED_PREFIX.match(name):
        raise InvalidParameterValue("You can't use message attribute names beginning with 'AWS.' or 'Amazon.'.")
    if name.startswith(".") or name.endswith(".") or ".." in name:
        raise InvalidParameterValue(
            f"The message attribute name '{name}' must not start or end with a period or have successive periods."
        )
    return name


def _check_value(name: str, value: Json) -> Json:
    kind = value.get("DataType", "")
    base = kind.partition(".")[0]
    if not kind:
        raise InvalidParameterValue(f"The message attribute '{name}' must contain non-empty message attribute type.")
    if base not in ("String", "Number", "Binary"):
        raise InvalidParameterValue(
            f"The type of message (user) attribute '{name}' is invalid. You must use only the following supported type "
            "prefixes: Binary, Number, String."
        )
    if len(kind) > MAX_NAME_LENGTH or FORBIDDEN_CHARACTERS.search(kind):
        raise InvalidParameterValue(f"The type of message (user) attribute '{name}' is invalid.")
    if value.get("StringListValues") or value.get("BinaryListValues"):
        raise InvalidParameterValue("Message attribute list values in SendMessage operation are not supported.")
    field = "BinaryValue" if base == "Binary" else "StringValue"
    if set(value) & {"StringValue", "BinaryValue"} - {field}:
        raise InvalidParameterValue(f"The message attribute '{name}' with type '{kind}' must use field '{base}'.")
    content = value.get(field)
    if not content:
        raise InvalidParameterValue(
            f"Message (user) attribute '{name}' must contain a non-empty value of type '{kind}'."
        )
    if base != "Binary" and FORBIDDEN_CHARACTERS.search(content):
        raise InvalidParameterValue(InvalidMessageContents.template)
    if base == "Number":
        _check_number(name, content)
    return {"DataType": kind, field: content}


def _check_number(name: str, text: str) -> None:
    # "Numbers can have up to 38 digits of precision, and they can be between 10^-128 and 10^+126."
    try:
        number = Decimal(text) if len(text) <= MAX_NAME_LENGTH and "_" not in text else Decimal("NaN")
    except InvalidOperation:
        number = Decimal("NaN")
    digits = "".join(map(str, number.as_tuple().digits)).strip("0")
    if not number.is_finite() or len(digits) > MAX_DIGITS or (digits and not -128 <= number.adjusted() <= 126):
        raise InvalidParameterValue(f"Can't cast the value of message (user) attribute '{name}' to a number.")


def content_size(body: str, attributes: Attributes) -> int:
    """Return the bytes that count for the limit: "All components of a message attribute are included" in it."""
    return len(body.encode()) + sum(len(name.encode()) + _value_size(value) for name, value in attributes.items())


def _value_size(value: Json) -> int:
    texts = value.get("DataType", ""), value.get("StringValue", "")
    return sum(len(text.encode()) for text in texts) + len(value.get("BinaryValue", b""))


def dump_attributes(attributes: Attributes) -> str:
    """Return attributes as JSON text."""
    if not attributes:
        return "{}"
    plain = {
        name: {key: b64encode(item).decode() if key == "BinaryValue" else item for key, item in value.items()}
        for name, value in attributes.items()
    }
    return dumps(plain)


def load_attributes(text: str) -> dict[str, Json]:
    """Return stored attributes in the API's form."""
    return {
        name: {key: b64decode(item) if key == "BinaryValue" else item for key, item in value.items()}
        for name, value in loads(text).items()
    }


def requested_attributes(attributes: Attributes, names: list[str]) -> dict[str, Json]:
    """Return the attributes that a receiver requests: by name, by a prefix (`foo.*`, `foo*`), or all (`All`, `*`)."""
    if "All" in names:
        return dict(attributes)
    prefixes = tuple(name.removesuffix("*").removesuffix(".") for name in names if name.endswith("*"))
    return {name: value for name, value in attributes.items() if name in names or name.startswith(prefixes)}
