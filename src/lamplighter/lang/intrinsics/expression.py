r"""Compile and evaluate intrinsic functions of the Amazon States Language: `States.Format('Hello, {}', $.name)`.

Guarantees that a text is parsed once: names, the number of arguments and every path are checked when the text is
compiled, and an evaluation only walks a tree. Random numbers and UUIDs come from the `World` that the caller passes.
Rejects a lone backslash: "if an open escape backslash \ is found in the intrinsic invocation string, the interpreter
will return a runtime error".
See https://states-language.net/spec.html#intrinsic-functions.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from lamplighter.base.errors import require
from lamplighter.base.json_text import Json, JsonError, dumps, loads
from lamplighter.base.world import World
from lamplighter.lang.intrinsics import functions
from lamplighter.lang.jsonpath.paths import Path, PathError, PathNotFound, PathScope, compile_path

NESTING_LIMIT = 10
"""The deepest nesting of functions: "You can nest up to 10 intrinsic functions within a field"."""


class IntrinsicSyntaxError(ValueError):
    """A text that is not a valid invocation of an intrinsic function; str() is the reason."""


class IntrinsicFailure(ValueError):
    """The failure of a function with its arguments (States.IntrinsicFailure); str() is AWS's message."""


class ArgumentNotFound(PathNotFound):
    """A path among the arguments that selects nothing (States.Runtime); str() is AWS's message."""

    def __init__(self, function: str, cause: PathNotFound) -> None:
        super().__init__(cause.text, cause.document)
        self.function = function

    def __str__(self) -> str:
        return (
            f"The function '{self.function}' had the following error: The JsonPath argument for the field "
            f"'{self.text}' could not be found in the input '{dumps(self.document)}'"
        )


Node = Callable[[PathScope, World], Json]
"""A compiled argument or call: a function that returns its value for a scope and a world."""


@dataclass(frozen=True, slots=True)
class Intrinsic:
    """A compiled invocation."""

    text: str
    node: Node

    def value(self, scope: PathScope, world: World) -> Json:
        """Return the function's value. Raises `IntrinsicFailure`, or `ArgumentNotFound` if a path selects nothing."""
        try:
            return self.node(scope, world)
        except functions.FunctionError as error:
            raise IntrinsicFailure(f"The function '{self.text}' had the following error: {error}") from None
        except PathNotFound as error:
            raise ArgumentNotFound(self.text, error) from None


@dataclass(frozen=True, slots=True)
class Function:
    """An intrinsic function: its implementation, and how many arguments it takes."""

    implementation: Callable[..., Json]
    min_arguments: int
    max_arguments: int
    needs_world: bool = False


def _random(world: World, first: Json, last: Json, *seed: Json) -> int:
    return functions.random_number(first, last, functions.seeded_random(seed[0]) if seed else world.random())


UNLIMITED = 10_000

FUNCTIONS = {
    "Format": Function(functions.format_text, 1, UNLIMITED),
    "StringToJson": Function(functions.parse_json, 1, 1),
    "JsonToString": Function(dumps, 1, 1),
    "Array": Function(lambda *items: list(items), 0, UNLIMITED),
    "ArrayPartition": Function(functions.partition, 2, 2),
    "ArrayContains": Function(functions.contains, 2, 2),
    "ArrayRange": Function(functions.array_range, 3, 3),
    "ArrayGetItem": Function(functions.array_item, 2, 2),
    "ArrayLength": Function(functions.array_length, 1, 1),
    "ArrayUnique": Function(functions.unique_values, 1, 1),
    "Base64Encode": Function(functions.encode_base64, 1, 1),
    "Base64Decode": Function(functions.decode_base64, 1, 1),
    "Hash": Function(functions.hash_value, 2, 2),
    "JsonMerge": Function(functions.json_merge, 3, 3),
    "MathRandom": Function(_random, 2, 3, needs_world=True),
    "MathAdd": Function(functions.math_add, 2, 2),
    "StringSplit": Function(functions.split_text, 2, 2),
    "UUID": Function(lambda world: world.uuid(), 0, 0, needs_world=True),
}


