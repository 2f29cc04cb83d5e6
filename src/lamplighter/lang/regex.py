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

MAX_EXPRESSION_LENGTH = 2_000
"""The most characters of an expression. A Unicode class counts as `UNICODE_CLASS_COST` characters, since RE2 builds it
slowly."""
UNICODE_CLASS_COST = 30
MAX_WORK = 3_000_000
"""The most work of one match: instructions of the expression times bytes of the text. The worst case takes 50 ms."""
MAX_MEMORY_BYTES = 1 << 20
"""The most bytes of memory that a compiled expression may take."""

_OPTIONS = re2.Options()
_OPTIONS.log_errors = False
_OPTIONS.max_mem = MAX_MEMORY_BYTES

_POSIX_CLASSES: Mapping[str, str] = {
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
_LOOK_AHEAD = re.compile(r"\^?\(\?[=!]")


class InvalidRegex(ValueError):
    """A regular expression that is invalid or not supported; str() is the reason."""


class TextTooLong(ValueError):
    """A text that is too long for the expression; str() is the message."""


@dataclass(frozen=True, slots=True)
class Regex:
    """A compiled regular expression."""

    text: str
    _whole: re2._Regexp
    _look_aheads: Sequence[tuple[re2._Regexp, bool]] = ()
    """The look-aheads at the beginning; False marks a negative one (`(?!…)`)."""
    _program_size: int = 1

    def fullmatch(self, text: str) -> bool:
        """Return whether the expression matches the whole text. Raises `TextTooLong`."""
        given = self._check_text(text)
        ahead = all((each.match(given) is not None) is wanted for each, wanted in self._look_aheads)
        return ahead and self._whole.fullmatch(given) is not None

    def search(self, text: str) -> bool:
        """Return whether an expression of `compile_linear` matches anywhere in a text. Raises `TextTooLong`."""
        return self._whole.search(self._check_text(text)) is not None

    def max_instructions(self, text: str) -> int:
        """Return the most instructions that a match can take, if each character is one byte."""
        return len(text) * self._program_size

    def _check_text(self, text: str) -> str:
        length = len(text) if text.isascii() else len(text.encode(errors="replace"))
        if length * self._program_size > MAX_WORK:
            raise TextTooLong(f"A text of {len(text)} characters is too long for the regular expression '{self.text}'.")
        return text if text.isascii() else text.encode(errors="replace").decode()


def compile_linear(text: str) -> Regex:
    """Compile an expression in RE2's own dialect. Raises `InvalidRegex`."""
    compiled = _compile(text)
    return Regex(text, compiled, _program_size=compiled.programsize)


def compile_java(text: str, flags: str = "") -> Regex:
    """Compile an expression in Java's dialect, with the flags i, m and s. Raises `InvalidRegex`."""
    _check_length(text)
    used_flags = "".join(each for each in "ims" if each in flags)
    prefix = f"(?{used_flags})" if used_flags else ""
    rest, look_ahead_texts = _split_look_aheads(text)
    # A `^` before the look-aheads now begins `rest`.
    compiled = _compile(prefix + _translate_java(rest))
    look_aheads = [(_compile(prefix + _translate_java(look)), wanted) for look, wanted in look_ahead_texts]
    return Regex(text, compiled, look_aheads, compiled.programsize + sum(look.programsize for look, _ in look_aheads))


def _compile(text: str) -> re2._Regexp:
    _check_length(text)
    try:
        return re2.compile(text, _OPTIONS)
    except (re2.error, UnicodeEncodeError) as error:
        reason = error.args[0].decode(errors="replace") if isinstance(error, re2.error) else "not Unicode"
        raise InvalidRegex(f"The regular expression '{text}' is not supported: {reason[:200]}") from None


def _check_length(text: str) -> None:
    if len(text) + UNICODE_CLASS_COST * (text.count("\\p") + text.count("\\P")) > MAX_EXPRESSION_LENGTH:
        raise InvalidRegex(f"The regular expression '{text[:40]}…' is longer than {MAX_EXPRESSION_LENGTH} characters.")


def _split_look_aheads(text: str) -> tuple[str, list[tuple[str, bool]]]:
    """Return the expression without the look-aheads at its beginning, and these; False marks a negative look-ahead."""
    look_aheads, anchor = [], ""
    while _LOOK_AHEAD.match(text):
        anchor = "^" if text.startswith("^") else anchor
        start = text.index("(")
        end = _closing_bracket(text, start)
        if end < 0:
            break
        look_aheads.append((text[start + 3 : end], text[start + 2] == "="))
        text = text[end + 1 :]
    if look_aheads and (text[:1] in ("*", "+", "?", "{") or _has_top_level_choice(text)):
        raise InvalidRegex("A look-ahead is supported only at the beginning of a regular expression.")
    return anchor + text if look_aheads else text, look_aheads


def _has_top_level_choice(text: str) -> bool:
    """Return whether the expression is a choice at its top level.

    A look-ahead before it would belong only to the first alternative.
    """
    return any(
        level == 0 and not inside and found[0][0] not in "\\()" and "|" in found[0]
        for found, level, inside in _pieces(text)
    )


def _closing_bracket(text: str, start: int) -> int:
    """Return the index of the bracket that closes a group, or -1 if there is none."""
    return next((found.start() for found, level, _ in _pieces(text, start) if level == 0), -1)


def _translate_java(text: str) -> str:
    """Replace Java's spellings with those of RE2."""
    return "".join(_translate_piece(found, inside=inside) for found, _, inside in _pieces(text))


def _pieces(text: str, start: int = 0) -> "Iterator[tuple[re.Match[str], int, bool]]":
    """Yield each piece of an expression, the number of groups open after it, and whether it is in a character class."""
    level, inside = 0, False
    for found in _PIECE.finditer(text, start):
        piece = found[0]
        inside = piece == "[" or (inside and piece != "]")
        level += 0 if inside else (piece == "(") - (piece == ")")
        yield found, level, inside


def _translate_piece(found: "re.Match[str]", *, inside: bool) -> str:
    if found["code"]:
        return f"\\x{{{found['code']}}}"
    if found["name"] in _POSIX_CLASSES and (found["sign"] == "p" or not inside):
        members = _POSIX_CLASSES[found["name"]]
        return members if inside else f"[{'^' if found['sign'] == 'P' else ''}{members}]"
    return found[0]
