"""Read and write JSON text, in one way for the whole program.

Guarantees compact text with keys in their given order, as AWS writes it, and integers of any size. Rejects NaN,
Infinity and lone surrogates, as RFC 8259 does.
"""

import json
from collections.abc import Callable
from typing import Any, TypeAlias

import orjson

Json: TypeAlias = Any
"""A JSON value: None, bool, int, float, str, list or dict with str keys. The only use of Any in this program."""

RawJson = orjson.Fragment
"""Text that is JSON already; `dumps` copies it into the output without parsing it."""


class JsonError(ValueError):
    """Text that is not JSON; str() states the position and the reason."""


MAX_DEPTH = 800
"""The deepest nesting of a document: the standard library can write it within Python's recursion limit of 1,000."""


class TooDeep(JsonError):
    """A document that is nested too deeply to be written."""


_DIGITS_TO_ZERO = bytes.maketrans(b"123456789", b"0" * 9)
_LONG_INTEGER = b"0" * 19
"""An integer that may need more than 64 bits, after `_DIGITS_TO_ZERO`; a regular expression takes ten times as long."""


def loads(text: str | bytes) -> Json:
    """Parse JSON text. Raises `JsonError` if the text is not JSON."""
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise JsonError(str(error)) from None
    # orjson reads an integer beyond 64 bits as a float; the standard library keeps it exact.
    if _LONG_INTEGER not in (text.encode() if isinstance(text, str) else text).translate(_DIGITS_TO_ZERO):
        return value
    try:
        return json.loads(text)
    except RecursionError:
        raise TooDeep(f"the document has more than {MAX_DEPTH} levels") from None
    except ValueError as error:  # an integer with more digits than Python reads
        raise JsonError(str(error)) from None


def loads_or(text: str | bytes, otherwise: Json) -> Json:
    """Parse JSON text; return `otherwise` if the text is not JSON."""
    try:
        return loads(text)
    except JsonError:
        return otherwise


def loads_unique(text: str | bytes) -> Json:
    """Parse JSON text; return None if it is not JSON, or if an object has two members of one name.

    Of such members, one reader takes the first and another one the last, so that a policy may say two things.
    """

    def unite(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
        if len(dict(pairs)) < len(pairs):
            raise ValueError
        return dict(pairs)

    try:
        loads(text)  # what the standard library accepts is not always JSON
        return json.loads(text, object_pairs_hook=unite)
    except (ValueError, RecursionError):
        return None


def loads_object(text: str | bytes) -> dict[str, Json]:
    """Parse the text of a JSON object. Raises `JsonError` for any other value, too."""
    found = loads(text)
    if not isinstance(found, dict):
        raise JsonError("it is not an object")
    return found


def dumps(value: Json) -> str:
    """Return a value as compact JSON text."""
    try:
        return orjson.dumps(value).decode()
    except TypeError:
        return _dump_slowly(value).decode()


def dump_bytes(value: Json) -> bytes:
    """Return a value as compact JSON text in UTF-8."""
    try:
        return orjson.dumps(value)
    except TypeError:
        # orjson accepts only 64-bit integers and a depth of 254; the standard library has neither limit.
        return _dump_slowly(value)


def _dump_slowly(value: Json) -> bytes:
    if nesting_depth(value) > MAX_DEPTH:
        raise TooDeep(f"the document has more than {MAX_DEPTH} levels")
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def convert_members(value: Json, convert: Callable[[Json], Json]) -> Json:
    """Return an object or list with each member converted, and any other value as it is."""
    if isinstance(value, dict):
        return {name: convert(each) for name, each in value.items()}
    return [convert(each) for each in value] if isinstance(value, list) else value


def nesting_depth(value: Json) -> int:
    """Return how deeply a document is nested. The search is not recursive: Python limits the depth of recursion."""
    found, level = 0, [value]
    while level:
        containers = [each for each in level if isinstance(each, (dict, list))]
        level = [inner for each in containers for inner in (each.values() if isinstance(each, dict) else each)]
        found += bool(containers)
    return found
