"""Split the text of a query into tokens, one at a time, because the place decides whether `/` begins an expression.

See https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax.html: fields with other characters than
letters, digits, `@`, `_` and `.` stand in backticks; a line that begins with `#` is a comment.
"""

import re
from dataclasses import dataclass
from typing import Literal

TokenKind = Literal["name", "quoted", "path", "text", "number", "period", "symbol", "end"]

_SPACE = re.compile(r"(?:\s+|#[^\n]*)*")
_TOKEN = re.compile(
    r"""
      (?P<path>`[^`]+`(?:\.[@\w]+)+(?:(?:\.`[^`]+`|\[[0-9]{1,9}\])(?:\.[@\w]+)*)*
      | (?:`[^`]+`|[@A-Za-z_][@\w]*(?:\.[@\w]+)*)(?:(?:\.`[^`]+`|\[[0-9]{1,9}\])(?:\.[@\w]+)*)+)
    | (?P<quoted>`[^`]+`)
    | (?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
    | (?P<period>[0-9]+(?:\.[0-9]+)?[A-Za-z]+)
    | (?P<number>(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)
    | (?P<name>[@A-Za-z_][@\w]*(?:\.[@\w]+)*)
    | (?P<symbol>=~|!=|<=|>=|[=<>+\-*/^%(),|:\[\]])
    """,
    re.VERBOSE | re.DOTALL,
)
_REGEX = re.compile(r"/((?:[^/\\]|\\.)+)/", re.DOTALL)
_STEP = re.compile(r"`([^`]+)`|\[([0-9]+)\]|([^.`\[\]]+)")
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r"}


class QueryError(ValueError):
    """A query that is invalid; str() is the reason, `start` and `end` are the place of the fault in the text."""

    def __init__(self, reason: str, start: int, end: int) -> None:
        super().__init__(reason)
        self.start = start
        self.end = end


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of a query, with its place."""

    kind: TokenKind
    text: str
    """The token as it is written; of a text and of a name in backticks, what it means."""
    start: int
    end: int

    @property
    def word(self) -> str:
        """The token as a keyword: in lower case, and empty if it is quoted."""
        return self.text.lower() if self.kind in ("name", "symbol") else ""


class Scanner:
    """The tokens of one query, and the place of the next one."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._next = self._read(0)
        self.end = 0
        """Where the last token ended."""

    def peek(self) -> Token:
        """Return the next token without taking it."""
        return self._next

    def take(self) -> Token:
        """Return the next token and go on behind it."""
        token = self._next
        self.end = token.end
        self._next = self._read(token.end)
        return token

    def accept(self, *words: str) -> str:
        """Take the next token if it is one of these keywords or symbols; return it, or an empty text."""
        if self._next.word in words:
            return self.take().word
        return ""

    def expect(self, word: str) -> Token:
        """Take a keyword or symbol. Raises `QueryError` if the next token is another one."""
        if self._next.word != word:
            raise self.error(f"'{word}' is missing")
        return self.take()

    def expect_name(self) -> str:
        """Take the name of a field, which may stand in backticks."""
        if self._next.kind not in ("name", "quoted"):
            raise self.error("the name of a field is missing")
        return self.take().text

    def accept_regex(self) -> str | None:
        """Take a regular expression between slashes, without them; return None if there is none."""
        found = _REGEX.match(self.text, self._next.start) if self._next.text == "/" else None
        if found is None:
            return None
        self.end = found.end()
        self._next = self._read(found.end())
        return found[1].replace("\\/", "/")

    def error(self, reason: str = "") -> QueryError:
        """Return the error for the next token."""
        token = self._next
        shown = "the end of the query" if token.kind == "end" else f"'{token.text[:40]}'"
        detail = f": {reason}" if reason else ""
        return QueryError(f"unexpected symbol found {shown}{detail}", token.start, token.end)

    def _read(self, place: int) -> Token:
        space = _SPACE.match(self.text, place)
        start = space.end() if space else place
        if start == len(self.text):
            return Token("end", "", start, start)
        found = _TOKEN.match(self.text, start)
        if found is None:
            raise QueryError(f"unexpected symbol found '{self.text[start]}'", start, start + 1)
        text = found[0]
        match found.lastgroup:
            case "quoted":
                return Token("quoted", text[1:-1], start, found.end())
            case "text":
                return Token("text", _unescape(text[1:-1]), start, found.end())
            case "path":
                return Token("path", text, start, found.end())
            case "period":
                return Token("period", text, start, found.end())
            case "number":
                return Token("number", text, start, found.end())
            case "name":
                return Token("name", text, start, found.end())
            case _:
                return Token("symbol", text, start, found.end())


def read_path(text: str) -> tuple[str, list[str | int]]:
    """Return the field with which a path begins, and the steps from it: `` a[1].`b c`.d `` has three."""
    found = [int(index) if index else quoted or name for quoted, index, name in _STEP.findall(text)]
    return str(found[0]), found[1:]


def _unescape(text: str) -> str:
    return _ESCAPE.sub(lambda found: _ESCAPED.get(found[1], found[1]), text) if "\\" in text else text
