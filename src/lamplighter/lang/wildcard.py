r"""Match text against wildcards: `*` stands for any text, and `?` for any one character in the languages that have it.

Guarantees, for every pattern, a match whose work grows only with the length of the text. The literal pieces between the
wildcards are searched one after another, each as far to the left as possible, and nothing is tried twice. A piece with
`?` takes at most the length of the text times its own length. `split_wildcard` reads the common escapes `\*` and `\\`;
a language with another spelling splits its text itself.
"""

import re
from collections.abc import Callable, Sequence

Matches = Callable[[str], bool]
"""A test whether a whole text matches."""
Find = Callable[[str, int, int], int]
"""A search for a piece in a part of a text; it returns the index, or -1."""

_ESCAPED = re.compile(r"\\[\\*]|\*|[^\\*]+|\\")


def split_wildcard(text: str) -> list[str]:
    r"""Return the pieces between the wildcards; `\*` is an asterisk and `\\` is a backslash."""
    pieces: list[list[str]] = [[]]
    for part in _ESCAPED.findall(text):
        if part == "*":
            pieces.append([])
        else:
            pieces[-1].append(part[1:] if part in (r"\*", r"\\") else part)
    return ["".join(piece) for piece in pieces]


def compile_pieces(pieces: Sequence[str], *, single: bool = False) -> Matches:
    """Return a test whether a text consists of these pieces with any text between them.

    With `single`, `?` stands for any one character.
    """
    first, *rest = pieces
    if not rest:
        whole = _finder(first, single=single)
        return lambda text: len(text) == len(first) and whole(text, 0, len(text)) == 0
    *middle, last = rest
    start, end = _finder(first, single=single), _finder(last, single=single)
    finds = [(_finder(piece, single=single), len(piece)) for piece in middle if piece]

    def matches(text: str) -> bool:
        at, until = len(first), len(text) - len(last)
        if at > until or start(text, 0, at) != 0 or end(text, until, len(text)) != until:
            return False
        for find, length in finds:
            found = find(text, at, until)
            if found < 0:
                return False
            at = found + length
        return True

    return matches


def _finder(piece: str, *, single: bool) -> Find:
    if not single or "?" not in piece:
        return lambda text, at, end: text.find(piece, at, end)
    expression = re.compile("".join("." if each == "?" else re.escape(each) for each in piece), re.DOTALL)

    def find(text: str, at: int, end: int) -> int:
        found = expression.search(text, at, end)
        return -1 if found is None else found.start()

    return find
