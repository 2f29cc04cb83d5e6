"""Define the findings that the checks of `doctor` return."""

from dataclasses import dataclass
from typing import Literal

State = Literal["good", "doubt", "bad"]


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check."""

    about: str
    """The subject of the check, in a word or two."""
    state: State
    """Whether the subject is in order; "doubt" if it may be intended."""
    says: str
    advice: str = ""
    """What the user can do, possibly in several lines."""


def good(about: str, says: str) -> Finding:
    """Return a finding that everything is in order."""
    return Finding(about, "good", says)


def doubtful(about: str, says: str, advice: str = "") -> Finding:
    """Return a finding that may be a mistake or may be intended."""
    return Finding(about, "doubt", says, advice)


def bad(about: str, says: str, advice: str = "") -> Finding:
    """Return a finding that something is wrong."""
    return Finding(about, "bad", says, advice)
