"""Implement the intrinsic functions of Step Functions as plain functions on JSON values.

Both expression languages use them: JSONPath states as `States.…`, JSONata states as `$partition`, `$hash` and so on.
Guarantees AWS's limits and rounding. An argument that does not fit raises `FunctionError`, whose text is for the author
of the state machine. No function reads a clock or draws random numbers: `random_number` gets the random number as an
argument.
See https://docs.aws.amazon.com/step-functions/latest/dg/intrinsic-functions.html.
"""

import base64
import binascii
import hashlib
import math
import re
from collections.abc import Hashable

from lamplighter.base.json_text import Json, JsonError, dumps, loads

TEXT_LIMIT = 10_000
"""The most characters that the functions for encoding and hashing accept."""
RANGE_LIMIT = 1_000
"""The most items that States.ArrayRange returns."""
INTEGERS = range(-(2**31), 2**31)
"""The integers that States.MathAdd accepts and returns."""


class FunctionError(ValueError):
    """An argument that does not fit the function; str() names the argument and the reason."""


def format_text(template: Json, *arguments: Json) -> str:
    r"""Replace each `{}` by its argument; `\{`, `\}`, `\'` and `\\` stand for the character itself."""
    pattern = _require_text(template, "the template")
    places = sum(match[1] is None for match in _PLACEHOLDER.finditer(pattern))
    if places != len(arguments):
        raise FunctionError(f"the template has {places} {{}} but there are {len(arguments)} arguments")
    values = iter(arguments)
    return _PLACEHOLDER.sub(lambda match: match[1] or format_argument(next(values)), pattern)


def format_argument(value: Json) -> str:
    """Return a value as it appears inside a text.

    AWS, recorded: an object is `{Id=arn:…, Name=x}`, as Java prints a map.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return f"[{', '.join(map(format_argument, value))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key}={format_argument(item)}' for key, item in value.items())}}}"
    return dumps(value)


def parse_json(text: Json) -> Json:
    """Parse JSON text; AWS, recorded: a text without any character but white space is null."""
    checked = _require_text(text, "the argument")
    try:
        return loads(checked) if checked.strip() else None
    except JsonError as error:
        raise FunctionError(f"the argument is not JSON: {error}") from None


def partition(items: Json, size: Json) -> list[Json]:
    """Cut an array into chunks; the last may be shorter."""
    array, step = _require_array(items), round_half_up(size)
    if step < 1:
        raise FunctionError("the chunk size must be a positive number")
    return [array[start : start + step] for start in range(0, len(array), step)]


def contains(items: Json, value: Json) -> bool:
    """Return whether the array contains the value."""
    return _hashable_key(value) in map(_hashable_key, _require_array(items))


def number_range(first: Json, last: Json, step: Json) -> range:
    """Return the numbers from the first to the last, both included; the step may be negative."""
    stride = round_half_up(step)
    if stride == 0:
        raise FunctionError("the step must not be 0")
    end = round_half_up(last)
    return range(round_half_up(first), end + (1 if stride > 0 else -1), stride)


def array_range(first: Json, last: Json, step: Json) -> list[int]:
    """Return the numbers of `number_range` as a list, within the limit of States.ArrayRange."""
    numbers = number_range(first, last, step)
    if numbers[RANGE_LIMIT:]:  # `len` fails for the longest ranges
        raise FunctionError(f"the range has more than {RANGE_LIMIT} items")
    return list(numbers)


def array_item(items: Json, index: Json) -> Json:
    """Return the item at an index, which counts from 0."""
    array, position = _require_array(items), round_half_up(index)
    if not 0 <= position < len(array):
        raise FunctionError(f"the index {position} is outside the array of {len(array)} items")
    return array[position]


def array_length(items: Json) -> int:
    """Return the number of items in the array."""
    return len(_require_array(items))


def unique_values(items: Json) -> list[Json]:
    """Return each value of the array once, at the place of its first occurrence."""
    found: dict[Hashable, Json] = {}
    for value in _require_array(items):
        found.setdefault(_hashable_key(value), value)
    return list(found.values())


def encode_base64(text: Json) -> str:
    """Encode the UTF-8 of a text in Base64."""
    return base64.b64encode(_require_short_text(text).encode()).decode()


def decode_base64(text: Json) -> str:
    """Return the text whose UTF-8 the argument encodes in Base64."""
    try:
        return base64.b64decode(_require_short_text(text), validate=True).decode()
    except (binascii.Error, ValueError):
        raise FunctionError("the argument is not a Base64-encoded text") from None


def hash_value(data: Json, algorithm: Json) -> str:
    """Return the hash of a text, or of a value's JSON text, in lower-case hexadecimal digits."""
    name = ALGORITHMS.get(algorithm) if isinstance(algorithm, str) else None
    if name is None:
        raise FunctionError(f"the algorithm must be one of {', '.join(ALGORITHMS)}")
    text = _require_short_text(data if isinstance(data, str) else dumps(data))
    return hashlib.new(name, text.encode(), usedforsecurity=False).hexdigest()


