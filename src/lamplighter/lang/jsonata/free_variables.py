"""Find the variables that a JSONata expression takes from outside.

`$name := value` binds for the rest of a block, the parameters of a function bind in its body, and `@$name` and `#$name`
bind in the rest of a path. Guarantees to distinguish variables from names in strings, comments, regular expressions and
backquotes. Does not check the grammar: the caller has compiled the text.
See https://docs.jsonata.org/programming.
"""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

TOKEN = re.compile(
    r"""
    (?P<skip> \s+ | /\*.*?\*/ | "(?:\\.|[^"\\])*" | '(?:\\.|[^'\\])*' | `[^`]*` )
    | (?P<variable> \$\w+ )
    | (?P<word> \w+ | λ | \$\$? )
    | (?P<sign> := | . )
    """,
    re.VERBOSE | re.DOTALL,
)
REGEX = re.compile(r"/(?:\\.|\[(?:\\.|[^\]\\])*\]|[^/\\\n])+/[im]*")
OPERAND_ENDS = (")", "]", "}", "%")
"""Signs after which a slash divides; after any other sign, a slash begins a regular expression."""
BUILT_IN_FUNCTIONS = frozenset(
    {
        "abs", "append", "assert", "average", "base64decode", "base64encode", "boolean", "ceil", "clone", "contains",
        "count", "decodeUrl", "decodeUrlComponent", "distinct", "each", "encodeUrl", "encodeUrlComponent", "error",
        "eval", "exists", "filter", "floor", "formatBase", "formatInteger", "formatNumber", "fromMillis", "hash",
        "join", "keys", "length", "lookup", "lowercase", "map", "match", "max", "merge", "millis", "min", "not",
        "now", "number", "pad", "parse", "parseInteger", "partition", "power", "random", "range", "reduce",
        "replace", "reverse", "round", "shuffle", "sift", "single", "sort", "split", "spread", "sqrt", "string",
        "substring", "substringAfter", "substringBefore", "sum", "toMillis", "trim", "type", "typeOf", "uppercase",
        "uuid", "zip",
    }
)  # fmt: skip
"""Names that stand for a built-in function if no other value is bound to them."""


@dataclass(frozen=True, slots=True)
class Token:
    """A token of an expression."""

    kind: str
    text: str


@dataclass(slots=True)
class _Scope:
    """The variables that are bound between a pair of brackets, and those that will be bound when the statement ends."""

    bound: set[str] = field(default_factory=set)
    bound_at_end: set[str] = field(default_factory=set)


@dataclass(slots=True)
class _Reading:
    scopes: list[_Scope] = field(default_factory=lambda: [_Scope()])
    parameters: set[str] = field(default_factory=set)
    """The parameters of a function whose body is about to begin."""
    found: set[str] = field(default_factory=set)

    def handle_sign(self, text: str) -> None:
        """Handle a sign: a bracket opens or closes a scope, or a statement ends."""
        if text == "{":
            self.scopes.append(_Scope(self.parameters))
            self.parameters = set()
        elif text in ("(", "["):
            self.scopes.append(_Scope())
        elif text in (")", "}", "]"):
            self.scopes.pop()
        elif text == ";":
            self.scopes[-1].bound |= self.scopes[-1].bound_at_end

    def handle_variable(self, name: str, before: str, after: str) -> None:
        """Handle a variable that is not a parameter: it is bound here, or used."""
        if after == ":=":
            self.scopes[-1].bound_at_end.add(name)
        elif before in ("@", "#"):
            self.scopes[-1].bound.add(name)
        elif after != "(" and not any(name in scope.bound for scope in self.scopes):
            self.found.add(name)


def free_names(text: str, assigned: Collection[str] = ()) -> set[str]:
    """Return the names of the variables, without `$`; a built-in function's name only if it is among the `assigned`."""
    tokens = list(_tokens(text))
    reading = _Reading()
    for index, token in enumerate(tokens):
        if token.kind != "variable":
            reading.handle_sign(token.text)
        elif _is_parameter(tokens, index):
            reading.parameters.add(token.text[1:])
        else:
            before = tokens[index - 1].text if index else ""
            after = tokens[index + 1].text if index + 1 < len(tokens) else ""
            reading.handle_variable(token.text[1:], before, after)
    return {name for name in reading.found if name not in BUILT_IN_FUNCTIONS or name in assigned}


def _is_parameter(tokens: list[Token], index: int) -> bool:
    """Return whether a variable is in the parentheses after `function`."""
    while index > 0 and (tokens[index].kind == "variable" or tokens[index].text == ","):
        index -= 1
    return tokens[index].text == "(" and index > 0 and tokens[index - 1].text in ("function", "λ")


def _tokens(text: str) -> Iterator[Token]:
    position, operand = 0, False
    while position < len(text):
        regex = None if operand else REGEX.match(text, position)
        match = TOKEN.match(text, position) if regex is None or text.startswith("/*", position) else regex
        assert match is not None
        position = match.end()
        kind = "regex" if match is regex else str(match.lastgroup)
        if kind == "skip":
            operand = operand or match[0][0] in "\"'`"
            continue
        operand = match[0] in OPERAND_ENDS or (kind != "sign" and match[0] not in ("and", "or", "in"))
        yield Token(kind, match[0])
