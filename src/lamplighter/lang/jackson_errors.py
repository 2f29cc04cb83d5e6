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
from lamplighter.lang.jackson_location import inline_location

VALUE_KINDS = "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')"
LITERALS = ("true", "false", "null")
NON_NUMERIC_WORDS = ("NaN", "Infinity")
"""Words that Jackson knows, but accepts as numbers only if an option is set."""
SPACE = re.compile(r"[ \t\r\n]*")
WORD = re.compile(r"[\w$]+")
MAX_QUOTED_CHARACTERS = 256
"""The most characters of an unknown word that a message quotes."""
PLAIN_CHARACTERS = re.compile(r'[^"\\\x00-\x1f]*')
"""Characters of a string that need no further check."""
DIGIT = tuple("0123456789")
DIGITS = re.compile("[0-9]*")
ESCAPE_CHARACTERS = '"\\/bfnrt'
HEX = re.compile("[0-9a-fA-F]")
CLOSING_BRACKETS = {"Object": "}", "Array": "]"}


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


class _FaultFound(Exception):
    def __init__(self, reason: str, at: int) -> None:
        super().__init__(reason)
        self.fault = JsonFault(reason, at)


def find_fault(text: str) -> JsonFault | None:
    """Return the fault in the first value of a text, or None if the value is valid."""
    return read_first_value(text).fault


def first_or_partial_value(text: str) -> Json:
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
    reader = _Parser(text)
    try:
        reader.run()
    except _FaultFound as broken:
        return FirstValue(reader.valid_end, reader.closing(), broken.fault)
    return FirstValue(reader.valid_end, "", None)


