"""Format the records of the engine's log: as text for people, as text for systemd's journal, or as JSON for programs.

Guarantees that every line of a text begins with what belongs to it (the time, or the journal's priority), and that
JSON is one object a line. Records may carry more than their message, under `extra`: `fields` (a mapping such as the job
and the run) is added to a JSON object, and `problems` are the errors of a job file, which JSON lists one by one.
See https://www.freedesktop.org/software/systemd/man/latest/sd-daemon.html for the priorities.
"""

import logging
import os
import sys
from collections.abc import Mapping
from enum import StrEnum
from typing import TextIO

from lamplighter.base.json_text import Json, dumps
from lamplighter.base.modules import load_object
from lamplighter.base.world import format_iso_time

COMMAND_LOGGER = "lamplighter.up"
"""The logger of what the command itself tells the person who started it, which text shows without a time."""
JOURNAL_VARIABLE = "JOURNAL_STREAM"
"""The variable in which systemd names the device and inode of the stream that leads to its journal."""


class LogFormat(StrEnum):
    """The formats of the engine's log."""

    TEXT = "text"
    """Lines for people, each with its time; in systemd's journal, each with its priority instead."""
    JSON = "json"
    """One JSON object a line."""


def choose_formatter(log_format: LogFormat, environment: Mapping[str, str], stream: TextIO) -> logging.Formatter:
    """Return the formatter for a format and the stream to which the log goes."""
    if log_format is LogFormat.JSON:
        return JsonFormatter()
    return JournalFormatter() if is_journal(environment, stream) else TimestampFormatter()


def is_journal(environment: Mapping[str, str], stream: TextIO) -> bool:
    """Return whether a stream leads to systemd's journal.

    A program that a service starts inherits the variable, although its output may go elsewhere.
    """
    try:
        found = os.fstat(stream.fileno())
    except (OSError, ValueError):  # the stream has no file, or is closed
        return False
    return environment.get(JOURNAL_VARIABLE) == f"{found.st_dev}:{found.st_ino}"


class TimestampFormatter(logging.Formatter):
    """A formatter that puts the time before each line of a message."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the lines of the record."""
        if problems := getattr(record, "problems", None):
            is_terminal = sys.stderr.isatty()
            text: str = load_object("lamplighter.cli.job_file:format_problems")(problems, colours=is_terminal)
            return text
        text = super().format(record)
        if record.name == COMMAND_LOGGER:
            return "\n".join(f"lamplighter: {line}" for line in text.split("\n"))
        prefix = f"{self.formatTime(record, '%Y-%m-%d %H:%M:%S')}.{int(record.msecs):03d}  "
        return "\n".join(prefix + line for line in text.split("\n"))


class JournalFormatter(logging.Formatter):
    """A formatter that puts the priority before each line; the journal knows the time itself."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the lines of the record."""
        prefix = f"<{_priority(record.levelno)}>"
        return "\n".join(prefix + line for line in super().format(record).split("\n"))


class JsonFormatter(logging.Formatter):
    """A formatter that makes a JSON object of each record."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the object as one line."""
        document: dict[str, Json] = {
            "time": format_iso_time(int(record.created * 1000)),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if problems := getattr(record, "problems", None):
            document["problems"] = [
                {
                    "file": each.position.file,
                    "line": each.position.line,
                    "column": each.position.column,
                    "severity": each.severity,
                    "message": each.message,
                    "advice": each.advice,
                }
                for each in problems
            ]
        if record.exc_info:
            document["exception"] = self.formatException(record.exc_info)
        return dumps(document)


def _priority(level: int) -> int:
    """Return the priority of syslog(3) for a level of Python's logging."""
    if level >= logging.CRITICAL:
        return 2
    if level >= logging.ERROR:
        return 3
    return 4 if level >= logging.WARNING else 6 if level >= logging.INFO else 7
