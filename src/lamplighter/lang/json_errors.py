"""Find the first fault in a text that is not JSON, and describe it in the words of AWS's parser, Jackson.

Guarantees to read a text as Jackson does, one token after another, up to the end of its first value or to the first
fault. Reports where Jackson finds the fault, how much of the text before it is valid, and which characters would
complete that part to a value.
See https://github.com/FasterXML/jackson-core, ReaderBasedJsonParser of 2.x.
"""

import re
from dataclasses import dataclass
from typing import NamedTuple, NoReturn

from lamplighter.base.json_text import Json, JsonError, loads
from lamplighter.lang.json_location import inline_location

KINDS = "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')"
LITERALS = ("true", "false", "null")
NUMBERLESS = ("NaN", "Infinity")
"""Words that Jackson knows, but accepts as numbers only if an option is set."""
SPACE = re.compile(r"[ \t\r\n]*")
WORD = re.compile(r"[\w$]+")
LONGEST = 256
"""The most characters of an unknown word that a message quotes."""
PLAIN = re.compile(r'[^"\\\x00-\x1f]*')
"""Characters of a string that need no further check."""
DIGIT = tuple("0123456789")
DIGITS = re.compile("[0-9]*")
ESCAPED = '"\\/bfnrt'
HEX = re.compile("[0-9a-fA-F]")
CLOSING = {"Object": "}", "Array": "]"}


class JsonFault(NamedTuple):
    """The first fault of a text that is not JSON."""

    reason: str
    at: int
    """The number of characters that the parser had read when it found the fault."""


@dataclass(frozen=True, slots=True)
class FirstValue:
    """The first value of a text, or the valid beginning of one."""

    end: int
    """The number of characters that are valid."""
    closing: str
    """The characters that complete the valid ones to a value; empty if the value is complete."""
    fault: JsonFault | None


class _Broken(Exception):
    def __init__(self, reason: str, at: int) -> None:
        super().__init__(reason)
        self.fault = JsonFault(reason, at)


def find_fault(text: str) -> JsonFault | None:
    """Return the fault in the first value of a text, or None if the value is valid."""
    return read_first_value(text).fault


def first_value(text: str) -> Json:
    """Return the first value of a text and ignore the text after it.

    If the value has a fault, its valid part is completed to a value; without a valid part, the result is None.
    """
    try:
        return loads(text)
    except JsonError:
        reading = read_first_value(text)
        return loads(text[: reading.end] + reading.closing)


def read_first_value(text: str) -> FirstValue:
    """Read the first value of a text, up to its end or its first fault."""
    reader = _Reader(text)
    try:
        reader.run()
    except _Broken as broken:
        return FirstValue(reader.sound, reader.closing(), broken.fault)
    return FirstValue(reader.sound, "", None)


