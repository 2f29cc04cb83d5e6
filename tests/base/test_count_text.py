"""A number with its noun."""

import pytest

from lamplighter.base.count_text import format_count


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ((0, "run"), "0 runs"),
        ((1, "run"), "1 run"),
        ((2, "run"), "2 runs"),
        ((1, "task is", "tasks are"), "1 task is"),
        ((3, "task is", "tasks are"), "3 tasks are"),
    ],
)
def test_a_noun_has_its_plural_unless_there_is_one(given: tuple[int, str] | tuple[int, str, str], text: str) -> None:
    assert format_count(*given) == text
