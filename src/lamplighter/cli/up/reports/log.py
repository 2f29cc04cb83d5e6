"""The engine's log on standard error: the time before every line, and what fails again and again once in a minute."""

import logging
import sys

from lamplighter.base.world import real_world
from lamplighter.cli.up.reports.repeated_lines import RepeatFilter

LIBRARIES = ("asyncio", "uvicorn.error")
"""Loggers of others that tell of failures: they would go to standard error without a time and without an end."""


class _EveryLine(logging.Formatter):
    """Puts the time before every line of a message."""

    def format(self, record: logging.LogRecord) -> str:
        time = self.formatTime(record, "%Y-%m-%d %H:%M:%S")
        prefix = f"{time}.{int(record.msecs):03d}  "
        return "\n".join(prefix + line for line in super().format(record).split("\n"))


def log_to_stderr(level: int) -> RepeatFilter:
    """Let everything from a level on be written to standard error; of libraries, failures only."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_EveryLine("%(message)s"))
    for name, least in (("lamplighter", level), *((each, logging.WARNING) for each in LIBRARIES)):
        logger = logging.getLogger(name)
        logger.setLevel(least)
        logger.addHandler(handler)
    return RepeatFilter(handler, real_world().monotonic)
