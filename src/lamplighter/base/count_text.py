"""Write a number with its noun, in the singular or in the plural."""


def format_count(count: int, one: str, many: str = "") -> str:
    """Return a number with its noun: "1 run", "2 runs"; `many` is the plural if it is not `one` with an s."""
    return f"{count} {one if count == 1 else many or f'{one}s'}"
