r"""Compile and evaluate paths and reference paths of the Amazon States Language.

A path begins with `$` (the input), `$$` (the context object) or `$name` (a variable) and selects values. A reference
path selects exactly one place, so that a value can be put there. Guarantees that a path is compiled once, and that the
plain kind, `$.a.b[0]`, is a loop over its steps without a library. This module does not know which field of a state
contains a path: the caller words the failure.
See https://states-language.net/spec.html#path.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from lamplighter.base.errors import UnboundedWork, require
from lamplighter.base.json_text import Json, dumps
from lamplighter.base.modules import load_object
from lamplighter.lang.jsonpath.errors import PathError, QueryTooComplex
from lamplighter.lang.jsonpath.path_functions import Select, apply_function, split_call

__all__ = [
    "Path",
    "PathError",
    "PathNotFound",
    "PathScope",
    "QueryTooComplex",
    "ReferencePath",
    "ResultPathError",
    "compile_path",
    "compile_reference",
]

Steps = tuple[str | int, ...]


class PathScope(Protocol):
    """The values that a path can read. The context may be a property that builds it: only paths under `$$` read it."""

    @property
    def input(self) -> Json:
        """The value of `$`."""

    @property
    def context(self) -> Json:
        """The value of `$$`: the context object."""

    @property
    def variables(self) -> Mapping[str, Json]:
        """The values of `$name`, by name."""

    @property
    def allows_unbounded_work(self) -> bool:
        """Whether a query without a known bound may run here."""


class PathNotFound(LookupError):
    """A path that selects nothing.

    `text` is the path; `document` is the value that the path reads, or None if a variable is not set.
    """

    def __init__(self, text: str, document: Json, reason: str = "") -> None:
        super().__init__(text)
        self.text = text
        self.document = document
        self.reason = reason or text
        """The reason, in Jayway's words."""


class ResultPathError(LookupError):
    """A place at which a value cannot be put (States.ResultPathMatchFailure); str() is AWS's message."""


@dataclass(frozen=True, slots=True)
class Path:
    """A compiled path."""

    text: str
    root: str
    """`$`, `$$` or the name of a variable."""
    steps: Steps | None
    """The steps of a path that selects at most one value; None for any other path."""
    select: Select
    """A function that returns all matches in the document that the root stands for."""
    bounded: bool
    """Whether the path reads each value of a document at most once: it has no filter, descent or union."""

    @property
    def definite(self) -> bool:
        """Return whether the path selects at most one value."""
        return self.steps is not None

    def find(self, scope: PathScope) -> list[Json]:
        """Return all matches, possibly none. Raises `PathNotFound` for a variable that is not set, and
        `QueryTooComplex`.

        Raises `UnboundedWork` if the path has no known bound and the scope must not be blocked.
        """
        return self.select(self._document(scope))

    def value(self, scope: PathScope) -> Json:
        """Return the value of a definite path, or the list of all matches of any other path.

        Raises `PathNotFound` if a definite path selects nothing, and `QueryTooComplex` if a query would read too many
        values.

        AWS, recorded: `$.items[*]`, `$.items[1:]` and `$.items[?(…)]` are `[]` if `items` itself is missing.
        """
        document = self._document(scope)
        found = self.select(document)
        if self.steps is None:
            return found
        if found:
            return found[0]
        raise PathNotFound(self.text, document, _not_found_message(self.steps, document))

    def _document(self, scope: PathScope) -> Json:
        if not (self.bounded or scope.allows_unbounded_work):
            raise UnboundedWork(self.text)
        if self.root == "$":
            return scope.input
        if self.root == "$$":
            return scope.context
        try:
            return scope.variables[self.root]
        except KeyError:
            raise PathNotFound(self.text, None) from None


@dataclass(frozen=True, slots=True)
class ReferencePath:
    """A compiled reference path below `$`."""

    text: str
    steps: Steps

    def put(self, document: Json, value: Json) -> Json:
        """Return the document with the value at this place. The given document is not changed.

        Missing objects are created. Raises `ResultPathError` if a step meets a value that is not an object or array, or
        leads past an array's end.
        """
        try:
            return _set_value(document, self.steps, value)
        except LookupError:
            message = f"Unable to apply ReferencePath {self.text} to input {dumps(document)}"
            raise ResultPathError(message) from None


def compile_path(text: str) -> Path:
    """Compile a path. Raises `PathError`."""
    head = require(_ROOT.match(text), lambda: PathError(f"{text!r} is not a path: it must begin with $"))
    root, rest = head[0], text[head.end() :]
    name = root if root in ("$", "$$") else root[1:]
    plain, function = split_call(rest)
    steps = _steps(plain, _STEP)
    select = _compile_query("$" + plain) if steps is None else _selector(steps)
    bounded = steps is not None or _BOUNDED.fullmatch(plain) is not None
    return Path(text, name, steps, apply_function(select, function) if function else select, bounded)