class _Reader:
    """A parser that reads one text as Jackson does."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._open: list[tuple[str, int]] = []
        """The open objects and arrays, each with the index of its bracket."""
        self._first = True
        """Whether the innermost open object or array has no member yet."""
        self.sound = 0
        self._missing = "null"
        """The characters, without closing brackets, that complete the valid part."""

    def closing(self) -> str:
        return self._missing + "".join(CLOSING[kind] for kind, _ in reversed(self._open))

    def run(self) -> None:
        self._value(self._take() or self._over(""))
        while self._open:
            self._member()

    # --- between values -----------------------------------------------------------------------------------------------

    def _member(self) -> None:
        """Read the next member of the innermost object or array, or its closing bracket."""
        kind, begun = self._open[-1]
        here = self._take() or self._over(
            f": expected close marker for {kind} (start marker at {inline_location(self._text, begun)})"
        )
        if here in "]}":
            self._close(here)
            return
        if not self._first:
            if here != ",":
                self._unexpected(here, f"was expecting comma to separate {kind} entries")
            here = self._take() or self._over(f" within/between {kind} entries")
        self._first = False
        if kind == "Object":
            here = self._name(here)
        self._value(here)

    def _close(self, here: str) -> None:
        kind, begun = self._open[-1] if self._open else ("root", -1)
        if here != CLOSING.get(kind):
            expected = "]" if here == "}" else "}"
            around = f"(for {kind} starting at {inline_location(self._text, begun)})"
            raise _Broken(f"Unexpected close marker '{here}': expected '{expected}' {around}", self._at)
        self._open.pop()
        self._whole()

    def _name(self, here: str) -> str:
        """Read a member's name and its colon; return the first character of its value."""
        if here != '"':
            self._unexpected(here, "was expecting double-quote to start field name")
        self._string(" in field name", "name")
        self._keep(":null")
        end = " within/between Object entries"
        if (colon := self._take() or self._over(end)) != ":":
            self._unexpected(colon, "was expecting a colon to separate field name and value")
        self._keep("null")
        return self._take() or self._over(end)

    def _take(self) -> str:
        """Read and return the next character that is not white space; return an empty string at the end of the text."""
        space = SPACE.match(self._text, self._at)
        assert space is not None
        self._at = space.end()
        here = self._peek()
        self._at += len(here)
        if "" < here < " ":
            tabs = r"only regular white space (\r, \n, \t) is allowed between tokens"
            raise _Broken(f"Illegal character ({_told(here)}): {tabs}", self._at)
        if here == "/":
            allowed = "not recognized as one since Feature 'ALLOW_COMMENTS' not enabled for parser"
            self._unexpected(here, f"maybe a (non-standard) comment? ({allowed})")
        return here

    def _keep(self, missing: str) -> None:
        """Record that the text is valid up to here, and which characters would complete it."""
        self.sound, self._missing = self._at, missing

    def _whole(self) -> None:
        """Record that a value is complete."""
        self._first = False
        self._keep("")

    # --- values -------------------------------------------------------------------------------------------------------

    def _value(self, here: str) -> None:
        if here in "{[":
            self._open.append(("Object" if here == "{" else "Array", self._at - 1))
            self._keep("")
            self._first = True
        elif here == '"':
            self._keep('"')
            self._string(": was expecting closing quote for a string value", "string value")
            self._whole()
        elif here == "-" or here in DIGIT:
            self._number(here)
            self._whole()
        else:
            self._literal(here)
            self._whole()

    def _literal(self, here: str) -> None:
        if here in "]}" and not self._open:
            self._close(here)
        if here == "}":
            self._unexpected(here, "expected a value")
        begun = self._at - 1
        word = WORD.match(self._text, begun)
        if word is None or here.isdigit():
            self._unexpected(here, f"expected a valid value {KINDS}")
        self._at = min(word.end(), begun + LONGEST)
        if word[0] in LITERALS:
            return
        if word[0] in NUMBERLESS:
            allowed = "enable JsonParser.Feature.ALLOW_NON_NUMERIC_NUMBERS to allow"
            raise _Broken(f"Non-standard token '{word[0]}': {allowed}", self._at)
        shown = word[0] if len(word[0]) < LONGEST else f"{word[0][:LONGEST]}..."
        raise _Broken(f"Unrecognized token '{shown}': was expecting {KINDS}", self._at)

    def _string(self, otherwise: str, what: str) -> None:
        """Read the rest of a string after its opening quotation mark."""
        while True:
            plain = PLAIN.match(self._text, self._at)
            assert plain is not None
            self._at = plain.end()
            here = self._next(otherwise)
            if here == '"':
                return
            if here == "\\":
                self._escape()
            else:
                excluded = f"has to be escaped using backslash to be included in {what}"
                raise _Broken(f"Illegal unquoted character ({_told(here)}): {excluded}", self._at)

    def _escape(self) -> None:
        end = " in character escape sequence"
        here = self._next(end)
        if here != "u":
            if here not in ESCAPED:
                raise _Broken(f"Unrecognized character escape {_told(here)}", self._at)
            return
        for _ in range(4):
            if not HEX.fullmatch(digit := self._next(end)):
                self._unexpected(digit, "expected a hex-digit for character escape sequence")

    def _number(self, here: str) -> None:
        begun = self._at
        if here == "-":
            here = self._next("No digit following minus sign")
            begun = self._at
            if here not in DIGIT:
                expected = "expected digit (0-9) to follow minus sign, for valid numeric value"
                self._unexpected(here, expected, kind=" in numeric value")
        if here == "0" and self._peek() in DIGIT:
            raise _Broken("Invalid numeric value: Leading zeroes not allowed", self._at)
        self._digits()
        if self._peek() == ".":
            self._at += 1
            self._some_digits("Decimal point not followed by a digit", begun)
        if self._peek() in ("e", "E"):
            self._at += 1
            if self._peek() in ("+", "-"):
                self._at += 1
            self._some_digits("Exponent indicator not followed by a digit", begun)
        if not self._open and self._peek() and self._peek() not in " \t\r\n":
            self._unexpected(self._next(""), "Expected space separating root-level values")

    def _some_digits(self, otherwise: str, begun: int) -> None:
        """Read at least one digit. As in Jackson, a fault is reported after the number's first digit."""
        here = self._peek()
        if here not in DIGIT:
            seen = here or self._text[self._at - 1]
            raise _Broken(f"Unexpected character ({_told(seen)}) in numeric value: {otherwise}", begun)
        self._digits()

    def _digits(self) -> None:
        digits = DIGITS.match(self._text, self._at)
        assert digits is not None
        self._at = digits.end()

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]

    def _next(self, otherwise: str) -> str:
        """Read and return the next character; report a fault at the end of the text."""
        here = self._peek() or self._over(otherwise)
        self._at += 1
        return here

    def _over(self, where: str) -> NoReturn:
        raise _Broken(f"Unexpected end-of-input{where}", self._at)

    def _unexpected(self, here: str, expected: str, *, kind: str = "") -> NoReturn:
        raise _Broken(f"Unexpected character ({_told(here)}){kind}: {expected}", self._at)


def _told(character: str) -> str:
    """Return how Jackson's messages name a character."""
    code = ord(character)
    if code < 0x20 or 0x7F <= code < 0xA0:
        return f"(CTRL-CHAR, code {code})"
    if code > 0xFF:
        return f"'{character}' (code {code} / 0x{code:x})"
    return f"'{character}' (code {code})"
