"""Divide a log line into segments for HTML: its colours, and the matches of a search.

Guarantees that no code of a terminal and no control character reaches the page as it is: colours become classes of the
stylesheet (`static/logs.css`), which knows the sixteen colours of a terminal, readable in light and dark; one of more
colours becomes that with its hue. Other codes disappear. A long line is cut, and shows its first match.
"""

import re
from collections.abc import Iterator, Sequence
from colorsys import rgb_to_hls
from dataclasses import dataclass
from itertools import pairwise

from rich.ansi import AnsiDecoder
from rich.color import Color
from rich.style import Style

from lamplighter.lang.line_text import TERMINAL_CODE

MAX_SHOWN_CHARACTERS = 4_000
"""The most characters of a line on a page."""
MAX_EXAMINED_CHARACTERS = 50_000
"""The characters at the beginning of a line in which matches are marked."""
LEAD_CHARACTERS = 200
"""The characters before the first match of a line that is cut."""
HUES, GREYS, BRIGHT = (1, 3, 2, 6, 4, 5), (0, 8, 7, 15), 8
"""The numbers of a terminal's colours from red to magenta and of its greys from black, and what makes one bright."""
LEAST_SATURATION, LEAST_BRIGHT = 0.2, 0.6
CONTROL_PICTURES = {code: 0x2400 + code for code in range(32) if chr(code) not in "\t\n"} | {127: 0x2421}
"""Unicode's pictures of the control characters."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of a line that looks the same."""

    text: str
    classes: str
    is_match: bool


@dataclass(frozen=True, slots=True)
class ShownLine:
    """A line as it is shown."""

    segments: Sequence[Segment]
    cut_before: bool
    """Whether the beginning of the line is left out."""
    cut_after: bool


@dataclass(frozen=True, slots=True)
class _Span:
    start: int
    end: int
    classes: str


def show_line(message: str, find: str) -> ShownLine:
    """Return a line as it is shown, with the matches of a text; an empty text matches nothing."""
    text, colours = _read_colours(message[:MAX_EXAMINED_CHARACTERS])
    found = re.finditer(re.escape(find), text, re.IGNORECASE) if find else ()
    matches = [_Span(each.start(), each.end(), "") for each in found]
    is_hidden = bool(matches) and matches[0].end > MAX_SHOWN_CHARACTERS
    begin = max(0, matches[0].start - LEAD_CHARACTERS) if is_hidden else 0
    end = min(len(text), begin + MAX_SHOWN_CHARACTERS)
    is_long = len(message) > MAX_EXAMINED_CHARACTERS
    return ShownLine(list(_divide(text, begin, end, colours, matches)), begin > 0, is_long or end < len(text))


def _divide(text: str, begin: int, end: int, colours: Sequence[_Span], matches: Sequence[_Span]) -> Iterator[Segment]:
    edges = {begin, end} | {edge for span in (*colours, *matches) for edge in (span.start, span.end)}
    places = sorted(edge for edge in edges if begin <= edge <= end)
    for start, stop in pairwise(places):
        classes = next((each.classes for each in colours if each.start <= start < each.end), "")
        is_match = any(each.start <= start < each.end for each in matches)
        yield Segment(text[start:stop].translate(CONTROL_PICTURES), classes, is_match)


def _read_colours(message: str) -> tuple[str, Sequence[_Span]]:
    """Return the text of a message, and which classes its parts have."""
    message = message.rstrip("\r").replace("\r\n", "\n").replace("\r", "\n")
    if "\x1b" not in message:
        return message, ()
    decoded = AnsiDecoder().decode_line(TERMINAL_CODE.sub(_keep_colour, message))
    styles = [(each.start, each.end, each.style) for each in decoded.spans]
    spans = [_Span(start, end, _classes(style)) for start, end, style in styles if isinstance(style, Style)]
    return decoded.plain, [each for each in spans if each.classes]


def _keep_colour(code: re.Match[str]) -> str:
    """Return a code that selects colours (SGR), and nothing for another code."""
    return code[0] if re.fullmatch(r"\x1b\[[0-9;]*m", code[0]) else ""


def _classes(style: Style) -> str:
    colour, ground = _number(style.color, 7), _number(style.bgcolor, 0)
    if style.reverse:
        colour, ground = ground, colour
    names = [name for name in ("bold", "dim", "italic", "underline", "strike") if getattr(style, name)]
    names += [f"colour-{colour}"] if style.reverse or style.color else []
    names += [f"ground-{ground}"] if style.reverse or style.bgcolor else []
    return " ".join(names)


def _number(colour: Color | None, usual: int) -> int:
    """Return the one of the sixteen colours of a terminal with the hue of a colour; `usual` for the terminal's own."""
    if colour is None or colour.is_default:
        return usual
    if colour.number is not None and colour.number < 2 * BRIGHT:
        return colour.number
    hue, lightness, saturation = rgb_to_hls(*(each / 255 for each in colour.get_truecolor()))
    if saturation < LEAST_SATURATION:
        return GREYS[round(lightness * (len(GREYS) - 1))]
    return HUES[round(hue * len(HUES)) % len(HUES)] + (BRIGHT if lightness > LEAST_BRIGHT else 0)
