"""What a kind of register is: how a client writes, removes and reads its value."""

import random
from collections.abc import Callable
from dataclasses import dataclass

from tests.chaos.storm.client_calls import ClientCalls


def random_value(rng: random.Random) -> str:
    """Return a value that no other write has."""
    return f"{rng.getrandbits(128):032x}"


@dataclass(frozen=True, slots=True)
class Register:
    """A kind of register. `write` and `remove` return when the engine has acknowledged the change."""

    kind: str
    write: Callable[[ClientCalls, str, str, bool], None]
    """Write a value; the last argument states whether the register may not exist yet."""
    remove: Callable[[ClientCalls, str], None]
    read: Callable[[ClientCalls, str], str | None]
    """Return the value, or None if the register does not exist. Raises NoAnswer."""
    make_value: Callable[[random.Random], str] = random_value
    count: int = 4
    """The number of registers of this kind."""
