"""`up --cpus N --memory SIZE --max-tasks N` limits the box; a size has the usual units."""

import pytest
import typer

from lamplighter.cli.up.capacity_options import parse_capacity, parse_memory
from lamplighter.services.ecs.capacity import NO_LIMITS, CapacityLimits


def test_a_size_is_read_in_mib() -> None:
    assert parse_memory("1.5G") == 1536


@pytest.mark.parametrize("text", ["", "8X"])
def test_a_text_that_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(typer.BadParameter, match=r"^--memory: .* is not a size: write one such as 8G"):
        parse_memory(text)


def test_options_that_are_left_out_do_not_limit() -> None:
    assert parse_capacity(None, None, None) == NO_LIMITS
    assert parse_capacity(1.5, "1G", 3) == CapacityLimits(1536, 1024, 3)


def test_options_come_before_the_job_file_and_the_job_file_before_the_machine() -> None:
    options, of_file, machine = CapacityLimits(cpu=1), CapacityLimits(cpu=2, memory=20), CapacityLimits(3, 30)
    assert options.or_else(of_file).or_else(machine) == CapacityLimits(1, 20, None)
