"""Make foreign text safe to show: one line without control characters, or the subject of a mail. Pure.

SNS accepts as a subject "ASCII text", on one line, of at most 100 characters. What AWS's own services send is made by
the same rule in JSONata (`jobs/machine/alert_expressions.py`). See
https://docs.aws.amazon.com/sns/latest/api/API_Publish.html.
"""

import re

MAX_SUBJECT_LENGTH = 100
UNPRINTABLE = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|[\x00-\x08\x0a-\x1f\x7f-\x9f]")
"""Matches control characters and the escape sequences of a terminal."""


def printable_line(line: str, max_characters: int) -> str:
    """Remove control characters and escape sequences from a line of foreign text, and cut it to `max_characters`
    characters.
    """
    clean = UNPRINTABLE.sub(" ", line.rstrip("\r\n")).rstrip()
    return clean if len(clean) <= max_characters else f"{clean[:max_characters]}…"


def to_subject(text: str, *, end: str = "") -> str:
    """Make the text and its end a valid mail subject: ASCII, on one line, at most 100 characters.

    If both together are too long, the text is cut.
    """
    clean = printable_line(text, len(text)).replace("\t", " ").encode("ascii", "replace").decode().lstrip()
    room = MAX_SUBJECT_LENGTH - len(end)
    return (clean if len(clean) <= room else f"{clean[: room - 3]}...") + end
