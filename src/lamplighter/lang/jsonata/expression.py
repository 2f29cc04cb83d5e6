"""Evaluate JSONata as Step Functions uses it: the text between `{%` and `%}`.

The library jlens evaluates the expressions; it is loaded with the first one, for it takes 5 MB. Guarantees AWS's
own functions ($partition, $range, $hash, $random, $uuid, $parse), AWS's limits on depth and size, and AWS's wording of
errors. Undefined is not null. An evaluation receives only the values that the expression names, so that a large state
costs nothing if it is not used. Rejects `$eval` and the top-level context `$`. Does not read the clock: `$now`,
`$millis`, `$random` and `$uuid` come from the `World` that the caller passes.
See https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html and https://docs.jsonata.org.
"""

import base64
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import Final, Protocol

from lamplighter.base.errors import UnboundedWork
from lamplighter.base.json_text import Json, TooDeep, dump_bytes, loads
from lamplighter.base.modules import load_object
from lamplighter.base.world import World, format_iso_time
from lamplighter.lang.intrinsics import functions
from lamplighter.lang.jsonata.bounded_cost import SMALL_DOCUMENT_BYTES, Bound, bound_of
from lamplighter.lang.jsonata.error_messages import evaluation_message, function_message, syntax_message

TIME_LIMIT = 1.0
"""The most seconds that one evaluation may take."""
DEPTH_LIMIT = 100
"""The deepest nesting of an evaluation.

AWS, measured by users: an evaluation is rejected from about 100 on, and so is `1+1+…+1` of 200 terms.
"""
SEQUENCE_LIMIT = 873_782
"""The most items of one sequence. AWS, measured by users: `[1..873782]` is evaluated, one more is not."""
MAX_CACHED_PROGRAMS = 2_048
"""The most programs that are kept: 8 KiB each. Compiling one takes some µs, as long as one evaluation."""


class Undefined(Enum):
    """The type of UNDEFINED."""

    UNDEFINED = "undefined"


StatesFields = Mapping[str, frozenset[str] | None] | None
"""The fields of `$states` that a text names, each with the members that it names; None stands for all."""

UNDEFINED: Final = Undefined.UNDEFINED
"""The value of an expression that selects nothing; JSON has no value for this."""


class JsonataSyntaxError(ValueError):
    """A text that is not a valid expression. `code` is JSONata's (S0202 …) or empty; str() is the bare message."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class JsonataError(ValueError):
    """A failed evaluation (States.QueryEvaluationError). `code` is JSONata's; it is empty for AWS's own limits."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}" if code else message)
        self.code = code
        self.message = message

    def cause(self, expression: str, field: str) -> str:
        """Return AWS's sentence about this failure of an expression in a field, such as `Output/total`."""
        separator = "." if self.code else ":"
        head = f"The JSONata expression '{expression}' specified for the field '{field}'"
        return f"{head} threw an error during evaluation{separator} {self}"


class UnsupportedResult(JsonataError):
    """The value of an expression is a function, which is no JSON."""

    def __init__(self) -> None:
        super().__init__("", "the value is a function")

    def cause(self, expression: str, field: str) -> str:
        """Return AWS's sentence about this failure."""
        head = f"The JSONata expression '{expression}' specified for the field '{field}'"
        return f"{head} returned an unsupported result type."


