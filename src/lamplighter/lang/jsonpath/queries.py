"""Compile queries in Jayway's dialect of JSONPath: wildcards, slices, filters, descent, path functions.

Step Functions reads paths as Jayway JsonPath does (https://github.com/json-path/JsonPath). The library
(python-jsonpath) parses a path, and `query_evaluation.py` evaluates it. Guarantees that the library parses the syntax
that both dialects share, and that Jayway's own syntax is rewritten once, when the path is compiled: `@.items.length()`,
`nin`, `===`, and a function at the end of a path, `$.items.max()`. Rejects the library's own extensions (unions and
intersections of whole paths) and the functions of RFC 9535. The library takes 25 ms to load, so `paths.py` loads this
module with the first query.
"""

import re
from collections.abc import Callable

import jsonpath
from jsonpath.filter import BaseExpression, FilterExpressionLiteral
from jsonpath.function_extensions import ExpressionType, FilterFunction
from jsonpath.parse import Parser
from jsonpath.stream import TokenStream

from lamplighter.base.errors import Bug
from lamplighter.base.json_text import Json
from lamplighter.lang.jsonpath.errors import PathError
from lamplighter.lang.jsonpath.path_functions import PATH_FUNCTIONS, Select, call_function
from lamplighter.lang.jsonpath.query_evaluation import NOTHING, UnsupportedQuery, compile_parsed_query
from lamplighter.lang.regex import InvalidRegex, Regex, compile_java

_NAMES = "|".join(PATH_FUNCTIONS)

_REWRITE = re.compile(
    rf"""
    (?P<quoted> '(?:\\.|[^'\\])*(?:'|\\?\Z) | "(?:\\.|[^"\\])*(?:"|\\?\Z) )
    | (?P<subject> @[\w.\[\]*-]*? ) \.(?P<function>{_NAMES})\(\)
    | (?P<left> [@$][\w.\[\]*-]* ) \s+nin\s+ (?P<right> \[[^\[\]]*\] | [@$][\w.\[\]*-]* )
    | (?P<strict> [=!]== )
    """,
    re.VERBOSE | re.DOTALL,
)
MAX_PATH_LENGTH = 10_000
"""The most characters of a path that has more than names and indices."""


def compile_query(text: str) -> Select:
    """Compile a path that may match many values. Raises `PathError`; the compiled path raises `QueryTooComplex`."""
    if len(text) > MAX_PATH_LENGTH:
        raise PathError(f"The path '{text[:40]}…' is longer than {MAX_PATH_LENGTH} characters")
    try:
        query = _ENVIRONMENT.compile(_REWRITE.sub(_rewrite, text))
        if isinstance(query, jsonpath.CompoundJSONPath):
            raise PathError(f"{text!r} combines several paths, which is not supported")
        return compile_parsed_query(query, _CALLS)
    except (InvalidRegex, UnsupportedQuery) as error:
        raise PathError(f"{text!r} is not a valid path: {error}") from None
    except (jsonpath.JSONPathError, RecursionError) as error:
        raise PathError(f"{text!r} is not a valid path: {str(error).splitlines()[0]}") from None


def _rewrite(match: re.Match[str]) -> str:
    if match["quoted"]:
        return match["quoted"]
    if match["function"]:
        return f"{match['function']}({match['subject']})"
    if match["left"]:
        return f"!({match['left']} in {match['right']})"
    return match["strict"][:2]


class _Function(FilterFunction):
    """A path function inside a filter, as the library's parser requires it."""

    arg_types = [ExpressionType.VALUE]  # noqa: RUF012 - the library's declaration
    return_type = ExpressionType.VALUE

    def __call__(self, *_: Json) -> Json:
        """Raise `Bug`: `query_evaluation.py` evaluates the function, and the library must not call it."""
        raise Bug("a path function was called by the library")


class _Parser(Parser):
    """The library's parser, with regular expressions of RE2."""

    def parse_regex(self, stream: TokenStream) -> BaseExpression:
        """Parse a regular expression in a filter, such as `/a.*/i`."""
        pattern, flags = stream.next().value, stream.next().value
        return _Literal(value=compile_java(pattern, flags))


class _Literal(FilterExpressionLiteral[Regex]):
    """A regular expression in a filter."""


class _Environment(jsonpath.JSONPathEnvironment):
    parser_class = _Parser


def _environment() -> _Environment:
    environment = _Environment(unicode_escape=False, filter_caching=False)
    environment.function_extensions = {name: _Function() for name in PATH_FUNCTIONS}
    return environment


def _value_function(name: str) -> Callable[[Json], Json]:
    return lambda value: next(call_function(name, value), NOTHING)


_ENVIRONMENT = _environment()
_CALLS = {name: _value_function(name) for name in PATH_FUNCTIONS}
