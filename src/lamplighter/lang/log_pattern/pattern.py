"""Compile the filter patterns of CloudWatch Logs: terms, `%expressions%`, `{ JSON }` and `[space-delimited]` patterns.

Guarantees that a pattern is compiled once, and that the time to match a message grows only with the message's length.
Rejects what AWS rejects, with AWS's messages (`LogPatternError`).
See https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html.
"""

import re
from collections.abc import Callable, Mapping

from lamplighter.lang.log_pattern.json_pattern import compile_json_pattern
from lamplighter.lang.log_pattern.space_delimited import compile_space_delimited
from lamplighter.lang.log_pattern.terms import PLAIN_WORD, LogPatternError, compile_regex, log_pattern_error, unquote

Match = Callable[[str], Mapping[str, str] | None]
"""A function that returns the values that a pattern extracts from a message, or None if the message does not match."""

TERM = re.compile(r'([?-]?)("(?:[^"\\]|\\.)*"|[^\s"]+)(?:\s+|$)')
NO_VALUES: Mapping[str, str] = {}


def compile_log_pattern(pattern: str) -> Match:
    """Compile a pattern; an empty one matches every message. Raises `LogPatternError`."""
    text = pattern.strip()
    for opening, closing, compiled in (("{", "}", compile_json_pattern), ("[", "]", compile_space_delimited)):
        if text.startswith(opening):
            if not text.endswith(closing):
                raise LogPatternError(f"If a filter pattern starts with '{opening}' it must end with '{closing}'")
            return compiled(text)
    holds = _compile_expression(text) if text.startswith("%") else _compile_terms(text)
    return lambda message: NO_VALUES if holds(message) else None


def _compile_expression(text: str) -> Callable[[str], bool]:
    if len(text) < 3 or not text.endswith("%"):
        raise log_pattern_error()
    return compile_regex(text[1:-1])


def _compile_terms(text: str) -> Callable[[str], bool]:
    """Return a test: the message has all terms without a sign and none with a minus sign, or one with a question mark.

    "If you combine `?` with other filter patterns, all question mark terms will be ignored."
    """
    terms_by_sign: dict[str, list[str]] = {"": [], "-": [], "?": []}
    at = 0
    while at < len(text):
        found = TERM.match(text, at)
        if found is None:
            raise LogPatternError(f"Invalid character(s) in term '{text[at:].split()[0]}'")
        terms_by_sign[found[1]].append(_parse_term(found[2]))
        at = found.end()
    present, absent, optional = terms_by_sign[""], terms_by_sign["-"], terms_by_sign["?"]
    if optional and not present and not absent:
        return lambda message: any(term in message for term in optional)
    return lambda message: all(term in message for term in present) and not any(term in message for term in absent)


def _parse_term(text: str) -> str:
    """Return a phrase as it is, or a word of letters, digits and underscores. `" "` matches every message."""
    if text.startswith('"'):
        phrase = unquote(text)
        if not phrase:
            raise LogPatternError("Invalid character(s) in term '\"\"'")
        return phrase.strip() if phrase.isspace() else phrase
    if not PLAIN_WORD.fullmatch(text):
        raise LogPatternError(f"Invalid character(s) in term '{text}'")
    return text
