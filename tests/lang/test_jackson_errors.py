import json

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamplighter.base.json_text import Json
from lamplighter.lang.jackson_errors import VALUE_KINDS, find_fault, read_first_value

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**60), 2**60)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4),
    max_leaves=20,
)
OPEN = "Unexpected end-of-input: expected close marker for"
CLOSED = "Unexpected close marker ']': expected '}'"
CLOSED_ROOT = "Unexpected close marker '}': expected ']'"
UNQUOTED = "has to be escaped using backslash to be included in"
MINUS = "expected digit (0-9) to follow minus sign, for valid numeric value"
SURROGATE = "\\u"
"""The start of a lone surrogate, which this parser accepts and RFC 8259 does not."""


def is_json(text: str) -> bool:
    """Return whether the whole text is JSON."""
    try:
        orjson.loads(text)
    except orjson.JSONDecodeError:
        return False
    return True


@pytest.mark.parametrize(
    ("text", "reason", "at"),
    [
        ('{"not": closed mark"', f"Unrecognized token 'closed': was expecting {VALUE_KINDS}", 14),
        ('{"a": tru}', f"Unrecognized token 'tru': was expecting {VALUE_KINDS}", 9),
        ('{"a": NaN}', "Non-standard token 'NaN': enable JsonParser.Feature.ALLOW_NON_NUMERIC_NUMBERS to allow", 9),
        (
            '{"a": ["b" "c"]}',
            "Unexpected character ('\"' (code 34)): was expecting comma to separate Array entries",
            12,
        ),
        ('{"a": 1 "b"}', "Unexpected character ('\"' (code 34)): was expecting comma to separate Object entries", 9),
        (
            '{"a" ["b"]}',
            "Unexpected character ('[' (code 91)): was expecting a colon to separate field name and value",
            6,
        ),
        ('{"a": ["b"],}', "Unexpected character ('}' (code 125)): was expecting double-quote to start field name", 13),
        ("{'a': 1}", "Unexpected character (''' (code 39)): was expecting double-quote to start field name", 2),
        ("[1,]", f"Unexpected character (']' (code 93)): expected a valid value {VALUE_KINDS}", 4),
        ('{"a": }', "Unexpected character ('}' (code 125)): expected a value", 7),
        (
            "{",
            f'{OPEN} Object (start marker at [Source: (String)"{{"; line: 1, column: 1])',
            1,
        ),
        (
            '{"a":\n ["b"',
            f'{OPEN} Array (start marker at [Source: (String)"{{"a":\n ["b""; line: 2, column: 2])',
            11,
        ),
        ('{"a": 1,', "Unexpected end-of-input within/between Object entries", 8),
        ('{"a"', "Unexpected end-of-input within/between Object entries", 4),
        ('{"a": ', "Unexpected end-of-input within/between Object entries", 6),
        ('{"a', "Unexpected end-of-input in field name", 3),
        ('{"a": "b', "Unexpected end-of-input: was expecting closing quote for a string value", 8),
        (
            '{"a": 1]',
            f'{CLOSED} (for Object starting at [Source: (String)"{{"a": 1]"; line: 1, column: 1])',
            8,
        ),
        (
            "}",
            f'{CLOSED_ROOT} (for root starting at [Source: (String)"}}"; line: 1, column: 0])',
            1,
        ),
        (r'{"a": "\x"}', "Unrecognized character escape 'x' (code 120)", 9),
        (
            r'{"a": "\u00g0"}',
            "Unexpected character ('g' (code 103)): expected a hex-digit for character escape sequence",
            12,
        ),
        (
            '{"a": "b\n"}',
            f"Illegal unquoted character ((CTRL-CHAR, code 10)): {UNQUOTED} string value",
            9,
        ),
        ("[01]", "Invalid numeric value: Leading zeroes not allowed", 2),
        (
            "[-x]",
            f"Unexpected character ('x' (code 120)) in numeric value: {MINUS}",
            3,
        ),
        ("[1.]", "Unexpected character (']' (code 93)) in numeric value: Decimal point not followed by a digit", 2),
        (
            "[1e+]",
            "Unexpected character (']' (code 93)) in numeric value: Exponent indicator not followed by a digit",
            2,
        ),
        (
            "[1\x00]",
            r"Illegal character ((CTRL-CHAR, code 0)): only regular white space (\r, \n, \t) is allowed between tokens",
            3,
        ),
        ("[€]", f"Unexpected character ('€' (code 8364 / 0x20ac)): expected a valid value {VALUE_KINDS}", 2),
    ],
)
def test_a_fault_has_jackson_s_message_and_the_position_that_jackson_had_read(text: str, reason: str, at: int) -> None:
    assert find_fault(text) == (reason, at)


def test_text_after_the_first_value_is_not_read() -> None:
    assert read_first_value('{"a": 1} and more').end == 8
    assert find_fault('{"a": 1} and more') is None


@given(JSON, st.sampled_from([None, 1, "\t"]), st.booleans())
def test_every_json_text_is_read_to_its_end_without_a_fault(
    value: Json, indent: int | str | None, ensure_ascii: bool
) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=ensure_ascii)
    found = read_first_value(text)
    assert (found.fault, found.end, found.closing) == (None, len(text), "")


@given(
    st.dictionaries(st.text(max_size=3), JSON, min_size=1, max_size=4),
    st.integers(0),
    st.integers(0, 2),
    st.text('{}[],:"\\ 01.eE+-tfnu/', max_size=2),
)
def test_a_damaged_object_is_rejected_and_the_part_before_the_fault_can_be_closed(
    value: Json, place: int, removed: int, inserted: str
) -> None:
    whole = json.dumps(value)
    at = place % len(whole)
    text = whole[:at] + inserted + whole[at + removed :]
    found = read_first_value(text)
    if found.fault is None:
        assert is_json(text[: found.end]) or SURROGATE in text or "e" in text.lower()
    else:
        assert not is_json(text)
        assert found.end <= found.fault.at <= len(text)
    assert is_json(text[: found.end] + found.closing) or SURROGATE in text or "e" in text.lower()
