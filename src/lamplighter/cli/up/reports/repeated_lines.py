"""Log a repeated failure once, and then only count it.

Guarantees that the first of several equal failures is logged in full, that the others are logged as a count each
minute, and that none is lost. Two failures are equal if they come from the same line of the program and have the same
cause: the same exception, or the same text if there is none. Messages below WARNING pass unchanged, and so do the
errors of a file, for which its author waits.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass

MINUTE_MILLISECONDS = 60_000
"""A minute in milliseconds."""
Key = tuple[str, int, str]


@dataclass(slots=True)
class _LoggedLine:
    record: logging.LogRecord
    since: int
    """The time at which the failure was last logged, in full or as a count."""
    repeats: int = 0
    """The number of repetitions since then."""


class RepeatFilter(logging.Filter):
    """A filter for one handler; call `log_counts` regularly."""

    def __init__(self, handler: logging.Handler, now: Callable[[], int]) -> None:
        """Add the filter to a handler; `now` returns the milliseconds of a monotonic clock."""
        super().__init__()
        self._handler = handler
        self._now = now
        self._logged: dict[Key, _LoggedLine] = {}
        handler.addFilter(self)

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether a record is logged now."""
        if record.levelno < logging.WARNING or getattr(record, "problems", None):
            return True
        self.log_counts()
        logged = self._logged.get(key := _key(record))
        if logged is None:
            self._logged[key] = _LoggedLine(record, self._now())
            return True
        logged.repeats += 1
        return False

    def log_counts(self, *, all_counts: bool = False) -> None:
        """Log the counts of failures that are at least a minute old, or all counts with `all_counts`."""
        self._handler.acquire()
        try:
            self._log_due_counts(self._now(), all_counts=all_counts)
        finally:
            self._handler.release()

    def _log_due_counts(self, now: int, *, all_counts: bool) -> None:
        for key, said in list(self._logged.items()):
            if not all_counts and now - said.since < MINUTE_MILLISECONDS:
                continue
            if said.repeats:
                self._handler.emit(_summary(said.record, said.repeats))
                said.since, said.repeats = now, 0
            else:
                self._logged.pop(key, None)


def _key(record: logging.LogRecord) -> Key:
    return record.pathname, record.lineno, _cause(record) or record.getMessage()


def _cause(record: logging.LogRecord) -> str:
    """Return the exception of a record as text; empty if it has none."""
    given = record.args if isinstance(record.args, tuple) else ()
    found = [record.exc_info[1]] if record.exc_info else [each for each in given if isinstance(each, BaseException)]
    return repr(found[0]) if found else ""


def _summary(record: logging.LogRecord, repeats: int) -> logging.LogRecord:
    cause = f": {_cause(record)}" if record.exc_info else ""
    times = "once more" if repeats == 1 else f"{repeats} more times"
    text = f"{record.getMessage()}{cause} ({times} in the last minute)"
    summary = logging.LogRecord(record.name, record.levelno, record.pathname, record.lineno, "%s", (text,), None)
    summary.__dict__["fields"] = {**getattr(record, "fields", {}), "repeats": repeats}
    return summary
