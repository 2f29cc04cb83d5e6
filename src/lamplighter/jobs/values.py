"""The small values of a job file: durations, sizes, names, text for a container.

Promises one way to read each, and an error that shows a right one. Durations are seconds, sizes are CPU units and MiB.
"""

import re
from collections.abc import Callable
from typing import Annotated

from pydantic import BeforeValidator, StringConstraints, WithJsonSchema

from lamplighter.base.jsontext import Json

UNITS = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}
LONGEST = 99_999_999
"""Seconds: the longest that Amazon States Language can say."""
_DURATION = re.compile(r"(?:([0-9]+)d)?(?:([0-9]+)h)?(?:([0-9]+)m)?(?:([0-9]+)s)?")


def seconds(value: Json) -> int:
    """Read a duration: 10s, 5m, 1h30m, 2d."""
    found = _DURATION.fullmatch(value) if isinstance(value, str) and value else None
    if found is None:
        bare = isinstance(value, int) and not isinstance(value, bool)
        hint = f"{value}s or {value}m" if bare else "10s, 5m, 1h30m, 2d"
        raise ValueError(f"{_shown(value)} is no duration|write it with its unit: {hint}")
    total = sum(int(part or 0) * unit for part, unit in zip(found.groups(), UNITS.values(), strict=True))
    if not 1 <= total <= LONGEST:
        raise ValueError(f"{value} is not between 1 second and {LONGEST} seconds|write a duration such as 1h30m")
    return total


def shown(duration: int) -> str:
    """Write a duration as a person would."""
    parts = []
    for unit, size in UNITS.items():
        count, duration = divmod(duration, size)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"


def _size(suffix: str, example: str) -> Callable[[Json], int]:
    number = re.compile(rf"([0-9]*\.?[0-9]+)\s*({suffix})?", re.IGNORECASE)

    def read(value: Json) -> int:
        plain = str(value) if isinstance(value, (int, str)) and not isinstance(value, bool) else ""
        found = number.fullmatch(plain)
        size = round(float(found[1]) * 1024) if found and found[2] else int(plain) if plain.isdecimal() else 0
        if size <= 0:
            raise ValueError(f"{_shown(value)} is no size|write {example}")
        return size

    return read


def _environment(value: Json) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (str, int)):
        return str(value)
    raise ValueError(f"{_shown(value)} is no text|put it in quotation marks")


def _words(value: Json) -> Json:
    """A command: words, or a line for the shell."""
    if isinstance(value, str):
        return ("sh", "-c", value)
    if isinstance(value, list) and all(isinstance(word, (str, int)) and not isinstance(word, bool) for word in value):
        return tuple(map(str, value))
    raise ValueError(f"{_shown(value)} is no command|write [python, report.py], or one line of text for the shell")


def _shown(value: Json) -> str:
    return "nothing" if value is None else f"`{value}`"


def _schema(pattern: str, *examples: str) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "pattern": pattern, "examples": list(examples)})


Duration = Annotated[
    int, BeforeValidator(seconds), _schema(r"^([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?$", "10s", "5m", "1h30m", "2d")
]
Cpu = Annotated[
    int,
    BeforeValidator(_size("v?cpu", "CPU units such as 256, or 0.5 vCPU")),
    WithJsonSchema({"type": ["integer", "string"], "examples": [256, "0.5 vCPU"]}),
]
Memory = Annotated[
    int,
    BeforeValidator(_size("gb", "MiB such as 512, or 2 GB")),
    WithJsonSchema({"type": ["integer", "string"], "examples": [512, "2 GB"]}),
]
Text = Annotated[str, BeforeValidator(_environment), WithJsonSchema({"type": ["string", "integer", "boolean"]})]
Command = Annotated[
    tuple[str, ...],
    BeforeValidator(_words),
    WithJsonSchema({"oneOf": [{"type": "string"}, {"type": "array", "items": {"type": ["string", "integer"]}}]}),
]
NAME = r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$"
Name = Annotated[str, StringConstraints(pattern=NAME, max_length=40)]
"""Of a project, a job, a channel, an environment: it becomes part of AWS's names."""
Arn = Annotated[str, StringConstraints(pattern=r"^arn:[a-z-]+:[a-z0-9-]+:[a-z0-9-]*:[0-9]*:.+$")]
