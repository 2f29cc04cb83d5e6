"""The machine's own cores and memory limit its tasks, less a margin; a container around the engine counts."""

import os
from pathlib import Path

import pytest

from lamplighter.engine.machine_capacity import machine_capacity
from lamplighter.services.ecs.capacity import CapacityLimits

CORES = len(os.sched_getaffinity(0)) * 1024


def capacity(folder: Path, total_mib: int, memory_max: str = "max", cpu_max: str = "max 100000") -> CapacityLimits:
    (folder / "memory.max").write_text(f"{memory_max}\n")
    (folder / "cpu.max").write_text(f"{cpu_max}\n")
    (folder / "meminfo").write_text(f"MemTotal:       {total_mib * 1024} kB\nMemFree:        1 kB\n")
    return machine_capacity(folder, folder / "meminfo")


@pytest.mark.parametrize(
    ("total", "left"), [(24_000, 24_000 - 2048), (8192, 8192 - 819), (1024, 1024 - 256), (300, 150)]
)
def test_a_tenth_of_the_memory_is_left_to_the_system_and_the_engine(tmp_path: Path, total: int, left: int) -> None:
    assert capacity(tmp_path, total) == CapacityLimits(CORES, left)


def test_the_limits_of_a_container_around_the_engine_count(tmp_path: Path) -> None:
    limited = capacity(tmp_path, 24_000, str(4000 * 1024**2), "50000 100000")
    assert limited == CapacityLimits(512, 3600)


def test_what_cannot_be_found_out_is_not_limited(tmp_path: Path) -> None:
    assert machine_capacity(tmp_path, tmp_path / "missing") == CapacityLimits(CORES, None)


def test_this_machine_has_cores_and_memory() -> None:
    found = machine_capacity()
    assert found.cpu is not None
    assert found.memory is not None
    assert found.cpu > 0
    assert found.memory > 64
