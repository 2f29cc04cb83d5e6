"""Decide from a JSONata expression's text for which documents its evaluation is short.

Short means: linear in the size of the document, with a result that is not larger than a known multiple of it. An
expression that calls a short function for each entry of an object (`$each`, `$sift`) is short only for small documents,
because each call takes microseconds; so is one with `$keys`, which compares each key with all others. Guarantees that
an evaluation is short wherever it is said to be. All other expressions have no bound, even if they are harmless: those
with other functions that take functions, regular expressions, ranges, sorting, or a step of a path that reads the whole
document again.
See https://docs.jsonata.org/overview.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from math import prod

Token = tuple[str, str]
"""The kind of a token, and its text."""


class Bound(Enum):
    """The documents for which an expression's evaluation is short."""

    EVERY_DOCUMENT = "every"
    SMALL_DOCUMENTS = "small"
    """Those of at most `SMALL_DOCUMENT_BYTES` together."""
    NONE = "none"


SMALL_DOCUMENT_BYTES = 16 * 1024
MAX_REFERENCES = 64
"""The most documents that a result may contain: each may have 256 KiB, and `&` or `[…]` joins them. A variable that an
expression binds counts as often as the documents in its value."""
MAX_CALLBACKS = 4
"""The most functions for each entry of an object that one expression may have."""
MAX_CALLBACK_CHARACTERS = 64
"""The most characters of a function that is called for each entry of an object: it may copy them as often."""

LINEAR_FUNCTIONS = frozenset(
    {
        "abs", "append", "average", "base64decode", "base64encode", "boolean", "ceil", "contains", "count", "error",
        "exists", "floor", "formatBase", "fromMillis", "hash", "join", "keys", "length", "lookup", "lowercase", "max",
        "merge", "millis", "min", "not", "now", "number", "parse", "power", "random", "reverse", "round", "spread",
        "split", "sqrt", "string", "substring", "substringAfter", "substringBefore", "sum", "toMillis", "trim", "type",
        "uppercase", "uuid",
    }
)  # fmt: skip
"""Functions whose result is linear in their arguments, and their time, too, except for `$keys` of large documents; none
of the arguments may be a regular expression."""

CALLBACK_FUNCTIONS = frozenset(
    ["boolean", "exists", "length", "lowercase", "not", "number", "string", "type", "uppercase"]
)
"""Functions that a function for each entry may call: their results are single values."""
_ENTRY_FUNCTIONS = frozenset([("variable", "$each"), ("variable", "$sift")])
"""Functions that call a function for each entry of an object."""
_KEYS = ("variable", "$keys")
_FIXED_NAMES = LINEAR_FUNCTIONS | {"each", "sift", ""}
"""The names of variables that an expression must not bind: `$string := $pad` would make `$string` unbounded."""

_TOKEN = re.compile(
    r"""
    \s+
    | (?P<text> "(?:\\.|[^"\\])*" | '(?:\\.|[^'\\])*' )
    | (?P<number> \d+(?:\.\d+)?(?:[eE][+-]?\d+)? )
    | (?P<variable> \$\w* )
    | (?P<name> [^\W\d]\w* | `[^`]*` )
    | (?P<sign> \.\. | \*\* | := | ~> | != | <= | >= | [-+*/%&=<>.,:;?(){}\[\]] )
    """,
    re.VERBOSE | re.DOTALL,
)
_FUNCTION: list[Token] = [("name", "function"), ("sign", "(")]
_OPERATOR_WORDS = frozenset(["and", "or", "in"])
_UNBOUNDED_SIGNS = frozenset(["..", "**", ":=", "~>", ";"])
_OPERAND_ENDS = frozenset([")", "]", "}"])
_OPENING = frozenset(("sign", each) for each in "([{")
_CLOSING = frozenset(("sign", each) for each in ")]}")
_PREDICATE_SIGNS = frozenset(["=", "!=", "<", "<=", ">", ">=", ".", "+", "-", "?", ":"])


@lru_cache(maxsize=32)
def bound_of(expression: str) -> Bound:
    """Return for which values of the variables that it names an expression is short. The text need not be valid.

    The last results are kept, because all jobs of a file have the same expressions.
    """
    tokens = _tokens(expression)
    found = None if tokens is None else _replace_callbacks(tokens)
    if found is None:
        return Bound.NONE
    replaced, callbacks = found
    statements = [_without_binding(each) for each in _statements(replaced)]
    if not all(statements) or not all(map(_is_linear, statements)) or callbacks > MAX_CALLBACKS:
        return Bound.NONE
    if prod(max(1, _count_references(each)) for each in statements) > MAX_REFERENCES:
        return Bound.NONE
    return Bound.SMALL_DOCUMENTS if callbacks or _KEYS in replaced else Bound.EVERY_DOCUMENT


def _is_linear(tokens: Sequence[Token]) -> bool:
    """Return whether an evaluation is linear in the values that the tokens name."""
    predicate = 0
    brackets: list[bool] = []
    """For each open bracket, whether it begins a predicate."""
    for before, token, following in _with_neighbours(tokens):
        if not _is_harmless(before, token, following) or (predicate and not _fits_predicate(token)):
            return False
        if token[1] == "[":
            brackets.append(_is_operand(before))
            predicate += brackets[-1]
        elif token[1] == "]" and token[0] == "sign" and brackets:
            predicate -= brackets.pop()
    return True


def _with_neighbours(tokens: Sequence[Token]) -> Iterator[tuple[Token, Token, str]]:
    """Yield each token between the token before it and the text of the one after it."""
    none: Token = ("sign", "")
    for before, token, (_, following) in zip([none, *tokens], tokens, [*tokens[1:], none], strict=False):
        yield before, token, following