ALGORITHMS = {"MD5": "md5", "SHA-1": "sha1", "SHA-256": "sha256", "SHA-384": "sha384", "SHA-512": "sha512"}


def json_merge(first: Json, second: Json, deep: Json) -> dict[str, Json]:
    """Merge two objects; if both have a key, the second's value wins."""
    if not isinstance(first, dict) or not isinstance(second, dict):
        raise FunctionError("the first two arguments must be objects")
    if deep is not False:
        # "Currently, Step Functions only supports the shallow merging mode. Therefore, you must specify false."
        raise FunctionError("the third argument must be false: only shallow merging is supported")
    return {**first, **second}


def math_add(first: Json, second: Json) -> int:
    """Return the sum of both numbers, each rounded first. AWS, recorded: 1.5 + 1.51 is 4."""
    terms = round_half_up(first), round_half_up(second)
    total = sum(terms)
    if any(number not in INTEGERS for number in (*terms, total)):
        raise FunctionError("the numbers and their sum must be 32-bit integers")
    return total


def random_number(first: Json, last: Json, fraction: float) -> int:
    """Return the integer that a random number in [0, 1) selects, from `first` (included) to `last` (excluded)."""
    low, high = round_half_up(first), round_half_up(last)
    if low >= high:
        raise FunctionError("the first number must be less than the second")
    return low + math.floor(fraction * (high - low))


def seeded_random(seed: Json) -> float:
    """Return a number in [0, 1) that depends only on the seed."""
    if isinstance(seed, bool) or not isinstance(seed, int | float):
        raise FunctionError("the seed must be a number")
    return (int.from_bytes(hashlib.sha256(dumps(seed).encode()).digest()[:8]) >> 11) / 2**53


def split_text(text: Json, delimiters: Json) -> list[str]:
    """Split a text at delimiters and drop empty parts; each character of `delimiters` is a delimiter.

    AWS, recorded: 'a,,,b' is [a, b]; documented: 'This.is+a,test=string' at '.+,=' is five words.
    """
    whole, characters = _require_text(text, "the first argument"), _require_text(delimiters, "the delimiter")
    if not characters:
        return [whole]
    return [part for part in re.split(f"[{re.escape(characters)}]", whole) if part]


def round_half_up(number: Json) -> int:
    """Return the nearest integer; halves round up, as in Java: -1.5 becomes -1."""
    if isinstance(number, bool) or not isinstance(number, int | float):
        raise FunctionError(f"{dumps(number)} is not a number")
    if isinstance(number, int):
        return number
    whole = math.floor(number)
    return whole + (number - whole >= 0.5)


_PLACEHOLDER = re.compile(r"\\([\\'{}])|\{\}")


def _require_text(value: Json, what: str) -> str:
    if not isinstance(value, str):
        raise FunctionError(f"{what} must be a string but was {dumps(value)}")
    return value


def _require_short_text(value: Json) -> str:
    text = _require_text(value, "the argument")
    if len(text) > TEXT_LIMIT:
        raise FunctionError(f"the argument is longer than {TEXT_LIMIT} characters")
    return text


def _require_array(value: Json) -> list[Json]:
    if not isinstance(value, list):
        raise FunctionError(f"the argument must be an array but was {dumps(value)}")
    return value


def _hashable_key(value: Json) -> Hashable:
    # Two keys are equal only for equal JSON values: 1 == True and 1 == 1.0 hold in Python, but not in JSON (and Java).
    if isinstance(value, dict):
        return frozenset((name, _hashable_key(member)) for name, member in value.items())
    if isinstance(value, list):
        return tuple(map(_hashable_key, value))
    return (value.__class__, value)
