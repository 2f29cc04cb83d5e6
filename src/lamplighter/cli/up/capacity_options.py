"""Parse the options of `up` that limit what all tasks may reserve together."""

import typer

from lamplighter.engine.machine_capacity import UNITS_PER_CORE
from lamplighter.jobs.file.memory_size import parse_memory_size
from lamplighter.services.ecs.capacity import CapacityLimits


def parse_capacity(cpus: float | None, memory: str | None, max_tasks: int | None) -> CapacityLimits:
    """Return the limits that the options give; raises `BadParameter`."""
    return CapacityLimits(
        None if cpus is None else max(round(cpus * UNITS_PER_CORE), 1),
        None if memory is None else parse_memory(memory),
        max_tasks,
    )


def parse_memory(text: str) -> int:
    """Return a size such as 8G, 8 GiB or 512M in MiB; a number without a unit is MiB, as in a job file."""
    size = parse_memory_size(text)
    if size is None:
        raise typer.BadParameter(f"--memory: {text!r} is not a size: write one such as 8G, 512M, or a number of MiB")
    return size
