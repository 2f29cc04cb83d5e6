"""Write a number with its noun, in the singular or in the plural, and the first of many names."""

from collections.abc import Sequence

MAX_NAMES = 10
"""The most names of a list in a sentence."""


def format_count(count: int, one: str, many: str = "") -> str:
    """Return a number with its noun: "1 run", "2 runs"; `many` is the plural if it is not `one` with an s."""
    return f"{count} {one if count == 1 else many or f'{one}s'}"


def join_names(names: Sequence[str], most: int = MAX_NAMES) -> str:
    """Return the names, or the first of them and how many more there are: "a, b and 3 more"."""
    more = len(names) - most
    return ", ".join(names) if more <= 0 else f"{', '.join(names[:most])} and {more:,} more"
