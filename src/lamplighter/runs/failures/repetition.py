"""Name the runs that repeat a run: the name says which run is repeated, on AWS too, and only one run can have it.

`invoices-0300--again-1` repeats `invoices-0300`, and then `invoices-0300--again-2` repeats it once more. So two people
who start the next repetition use the same name, and StartExecution, which refuses a second run of a name, starts one.
What is no execution has a name here as well: a task has its id, and a missed slot a digest. Pure.
See https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from hashlib import sha256

from lamplighter.runs.run import end_clause, is_running

INFIX = "--again-"
MAX_FIRST_LENGTH = 64
"""The longest name that is a part of names of repetitions, which have at most 80 characters; longer ones are hashed."""
_REPETITION = re.compile(f"(.+){INFIX}([1-9][0-9]{{0,6}})", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Repetition:
    """A run that repeats another one, or the repeated run itself."""

    arn: str
    name: str
    status: str
    began: int
    """Milliseconds since the epoch, as `ended`."""
    ended: int | None = None
    who: str = ""
    """The person who started it; empty if the engine does not know."""

    @property
    def running(self) -> bool:
        """Whether it is under way."""
        return is_running(self.status)

    def words(self, format_time: Callable[[float], str]) -> str:
        """Say that it stands for the run that it repeats; `format_time` is for seconds since the epoch."""
        when, by = format_time(self.began / 1000), f" (by {self.who})" if self.who else ""
        if self.running:
            return f"already runs again since {when}{by}"
        return f"ran again at {when}{by} and {end_clause(self.status)}"


def first_name(name: str) -> str:
    """Return what all repetitions of a run have in common: the name of the first run, or its digest."""
    found = _REPETITION.fullmatch(name)
    if found is not None:
        return found[1]
    return name if len(name) <= MAX_FIRST_LENGTH else _digest(name)


def first_name_of_slot(arn: str) -> str:
    """Return the same for a missed slot, given the schedule's ARN, `@` and the slot."""
    return _digest(arn)


def is_repetition(name: str) -> bool:
    """Return whether a name is that of a repetition."""
    return _REPETITION.fullmatch(name) is not None


def next_name(first: str, names: Iterable[str]) -> str:
    """Return the name of the next repetition; `names` has those of all runs so far."""
    numbers = (int(found[2]) for each in names if (found := _REPETITION.fullmatch(each)) and found[1] == first)
    return f"{first}{INFIX}{max(numbers, default=0) + 1}"


def repeated_name(name: str) -> str | None:
    """Return the name of the run that a repetition repeats; None for a run that repeats none.

    There is no such run if the first name is a digest.
    """
    found = _REPETITION.fullmatch(name)
    if found is None:
        return None
    return found[1] if found[2] == "1" else f"{found[1]}{INFIX}{int(found[2]) - 1}"


def newest(runs: Iterable[Repetition]) -> Repetition | None:
    """Return the run that decides: one that is under way, or else the one that ended last and was not stopped."""
    return max(
        runs, key=lambda run: (run.running, run.status != "ABORTED", run.ended or 0, run.began, run.name), default=None
    )


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:32]
