"""Find the lines of a container's output that form one message, by the options of the awslogs driver.

The options are `awslogs-datetime-format` and `awslogs-multiline-pattern`. "A log message consists of a line that
matches the pattern and any following lines that don't match the pattern. The matched line is the delimiter between log
messages." See https://docs.aws.amazon.com/AmazonECS/latest/developerguide/specify-log-config.html and, for the codes of
the format, https://docs.docker.com/engine/logging/drivers/awslogs/. The expressions have the syntax of Go, which RE2
implements.
"""

import re
from collections.abc import Callable, Mapping

from lamplighter.lang.regex import InvalidRegex, TextTooLong, compile_linear

StartsMessage = Callable[[str], bool]

DATETIME_PATTERNS: Mapping[str, str] = {
    "A": "(?:Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday)",
    "a": "(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)",
    "B": "(?:January|February|March|April|May|June|July|August|September|October|November|December)",
    "b": "(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)",
    "d": r"\d{2}",
    "f": r"\d{6}",
    "H": r"\d{2}",
    "I": r"\d{2}",
    "j": r"\d{3}",
    "L": r"\.\d{3}",
    "M": r"\d{2}",
    "m": r"\d{2}",
    "p": "[AP]M",
    "S": r"\d{2}",
    "w": "[0-6]",
    "Y": r"\d{4}",
    "y": r"\d{2}",
    "Z": r"[A-Z]{1,4}T",
    "z": r"[+-]\d{4}",
    "%": "%",
}


def first_line_pattern(options: Mapping[str, str]) -> str | None:
    """Return the expression that matches the first line of a message, or None; the format overrides the pattern."""
    datetime_format = options.get("awslogs-datetime-format")
    if datetime_format:
        return re.sub(
            "%(.)|[^%]+|%", lambda piece: DATETIME_PATTERNS.get(piece[1], re.escape(piece[0])), datetime_format
        )
    return options.get("awslogs-multiline-pattern") or None


def compile_pattern(pattern: str) -> StartsMessage | None:
    """Compile a test of lines, or return None for an invalid expression; a line that is too long begins no message."""
    try:
        expression = compile_linear(pattern)
    except InvalidRegex:
        return None

    def starts_message(line: str) -> bool:
        try:
            return expression.search(line)
        except TextTooLong:
            return False

    return starts_message
