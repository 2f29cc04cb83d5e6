"""Locate a place in a JSON text as AWS's parser reports it: ` at [Source: (String)"…"; line: 1, column: 2]`.

Guarantees the place after the token that the parser (Jackson) has read. `offset_of` requires valid JSON: the
caller has parsed the text. Services with a newer Jackson do not quote the text (`hide_source`).
See https://github.com/FasterXML/jackson-core, JsonLocation.
"""

import re
from collections.abc import Iterator

from lamplighter.base.json_text import loads
from lamplighter.lang.event_pattern.comparisons import Path, PatternPosition, PatternToken

TOKEN = re.compile(r'[ \t\r\n]*("(?:[^"\\]|\\.)*"|[\[\]{},:]|[^\s\[\]{},:"]+)', re.DOTALL)
MAX_QUOTED_CHARACTERS = 500
"""The most characters of a text that a message quotes."""
HIDDEN_SOURCE = "REDACTED (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled)"
UNKNOWN_NAME = -1
"""Stands in a path for the name of a member that has not been read yet."""


def offset_of(text: str, position: PatternPosition) -> int | None:
    """Return how many characters the parser has read at a position, or None if the text does not have the position."""
    return next(
        (at for path, token, at in _token_offsets(text) if path == position.path and token is position.token), None
    )


def location_at(text: str, at: int) -> str:
    """Return the location after `at` characters of any text, on a new line."""
    return f"\n at {inline_location(text, at)}"


def inline_location(text: str, at: int) -> str:
    """Return the location without a line break before it. A negative `at` means column 0, before the text."""
    lines = re.split(r"\r\n|\r|\n", text[: max(at, 0)])
    return f"[Source: {_source(text)}; line: {len(lines)}, column: {len(lines[-1]) + 1 if at >= 0 else 0}]"


def hide_source(message: str, text: str) -> str:
    """Return a message about a text with the locations of Jackson 2.16 and later, which do not quote the text."""
    return message.replace(f"[Source: {_source(text)};", f"[Source: {HIDDEN_SOURCE};")


def _source(text: str) -> str:
    truncation = f"[truncated {len(text) - MAX_QUOTED_CHARACTERS} chars]" if len(text) > MAX_QUOTED_CHARACTERS else ""
    return f'(String)"{text[:MAX_QUOTED_CHARACTERS]}"{truncation}'


def _token_offsets(text: str) -> Iterator[tuple[Path, PatternToken, int]]:
    """Yield the path and kind of every token in order, with the number of characters up to its end."""
    path: list[str | int] = []
    objects: list[bool] = []
    name: str | None = None
    """The last string; it is a name if a colon follows."""
    for match in TOKEN.finditer(text):
        word, at = match[1], match.end()
        here = tuple(path)
        if word == ":":
            assert name is not None
            path[-1] = name
        elif word == ",":
            path[-1] = UNKNOWN_NAME if objects[-1] else int(path[-1]) + 1
        elif word in ("]", "}"):
            path.pop()
            objects.pop()
            yield tuple(path), PatternToken.END, at
        elif word in ("[", "{"):
            yield here, PatternToken.VALUE, at
            objects.append(word == "{")
            path.append(UNKNOWN_NAME if word == "{" else 0)
        elif word.startswith('"'):
            name = str(loads(word))
            yield here, PatternToken.VALUE, at - len(word) + 1
            yield here, PatternToken.STRING_END, at
        else:
            yield here, PatternToken.VALUE, at
