"""Draw values for the parameters of an operation from its shape: valid, nearly valid, and from what answers returned.

The same seed draws the same values, if the answers are the same.
"""

import re
from collections import defaultdict, deque
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from random import Random

from botocore.model import ListShape, MapShape, Shape, StructureShape

from lamplighter.base.json_text import Json
from tests.fuzz.known_texts import ATTRIBUTES, NAMES, TEXTS

KEPT = 8
"""How many values of each name are remembered."""
START = 1_767_225_600
"""When the clock of the engine starts, in seconds since the epoch."""
DEPTH = 6
"""How deeply values are nested."""
_PLACEHOLDER = re.compile(r"\$\{([a-z]+)\}")
DOCUMENTS: tuple[Json, ...] = (None, True, 0, -1, 1.5, "", "ä\x00", [], {}, [[]], {"a": None}, 2**63, "x" * 3000)
ARN_NAMES = ("arn", "arns", "resource", "resourcename", "topicarn", "targetarn")


class Memory:
    """What earlier answers and requests contained, by the names of the members, per service."""

    def __init__(self) -> None:
        self._values: dict[str, deque[str]] = defaultdict(lambda: deque(maxlen=KEPT))

    def remember(self, value: Json, name: str = "") -> None:
        """Remember all texts in an answer."""
        if isinstance(value, dict):
            for key, inner in value.items():
                self.remember(inner, key)
        elif isinstance(value, list):
            for inner in value:
                self.remember(inner, name.removesuffix("s"))
        elif isinstance(value, str) and value:
            self._add(name.lower(), value)
            if value.startswith("arn:"):
                self._add("arn", value)

    def _add(self, name: str, value: str) -> None:
        values = self._values[name]
        if value in values:
            values.remove(value)
        values.append(value)

    def fill(self, value: Json) -> Json:
        """Replace each `${name}` in the texts of a value by the last text of that name."""
        if isinstance(value, dict):
            return {key: self.fill(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [self.fill(inner) for inner in value]
        if isinstance(value, str):
            return _PLACEHOLDER.sub(lambda match: (self._values.get(match[1]) or ["a"])[-1], value)
        return value

    def find(self, name: str) -> list[str]:
        """Return the texts that members of this name had."""
        key = name.lower()
        known = [*self._values.get(key, ()), *self._values.get(key.removesuffix("s"), ())]
        if key.endswith(("identifier", "name", "id")):
            known += self._values.get(key.removesuffix("identifier").removesuffix("name") + "arn", ())
        if key.endswith("arn") or key in ARN_NAMES:
            known += self._values.get("arn", ())
        return known


class RandomValues:
    """Draws values of shapes."""

    def __init__(self, random: Random, memory: Memory) -> None:
        self._random = random
        self._memory = memory

    def parameters(self, shape: StructureShape | None) -> dict[str, Json]:
        """Draw the parameters of a request, with a few mistakes in some requests."""
        if shape is None:
            return {}
        drawn: dict[str, Json] = self._structure(shape, DEPTH)
        return drawn

    def chance(self, percent: float) -> bool:
        """Return True in so many of a hundred calls."""
        return self._random.random() * 100 < percent

    def _value(self, shape: Shape, name: str, depth: int) -> Json:
        if depth < -DEPTH:  # a shape that requires itself
            return None
        if isinstance(shape, StructureShape):
            return self._structure(shape, depth)
        if isinstance(shape, ListShape):
            least = shape.metadata.get("min", 0)
            number = max(least, self._random.choice((0, 1, 1, 1, 2)))
            return [self._value(shape.member, name, depth - 1) for _ in range(number)]
        if isinstance(shape, MapShape):
            return self._map(shape, name, depth)
        return self._scalar(shape, name)

    def _structure(self, shape: StructureShape, depth: int) -> dict[str, Json]:
        if shape.metadata.get("union") or getattr(shape, "is_tagged_union", False):
            name = self._random.choice(list(shape.members))
            return {name: self._value(shape.members[name], name, depth - 1)}
        optional = self._random.choice((0, 10, 30, 60)) if depth > 2 else 0
        return {
            name: self._value(member, name, depth - 1)
            for name, member in shape.members.items()
            if self.chance(98 if name in shape.required_members else optional)
        }

    def _map(self, shape: MapShape, name: str, depth: int) -> dict[str, Json]:
        if name.lower() == "attributes" and not isinstance(shape.value, StructureShape):
            return {key: ATTRIBUTES[key] for key in self._random.sample(list(ATTRIBUTES), self._random.choice((0, 1)))}
        number = self._random.choice((0, 1, 1, 2))
        return {
            str(self._value(shape.key, "key", depth - 1)): self._value(shape.value, name, depth - 1)
            for _ in range(number)
        }

    def _scalar(self, shape: Shape, name: str) -> Json:
        kind = shape.type_name
        if kind == "string":
            return self._text(shape, name)
        if kind == "boolean":
            return self.chance(50)
        if kind == "timestamp":
            return datetime.fromtimestamp(START + self._random.choice((-3600, -60, 0, 60, 86_400)), UTC)
        if kind == "blob":
            return self._random.choice((b"", b"a", b"{}", b"\x00\xff"))
        return self._number(shape)

    def _number(self, shape: Shape) -> Json:
        low, high = shape.metadata.get("min", 0), shape.metadata.get("max", 1_000)
        if self.chance(5):
            low, high = low - 1, high + 1
            return self._random.choice((low, high, 2**31, -(2**31)))
        number = self._random.choice((low, low, min(low + 1, high), min(60, high), high))
        return float(number) if shape.type_name in ("double", "float") else int(number)

    def _text(self, shape: Shape, name: str) -> str:
        if self.chance(2):
            return self._random.choice(("", "ä\x00", "x" * 3000, "../a", "a b", "%", "arn:aws:::::"))
        if shape.enum:
            return str(self._random.choice(shape.enum))
        known = self._memory.find(name)
        if known and self.chance(70):
            return self._random.choice(known)
        texts = TEXTS.get(name.lower(), NAMES if name.lower().endswith(("name", "names", "family")) else TEXTS[""])
        fitting = _fitting(
            shape.metadata.get("pattern", ""), shape.metadata.get("min", 0), shape.metadata.get("max", 10**9), texts
        )
        return self._random.choice(fitting)


@cache
def _fitting(pattern: str, low: int, high: int, texts: tuple[str, ...]) -> tuple[str, ...]:
    """Return the texts that fit a member's length and pattern; if none does, others, and if none of those, `texts`."""
    for candidates in (texts, *TEXTS.values()):
        found = tuple(each for each in candidates if low <= len(each) <= high and _matches(pattern, each))
        if found:
            return found
    padded = tuple(each.ljust(low, "a")[: max(1, high)] for each in texts)
    return tuple(each for each in padded if _matches(pattern, each)) or padded


@cache
def _matches(pattern: str, text: str) -> bool:
    try:
        return not pattern or re.fullmatch(pattern, text) is not None
    except re.error:  # a pattern of Java
        return True


def break_one(value: Mapping[str, Json], random: Random) -> Json:
    """Return parameters of which one, at any depth, is missing or has a random value."""
    if not value or random.random() < 0.02:
        return random.choice(DOCUMENTS)
    name = random.choice(list(value))
    inner = value[name]
    if isinstance(inner, dict) and inner and random.random() < 0.7:
        return {**value, name: break_one(inner, random)}
    if isinstance(inner, list) and inner and isinstance(inner[0], dict) and random.random() < 0.7:
        return {**value, name: [break_one(inner[0], random), *inner[1:]]}
    if random.random() < 0.3:
        return {key: each for key, each in value.items() if key != name}
    return {**value, name: random.choice(DOCUMENTS)}
