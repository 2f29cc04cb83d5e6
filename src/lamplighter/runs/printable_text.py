"""Make foreign text safe to show on a terminal, on a page and in a mail. Pure.

A job, its image and its data write what they like: codes that set a terminal's title, its clipboard or its cursor, and
characters that turn the direction of the text around them. All that people read passes through this module.

SNS accepts as a subject "ASCII text", on one line, of at most 100 characters. What AWS's own services send is made by
the same rule in JSONata (`jobs/machine/alert_expressions.py`). See
https://docs.aws.amazon.com/sns/latest/api/API_Publish.html, and for the direction of text
https://www.unicode.org/reports/tr9/#Directional_Formatting_Characters.
"""

import re

from lamplighter.lang.line_text import TERMINAL_CODE

MAX_SUBJECT_LENGTH = 100
_DIRECTIONS = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""The characters without width that turn the direction of text."""
_CONTROLS = re.compile("[\x00-\x08\x0a-\x1a\x1c-\x1f\x7f-\x9f\u2028\u2029]")
"""The control characters of a line, apart from the tab, and from the escape character: `TERMINAL_CODE` has it."""
_COLOURS = re.compile(r"\x1b\[[0-9;:]*m")
"""A code that selects colours (SGR)."""
_RESET_COLOURS = "\x1b[0m"


def printable_line(line: str, max_characters: int | None = None) -> str:
    """Return foreign text as one line without the codes of a terminal, with a space for each control character, and cut
    to `max_characters` characters.
    """
    clean = _without_controls(TERMINAL_CODE.sub("", line))
    return clean if max_characters is None or len(clean) <= max_characters else f"{clean[:max_characters]}…"


def coloured_line(line: str) -> str:
    """Return a line as a terminal may show it: as `printable_line` does, but in its colours, which end with it."""
    kept = TERMINAL_CODE.sub(lambda code: code[0] if _COLOURS.fullmatch(code[0]) else "", line)
    shown = _without_controls(kept)
    return f"{shown}{_RESET_COLOURS}" if "\x1b" in shown else shown


def _without_controls(text: str) -> str:
    return _CONTROLS.sub(" ", _DIRECTIONS.sub("", text.rstrip("\r\n"))).rstrip()


def to_subject(text: str, *, end: str = "") -> str:
    """Make the text and its end a valid mail subject: ASCII, on one line, at most 100 characters.

    If both together are too long, the text is cut.
    """
    clean = printable_line(text).replace("\t", " ").encode("ascii", "replace").decode().lstrip()
    room = MAX_SUBJECT_LENGTH - len(end)
    return (clean if len(clean) <= room else f"{clean[: room - 3]}...") + end
