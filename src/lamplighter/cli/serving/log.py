"""The engine's log on standard error: the time before every line."""

import logging
import sys


class _EveryLine(logging.Formatter):
    """Puts the time before every line of a message."""

    def format(self, record: logging.LogRecord) -> str:
        time = self.formatTime(record, "%Y-%m-%d %H:%M:%S")
        prefix = f"{time}.{int(record.msecs):03d}  "
        return "\n".join(prefix + line for line in super().format(record).split("\n"))


def to_stderr(level: int) -> None:
    """Let everything from a level on be written to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_EveryLine("%(message)s"))
    root = logging.getLogger("lamplighter")
    root.setLevel(level)
    root.addHandler(handler)