@dataclass(frozen=True, slots=True)
class Expression:
    """A valid expression. Threads may share it."""

    text: str
    names: frozenset[str]
    """The names that follow a `$` in the text: variables, functions, and such text inside a string."""
    states_fields: StatesFields
    """The parts of `$states` that the text names."""
    bound: Bound
    """For which documents its evaluation is short; see `lang/jsonata/bounded_cost.py`."""

    def value(self, bindings: Mapping[str, Json], world: World) -> Json | Undefined:
        """Return the value of the expression, which may be UNDEFINED. Raises `JsonataError`.

        `bindings` are the variables without `$`: `{"states": {"input": …}, "total": 3}`. Values are read, not kept.
        Raises `UnboundedWork` if the evaluation may take long and the world must not be blocked.
        """
        used = self._used_bindings(bindings)
        if not (world.allows_unbounded_work or self._is_short(used)):
            raise UnboundedWork(self.text)
        world_functions: dict[str, Json] = {
            name: WORLD_FUNCTIONS[name](world) for name in self.names & WORLD_FUNCTIONS.keys()
        }
        try:
            variables = {**world_functions, **used}
            result = _evaluate(_compile_program(self.text), variables)
            is_function = result is None and self._is_function(variables)
        except functions.FunctionError as error:
            raise JsonataError(*function_message(str(error))) from None
        except _error_class() as error:
            raise JsonataError(*evaluation_message(error.code, str(error))) from None
        except ValueError as error:  # a variable's value is nested too deeply
            raise JsonataError("", str(error)) from None
        if is_function:
            raise UnsupportedResult
        return UNDEFINED if result is None else loads(result)

    def _is_function(self, variables: dict[str, Json]) -> bool:
        """Return whether the value is a function; as JSON, a function is no value."""
        kind = _evaluate(_compile_program(f"$type(({self.text}\n))"), variables)
        return kind is not None and loads(kind) == "function"

    def _is_short(self, used: Mapping[str, Json]) -> bool:
        """Return whether the evaluation with these variables is short."""
        if self.bound is Bound.SMALL_DOCUMENTS:
            try:
                return len(dump_bytes(used)) <= SMALL_DOCUMENT_BYTES
            except TooDeep:
                return False
        return self.bound is Bound.EVERY_DOCUMENT

    def _used_bindings(self, bindings: Mapping[str, Json]) -> dict[str, Json]:
        used = {name: bindings[name] for name in self.names if name in bindings}
        if "states" in used:
            states = used["states"]
            fields = dict.fromkeys(states) if self.states_fields is None else self.states_fields
            used["states"] = {
                field: _select_members(states[field], members) for field, members in fields.items() if field in states
            }
        return used


def compile_expression(text: str) -> Expression:
    """Compile an expression, given without `{%` and `%}`. Raises `JsonataSyntaxError`."""
    try:
        _compile_program(text)
    except _error_class() as error:
        raise JsonataSyntaxError(*syntax_message(error.code, str(error))) from None
    return Expression(text, _dollar_names(text), _find_states_fields(text), bound_of(text))


def _dollar_names(text: str) -> frozenset[str]:
    return frozenset(_NAME.findall(text))


class Program(Protocol):
    """An expression of jlens."""

    def register_function(self, name: str, implementation: Callable[..., Json], signature: str | None = None) -> None:
        """Define a function; the signature is JSONata's."""

    def evaluate_json(
        self, text: None, bindings: Mapping[str, Json], *, timeout: float, max_depth: int, max_array_length: int
    ) -> str | None:
        """Return the value as JSON text, or None if there is no value."""


@lru_cache(MAX_CACHED_PROGRAMS)
def _compile_program(text: str) -> Program:
    compile_text: Callable[[str], Program] = load_object("jlens:Expression")
    program, names = compile_text(text), _dollar_names(text)
    if "parse" in names:
        program = compile_text(_WITH_PARSE.format(text=text))
        program.register_function(_PARSE_TO_OBJECT, _parse_to_object)
    for name in names & PURE_FUNCTIONS.keys():
        program.register_function(name, PURE_FUNCTIONS[name])
    for name in names & TEXT_FUNCTIONS.keys():
        program.register_function(name, TEXT_FUNCTIONS[name], "<s-:s>")
    return program


class LibraryError(Exception):
    """An error of jlens."""

    code: str
    """JSONata's code, or one of jlens that begins with U."""


def _error_class() -> type[LibraryError]:
    error: type[LibraryError] = load_object("jlens:JlensError")
    return error


def _evaluate(program: Program, bindings: dict[str, Json]) -> str | None:
    return program.evaluate_json(
        None, bindings, timeout=TIME_LIMIT, max_depth=DEPTH_LIMIT, max_array_length=SEQUENCE_LIMIT
    )


# Strings, comments and regular expressions are searched too: recognizing them takes the whole grammar, and a name too
# many does no harm.
_NAME = re.compile(r"\$(\w+)")
_STATES = re.compile(r"\$states\b(?:\s*\.\s*(?P<field>[^\W\d]\w*)(?:\s*\.\s*(?P<member>[^\W\d]\w*))?)?")


