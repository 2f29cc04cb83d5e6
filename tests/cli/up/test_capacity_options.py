"""`up --cpus N --memory SIZE --max-tasks N` limits the box; a size has the usual units."""

import pytest
import typer

from lamplighter.cli.up.capacity_options import parse_capacity, parse_memory
from lamplighter.services.ecs.capacity import NO_LIMITS, CapacityLimits


@pytest.mark.parametrize(
    ("text", "mib"),
    [("8G", 8192), ("8g", 8192), ("8 GB", 8192), ("8GiB", 8192), ("512", 512), ("512M", 512), ("1.5G", 1536),
     ("2048k", 2), ("1T", 1024**2)],
)  # fmt: skip
def test_a_size_is_read_in_mib(text: str, mib: int) -> None:
    assert parse_memory(text) == mib


@pytest.mark.parametrize("text", ["", "G", "-1G", "0", "8X", "1k", "eight"])
def test_a_text_that_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="is not a size: write one such as 8G"):
        parse_memory(text)


def test_options_that_are_left_out_do_not_limit() -> None:
    assert parse_capacity(None, None, None) == NO_LIMITS
    assert parse_capacity(1.5, "1G", 3) == CapacityLimits(1536, 1024, 3)


def test_options_come_before_the_job_file_and_the_job_file_before_the_machine() -> None:
    options, of_file, machine = CapacityLimits(cpu=1), CapacityLimits(cpu=2, memory=20), CapacityLimits(3, 30)
    assert options.or_else(of_file).or_else(machine) == CapacityLimits(1, 20, None)
