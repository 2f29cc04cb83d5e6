"""Path queries in Jayway's dialect of JSONPath: wildcards, slices, filters, descent, path functions.

Step Functions reads paths the way Jayway JsonPath does (https://github.com/json-path/JsonPath). Promises that what both
dialects say alike is the library's work; what Jayway says otherwise is rewritten once, when the path is compiled:
`@.items.length()`, `nin`, `===`, and a function at the end of a path, `$.items.max()`. Refuses the library's own
extensions (unions and intersections of whole paths).
"""

import re
from collections.abc import Callable, Iterator
from contextlib import suppress

import jsonpath
from jsonpath.function_extensions import ExpressionType, FilterFunction

from lamplighter.base.jsontext import Json

Select = Callable[[Json], list[Json]]
"""All matches in a document, in document order."""


class PathError(ValueError):
    """The text is no path; str() says why."""


FUNCTIONS: dict[str, Callable[[Json], Json]] = {
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
"""Jayway's path functions by name: what each makes of the array (`length`, `size`, `keys`: or object) before it."""

_OF_OBJECTS = {"length", "size", "keys"}
_NAMES = "|".join(FUNCTIONS)
_CALL = re.compile(rf"(.*)\.({_NAMES})\(\)", re.DOTALL)

_REWRITE = re.compile(
    rf"""
    (?P<quoted> '(?:\\.|[^'\\])*' | "(?:\\.|[^"\\])*" )
    | (?P<subject> @[\w.\[\]*-]*? ) \.(?P<function>{_NAMES})\(\)
    | (?P<left> [@$][\w.\[\]*-]* ) \s+nin\s+ (?P<right> \[[^\]]*\] | [@$][\w.\[\]*-]* )
    | (?P<strict> [=!]== )
    """,
    re.VERBOSE,
)


def compile_query(text: str) -> Select:
    """Compile a path that may match many values; raises PathError."""
    try:
        query = _ENVIRONMENT.compile(_REWRITE.sub(_rewritten, text))
    except (jsonpath.JSONPathError, RecursionError, re.error) as error:
        raise PathError(f"{text!r} is no path: {str(error).splitlines()[0]}") from None
    if isinstance(query, jsonpath.CompoundJSONPath):
        raise PathError(f"{text!r} is more than one path")
    # The library reads a document that is text as JSON; to us it is a value that nothing is below.
    return lambda document: [] if isinstance(document, str) else query.findall(document)


def split_call(text: str) -> tuple[str, str | None]:
    """The path and the name of the function at its end, if there is one."""
    call = _CALL.fullmatch(text)
    return (text, None) if call is None else (call[1], call[2])


def called(select: Select, name: str) -> Select:
    """What the function makes of each match."""
    return lambda document: [result for value in select(document) for result in _apply(name, value)]


def _apply(name: str, value: Json) -> Iterator[Json]:
    # Nothing comes of a value that is not of the function's kind.
    if isinstance(value, list) or (isinstance(value, dict) and name in _OF_OBJECTS):
        with suppress(TypeError, ValueError, IndexError, ZeroDivisionError):
            yield FUNCTIONS[name](value)


def _rewritten(match: re.Match[str]) -> str:
    if match["quoted"]:
        return match["quoted"]
    if match["function"]:
        return f"{match['function']}({match['subject']})"
    if match["left"]:
        return f"!({match['left']} in {match['right']})"
    return match["strict"][:2]


class _Function(FilterFunction):
    """A path function inside a filter."""

    arg_types = [ExpressionType.VALUE]  # noqa: RUF012 - the library's declaration
    return_type = ExpressionType.VALUE

    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(self, value: Json) -> Json:
        return next(_apply(self.name, value), jsonpath.UNDEFINED)


def _environment() -> jsonpath.JSONPathEnvironment:
    environment = jsonpath.JSONPathEnvironment(unicode_escape=False)
    for name in FUNCTIONS:
        environment.function_extensions[name] = _Function(name)
    return environment


_ENVIRONMENT = _environment()
