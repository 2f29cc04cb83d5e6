"""JSON text in and out, one way for the whole program.

Promises compact text with keys in their given order, as AWS writes it, and integers of any size. Refuses NaN, Infinity
and lone surrogates, as RFC 8259 does.
"""

import json
import re
from typing import Any, TypeAlias

import orjson

Json: TypeAlias = Any
"""A JSON value: None, bool, int, float, str, list or dict with str keys. The only use of Any in this program."""

Raw = orjson.Fragment
"""Text that is JSON already; `dumps` copies it into its place without reading it."""


class JsonError(ValueError):
    """The text is not JSON; str() says where and why."""


DEEPEST = 800
"""How deeply a document may be nested: what the standard library writes within Python's recursion limit of 1,000."""


class TooDeep(JsonError):
    """The document is nested more deeply than can be written."""


_LONG = re.compile("[0-9]{19}")


def loads(text: str | bytes) -> Json:
    """Read JSON text."""
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise JsonError(str(error)) from None
    # orjson reads an integer beyond 64 bits as a float; the standard library does not.
    if not _LONG.search(text if isinstance(text, str) else text.decode()):
        return value
    try:
        return json.loads(text)
    except RecursionError:
        raise TooDeep(f"the document is nested more than {DEEPEST} deep") from None
    except ValueError as error:  # an integer of more digits than Python reads
        raise JsonError(str(error)) from None


def loads_object(text: str | bytes) -> dict[str, Json]:
    """Read the text of a JSON object; any other value is a JsonError, too."""
    found = loads(text)
    if not isinstance(found, dict):
        raise JsonError("it is no object")
    return found


def dumps(value: Json) -> str:
    """Write compact JSON text."""
    try:
        return orjson.dumps(value).decode()
    except TypeError:
        return _dump_slowly(value).decode()


def dump_bytes(value: Json) -> bytes:
    """Write compact JSON text as UTF-8."""
    try:
        return orjson.dumps(value)
    except TypeError:
        # orjson stops at 64-bit integers and at a depth of 254; the standard library does not.
        return _dump_slowly(value)


def _dump_slowly(value: Json) -> bytes:
    if depth(value) > DEEPEST:
        raise TooDeep(f"the document is nested more than {DEEPEST} deep")
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def depth(value: Json) -> int:
    """How deeply a document is nested; not by recursion, of which a program has only so much."""
    found, level = 0, [value]
    while level:
        containers = [each for each in level if isinstance(each, (dict, list))]
        level = [inner for each in containers for inner in (each.values() if isinstance(each, dict) else each)]
        found += bool(containers)
    return found
