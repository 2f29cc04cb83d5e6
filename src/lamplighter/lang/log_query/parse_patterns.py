"""Compile the patterns of the command `parse`: texts with asterisks, and regular expressions with named groups.

Guarantees a time in proportion to the text. See
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax-Parse.html.
"""

from collections.abc import Callable, Mapping, Sequence

from lamplighter.lang.regex import Regex, TextTooLong

Find = Callable[[str], Mapping[str, str] | None]
"""Returns the parts of a text by their names, or None if it does not match."""


def compile_glob(pattern: str, names: Sequence[str]) -> Find:
    """Return a function that finds what the asterisks of a pattern stand for, each as short as possible."""
    first, *others = pattern.split("*")

    def find(text: str) -> Mapping[str, str] | None:
        place = text.find(first)
        if place < 0:
            return None
        place += len(first)
        found: dict[str, str] = {}
        for number, (name, piece) in enumerate(zip(names, others, strict=True), 1):
            is_last = number == len(others)
            end = len(text) if is_last and not piece else text.find(piece, place)
            if end < 0:
                return None
            found[name] = text[place:end]
            place = end + len(piece)
        return found

    return find


def compile_groups(regex: Regex) -> Find:
    """Return a function that finds the named groups of an expression; a text too long for it does not match."""

    def find(text: str) -> Mapping[str, str] | None:
        try:
            return regex.find_groups(text)
        except TextTooLong:
            return None

    return find
