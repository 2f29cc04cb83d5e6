"""Define the errors of paths and queries."""


class PathError(ValueError):
    """A text that is not a path; str() is the reason."""


class QueryTooComplex(LookupError):
    """A query that would read too many values; str() is the message."""
