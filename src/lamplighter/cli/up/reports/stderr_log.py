"""Write the engine's log to standard error, in one of the formats of `log_formats.py`; count repeated failures."""

import logging
import os
import sys

from lamplighter.base.world import real_world
from lamplighter.cli.up.reports.log_formats import COMMAND_LOGGER, LogFormat, choose_formatter
from lamplighter.cli.up.reports.repeated_lines import RepeatFilter

LIBRARY_LOGGERS = ("asyncio", "uvicorn.error")
"""Loggers of libraries that report failures, which otherwise would have no time and no limit."""


def log_to_stderr(level: int, log_format: LogFormat) -> RepeatFilter:
    """Log messages of the engine from a level on to standard error, all of the command, only failures of libraries."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(choose_formatter(log_format, os.environ, sys.stderr))
    for name, least in (("lamplighter", level), *((each, logging.WARNING) for each in LIBRARY_LOGGERS)):
        logger = logging.getLogger(name)
        logger.setLevel(least)
        logger.addHandler(handler)
    logging.getLogger(COMMAND_LOGGER).setLevel(logging.INFO)
    return RepeatFilter(handler, real_world().monotonic)
