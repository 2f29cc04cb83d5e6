"""What AWS says of text that is not JSON: the words of the parser that it uses, for the faults that are usual.

See https://github.com/FasterXML/jackson-core, ReaderBasedJsonParser.
"""

import re

SPACE = " \t\n\r"
KINDS = "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')"

Fault = tuple[str, int]
"""What is wrong, and how many characters had been read when that was seen."""


def fault(text: str) -> Fault | None:
    """What is wrong with the beginning of a text that is not JSON; None where that is sound."""
    at = _skip(text, 0)
    if at >= len(text):
        return "Unexpected end-of-input", at
    here = text[at]
    if here == "{":
        return _object(text, at + 1)
    if here.isalpha():
        word = re.match(r"\w+", text[at:])
        assert word is not None
        if word[0] not in ("true", "false", "null"):
            return f"Unrecognized token '{word[0]}': was expecting {KINDS}", at + len(word[0])
        return None
    if here not in '"[-0123456789':
        return _unexpected(here, KINDS, "expected a valid value "), at + 1
    return None


def _object(text: str, at: int) -> Fault | None:
    at = _skip(text, at)
    if at >= len(text):
        return "Unexpected end-of-input: expected close marker for Object", at
    if text[at] not in '"}':
        return _unexpected(text[at], "double-quote to start field name"), at + 1
    return None


def _skip(text: str, at: int) -> int:
    while at < len(text) and text[at] in SPACE:
        at += 1
    return at


def _unexpected(character: str, expected: str, introduction: str = "was expecting ") -> str:
    return f"Unexpected character ('{character}' (code {ord(character)})): {introduction}{expected}"