class _Parser:
    """A parser that reads one text as Jackson does."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._open: list[tuple[str, int]] = []
        """The open objects and arrays, each with the index of its bracket."""
        self._is_first_member = True
        """Whether the innermost open object or array has no member yet."""
        self.valid_end = 0
        self._missing = "null"
        """The characters, without closing brackets, that complete the valid part."""

    def closing(self) -> str:
        return self._missing + "".join(CLOSING_BRACKETS[kind] for kind, _ in reversed(self._open))

    def run(self) -> None:
        self._value(self._next_token_character() or self._end_of_input(""))
        while self._open:
            self._member()

    # --- between values -----------------------------------------------------------------------------------------------

    def _member(self) -> None:
        """Read the next member of the innermost object or array, or its closing bracket."""
        kind, begun = self._open[-1]
        character = self._next_token_character() or self._end_of_input(
            f": expected close marker for {kind} (start marker at {inline_location(self._text, begun)})"
        )
        if character in "]}":
            self._close(character)
            return
        if not self._is_first_member:
            if character != ",":
                self._unexpected(character, f"was expecting comma to separate {kind} entries")
            character = self._next_token_character() or self._end_of_input(f" within/between {kind} entries")
        self._is_first_member = False
        if kind == "Object":
            character = self._name(character)
        self._value(character)

    def _close(self, character: str) -> None:
        kind, begun = self._open[-1] if self._open else ("root", -1)
        if character != CLOSING_BRACKETS.get(kind):
            expected = "]" if character == "}" else "}"
            around = f"(for {kind} starting at {inline_location(self._text, begun)})"
            raise _FaultFound(f"Unexpected close marker '{character}': expected '{expected}' {around}", self._at)
        self._open.pop()
        self._mark_complete()

    def _name(self, character: str) -> str:
        """Read a member's name and its colon; return the first character of its value."""
        if character != '"':
            self._unexpected(character, "was expecting double-quote to start field name")
        self._string(" in field name", "name")
        self._mark_valid(":null")
        end = " within/between Object entries"
        if (colon := self._next_token_character() or self._end_of_input(end)) != ":":
            self._unexpected(colon, "was expecting a colon to separate field name and value")
        self._mark_valid("null")
        return self._next_token_character() or self._end_of_input(end)

    def _next_token_character(self) -> str:
        """Read and return the next character that is not white space; return an empty string at the end of the text."""
        self._skip(SPACE)
        character = self._peek()
        self._at += len(character)
        if "" < character < " ":
            tabs = r"only regular white space (\r, \n, \t) is allowed between tokens"
            raise _FaultFound(f"Illegal character ({_character_name(character)}): {tabs}", self._at)
        if character == "/":
            allowed = "not recognized as one since Feature 'ALLOW_COMMENTS' not enabled for parser"
            self._unexpected(character, f"maybe a (non-standard) comment? ({allowed})")
        return character

    def _mark_valid(self, missing: str) -> None:
        """Record that the text is valid up to here, and which characters would complete it."""
        self.valid_end, self._missing = self._at, missing

    def _mark_complete(self) -> None:
        self._is_first_member = False
        self._mark_valid("")

    # --- values -------------------------------------------------------------------------------------------------------

    def _value(self, character: str) -> None:
        if character in "{[":
            self._open.append(("Object" if character == "{" else "Array", self._at - 1))
            self._mark_valid("")
            self._is_first_member = True
        elif character == '"':
            self._mark_valid('"')
            self._string(": was expecting closing quote for a string value", "string value")
            self._mark_complete()
        elif character == "-" or character in DIGIT:
            self._number(character)
            self._mark_complete()
        else:
            self._literal(character)
            self._mark_complete()

    def _literal(self, character: str) -> None:
        if character in "]}" and not self._open:
            self._close(character)
        if character == "}":
            self._unexpected(character, "expected a value")
        begun = self._at - 1
        word = WORD.match(self._text, begun)
        if word is None or character.isdigit():
            self._unexpected(character, f"expected a valid value {VALUE_KINDS}")
        self._at = min(word.end(), begun + MAX_QUOTED_CHARACTERS)
        if word[0] in LITERALS:
            return
        if word[0] in NON_NUMERIC_WORDS:
            allowed = "enable JsonParser.Feature.ALLOW_NON_NUMERIC_NUMBERS to allow"
            raise _FaultFound(f"Non-standard token '{word[0]}': {allowed}", self._at)
        shown = word[0] if len(word[0]) < MAX_QUOTED_CHARACTERS else f"{word[0][:MAX_QUOTED_CHARACTERS]}..."
        raise _FaultFound(f"Unrecognized token '{shown}': was expecting {VALUE_KINDS}", self._at)

    def _string(self, otherwise: str, what: str) -> None:
        """Read the rest of a string after its opening quotation mark."""
        while True:
            self._skip(PLAIN_CHARACTERS)
            character = self._next_character(otherwise)
            if character == '"':
                return
            if character == "\\":
                self._escape()
            else:
                excluded = f"has to be escaped using backslash to be included in {what}"
                raise _FaultFound(f"Illegal unquoted character ({_character_name(character)}): {excluded}", self._at)

    def _escape(self) -> None:
        end = " in character escape sequence"
        character = self._next_character(end)
        if character != "u":
            if character not in ESCAPE_CHARACTERS:
                raise _FaultFound(f"Unrecognized character escape {_character_name(character)}", self._at)
            return
        for _ in range(4):
            if not HEX.fullmatch(digit := self._next_character(end)):
                self._unexpected(digit, "expected a hex-digit for character escape sequence")

    def _number(self, character: str) -> None:
        begun = self._at
        if character == "-":
            character = self._next_character("No digit following minus sign")
            begun = self._at
            if character not in DIGIT:
                expected = "expected digit (0-9) to follow minus sign, for valid numeric value"
                self._unexpected(character, expected, kind=" in numeric value")
        if character == "0" and self._peek() in DIGIT:
            raise _FaultFound("Invalid numeric value: Leading zeroes not allowed", self._at)
        self._skip(DIGITS)
        if self._peek() == ".":
            self._at += 1
            self._require_digits("Decimal point not followed by a digit", begun)
        if self._peek() in ("e", "E"):
            self._at += 1
            if self._peek() in ("+", "-"):
                self._at += 1
            self._require_digits("Exponent indicator not followed by a digit", begun)
        if not self._open and self._peek() and self._peek() not in " \t\r\n":
            self._unexpected(self._next_character(""), "Expected space separating root-level values")

    def _require_digits(self, otherwise: str, begun: int) -> None:
        """Read at least one digit. As in Jackson, a fault is reported after the number's first digit."""
        character = self._peek()
        if character not in DIGIT:
            seen = character or self._text[self._at - 1]
            raise _FaultFound(f"Unexpected character ({_character_name(seen)}) in numeric value: {otherwise}", begun)
        self._skip(DIGITS)

    def _skip(self, characters: re.Pattern[str]) -> None:
        """Read the characters that an expression matches here, possibly none."""
        found = characters.match(self._text, self._at)
        assert found is not None
        self._at = found.end()

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]

    def _next_character(self, otherwise: str) -> str:
        """Read and return the next character; report a fault at the end of the text."""
        character = self._peek() or self._end_of_input(otherwise)
        self._at += 1
        return character

    def _end_of_input(self, context: str) -> NoReturn:
        raise _FaultFound(f"Unexpected end-of-input{context}", self._at)

    def _unexpected(self, character: str, expected: str, *, kind: str = "") -> NoReturn:
        raise _FaultFound(f"Unexpected character ({_character_name(character)}){kind}: {expected}", self._at)


def _character_name(character: str) -> str:
    code = ord(character)
    if code < 0x20 or 0x7F <= code < 0xA0:
        return f"(CTRL-CHAR, code {code})"
    if code > 0xFF:
        return f"'{character}' (code {code} / 0x{code:x})"
    return f"'{character}' (code {code})"
