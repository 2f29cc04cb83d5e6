"""Write the engine's log to standard error, with the time before every line; repeated failures are counted."""

import logging
import sys

from lamplighter.base.world import real_world
from lamplighter.cli.up.reports.repeated_lines import RepeatFilter

LIBRARY_LOGGERS = ("asyncio", "uvicorn.error")
"""Loggers of libraries that report failures, which otherwise would have no time and no limit."""


class _TimestampFormatter(logging.Formatter):
    """A formatter that puts the time before each line of a message."""

    def format(self, record: logging.LogRecord) -> str:
        time = self.formatTime(record, "%Y-%m-%d %H:%M:%S")
        prefix = f"{time}.{int(record.msecs):03d}  "
        return "\n".join(prefix + line for line in super().format(record).split("\n"))


def log_to_stderr(level: int) -> RepeatFilter:
    """Log messages of the engine from a level on to standard error, and only failures of libraries."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_TimestampFormatter("%(message)s"))
    for name, least in (("lamplighter", level), *((each, logging.WARNING) for each in LIBRARY_LOGGERS)):
        logger = logging.getLogger(name)
        logger.setLevel(least)
        logger.addHandler(handler)
    return RepeatFilter(handler, real_world().monotonic)
