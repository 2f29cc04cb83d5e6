r"""Text with wildcards: `*` is any text, and `?` is any one character where a language has it.

Promises a match whose work grows with the length of the text, whatever the pattern: the literal pieces between the
wildcards are found one after another, each as far to the left as it can be, and nothing is tried twice. A piece with
`?` takes the length of the text times its own at most. Refuses to know how a language spells its wildcards: `split`
reads the two common spellings, and a language with another one splits its text itself.
"""

import re
from collections.abc import Callable, Sequence

Matches = Callable[[str], bool]
"""Whether a text fits as a whole."""
Find = Callable[[str, int, int], int]
"""Where a piece is in a part of a text; -1 where it is not."""

_ESCAPED = re.compile(r"\\[\\*]|\*|[^\\*]+|\\")


def split_wildcard(text: str) -> list[str]:
    r"""The pieces between the wildcards, where `\*` is an asterisk and `\\` is a backslash."""
    pieces: list[list[str]] = [[]]
    for part in _ESCAPED.findall(text):
        if part == "*":
            pieces.append([])
        else:
            pieces[-1].append(part[1:] if part in (r"\*", r"\\") else part)
    return ["".join(piece) for piece in pieces]


def compile_pieces(pieces: Sequence[str], *, single: bool = False) -> Matches:
    """The test whether a text is these pieces with any text between them; `single`: `?` is any one character."""
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
