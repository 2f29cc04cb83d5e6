"""Compile the filter patterns of CloudWatch Logs: terms, `%expressions%`, `{ JSON }` and `[space-delimited]` patterns.

Guarantees that a pattern is compiled once, and that the time to match a message grows only with the message's length.
Rejects what AWS rejects, with AWS's messages (`InvalidPattern`).
See https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html.
"""

import re
from collections.abc import Callable, Mapping

from lamplighter.lang.log_pattern.json_pattern import compile_document
from lamplighter.lang.log_pattern.space_delimited import compile_fields
from lamplighter.lang.log_pattern.terms import PLAIN, InvalidPattern, compile_regex, invalid_pattern, unquote

Match = Callable[[str], Mapping[str, str] | None]
"""A function that returns the values that a pattern extracts from a message, or None if the message does not match."""

TERM = re.compile(r'([?-]?)("(?:[^"\\]|\\.)*"|[^\s"]+)(?:\s+|$)')
NOTHING: Mapping[str, str] = {}


def compile_pattern(pattern: str) -> Match:
    """Compile a pattern; an empty one matches every message. Raises `InvalidPattern`."""
    text = pattern.strip()
    for opening, closing, compiled in (("{", "}", compile_document), ("[", "]", compile_fields)):
        if text.startswith(opening):
            if not text.endswith(closing):
                raise InvalidPattern(f"If a filter pattern starts with '{opening}' it must end with '{closing}'")
            return compiled(text)
    holds = _expression(text) if text.startswith("%") else _terms(text)
    return lambda message: NOTHING if holds(message) else None


def _expression(text: str) -> Callable[[str], bool]:
    if len(text) < 3 or not text.endswith("%"):
        raise invalid_pattern()
    return compile_regex(text[1:-1])


def _terms(text: str) -> Callable[[str], bool]:
    """Return a test: the message has all terms without a sign and none with a minus sign, or one with a question mark.

    "If you combine `?` with other filter patterns, all question mark terms will be ignored."
    """
    wanted: dict[str, list[str]] = {"": [], "-": [], "?": []}
    at = 0
    while at < len(text):
        found = TERM.match(text, at)
        if found is None:
            raise InvalidPattern(f"Invalid character(s) in term '{text[at:].split()[0]}'")
        wanted[found[1]].append(_term(found[2]))
        at = found.end()
    present, absent, optional = wanted[""], wanted["-"], wanted["?"]
    if optional and not present and not absent:
        return lambda message: any(term in message for term in optional)
    return lambda message: all(term in message for term in present) and not any(term in message for term in absent)


def _term(text: str) -> str:
    """Return a phrase as it is, or a word of letters, digits and underscores. `" "` matches every message."""
    if text.startswith('"'):
        phrase = unquote(text)
        if not phrase:
            raise InvalidPattern("Invalid character(s) in term '\"\"'")
        return phrase.strip() if phrase.isspace() else phrase
    if not PLAIN.fullmatch(text):
        raise InvalidPattern(f"Invalid character(s) in term '{text}'")
    return text
