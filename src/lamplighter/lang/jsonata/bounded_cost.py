"""Decide from a JSONata expression's text whether its evaluation is short for every document that a state can carry.

Short means: linear in the size of the document, with a result that is not larger than a known multiple of it.
Guarantees that every expression that is called bounded is bounded. All others are called unbounded, even if they are
harmless: those with functions that take functions, regular expressions, ranges, sorting, variables bound inside the
expression, or a step of a path that reads the whole document again.
See https://docs.jsonata.org/overview.
"""

import re

MAX_REFERENCES = 64
"""The most variables that a bounded expression may name: each may hold 256 KiB, and `&` or `[…]` joins them."""

LINEAR_FUNCTIONS = frozenset(
    {
        "abs", "append", "average", "base64decode", "base64encode", "boolean", "ceil", "contains", "count", "error",
        "exists", "floor", "formatBase", "fromMillis", "hash", "join", "keys", "length", "lookup", "lowercase", "max",
        "merge", "millis", "min", "not", "now", "number", "parse", "power", "random", "reverse", "round", "spread",
        "split", "sqrt", "string", "substring", "substringAfter", "substringBefore", "sum", "toMillis", "trim", "type",
        "uppercase", "uuid",
    }
)  # fmt: skip
"""Functions whose time and result are linear in their arguments, if none of these is a regular expression."""

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
_OPERATOR_WORDS = frozenset(["and", "or", "in"])
_UNBOUNDED_SIGNS = frozenset(["..", "**", ":=", "~>", ";"])
_OPERAND_ENDS = frozenset([")", "]", "}"])
_PREDICATE_SIGNS = frozenset(["=", "!=", "<", "<=", ">", ">=", ".", "+", "-", "?", ":"])


def is_bounded(expression: str) -> bool:
    """Return whether an evaluation is linear in the values that the expression names. The text need not be valid."""
    tokens = _tokens(expression)
    if tokens is None or sum(kind == "variable" for kind, _ in tokens) > MAX_REFERENCES:
        return False
    pairs = zip(tokens, [*tokens[1:], ("sign", "")], strict=True)
    before, predicate = ("sign", ""), 0
    brackets: list[bool] = []
    """For each open bracket, whether it begins a predicate."""
    for token, (_, following) in pairs:
        if not _is_harmless(before, token, following) or (predicate and not _fits_predicate(token)):
            return False
        if token[1] == "[":
            brackets.append(_is_operand(before))
            predicate += brackets[-1]
        elif token[1] == "]" and token[0] == "sign" and brackets:
            predicate -= brackets.pop()
        before = token
    return True


def _tokens(expression: str) -> list[tuple[str, str]] | None:
    found: list[tuple[str, str]] = []
    at = 0
    while at < len(expression):
        match = _TOKEN.match(expression, at)
        if match is None:
            return None
        if match.lastgroup is not None:
            found.append((match.lastgroup, match[0]))
        at = match.end()
    return found


def _is_operand(token: tuple[str, str]) -> bool:
    kind, text = token
    if kind == "sign":
        return text in _OPERAND_ENDS
    return not (kind == "name" and text in _OPERATOR_WORDS)


def _is_harmless(before: tuple[str, str], token: tuple[str, str], following: str) -> bool:
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


def _fits_predicate(token: tuple[str, str]) -> bool:
    """Return whether a token may occur in a predicate, which is evaluated once for each item."""
    kind, text = token
    return kind in ("text", "number", "name") or text in _PREDICATE_SIGNS or text == "]"