def _compile_query(text: str) -> Select:
    """Compile a path that is not plain; the library for it is loaded with the first one."""
    select: Select = load_object("lamplighter.lang.jsonpath.queries:compile_query")(text)
    return select


def compile_reference(text: str) -> ReferencePath:
    """Compile a reference path, such as ResultPath accepts. Raises `PathError`."""
    steps = _steps(text[1:], _REFERENCE_STEP) if text.startswith("$") else None
    if steps is None:
        raise PathError(f"{text!r} is not a reference path: it can contain only $, .name, ['name'] and [0]")
    return ReferencePath(text, steps)


# The steps of a bounded path: names, indices, wildcards and slices.
_BOUNDED = re.compile(r"""(?:\.[^\s.\[\]()'"*,\\?@]+|\.\*|\[(?:\*|-?\d*(?::-?\d*){0,2}|'[^'\\]*'|"[^"\\]*")\])*""")
_ROOT = re.compile(r"\$\$|\$(?:[^\W\d]\w*)?")


def _step(name: str, index: str) -> re.Pattern[str]:
    return re.compile(
        rf"""
        \. (?P<name> (?: \\. | {name} )+ )
        | \.? \[ \s*
            (?: (?P<index> {index} ) | '(?P<single> (?: \\. | [^'\\] )* )' | "(?P<double> (?: \\. | [^"\\] )* )" )
          \s* \]
        """,
        re.VERBOSE | re.DOTALL,
    )


_STEP = _step(r"""[^\s.\[\]()'"*,\\]""", r"-?[0-9]+")
# "the operators @ .. , : ? * aren't supported" in a reference path, unless a backslash precedes them.
_REFERENCE_STEP = _step(r"""[^\s.\[\]()'"*,@:?\\]""", r"[0-9]+")


def _steps(text: str, pattern: re.Pattern[str]) -> Steps | None:
    """Return the steps of a path that names a single place; None if it is of another kind, or not a path."""
    steps: list[str | int] = []
    position = 0
    while position < len(text):
        match = pattern.match(text, position)
        if match is None:
            return None
        steps.append(_parse_step(match))
        position = match.end()
    return tuple(steps)


def _parse_step(match: re.Match[str]) -> str | int:
    if match["index"] is not None:
        return int(match["index"])
    if match["name"] is not None:
        return re.sub(r"\\(.)", r"\1", match["name"])
    # AWS, recorded: in $['a\"b'] the backslash is part of the name; only the enclosing quote and \ itself are escaped.
    if match["single"] is not None:
        return re.sub(r"\\(['\\])", r"\1", match["single"])
    return re.sub(r'\\(["\\])', r"\1", match["double"])


def _selector(steps: Steps) -> Select:
    def select(document: Json) -> list[Json]:
        try:
            for step in steps:
                if document.__class__ is str:  # Python would index its characters
                    return []
                document = document[step]
        except (KeyError, IndexError, TypeError):
            return []
        return [document]

    return select


def _not_found_message(steps: Steps, document: Json) -> str:
    """Return Jayway's message for a path that leads nowhere. It depends on whether the last step fails."""
    for at, step in enumerate(steps[:-1]):
        if isinstance(document, dict) and isinstance(step, str):
            if step not in document:
                return f"Missing property in path {_bracket_notation(steps[: at + 1])}"
        elif not (isinstance(document, list) and isinstance(step, int) and -len(document) <= step < len(document)):
            break
        document = document[step]
    return f"No results for path: {_bracket_notation(steps)}"


def _bracket_notation(steps: Steps) -> str:
    return "$" + "".join(f"[{step}]" if isinstance(step, int) else f"['{step}']" for step in steps)


def _set_value(document: Json, steps: Steps, value: Json) -> Json:
    """Copy the containers along the way. There is no recursion, because a path may be as long as a definition."""
    if len(steps) == 1 and isinstance(steps[0], str) and isinstance(document, dict):  # the usual case
        return {**document, steps[0]: value}
    containers: list[Json] = []
    for step in steps:
        containers.append(document)
        document = _step_into(document, step)
    for container, step in zip(reversed(containers), reversed(steps), strict=True):
        value = (
            {**container, step: value} if isinstance(step, str) else [*container[:step], value, *container[step + 1 :]]
        )
    return value


def _step_into(document: Json, step: str | int) -> Json:
    if isinstance(step, str) and isinstance(document, dict):
        return document.get(step, {})
    if isinstance(step, int) and isinstance(document, list) and step < len(document):
        return document[step]
    raise LookupError(step)