def _count_references(tokens: Sequence[Token]) -> int:
    return sum(kind == "variable" and following != "(" for _, (kind, _), following in _with_neighbours(tokens))


def _statements(tokens: list[Token]) -> list[list[Token]]:
    """Return the statements of the block that is the whole expression, or the expression itself."""
    if not tokens or tokens[0] != ("sign", "(") or _closing(tokens, 0) != len(tokens) - 1:
        return [tokens]
    found: list[list[Token]] = [[]]
    depth = 0
    for token in tokens[1:-1]:
        depth += (token in _OPENING) - (token in _CLOSING)
        if token == ("sign", ";") and not depth:
            found.append([])
        else:
            found[-1].append(token)
    return found


def _closing(tokens: Sequence[Token], opening: int) -> int:
    """Return the position of the bracket that closes another one, or -1."""
    depth = 0
    for at in range(opening, len(tokens)):
        depth += (tokens[at] in _OPENING) - (tokens[at] in _CLOSING)
        if not depth:
            return at
    return -1


def _without_binding(statement: list[Token]) -> list[Token]:
    """Return the value of a statement that binds a variable; nothing if it binds a name that has a meaning."""
    if statement[1:2] != [("sign", ":=")]:
        return statement
    kind, text = statement[0]
    return statement[2:] if kind == "variable" and text[1:] not in _FIXED_NAMES else []


# --- functions that are called for each entry -------------------------------------------------------------------------


def _replace_callbacks(tokens: list[Token]) -> tuple[list[Token], int] | None:
    """Replace short functions for the entries of an object by the variables that they read; return how many there were.

    Return None if another function is defined. A call is replaced by one of `$merge`, which is linear.
    """
    found: list[Token] = []
    calls: list[int] = []
    """For each open bracket, the position before it."""
    at = callbacks = 0
    while at < len(tokens):
        if tokens[at : at + 2] == _FUNCTION:
            callback = _read_callback(tokens, at)
            is_argument = calls and found[calls[-1]] in _ENTRY_FUNCTIONS and found[-1] == ("sign", ",")
            if callback is None or not is_argument or tokens[callback.end : callback.end + 1] != [("sign", ")")]:
                return None
            found[calls[-1]] = ("variable", "$merge")
            found += [each for variable in callback.read for each in (variable, ("sign", "+"))] + [("text", "''")]
            callbacks, at = callbacks + 1, callback.end
            continue
        if tokens[at] in _OPENING:
            calls.append(len(found) - 1)
        elif tokens[at] in _CLOSING and calls:
            calls.pop()
        found.append(tokens[at])
        at += 1
    return found, callbacks


@dataclass(frozen=True, slots=True)
class _Callback:
    read: list[Token]
    """The variables that the function reads, as often as it reads them."""
    end: int
    """The position after the function."""


def _read_callback(tokens: list[Token], at: int) -> _Callback | None:
    """Read `function($value, $key) {…}`; return None if it is not short.

    It must read nothing but its parameters, because it is called for each entry. A third one would be the whole object.
    """
    match tokens[at + 1 : at + 7]:
        case [("sign", "("), ("variable", value), ("sign", ")"), ("sign", "{"), *_]:
            names, start = [value], at + 4
        case [("sign", "("), ("variable", value), ("sign", ","), ("variable", key), ("sign", ")"), ("sign", "{")]:
            names, start = [value, key], at + 6
        case _:
            return None
    end = _closing(tokens, start)
    body = tokens[start + 1 : end]
    length = sum(len(text) for _, text in body)
    if end < 0 or not body or length > MAX_CALLBACK_CHARACTERS or any(name[1:] in _FIXED_NAMES for name in names):
        return None
    if not _is_linear(body) or not all(_fits_callback(*each, names) for each in _with_neighbours(body)):
        return None
    return _Callback([token for token in body if token[1] in names], end + 1)


def _fits_callback(before: Token, token: Token, following: str, names: list[str]) -> bool:
    kind, text = token
    if kind == "variable":
        return text[1:] in CALLBACK_FUNCTIONS if following == "(" else text in names
    return text != "[" or not _is_operand(before)


# --- tokens -----------------------------------------------------------------------------------------------------------


def _tokens(expression: str) -> list[Token] | None:
    found: list[Token] = []
    at = 0
    while at < len(expression):
        match = _TOKEN.match(expression, at)
        if match is None:
            return None
        if match.lastgroup is not None:
            found.append((match.lastgroup, match[0]))
        at = match.end()
    return found


def _is_operand(token: Token) -> bool:
    kind, text = token
    if kind == "sign":
        return text in _OPERAND_ENDS
    return not (kind == "name" and text in _OPERATOR_WORDS)


def _is_harmless(before: Token, token: Token, following: str) -> bool:
    """Return whether a token at its place keeps the expression bounded."""
    kind, text = token
    if before[1] == "." and before[0] == "sign":
        # A step of a path is evaluated once for each item: it must read nothing but the item.
        return kind == "name" and following != "("
    match kind:
        case "variable":
            return following != "(" or text[1:] in LINEAR_FUNCTIONS
        case "name":
            return following != "("
        case "sign":
            if text in _UNBOUNDED_SIGNS:
                return False
            if text in ("%", "*", "/"):  # allowed as operators, not as the parent, the wildcard or a regular expression
                return _is_operand(before)
            if text == "{":  # allowed as an object, not as a grouping
                return not _is_operand(before)
            return text != "(" or before[0] == "variable" or not _is_operand(before)
    return True


def _fits_predicate(token: Token) -> bool:
    """Return whether a token may occur in a predicate, which is evaluated once for each item."""
    kind, text = token
    if kind == "variable":
        return text == "$"  # the item itself
    return kind in ("text", "number", "name") or text in _PREDICATE_SIGNS or text == "]"
