"""A size of memory has the usual units, which are powers of 1024, and is MiB without one."""

import pytest

from lamplighter.jobs.file.memory_size import parse_memory_size


@pytest.mark.parametrize(
    ("text", "mib"),
    [
        ("512", 512), ("512 MB", 512), ("512M", 512), ("512MiB", 512), ("8G", 8192), ("8g", 8192), ("8 GB", 8192),
        ("8GiB", 8192), ("1.5G", 1536), (".5 GB", 512), ("2048k", 2), ("1T", 1024**2), (" 2 GB ", 2048),
    ],
)  # fmt: skip
def test_a_size_is_read_in_mib(text: str, mib: int) -> None:
    assert parse_memory_size(text) == mib


@pytest.mark.parametrize("text", ["", "G", "-1G", "0", "0 GB", "8X", "1k", "eight", "1.5", "٥", "1 G B", "9" * 19])
def test_a_text_that_is_no_size_is_refused(text: str) -> None:
    assert parse_memory_size(text) is None