def compile_intrinsic(text: str) -> Intrinsic:
    """Compile an invocation. Raises `IntrinsicSyntaxError`."""
    reader = _Parser(text)
    node = reader.call(1)
    reader.skip_space()
    if reader.position < len(text):
        raise reader.error("there is text after the closing bracket")
    return Intrinsic(text, node)


_NAME = re.compile(r"States\.(\w+)\s*\(")
_STRING = re.compile(r"'((?:\\.|[^'\\])*)'", re.DOTALL)
_LITERAL = re.compile(r"[\w.+-]+")
# A path ends at the first comma or bracket that is neither in a quoted name nor inside brackets.
_PATH = re.compile(
    r"\$(?:\[(?:'(?:\\.|[^'\\])*'|\"(?:\\.|[^\"\\])*\"|\[[^\]]*\]|[^\[\]'\"])*\]|\w+\(\)|\\.|[^\s,()\[\]])*"
)
_SPACE = re.compile(r"\s*")


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.position = 0

    def error(self, reason: str) -> IntrinsicSyntaxError:
        place = f"(at character {self.position})"
        return IntrinsicSyntaxError(f"{self.text!r} is not a valid intrinsic function: {reason} {place}")

    def skip_space(self) -> None:
        self.take(_SPACE)

    def take(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        match = pattern.match(self.text, self.position)
        if match:
            self.position = match.end()
        return match

    def call(self, depth: int) -> Node:
        head = require(self.take(_NAME), lambda: self.error("expected States.Name(…)"))
        function = require(FUNCTIONS.get(head[1]), lambda: self.error(f"the function States.{head[1]} does not exist"))
        if depth > NESTING_LIMIT:
            raise self.error(f"functions are nested more than {NESTING_LIMIT} levels deep")
        arguments = self.arguments(depth, raw=head[1] == "Format")
        if not function.min_arguments <= len(arguments) <= function.max_arguments:
            raise self.error(f"States.{head[1]} does not accept {len(arguments)} arguments")
        return _call(function, arguments)

    def arguments(self, depth: int, *, raw: bool) -> list[Node]:
        nodes: list[Node] = []
        self.skip_space()
        while not self.text.startswith(")", self.position):
            if nodes:
                self.require_comma()
            # The template of States.Format keeps its escapes, because only there {} and \{\} differ.
            nodes.append(self.argument(depth, raw=raw and not nodes))
            self.skip_space()
        self.position += 1
        return nodes

    def require_comma(self) -> None:
        if not self.text.startswith(",", self.position):
            raise self.error("expected a comma or )")
        self.position += 1
        self.skip_space()

    def argument(self, depth: int, *, raw: bool) -> Node:
        if self.text.startswith("States.", self.position):
            return self.call(depth + 1)
        if self.text.startswith("$", self.position):
            return self.path()
        if string := self.take(_STRING):
            plain = self.unescape(string[1])
            return _constant(string[1] if raw else plain)
        return _constant(self.literal())

    def path(self) -> Node:
        match = self.take(_PATH)
        try:
            path: Path = compile_path(match[0] if match else "")
        except PathError as error:
            raise self.error(str(error)) from None
        return lambda scope, _: path.value(scope)

    def unescape(self, raw: str) -> str:
        if re.search(r"\\", re.sub(r"\\[\\'{}]", "", raw)):
            raise self.error(r"a backslash is allowed only before ' { } or \ itself")
        return re.sub(r"\\(.)", r"\1", raw, flags=re.DOTALL)

    def literal(self) -> Json:
        match = self.take(_LITERAL)
        try:
            return loads(match[0] if match else "")
        except JsonError:
            raise self.error("expected a path, a 'string', a number, true, false, null or a function") from None


def _constant(value: Json) -> Node:
    return lambda _scope, _world: value


def _call(function: Function, arguments: list[Node]) -> Node:
    work = function.implementation
    if function.needs_world:
        return lambda scope, world: work(world, *[argument(scope, world) for argument in arguments])
    return lambda scope, world: work(*[argument(scope, world) for argument in arguments])
