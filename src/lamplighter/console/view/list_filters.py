"""Offer the filters of a list: for each, the values that occur, with their numbers. Pure.

A filter's value is in the query of the page's URL, so that a filtered list can be linked to and reloaded.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Choice:
    """A value that a filter offers."""

    value: str
    label: str
    count: int | None = None
    """The number of entries that have the value; None if it is not known."""


@dataclass(frozen=True, slots=True)
class ListFilter:
    """A filter with its choices."""

    name: str
    """The name of the query parameter."""
    label: str
    choices: Sequence[Choice]
    chosen: str | None
    """The chosen value; None if all entries are shown."""


def fixed_filter(
    name: str, label: str, values: Mapping[str, str], chosen: str | None, counts: Mapping[str, int] | None = None
) -> ListFilter:
    """Return a filter that always offers the same values, given with their labels."""
    known = chosen if chosen in values else None
    choices = [
        Choice(value, words, None if counts is None else counts.get(value, 0)) for value, words in values.items()
    ]
    return ListFilter(name, label, choices, known)


def found_filter(name: str, label: str, found: Iterable[str], chosen: str | None) -> ListFilter:
    """Return a filter that offers the values that entries have, in alphabetical order; empty values are left out.

    A chosen value that no entry has any more is offered, too, so that the reader sees what is chosen.
    """
    return counted_filter(name, label, Counter(filter(None, found)), chosen)


def counted_filter(name: str, label: str, counts: Mapping[str, int], chosen: str | None) -> ListFilter:
    """Return a filter that offers these values with their numbers, in alphabetical order, like `found_filter`."""
    known = {**counts, **({} if chosen is None else {chosen: counts.get(chosen, 0)})}
    return ListFilter(name, label, [Choice(value, value, known[value]) for value in sorted(known)], chosen)


def contains_words(text: str, words: str | None) -> bool:
    """Return whether a text contains each word of a search, in upper or lower case."""
    return all(word in text.casefold() for word in (words or "").casefold().split())
