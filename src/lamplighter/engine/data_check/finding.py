"""Define what a check of a data directory finds."""

from dataclasses import dataclass

RESTORE_ADVICE = "restore a backup: `lamplighter restore FILE --force`"


@dataclass(frozen=True, slots=True)
class DataFinding:
    """Something in a data directory that a person should know."""

    about: str
    """What the check looked at, in a word or two."""
    is_problem: bool
    """Whether something is wrong; False: it is only worth knowing."""
    says: str
    advice: str


def problem(about: str, says: str, advice: str = RESTORE_ADVICE) -> DataFinding:
    """Return a finding that something is wrong."""
    return DataFinding(about, is_problem=True, says=says, advice=advice)


def note(about: str, says: str, advice: str) -> DataFinding:
    """Return a finding that is no problem, but worth knowing."""
    return DataFinding(about, is_problem=False, says=says, advice=advice)
