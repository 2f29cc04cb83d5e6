"""Log a repeated failure once, and then only count it.

Guarantees that the first of several equal failures is logged in full, that the others are logged as a count each
minute, and that none is lost. Two failures are equal if they come from the same line of the program and have the same
cause: the same exception, or the same text if there is none. Messages below WARNING pass unchanged.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass

MINUTE = 60_000
"""A minute in milliseconds."""
Key = tuple[str, int, str]


@dataclass(slots=True)
class _LoggedLine:
    record: logging.LogRecord
    since: int
    """The time at which the failure was last logged, in full or as a count."""
    more: int = 0
    """The number of repetitions since then."""


class RepeatFilter(logging.Filter):
    """A filter for one handler; call `log_counts` regularly."""

    def __init__(self, handler: logging.Handler, now: Callable[[], int]) -> None:
        """Add the filter to a handler; `now` returns the milliseconds of a monotonic clock."""
        super().__init__()
        self._handler = handler
        self._now = now
        self._said: dict[Key, _LoggedLine] = {}
        handler.addFilter(self)

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether a record is logged now."""
        if record.levelno < logging.WARNING:
            return True
        self.log_counts()
        said = self._said.get(key := _key(record))
        if said is None:
            self._said[key] = _LoggedLine(record, self._now())
            return True
        said.more += 1
        return False

    def log_counts(self, *, all_of_it: bool = False) -> None:
        """Log the counts of failures that are at least a minute old, or all counts with `all_of_it`."""
        self._handler.acquire()
        try:
            self._tell(self._now(), all_of_it=all_of_it)
        finally:
            self._handler.release()

    def _tell(self, now: int, *, all_of_it: bool) -> None:
        for key, said in list(self._said.items()):
            if not all_of_it and now - said.since < MINUTE:
                continue
            if said.more:
                self._handler.emit(_summary(said.record, said.more))
                said.since, said.more = now, 0
            else:
                self._said.pop(key, None)


def _key(record: logging.LogRecord) -> Key:
    return record.pathname, record.lineno, _cause(record) or record.getMessage()


def _cause(record: logging.LogRecord) -> str:
    """Return the exception of a record as text; empty if it has none."""
    given = record.args if isinstance(record.args, tuple) else ()
    found = [record.exc_info[1]] if record.exc_info else [each for each in given if isinstance(each, BaseException)]
    return repr(found[0]) if found else ""


def _summary(record: logging.LogRecord, more: int) -> logging.LogRecord:
    cause = f": {_cause(record)}" if record.exc_info else ""
    times = "once more" if more == 1 else f"{more} more times"
    text = f"{record.getMessage()}{cause} ({times} in the last minute)"
    return logging.LogRecord(record.name, record.levelno, record.pathname, record.lineno, text, None, None)
