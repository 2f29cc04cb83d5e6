"""Parse the simple values of a job file: numbers, switches, durations, sizes, text for a container, commands.

Guarantees one way to read each type, and an error that shows a valid example. Durations are in seconds, sizes in CPU
units and MiB. A number may also be written as text, because variables are text.
"""

import re
from collections.abc import Callable
from typing import Annotated

from pydantic import BeforeValidator, WithJsonSchema

from lamplighter.base.errors import require
from lamplighter.base.json_text import Json
from lamplighter.jobs.file.memory_size import parse_memory_size
from lamplighter.jobs.file.parsing.invalid_value import InvalidValue
from lamplighter.runs.history.durations import UNIT_SECONDS, format_setting

MAX_DURATION_SECONDS = 99_999_999
"""The longest duration of the Amazon States Language, in seconds."""
DURATION_PATTERN = "^([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?$"
_DURATION_PARTS = re.compile(r"(?:([0-9]+)d)?(?:([0-9]+)h)?(?:([0-9]+)m)?(?:([0-9]+)s)?", re.ASCII)
_WHOLE_NUMBER = r"-?[0-9]{1,18}"
_NUMBER = r"[0-9]{1,18}(\.[0-9]{1,18})?"
_CPU = re.compile(rf"(?P<number>{_NUMBER}|\.[0-9]{{1,18}})\s*(?P<unit>v?cpu)?", re.IGNORECASE | re.ASCII)


def parse_duration(value: Json) -> int:
    """Parse a duration such as 10s, 5m, 1h30m or 2d into seconds."""
    found = _DURATION_PARTS.fullmatch(value) if isinstance(value, str) and value else None
    if found is None:
        bare = isinstance(value, int) and not isinstance(value, bool)
        hint = f"{value}s or {value}m" if bare else "10s, 5m, 1h30m, 2d"
        raise InvalidValue(f"{format_value(value)} is not a duration", f"write it with its unit: {hint}")
    digits = [part or "0" for part in found.groups()]
    total = sum(int(part) * unit for part, unit in zip(digits, UNIT_SECONDS.values(), strict=True) if len(part) < 12)
    if not 1 <= total <= MAX_DURATION_SECONDS or any(len(part) >= 12 for part in digits):
        raise InvalidValue(
            f"{format_value(value)} is not between 1 second and {MAX_DURATION_SECONDS}",
            "write a duration such as 1h30m",
        )
    return total


def format_duration(duration: int) -> str:
    """Format seconds as the job file does: 1h30m."""
    return format_setting(duration)


def format_value(value: Json) -> str:
    """Format a value for an error, as the file writes it."""
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, (dict, list, tuple)):
        return "a mapping" if isinstance(value, dict) else "a list"
    if value in (None, ""):
        return "nothing"
    return f"`{value if len(str(value)) < 100 else str(value)[:97] + '…'}`"


def _size_parser(parse: Callable[[str], int | None], example: str) -> Callable[[Json], int]:
    def read(value: Json) -> int:
        size = parse(str(value)) if isinstance(value, (int, str)) and not isinstance(value, bool) else None
        return require(size, lambda: InvalidValue(f"{format_value(value)} is not a size", f"write {example}"))

    return read


def _parse_cpu_units(text: str) -> int | None:
    found = _CPU.fullmatch(text)
    if found is None or not (found["unit"] or found["number"].isdecimal()):
        return None
    return round(float(found["number"]) * (1024 if found["unit"] else 1)) or None


def _parse_whole_number(value: Json) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and re.fullmatch(_WHOLE_NUMBER, value, re.ASCII):
        return int(value)
    raise InvalidValue(f"{format_value(value)} is not a whole number", "write one such as 3")


def _parse_factor(value: Json) -> float:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    if isinstance(value, str) and re.fullmatch(_NUMBER, value, re.ASCII):
        return float(value)
    raise InvalidValue(f"{format_value(value)} is not a number", "write one such as 1.5")


def _parse_boolean(value: Json) -> bool:
    if isinstance(value, (bool, str)) and str(value) in ("true", "True", "TRUE", "false", "False", "FALSE"):
        return str(value).lower() == "true"
    raise InvalidValue(f"{format_value(value)} is neither true nor false", "write true or false")


def parse_environment_text(value: Json) -> str:
    """Return a value as text for a container's environment; `keep_texts` has kept what is written in the file."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (str, int, float)):
        return str(value)
    raise InvalidValue(f"{format_value(value)} is not text", "put it in quotation marks")


def _parse_command(value: Json) -> Json:
    """Parse a command: a list of words, or one line for the shell."""
    if isinstance(value, str) and value.strip():
        return ("sh", "-c", value)
    given = value if isinstance(value, (list, tuple)) else ()
    if given and all(isinstance(word, (str, int, float)) for word in given):
        return tuple(map(parse_environment_text, given))
    raise InvalidValue(
        f"{format_value(value)} is not a command", "write [python, report.py], or one line of text for the shell"
    )


def _pattern_schema(pattern: str, *examples: str) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "pattern": pattern, "examples": list(examples)})


Duration = Annotated[
    int, BeforeValidator(parse_duration), _pattern_schema(DURATION_PATTERN, "10s", "5m", "1h30m", "2d")
]
Cpu = Annotated[
    int,
    BeforeValidator(_size_parser(_parse_cpu_units, "CPU units such as 256, or 0.5 vCPU")),
    WithJsonSchema({"type": ["integer", "string"], "examples": [256, "0.5 vCPU"]}),
]
Memory = Annotated[
    int,
    BeforeValidator(_size_parser(parse_memory_size, "MiB such as 512, or 2 GB")),
    WithJsonSchema({"type": ["integer", "string"], "examples": [512, "2 GB"]}),
]
WholeNumber = Annotated[
    int,
    BeforeValidator(_parse_whole_number),
    WithJsonSchema({"type": ["integer", "string"], "pattern": f"^{_WHOLE_NUMBER}$"}),
]
Factor = Annotated[
    float, BeforeValidator(_parse_factor), WithJsonSchema({"type": ["number", "string"], "pattern": f"^{_NUMBER}$"})
]
Boolean = Annotated[
    bool,
    BeforeValidator(_parse_boolean),
    WithJsonSchema({"enum": [True, False, "true", "false", "True", "False", "TRUE", "FALSE"]}),
]
Text = Annotated[
    str, BeforeValidator(parse_environment_text), WithJsonSchema({"type": ["string", "number", "boolean"]})
]
Command = Annotated[
    tuple[str, ...],
    BeforeValidator(_parse_command),
    WithJsonSchema(
        {
            "oneOf": [
                {"type": "string", "minLength": 1},
                {"type": ["number", "boolean"]},
                {"type": "array", "items": {"type": ["string", "number", "boolean"]}, "minItems": 1},
            ]
        }
    ),
]
