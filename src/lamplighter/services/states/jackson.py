"""What AWS says of text that is not JSON: the words of the parser that it uses."""

import re

SPACE = " \t\n\r"


def complaint(text: str) -> str:
    """What is wrong with a text that is not JSON."""
    if not text.strip():
        return "Invalid execution input."
    return _value(text, 0) or "Invalid execution input."


def _value(text: str, at: int) -> str | None:
    at = _skip(text, at)
    if at >= len(text):
        return "Unexpected end-of-input"
    here = text[at]
    if here == "{":
        return _object(text, at + 1)
    if here.isalpha():
        word = re.match(r"\w+", text[at:])
        assert word is not None
        if word[0] not in ("true", "false", "null"):
            return (
                f"Unrecognized token '{word[0]}': was expecting "
                "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')"
            )
        return None
    if here not in '"[-0123456789':
        return _unexpected(
            here, "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')", "expected a valid value "
        )
    return None


def _object(text: str, at: int) -> str | None:
    at = _skip(text, at)
    if at >= len(text):
        return "Unexpected end-of-input: expected close marker for Object"
    if text[at] not in '"}':
        return _unexpected(text[at], "double-quote to start field name")
    return None


def _skip(text: str, at: int) -> int:
    while at < len(text) and text[at] in SPACE:
        at += 1
    return at


def _unexpected(character: str, expected: str, introduction: str = "was expecting ") -> str:
    return f"Unexpected character ('{character}' (code {ord(character)})): {introduction}{expected}"
