"""What a look at something came to."""

from dataclasses import dataclass
from typing import Literal

State = Literal["good", "doubt", "bad"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    about: str
    """What was looked at, in a word or two."""
    state: State
    """Whether it is well; doubt is what may be meant so."""
    says: str
    advice: str = ""
    """What to do."""


def good(about: str, says: str) -> Finding:
    """It is well."""
    return Finding(about, "good", says)


def doubtful(about: str, says: str, advice: str = "") -> Finding:
    """It may be meant so."""
    return Finding(about, "doubt", says, advice)


def bad(about: str, says: str, advice: str = "") -> Finding:
    """It is not well."""
    return Finding(about, "bad", says, advice)
