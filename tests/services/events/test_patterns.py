import pytest

from lamplighter.base.errors import AwsError
from lamplighter.services.events.patterns import read_pattern


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (
            "this is no JSON",
            (
                "Unrecognized token 'this': was expecting (JSON String, Number, Array, Object or token 'null', 'true' "
                "or 'false')\n at [Source: (String)\"this is no JSON\"; line: 1, column: 5]"
            ),
        ),
        (
            '{\n{"a"',
            (
                "Unexpected character ('{' (code 123)): was expecting double-quote to start field name\n"
                ' at [Source: (String)"{\n{"a""; line: 2, column: 2]'
            ),
        ),
        ("", 'Unexpected end-of-input\n at [Source: (String)""; line: 1, column: 1]'),
        ('"text"', 'Filter is not an object\n at [Source: (String)""text""; line: 1, column: 2]'),
        ("7", 'Filter is not an object\n at [Source: (String)"7"; line: 1, column: 2]'),
        (
            '{"a":\r\n [{"b\\"": 1}]}',
            'Unrecognized match type b"\n at [Source: (String)"{"a":\r\n [{"b\\"": 1}]}"; line: 2, column: 12]',
        ),
    ],
)
def test_what_is_no_pattern_is_told_with_its_place(text: str, reason: str) -> None:
    with pytest.raises(AwsError) as raised:
        read_pattern(text)
    assert raised.value.message == f"Event pattern is not valid. Reason: {reason}"


def test_a_long_pattern_is_told_in_part() -> None:
    text = '{"a": 1, "b": "' + "x" * 600 + '"}'
    with pytest.raises(AwsError) as raised:
        read_pattern(text)
    assert f'{text[:500]}"[truncated {len(text) - 500} chars]; line: 1, column: 8]' in raised.value.message