def _find_states_fields(text: str) -> StatesFields:
    reads: dict[str, frozenset[str] | None] = {}
    for match in _STATES.finditer(text):
        field, member = match["field"], match["member"]
        if field is None or "%" in text:  # the parent operator may climb from a member to all of `$states`
            return None
        known = reads.get(field, frozenset())
        reads[field] = None if member is None or known is None else known | {member}
    return reads


def _select_members(value: Json, members: frozenset[str] | None) -> Json:
    if members is None or not isinstance(value, dict):
        return value
    return {name: value[name] for name in members if name in value}


def _range(first: Json, last: Json, step: Json) -> Json:
    numbers = functions.number_range(first, last, step)
    if numbers[SEQUENCE_LIMIT:]:  # `len` fails for the longest ranges
        raise functions.FunctionError(f"D2014: The range has more than {SEQUENCE_LIMIT} items")
    # AWS, recorded: a sequence of one item is that item; $range(1, 9, 9) is 1.
    return numbers[0] if len(numbers) == 1 else list(numbers)


def _reject_call(*_: Json) -> Json:
    raise functions.FunctionError("T1006: Attempted to invoke a non-function")


def _host_function(name: str, least: int, most: int, work: Callable[..., Json]) -> Callable[..., Json]:
    def called(*arguments: Json) -> Json:
        if not least <= len(arguments) <= most:
            wrong = min(len(arguments), most) + 1
            message = f'T0410: Argument {wrong} of function "{name}" does not match function signature'
            raise functions.FunctionError(message)
        return work(*arguments)

    return called


PURE_FUNCTIONS = {
    "partition": _host_function("partition", 2, 2, functions.partition),
    "range": _host_function("range", 3, 3, _range),
    "hash": _host_function("hash", 2, 2, functions.hash_value),
    "eval": _reject_call,
}
"""AWS's own functions that do not depend on the world, and `$eval`, which is rejected."""


_PARSE_TO_OBJECT = "parse_to_object"
_WITH_PARSE = f'($parse := function($text)<s:x>{{{{ $lookup(${_PARSE_TO_OBJECT}($text), "value") }}}}; ({{text}}\n))'
"""The text with $parse as a function of JSONata: to jlens, None as the result of our own function is no value, not
null."""


def _parse_to_object(text: Json) -> Json:
    return {"value": functions.parse_json(text)}


def _encode_base64(text: str | None) -> str | None:
    return None if text is None else base64.b64encode(text.encode()).decode()


def _decode_base64(text: str | None) -> str | None:
    try:
        return None if text is None else base64.b64decode(text + "==").decode()
    except ValueError:
        raise functions.FunctionError("the argument is not a Base64-encoded text") from None


TEXT_FUNCTIONS: dict[str, Callable[[str | None], str | None]] = {
    "base64encode": _encode_base64,
    "base64decode": _decode_base64,
}
"""Functions of a text that jlens has, too; it takes each character for a byte, these use UTF-8."""


def _random(world: World) -> Callable[..., float]:
    return lambda *seed: functions.seeded_random(seed[0]) if seed else world.random()


def _shuffle(world: World) -> Callable[..., list[Json]]:
    return lambda items: sorted(items if isinstance(items, list) else [items], key=lambda _: world.random())


_FORMAT_TIME = "$fromMillis($instant, $picture, $zone)"


def _now(world: World) -> Callable[..., Json]:
    def now(*picture: Json) -> Json:
        if not picture:
            return format_iso_time(world.now())
        given = {"instant": world.now(), **dict(zip(("picture", "zone"), picture, strict=False))}
        shown = _evaluate(_compile_program(_FORMAT_TIME), given)
        return shown if shown is None else loads(shown)

    return now


WORLD_FUNCTIONS: dict[str, Callable[[World], Callable[..., Json]]] = {
    "uuid": lambda world: _host_function("uuid", 0, 0, world.uuid),
    "random": lambda world: _host_function("random", 0, 1, _random(world)),
    "millis": lambda world: _host_function("millis", 0, 0, world.now),
    "now": lambda world: _host_function("now", 0, 2, _now(world)),
    "shuffle": lambda world: _host_function("shuffle", 1, 1, _shuffle(world)),
}
"""Functions that need the clock, random numbers or UUIDs, by name; each is made for the world of one evaluation."""
