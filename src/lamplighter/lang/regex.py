r"""Match users' regular expressions with RE2, which never backtracks.

RE2's work is at most the size of the expression times the length of the text
(https://github.com/google/re2/wiki/WhyRE2). Guarantees that this product is bounded, too: a text that is too long for
its expression raises `TextTooLong`.

`compile_java` accepts the dialect of Java, which JSONPath filters and CloudFormation's AllowedPattern use, as far as
RE2 supports it: see https://github.com/google/re2/wiki/Syntax. Look-aheads are supported at the beginning of an
expression, where each is a further condition on the whole text. Rejects what needs backtracking: back-references, other
look-aheads and look-behinds, atomic groups and possessive quantifiers.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import re2

LONGEST = 2_000
"""The most characters of an expression. A Unicode class counts as `CLASS` characters, since RE2 builds it slowly."""
CLASS = 30
WORK = 3_000_000
"""The most work of one match: instructions of the expression times bytes of the text. The worst case takes 50 ms."""
LARGEST = 1 << 20
"""The most bytes of memory that a compiled expression may take."""

_QUIET = re2.Options()
_QUIET.log_errors = False
_QUIET.max_mem = LARGEST

_POSIX: Mapping[str, str] = {
    "Lower": "a-z",
    "Upper": "A-Z",
    "ASCII": r"\x00-\x7F",
    "Alpha": "a-zA-Z",
    "Digit": "0-9",
    "Alnum": "a-zA-Z0-9",
    "Punct": r"!-/:-@\[-`{-~",
    "Graph": "!-~",
    "Print": " -~",
    "Blank": r" \t",
    "Cntrl": r"\x00-\x1F\x7F",
    "XDigit": "0-9a-fA-F",
    "Space": r" \t\n\x0B\f\r",
}
_PIECE = re.compile(
    r"\\Q.*?(?:\\E|\Z)|\\u(?P<code>[0-9a-fA-F]{4})|\\(?P<sign>[pP])\{(?P<name>[A-Za-z]+)\}|\\.|[\[\]()]|[^\\\[\]()]+|\\",
    re.DOTALL,
)
_LOOK = re.compile(r"\^?\(\?[=!]")


class InvalidRegex(ValueError):
    """A regular expression that is invalid or not supported; str() is the reason."""


class TextTooLong(ValueError):
    """A text that is too long for the expression; str() is the message."""


@dataclass(frozen=True, slots=True)
class Regex:
    """A compiled regular expression."""

    text: str
    _whole: re2._Regexp
    _ahead: Sequence[tuple[re2._Regexp, bool]] = ()
    """The look-aheads at the beginning; False marks a negative one (`(?!…)`)."""
    _size: int = 1

    def fullmatch(self, text: str) -> bool:
        """Return whether the expression matches the whole text. Raises `TextTooLong`."""
        given = self._bounded(text)
        ahead = all((each.match(given) is not None) is wanted for each, wanted in self._ahead)
        return ahead and self._whole.fullmatch(given) is not None

    def search(self, text: str) -> bool:
        """Return whether an expression of `compile_linear` matches anywhere in a text. Raises `TextTooLong`."""
        return self._whole.search(self._bounded(text)) is not None

    def work(self, text: str) -> int:
        """Return the most instructions that a match can take, if each character is one byte."""
        return len(text) * self._size

    def _bounded(self, text: str) -> str:
        length = len(text) if text.isascii() else len(text.encode(errors="replace"))
        if length * self._size > WORK:
            raise TextTooLong(f"A text of {len(text)} characters is too long for the regular expression '{self.text}'.")
        return text if text.isascii() else text.encode(errors="replace").decode()


def compile_linear(text: str) -> Regex:
    """Compile an expression in RE2's own dialect. Raises `InvalidRegex`."""
    whole = _compiled(text)
    return Regex(text, whole, _size=whole.programsize)


def compile_java(text: str, flags: str = "") -> Regex:
    """Compile an expression in Java's dialect, with the flags i, m and s. Raises `InvalidRegex`."""
    _check_length(text)
    shown = "".join(each for each in "ims" if each in flags)
    prefix = f"(?{shown})" if shown else ""
    rest, ahead = _looks(text)
    # A `^` before the look-aheads now begins `rest`.
    whole = _compiled(prefix + _translated(rest))
    looks = [(_compiled(prefix + _translated(look)), wanted) for look, wanted in ahead]
    return Regex(text, whole, looks, whole.programsize + sum(look.programsize for look, _ in looks))


def _compiled(text: str) -> re2._Regexp:
    _check_length(text)
    try:
        return re2.compile(text, _QUIET)
    except (re2.error, UnicodeEncodeError) as error:
        reason = error.args[0].decode(errors="replace") if isinstance(error, re2.error) else "not Unicode"
        raise InvalidRegex(f"The regular expression '{text}' is not supported: {reason[:200]}") from None


def _check_length(text: str) -> None:
    if len(text) + CLASS * (text.count("\\p") + text.count("\\P")) > LONGEST:
        raise InvalidRegex(f"The regular expression '{text[:40]}…' is longer than {LONGEST} characters.")


def _looks(text: str) -> tuple[str, list[tuple[str, bool]]]:
    """Return the expression without the look-aheads at its beginning, and these; False marks a negative look-ahead."""
    ahead, anchor = [], ""
    while _LOOK.match(text):
        anchor = "^" if text.startswith("^") else anchor
        start = text.index("(")
        end = _closing(text, start)
        if end < 0:
            break
        ahead.append((text[start + 3 : end], text[start + 2] == "="))
        text = text[end + 1 :]
    if ahead and (text[:1] in ("*", "+", "?", "{") or _splits(text)):
        raise InvalidRegex("A look-ahead is supported only at the beginning of a regular expression.")
    return anchor + text if ahead else text, ahead


def _splits(text: str) -> bool:
    """Return whether the expression is a choice at its top level.

    A look-ahead before it would belong only to the first alternative.
    """
    return any(
        level == 0 and not inside and found[0][0] not in "\\()" and "|" in found[0]
        for found, level, inside in _pieces(text)
    )


def _closing(text: str, start: int) -> int:
    """Return the index of the bracket that closes a group, or -1 if there is none."""
    return next((found.start() for found, level, _ in _pieces(text, start) if level == 0), -1)


def _translated(text: str) -> str:
    """Replace Java's spellings with those of RE2."""
    return "".join(_spelt(found, inside=inside) for found, _, inside in _pieces(text))


def _pieces(text: str, start: int = 0) -> "Iterator[tuple[re.Match[str], int, bool]]":
    """Yield each piece of an expression, the number of groups open after it, and whether it is in a character class."""
    level, inside = 0, False
    for found in _PIECE.finditer(text, start):
        piece = found[0]
        inside = piece == "[" or (inside and piece != "]")
        level += 0 if inside else (piece == "(") - (piece == ")")
        yield found, level, inside


def _spelt(found: "re.Match[str]", *, inside: bool) -> str:
    if found["code"]:
        return f"\\x{{{found['code']}}}"
    if found["name"] in _POSIX and (found["sign"] == "p" or not inside):
        members = _POSIX[found["name"]]
        return members if inside else f"[{'^' if found['sign'] == 'P' else ''}{members}]"
    return found[0]
