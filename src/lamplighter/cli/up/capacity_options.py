"""Parse the options of `up` that limit what all tasks may reserve together."""

import re

import typer

from lamplighter.engine.machine_capacity import UNITS_PER_CORE
from lamplighter.services.ecs.capacity import CapacityLimits

_SIZE = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,6})?)\s*(?:([kmgt])(?:i?b)?)?", re.IGNORECASE | re.ASCII)
_MIB_PER_UNIT = {"": 1.0, "k": 1 / 1024, "m": 1.0, "g": 1024.0, "t": 1024.0**2}


def parse_capacity(cpus: float | None, memory: str | None, max_tasks: int | None) -> CapacityLimits:
    """Return the limits that the options give; raises `BadParameter`."""
    return CapacityLimits(
        None if cpus is None else max(round(cpus * UNITS_PER_CORE), 1),
        None if memory is None else parse_memory(memory),
        max_tasks,
    )


def parse_memory(text: str) -> int:
    """Return a size such as 8G, 8 GiB or 512M in MiB; a number without a unit is MiB, as in a job file."""
    found = _SIZE.fullmatch(text.strip())
    size = round(float(found[1]) * _MIB_PER_UNIT[(found[2] or "").lower()]) if found else 0
    if size < 1:
        raise typer.BadParameter(f"{text!r} is not a size: write one such as 8G, 512M, or a number of MiB")
    return size
