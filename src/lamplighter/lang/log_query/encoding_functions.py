"""Provide the functions of queries that encode and decode texts. What cannot be decoded is missing.

See https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax-operations-functions.html.
"""

import binascii
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from urllib.parse import quote_plus, unquote_plus

from lamplighter.lang.log_query.function import Function, Values
from lamplighter.lang.log_query.values import MAX_EXACT, Value, to_number, to_text

MAX_HEX_DIGITS = 16


def _of_text(change: Callable[[str], Value]) -> Function:
    def apply(values: Values) -> Value:
        try:
            return None if values[0] is None else change(to_text(values[0]))
        except (ValueError, binascii.Error):
            return None

    return Function(apply, 1, 1)


def _from_hex(text: str) -> Value:
    digits = text.lower().removeprefix("0x")
    return int(digits, 16) if digits.isalnum() and len(digits) <= MAX_HEX_DIGITS else None


def _to_hex(values: Values) -> Value:
    number = to_number(values[0])
    return None if number is None or abs(number) > MAX_EXACT else f"{int(number):#x}"


ENCODING_FUNCTIONS: Mapping[str, Function] = {
    "urlencode": _of_text(lambda text: quote_plus(text, errors="replace")),
    "urldecode": _of_text(unquote_plus),
    "base64encode": _of_text(lambda text: b64encode(text.encode(errors="replace")).decode()),
    "base64decode": _of_text(lambda text: b64decode(text, validate=True).decode(errors="replace")),
    "hextoascii": _of_text(lambda text: bytes.fromhex(text).decode("ascii")),
    "hextodec": _of_text(_from_hex),
    "dectohex": Function(_to_hex, 1, 1),
}
