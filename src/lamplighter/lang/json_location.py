"""Where in a JSON text something is, as AWS's parser tells it: ` at [Source: (String)"…"; line: 1, column: 2]`.

Promises the place after the token at which that parser (Jackson) had arrived. The text is JSON: whoever asks has read
it.
See https://github.com/FasterXML/jackson-core, JsonLocation.
"""

import re
from collections.abc import Iterator

from lamplighter.base.json_text import loads
from lamplighter.lang.event_pattern.comparisons import Path, PatternPosition, PatternToken

TOKEN = re.compile(r'[ \t\r\n]*("(?:[^"\\]|\\.)*"|[\[\]{},:]|[^\s\[\]{},:"]+)', re.DOTALL)
SHOWN = 500
"""How many characters of a text are shown."""
NAMELESS = -1
"""In the place of a member's name while it is read."""


def characters_before(text: str, spot: PatternPosition) -> int | None:
    """How many characters of a text had been read at a spot; None where the text does not have it."""
    return next((at for path, token, at in _places(text) if path == spot.path and token is spot.token), None)


def location_at(text: str, at: int) -> str:
    """The place after so many characters, whatever the text is."""
    return f"\n at {inline_location(text, at)}"


def inline_location(text: str, at: int) -> str:
    """The same without a line of its own."""
    lines = re.split(r"\r\n|\r|\n", text[: max(at, 0)])
    cut = f"[truncated {len(text) - SHOWN} chars]" if len(text) > SHOWN else ""
    source = f'(String)"{text[:SHOWN]}"{cut}'
    return f"[Source: {source}; line: {len(lines)}, column: {len(lines[-1]) + 1 if at >= 0 else 0}]"


def _places(text: str) -> Iterator[tuple[Path, PatternToken, int]]:
    """Every token of every value with the place behind it, in order."""
    path: list[str | int] = []
    objects: list[bool] = []
    name: str | None = None
    """The last text, which is a name if a colon follows."""
    for match in TOKEN.finditer(text):
        word, at = match[1], match.end()
        here = tuple(path)
        if word == ":":
            assert name is not None
            path[-1] = name
        elif word == ",":
            path[-1] = NAMELESS if objects[-1] else int(path[-1]) + 1
        elif word in ("]", "}"):
            path.pop()
            objects.pop()
            yield tuple(path), PatternToken.END, at
        elif word in ("[", "{"):
            yield here, PatternToken.VALUE, at
            objects.append(word == "{")
            path.append(NAMELESS if word == "{" else 0)
        elif word.startswith('"'):
            name = str(loads(word))
            yield here, PatternToken.VALUE, at - len(word) + 1
            yield here, PatternToken.TEXT, at
        else:
            yield here, PatternToken.VALUE, at
