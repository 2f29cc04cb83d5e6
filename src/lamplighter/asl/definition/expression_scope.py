"""Define `Scope`: the values that a path or an expression in a state can read."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from lamplighter.base.json_text import Json
from lamplighter.base.world import World

ABSENT = object()
"""Stands for a missing result or error, because null is a valid one."""


@dataclass(eq=False, slots=True)
class Scope:
    """The input, the variables and the context object of a state, and later its result or error.

    In JSONPath `$` is `input`, `$$` is `context`, `$name` a variable; in JSONata they are `$states.input`,
    `$states.context` and `$name`, and `$states.result` and `$states.errorOutput` are `result` and `error`. The context
    object is built only when an expression reads it.
    """

    input: Json
    variables: Mapping[str, Json]
    _make_context: Callable[[], Json]
    world: World
    result: Json = ABSENT
    error: Json = ABSENT

    @property
    def context(self) -> Json:
        """The context object."""
        return self._make_context()

    @property
    def allows_unbounded_work(self) -> bool:
        """True if work without a known bound is allowed here."""
        return self.world.allows_unbounded_work

    @property
    def states(self) -> Mapping[str, Json]:
        """The value of `$states`."""
        return _States(self)

    def at(self, input: Json) -> "Scope":  # noqa: A002 - the specification's word
        """Return the same scope with another `$`."""
        return Scope(input, self.variables, self._make_context, self.world, self.result, self.error)

    def with_result(self, result: Json) -> "Scope":
        """Return the same scope with the result of the work."""
        return Scope(self.input, self.variables, self._make_context, self.world, result=result)

    def with_error(self, error: Json) -> "Scope":
        """Return the same scope with the error of the work."""
        return Scope(self.input, self.variables, self._make_context, self.world, error=error)


class _States(Mapping[str, Json]):
    """`$states` as a mapping; each member is computed when an expression reads it."""

    __slots__ = ("_scope",)

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def __getitem__(self, name: str) -> Json:
        scope = self._scope
        match name:
            case "input":
                return scope.input
            case "context":
                return scope.context
            case "result" if scope.result is not ABSENT:
                return scope.result
            case "errorOutput" if scope.error is not ABSENT:
                return scope.error
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        yield "input"
        yield "context"
        if self._scope.result is not ABSENT:
            yield "result"
        if self._scope.error is not ABSENT:
            yield "errorOutput"

    def __len__(self) -> int:
        return sum(1 for _ in self)
