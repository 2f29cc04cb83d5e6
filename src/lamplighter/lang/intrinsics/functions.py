"""What the intrinsic functions of Step Functions do, as plain functions on JSON values.

https://docs.aws.amazon.com/step-functions/latest/dg/intrinsic-functions.html. Both expression languages use them:
JSONPath states as `States.…`, JSONata states as `$partition`, `$hash` and the like. Promises AWS's limits and rounding;
an argument that does not fit raises FunctionError, whose text is for the author of the state machine. Refuses clock,
chance and names: what draws lots is handed the lot.
"""

import base64
import binascii
import hashlib
import math
import re
from collections.abc import Hashable

from lamplighter.base.json_text import Json, JsonError, dumps, loads

TEXT_LIMIT = 10_000
"""Characters that the functions for encoding and hashing take."""
RANGE_LIMIT = 1_000
"""Items that States.ArrayRange makes."""
INTEGERS = range(-(2**31), 2**31)
"""What States.MathAdd adds and gives."""


class FunctionError(ValueError):
    """An argument does not fit the function; str() says which and why."""


def format_text(template: Json, *arguments: Json) -> str:
    r"""Replace each `{}` by its argument; `\{`, `\}`, `\'` and `\\` stand for the character itself."""
    pattern = _text(template, "the template")
    places = sum(match[1] is None for match in _PLACE.finditer(pattern))
    if places != len(arguments):
        raise FunctionError(f"the template has {places} {{}} but there are {len(arguments)} arguments")
    values = iter(arguments)
    return _PLACE.sub(lambda match: match[1] or format_value(next(values)), pattern)


def format_value(value: Json) -> str:
    """The value inside a text. AWS, recorded: an object is `{Id=arn:…, Name=x}`, as Java prints a map."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return f"[{', '.join(map(format_value, value))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key}={format_value(item)}' for key, item in value.items())}}}"
    return dumps(value)


def parse_json(text: Json) -> Json:
    """Read JSON text."""
    try:
        return loads(_text(text, "the argument"))
    except JsonError as error:
        raise FunctionError(f"the argument is not JSON: {error}") from None


def partition(items: Json, size: Json) -> list[Json]:
    """Cut an array into chunks; the last may be shorter."""
    array, step = _array(items), round_half_up(size)
    if step < 1:
        raise FunctionError("the chunk size must be a positive number")
    return [array[start : start + step] for start in range(0, len(array), step)]


def contains(items: Json, value: Json) -> bool:
    """Whether the array has the value."""
    return _key(value) in map(_key, _array(items))


def number_range(first: Json, last: Json, step: Json) -> range:
    """The numbers from the first to the last, both included, in steps that may be negative."""
    stride = round_half_up(step)
    if stride == 0:
        raise FunctionError("the step must not be 0")
    end = round_half_up(last)
    return range(round_half_up(first), end + (1 if stride > 0 else -1), stride)


def array_range(first: Json, last: Json, step: Json) -> list[int]:
    """`number_range` with the limit of States.ArrayRange."""
    numbers = number_range(first, last, step)
    if len(numbers) > RANGE_LIMIT:
        raise FunctionError(f"the range has more than {RANGE_LIMIT} items")
    return list(numbers)


def array_item(items: Json, index: Json) -> Json:
    """The item at the index, from 0."""
    array, position = _array(items), round_half_up(index)
    if not 0 <= position < len(array):
        raise FunctionError(f"the index {position} is outside the array of {len(array)} items")
    return array[position]


def array_length(items: Json) -> int:
    """How many items the array has."""
    return len(_array(items))


def unique(items: Json) -> list[Json]:
    """The array without repetitions; the first of equals stays."""
    return list({_key(value): value for value in reversed(_array(items))}.values())[::-1]


def encode_base64(text: Json) -> str:
    """Base64 of the text in UTF-8."""
    return base64.b64encode(_short(text).encode()).decode()


def decode_base64(text: Json) -> str:
    """The text whose UTF-8 is given in Base64."""
    try:
        return base64.b64decode(_short(text), validate=True).decode()
    except (binascii.Error, ValueError):
        raise FunctionError("the argument is not Base64 of a text") from None


def hash_value(data: Json, algorithm: Json) -> str:
    """The hash of a text, or of a value's JSON text, in lower-case hexadecimal digits."""
    name = ALGORITHMS.get(algorithm) if isinstance(algorithm, str) else None
    if name is None:
        raise FunctionError(f"the algorithm must be one of {', '.join(ALGORITHMS)}")
    text = _short(data if isinstance(data, str) else dumps(data))
    return hashlib.new(name, text.encode(), usedforsecurity=False).hexdigest()


