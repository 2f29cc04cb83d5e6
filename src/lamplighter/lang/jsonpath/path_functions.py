"""Apply Jayway's path functions, such as `length` in `$.items.length()`.

See https://github.com/json-path/JsonPath#functions.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import suppress

from lamplighter.base.json_text import Json

Select = Callable[[Json], list[Json]]
"""A function that returns all matches in a document, in document order."""

PATH_FUNCTIONS: dict[str, Callable[[Json], Json]] = {
    "length": len,
    "size": len,
    "min": min,
    "max": max,
    "sum": sum,
    "avg": lambda numbers: sum(numbers) / len(numbers),
    "first": lambda items: items[0],
    "last": lambda items: items[-1],
    "keys": list,
}
"""Jayway's path functions by name. Each takes an array; `length`, `size` and `keys` take an object, too."""

_OBJECT_FUNCTIONS = {"length", "size", "keys"}
_CALL = re.compile(rf"(.*)\.({'|'.join(PATH_FUNCTIONS)})\(\)", re.DOTALL)


def split_call(text: str) -> tuple[str, str | None]:
    """Split off the function at the end of a path; return the rest and the function's name, or None."""
    call = _CALL.fullmatch(text)
    return (text, None) if call is None else (call[1], call[2])


def apply_function(select: Select, name: str) -> Select:
    """Return a query that applies the function to each match of `select`."""
    return lambda document: [result for value in select(document) for result in call_function(name, value)]


def call_function(name: str, value: Json) -> Iterator[Json]:
    """Yield the function's result; yield nothing if the function does not accept the value."""
    if isinstance(value, list) or (isinstance(value, dict) and name in _OBJECT_FUNCTIONS):
        with suppress(TypeError, ValueError, IndexError, ZeroDivisionError):
            yield PATH_FUNCTIONS[name](value)
