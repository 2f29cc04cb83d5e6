"""Define a function of queries: what it computes of its arguments, and how many it takes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from lamplighter.lang.log_query.values import Value

Values = Sequence[Value]


@dataclass(frozen=True, slots=True)
class Function:
    """A function, and how many arguments it takes."""

    apply: Callable[[Values], Value]
    least: int
    most: int
    takes_structures: bool = False
    """Whether maps and lists are arguments; for other functions, "maps and lists are treated as null"."""