ALGORITHMS = {"MD5": "md5", "SHA-1": "sha1", "SHA-256": "sha256", "SHA-384": "sha384", "SHA-512": "sha512"}


def json_merge(first: Json, second: Json, deep: Json) -> dict[str, Json]:
    """Both objects in one; where both have a key, the second's value wins."""
    if not isinstance(first, dict) or not isinstance(second, dict):
        raise FunctionError("the first two arguments must be objects")
    if deep is not False:
        # "Currently, Step Functions only supports the shallow merging mode. Therefore, you must specify false."
        raise FunctionError("the third argument must be false: only shallow merging is offered")
    return {**first, **second}


def math_add(first: Json, second: Json) -> int:
    """The sum of both numbers, each rounded first. AWS, recorded: 1.5 + 1.51 is 4."""
    terms = round_half_up(first), round_half_up(second)
    total = sum(terms)
    if any(number not in INTEGERS for number in (*terms, total)):
        raise FunctionError("the numbers and their sum must be 32-bit integers")
    return total


def random_between(first: Json, last: Json, lot: float) -> int:
    """The integer that a lot in [0, 1) picks, from the first on, the last excluded."""
    low, high = round_half_up(first), round_half_up(last)
    if low >= high:
        raise FunctionError("the first number must be less than the second")
    return low + math.floor(lot * (high - low))


def random_of_seed(seed: Json) -> float:
    """The lot in [0, 1) that belongs to a seed, always the same."""
    if isinstance(seed, bool) or not isinstance(seed, int | float):
        raise FunctionError("the seed must be a number")
    return (int.from_bytes(hashlib.sha256(dumps(seed).encode()).digest()[:8]) >> 11) / 2**53


def split_text(text: Json, delimiters: Json) -> list[str]:
    """The parts between delimiters; each character is one, and those side by side count once.

    AWS, recorded: 'a,,,b' is [a, b]; documented: 'This.is+a,test=string' at '.+,=' is five words.
    """
    whole, characters = _text(text, "the first argument"), _text(delimiters, "the delimiter")
    if not characters:
        return [whole]
    return [part for part in re.split(f"[{re.escape(characters)}]", whole) if part]


def round_half_up(number: Json) -> int:
    """The nearest integer, halves up, as Java rounds: -1.5 is -1."""
    if isinstance(number, bool) or not isinstance(number, int | float):
        raise FunctionError(f"{dumps(number)} is not a number")
    if isinstance(number, int):
        return number
    whole = math.floor(number)
    return whole + (number - whole >= 0.5)


_PLACE = re.compile(r"\\([\\'{}])|\{\}")


def _text(value: Json, what: str) -> str:
    if not isinstance(value, str):
        raise FunctionError(f"{what} must be a string but was {dumps(value)}")
    return value


def _short(value: Json) -> str:
    text = _text(value, "the argument")
    if len(text) > TEXT_LIMIT:
        raise FunctionError(f"the argument is longer than {TEXT_LIMIT} characters")
    return text


def _array(value: Json) -> list[Json]:
    if not isinstance(value, list):
        raise FunctionError(f"the argument must be an array but was {dumps(value)}")
    return value


def _key(value: Json) -> Hashable:
    # Equal for equal JSON values only: in Python 1 == True and 1 == 1.0, in JSON (and Java) not.
    if isinstance(value, dict):
        return frozenset((name, _key(member)) for name, member in value.items())
    if isinstance(value, list):
        return tuple(map(_key, value))
    return (value.__class__, value)
