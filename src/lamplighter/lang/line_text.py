r"""Read the text of a log line as people do: without the codes of a terminal, and without regard to case.

Guarantees that colours and cursor movements (ECMA-48: `ESC [ … m` and others) hide no match. A text is compared by
Unicode's case folding, and means itself: no character of it is special. Pure.
See https://ecma-international.org/publications-and-standards/standards/ecma-48/ and
https://www.unicode.org/versions/latest/core-spec/chapter-5/#G21790.
"""

import re
from dataclasses import dataclass, field

from lamplighter.base.json_text import dump_bytes

TERMINAL_CODE = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]?|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[PX^_][^\x1b]*(?:\x1b\\)?|[ -/]*[0-~]?)"
)
"""A control sequence, a string for the terminal such as its title, or another escape sequence; also incomplete ones."""
ESCAPED_ESCAPE = rb"\u001b"
"""How JSON spells the first character of a terminal code."""


def strip_codes(text: str) -> str:
    """Return a text without the codes of a terminal."""
    return TERMINAL_CODE.sub("", text) if "\x1b" in text else text


@dataclass(frozen=True, slots=True)
class LineSearch:
    """A text to find in lines."""

    text: str
    _folded: str = field(init=False)
    _json: bytes = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_folded", self.text.casefold())
        object.__setattr__(self, "_json", dump_bytes(self._folded)[1:-1])

    def matches(self, line: str) -> bool:
        """Return whether a line contains the text."""
        return self._folded in strip_codes(line).casefold()

    def may_match(self, document: bytes) -> bool:
        """Return False only if no line in this JSON document contains the text: much cheaper than parsing it."""
        if ESCAPED_ESCAPE in document:
            return True
        if document.isascii():
            return self._json in document.lower()
        return self._json in document.decode().casefold().encode()
