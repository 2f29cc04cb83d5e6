"""Convert values to and from text, for query strings, paths, headers and XML, which have no types.

Guarantees that `parse_text(write_text(value, shape), shape) == value`. Timestamps are ISO 8601 in text and seconds
since the epoch in Python; see https://smithy.io/2.0/aws/protocols/aws-query-protocol.html.
"""

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from math import inf, nan

from lamplighter.base.aws.service_model import Shape
from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json
from lamplighter.base.number_text import INTEGERS, java_double, parse_decimal, parse_integer
from lamplighter.wire.protocols.blobs import from_base64, to_base64

MAX_QUOTED_LENGTH = 200
NON_FINITE = {"NaN": nan, "Infinity": inf, "-Infinity": -inf}
"""The doubles that are no numbers, in their only spellings: see
https://smithy.io/2.0/aws/protocols/aws-query-protocol.html#non-numeric-float-and-double-serialization."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def parse_text(text: str, shape: Shape) -> Json:
    """Parse a value of this shape. Raises MalformedInput."""
    try:
        match shape.type_name:
            case "integer" | "long":
                number = parse_integer(text)
                if number not in INTEGERS[shape.type_name]:
                    raise ValueError(text)
                return number
            case "float" | "double":
                return NON_FINITE[text] if text in NON_FINITE else parse_decimal(text)
            case "boolean":
                return {"true": True, "false": False}[text.lower()]
            case "timestamp":
                is_mail_date = shape.serialization.get("timestampFormat") == "rfc822"
                moment = parsedate_to_datetime(text) if is_mail_date else datetime.fromisoformat(text)
                return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
            case "blob":
                return from_base64(text)
            case _:
                return text
    except (ValueError, KeyError, OverflowError):
        shown = text if len(text) <= MAX_QUOTED_LENGTH else f"{text[:MAX_QUOTED_LENGTH]}…"
        raise AwsError(f"'{shown}' is not a valid {shape.type_name}", code="MalformedInput") from None


def write_text(value: Json, shape: Shape) -> str:
    """Return the text of a value of this shape."""
    match shape.type_name:
        case "boolean":
            return "true" if value else "false"
        case "timestamp":
            moment = _EPOCH + timedelta(milliseconds=round(value * 1000))
            return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        case "blob":
            return str(to_base64(value))
        case "float" | "double":
            return java_double(value)
        case _:
            return str(value)
