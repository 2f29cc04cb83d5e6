"""Define a known cause of a failure: a pattern for its message, its meaning, and advice."""

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class KnownCause:
    """A known cause of a failure."""

    pattern: re.Pattern[str]
    meaning: str
    advice: str


def make_cause(pattern: str, meaning: str, advice: str) -> KnownCause:
    """Build a cause from a regular expression, which is searched for without regard to case."""
    return KnownCause(re.compile(pattern, re.IGNORECASE | re.DOTALL), meaning, advice)
