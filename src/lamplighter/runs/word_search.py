"""Find the words of a search in named texts, and quote the places where they were found. Pure.

Words may be in any order and in upper or lower case, and may be parts of other words.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from lamplighter.base.json_text import Json

MAX_SEARCH_LENGTH = 300
"""The most characters of a search; the rest is ignored."""
EXCERPT_LENGTH, LEAD = 160, 40
"""The most characters of an excerpt, and how many of them are before the found word."""


@dataclass(frozen=True, slots=True)
class FoundText:
    """A place where words were found."""

    field: str
    """The name of the text: input, cause, log."""
    excerpt: str
    """The part of the text around the first found word, in one line."""


def write_places(found: Sequence[FoundText]) -> Json:
    """Return places as JSON."""
    return [{"field": each.field, "excerpt": each.excerpt} for each in found]


def read_places(found: Json) -> Sequence[FoundText]:
    """Return the places that `write_places` wrote."""
    return [FoundText(each["field"], each["excerpt"]) for each in found]


def split_words(search: str) -> Sequence[str]:
    """Return the words of a search, each once."""
    return list(dict.fromkeys(search[:MAX_SEARCH_LENGTH].split()))


def find_words(words: Sequence[str], fields: Mapping[str, str]) -> Sequence[FoundText] | None:
    """Return the fields in which the words are, as few as needed, in their order; None if a word is in no field."""
    missing = list(words)
    found = []
    for name, text in fields.items():
        here = [word for word in missing if _pattern([word]).search(text)]
        if here:
            found.append(FoundText(name, quote_around(text, here)))
            missing = [word for word in missing if word not in here]
    return None if missing else found


def quote_around(text: str, words: Sequence[str]) -> str:
    """Return the part of a text around the first of these words."""
    line = " ".join(text.split())
    if len(line) <= EXCERPT_LENGTH:
        return line
    first = _pattern(words).search(line)
    begin = 0 if first is None else min(max(0, first.start() - LEAD), len(line) - EXCERPT_LENGTH)
    part = line[begin : begin + EXCERPT_LENGTH]
    return f"{'…' if begin else ''}{part}{'…' if begin + EXCERPT_LENGTH < len(line) else ''}"


def mark_words(words: Sequence[str], text: str) -> Iterator[tuple[str, bool]]:
    """Yield the parts of a text, each with whether it is one of the words."""
    done = 0
    for each in _pattern(words).finditer(text) if words else ():
        if each.start() > done:
            yield text[done : each.start()], False
        yield each.group(), True
        done = each.end()
    if done < len(text):
        yield text[done:], False


def _pattern(words: Sequence[str]) -> re.Pattern[str]:
    """Return the pattern of any of these words, the longest first, because one may be the beginning of another."""
    return re.compile("|".join(map(re.escape, sorted(words, key=len, reverse=True))), re.IGNORECASE)
