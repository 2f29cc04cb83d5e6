"""What fails again and again is logged once, and then counted.

Promises that the first of several equal failures is logged whole, that the others are told as a number each minute, and
that none of them is lost. Two failures are equal if they come from the same place in the program and have the same
cause: the same exception, or the same text where there is none. What is no failure (below WARNING) passes as it is.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass

MINUTE = 60_000
"""Milliseconds."""
Key = tuple[str, int, str]


@dataclass(slots=True)
class _LoggedLine:
    record: logging.LogRecord
    since: int
    """When it was told last, whole or as a number."""
    more: int = 0
    """How often it happened since."""


class RepeatFilter(logging.Filter):
    """A filter of one handler; `tell` has to be called now and then."""

    def __init__(self, handler: logging.Handler, now: Callable[[], int]) -> None:
        """`now`: milliseconds on a clock that nobody sets."""
        super().__init__()
        self._handler = handler
        self._now = now
        self._said: dict[Key, _LoggedLine] = {}
        handler.addFilter(self)

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether a record is to be logged now."""
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
        """Log how often failures were repeated in the minute that is over, or until now."""
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
    """The exception of a record, in words; empty if it has none."""
    given = record.args if isinstance(record.args, tuple) else ()
    found = [record.exc_info[1]] if record.exc_info else [each for each in given if isinstance(each, BaseException)]
    return repr(found[0]) if found else ""


def _summary(record: logging.LogRecord, more: int) -> logging.LogRecord:
    cause = f": {_cause(record)}" if record.exc_info else ""
    times = "once more" if more == 1 else f"{more} more times"
    text = f"{record.getMessage()}{cause} ({times} in the last minute)"
    return logging.LogRecord(record.name, record.levelno, record.pathname, record.lineno, text, None, None)
