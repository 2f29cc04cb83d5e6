"""One known cause of a failure: the words by which it is known, what it means, and what to do."""

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Cause:
    """One known cause."""

    words: re.Pattern[str]
    means: str
    advice: str


def known_cause(words: str, means: str, advice: str) -> Cause:
    """A cause that is known by these words, in upper or lower case."""
    return Cause(re.compile(words, re.IGNORECASE | re.DOTALL), means, advice)
