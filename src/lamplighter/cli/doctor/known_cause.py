"""Define a known cause of a failure: a pattern for its message, its meaning, and advice."""

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Cause:
    """A known cause of a failure."""

    words: re.Pattern[str]
    means: str
    advice: str


def known_cause(words: str, means: str, advice: str) -> Cause:
    """Build a cause from a regular expression, which is searched for without regard to case."""
    return Cause(re.compile(words, re.IGNORECASE | re.DOTALL), means, advice)
