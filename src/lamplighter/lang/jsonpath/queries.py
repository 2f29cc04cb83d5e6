"""Path queries in Jayway's dialect of JSONPath: wildcards, slices, filters, descent, path functions.

Step Functions reads paths the way Jayway JsonPath does (https://github.com/json-path/JsonPath). Promises that what both
dialects say alike is the library's work; what Jayway says otherwise is rewritten once, when the path is compiled:
`@.items.length()`, `nin`, `===`, and a function at the end of a path, `$.items.max()`. The library parses a path,
`query_evaluation.py` evaluates it. Refuses the library's own extensions (unions and intersections of whole paths).
"""

import re
from collections.abc import Callable, Iterator
from contextlib import suppress

import jsonpath
from jsonpath.filter import BaseExpression, FilterExpressionLiteral
from jsonpath.function_extensions import ExpressionType, FilterFunction
from jsonpath.parse import Parser
from jsonpath.stream import TokenStream

from lamplighter.base.errors import Bug
from lamplighter.base.json_text import Json
from lamplighter.lang.jsonpath.query_evaluation import NOTHING, UnsupportedQuery, compile_parsed_query
from lamplighter.lang.regex import InvalidRegex, Regex, compile_java

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
    (?P<quoted> '(?:\\.|[^'\\])*(?:'|\\?\Z) | "(?:\\.|[^"\\])*(?:"|\\?\Z) )
    | (?P<subject> @[\w.\[\]*-]*? ) \.(?P<function>{_NAMES})\(\)
    | (?P<left> [@$][\w.\[\]*-]* ) \s+nin\s+ (?P<right> \[[^\[\]]*\] | [@$][\w.\[\]*-]* )
    | (?P<strict> [=!]== )
    """,
    re.VERBOSE | re.DOTALL,
)
LONGEST = 10_000
"""Characters of a path that is more than names and indexes."""


def compile_query(text: str) -> Select:
    """Compile a path that may match many values; raises PathError, and its matches TooComplex."""
    if len(text) > LONGEST:
        raise PathError(f"The path '{text[:40]}…' is longer than {LONGEST} characters")
    try:
        query = _ENVIRONMENT.compile(_REWRITE.sub(_rewritten, text))
        if isinstance(query, jsonpath.CompoundJSONPath):
            raise PathError(f"{text!r} is more than one path")
        return compile_parsed_query(query, _CALLS)
    except (InvalidRegex, UnsupportedQuery) as error:
        raise PathError(f"{text!r} is no path: {error}") from None
    except (jsonpath.JSONPathError, RecursionError) as error:
        raise PathError(f"{text!r} is no path: {str(error).splitlines()[0]}") from None


def split_call(text: str) -> tuple[str, str | None]:
    """The path and the name of the function at its end, if there is one."""
    call = _CALL.fullmatch(text)
    return (text, None) if call is None else (call[1], call[2])


def apply_function(select: Select, name: str) -> Select:
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
    """A path function inside a filter, as the library's parser has to know it."""

    arg_types = [ExpressionType.VALUE]  # noqa: RUF012 - the library's declaration
    return_type = ExpressionType.VALUE

    def __call__(self, *_: Json) -> Json:
        """Never: it is evaluated by `query_evaluation.py`."""
        raise Bug("a path function was called by the library")


class _Parser(Parser):
    """The library's parser with RE2's regular expressions."""

    def parse_regex(self, stream: TokenStream) -> BaseExpression:
        """`/a.*/i`."""
        pattern, flags = stream.next().value, stream.next().value
        return _Literal(value=compile_java(pattern, flags))


class _Literal(FilterExpressionLiteral[Regex]):
    """A regular expression in a filter."""


class _Environment(jsonpath.JSONPathEnvironment):
    parser_class = _Parser


def _environment() -> _Environment:
    environment = _Environment(unicode_escape=False, filter_caching=False)
    for name in (*FUNCTIONS, "isinstance", "is", "typeof", "type", "startswith"):
        environment.function_extensions.pop(name, None)
    for name in FUNCTIONS:
        environment.function_extensions[name] = _Function()
    return environment


def _called(name: str) -> Callable[[Json], Json]:
    return lambda value: next(_apply(name, value), NOTHING)


_ENVIRONMENT = _environment()
_CALLS = {name: _called(name) for name in FUNCTIONS}
