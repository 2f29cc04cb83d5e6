"""Define the errors that validators of the job file raise: what is wrong with a value, and what to write instead.

pydantic catches every `ValueError`; `validation_errors.py` reads the two fields from it.
"""


class InvalidValue(ValueError):
    """A value that the job file does not accept."""

    def __init__(self, problem: str, advice: str) -> None:
        super().__init__(problem, advice)
        self.problem = problem
        """The problem, in words that may quote the value: "`5` is not a duration"."""
        self.advice = advice
        """The advice: "write it with its unit: 5s or 5m"."""


class IncompleteValue(InvalidValue):
    """Values that do not fit together as written; an environment may fix this by adding or removing some."""
