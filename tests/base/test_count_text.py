"""A number with its noun, and the first of many names."""

import pytest

from lamplighter.base.count_text import format_count, join_names


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


@pytest.mark.parametrize(
    ("names", "text"),
    [(["a"], "a"), (["a", "b"], "a, b"), (["a", "b", "c"], "a, b and 1 more"), (["a"] * 2_002, "a, a and 2,000 more")],
)
def test_the_first_of_many_names_are_written_and_the_rest_is_counted(names: list[str], text: str) -> None:
    assert join_names(names, 2) == text
